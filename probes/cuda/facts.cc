#include "probes/cuda/facts.h"

#include <fmt/format.h>

#include <array>

#include "analyzer/base/units.h"

namespace gable {
namespace {

std::string cuda_version(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

/// One number of NVML, 0 where the call is missing or refuses.
template <typename Value, typename Function, typename... Args>
Value ask(Function* function, NvmlApi::Device device, Args... args) {
  Value value = 0;
  if (function == nullptr || device == nullptr || function(device, args..., &value) != 0) return 0;
  return value;
}

struct ReasonRow {
  unsigned long long bit;
  std::string_view text;
};

/// nvmlClocksEventReason* of nvml.h; idle and application settings are no slowdowns.
constexpr std::array<ReasonRow, 6> kReasons = {{
    {0x04, "power cap"},
    {0x08, "hardware slowdown"},
    {0x10, "sync boost"},
    {0x20, "thermal slowdown"},
    {0x40, "hardware thermal slowdown"},
    {0x80, "power brake"},
}};

/// CUDA C++ Programming Guide, "Compute Capabilities"; the number where the name is not known.
std::string architecture(int capability) {
  if (capability == 75) return "Turing";
  if (capability == 89) return "Ada";
  switch (capability / 10) {
    case 8:
      return "Ampere";
    case 9:
      return "Hopper";
    case 10:
    case 11:
    case 12:
      return "Blackwell";
    default:
      return fmt::format("compute capability {}.{}", capability / 10, capability % 10);
  }
}

}  // namespace

CudaFacts cuda_facts(const RuntimeApi& runtime, int device) {
  check_cuda(runtime.set_device(device), "cudaSetDevice");
  cudaDeviceProp properties{};
  check_cuda(runtime.get_device_properties(&properties, device), "cudaGetDeviceProperties");
  const auto attribute = [&](cudaDeviceAttr which) {
    int value = 0;
    check_cuda(runtime.device_get_attribute(&value, which, device), "cudaDeviceGetAttribute");
    return value;
  };
  CudaFacts facts;
  facts.device = device;
  facts.name = properties.name;
  facts.capability = 10 * attribute(cudaDevAttrComputeCapabilityMajor) + attribute(cudaDevAttrComputeCapabilityMinor);
  facts.sms = attribute(cudaDevAttrMultiProcessorCount);
  facts.clock_hz = 1e3 * attribute(cudaDevAttrClockRate);  // kHz
  facts.memory_clock_hz = 1e3 * attribute(cudaDevAttrMemoryClockRate);
  facts.bus_bits = attribute(cudaDevAttrGlobalMemoryBusWidth);
  facts.l2_bytes = attribute(cudaDevAttrL2CacheSize);
  facts.threads_per_sm = attribute(cudaDevAttrMaxThreadsPerMultiProcessor);
  facts.shared_bytes_per_block = attribute(cudaDevAttrMaxSharedMemoryPerBlock);
  std::size_t free = 0;
  std::size_t total = 0;
  check_cuda(runtime.mem_get_info(&free, &total), "cudaMemGetInfo");
  facts.free_bytes = static_cast<std::int64_t>(free);
  facts.memory_bytes = static_cast<std::int64_t>(total);
  std::array<char, 32> bus{};
  if (runtime.device_get_pci_bus_id(bus.data(), static_cast<int>(bus.size()), device) == cudaSuccess) {
    facts.pci_bus_id = bus.data();
  }
  static_cast<void>(runtime.driver_get_version(&facts.driver));
  static_cast<void>(runtime.runtime_get_version(&facts.runtime));
  return facts;
}

Monitor::Monitor(const NvmlApi& nvml, const std::string& pci_bus_id) : nvml_(&nvml) {
  if (nvml.device_by_pci_bus_id == nullptr || nvml.device_by_pci_bus_id(pci_bus_id.c_str(), &device_) != 0) {
    device_ = nullptr;
  }
}

Reading Monitor::read() const {
  Reading reading;
  reading.clock_hz = 1e6 * ask<unsigned>(nvml_->clock_info, device_, 1);
  reading.memory_clock_hz = 1e6 * ask<unsigned>(nvml_->clock_info, device_, 2);
  reading.power_w = 1e-3 * ask<unsigned>(nvml_->power_usage, device_);
  reading.temperature_c = ask<unsigned>(nvml_->temperature, device_, 0);
  reading.clocks_event_reasons = ask<unsigned long long>(nvml_->clocks_event_reasons, device_);
  return reading;
}

std::string Monitor::driver_version() const {
  std::array<char, 96> text{};
  if (nvml_->driver_version == nullptr || nvml_->driver_version(text.data(), text.size() - 1) != 0) return "";
  return text.data();
}

double Monitor::power_limit_w() const { return 1e-3 * ask<unsigned>(nvml_->power_limit, device_); }
int Monitor::pcie_generation() const { return static_cast<int>(ask<unsigned>(nvml_->pcie_generation, device_)); }
int Monitor::pcie_width() const { return static_cast<int>(ask<unsigned>(nvml_->pcie_width, device_)); }

bool Monitor::mig() const {
  unsigned now = 0;
  unsigned pending = 0;
  return nvml_->mig_mode != nullptr && device_ != nullptr && nvml_->mig_mode(device_, &now, &pending) == 0 && now == 1;
}

std::string clocks_event_text(unsigned long long reasons) {
  std::string text;
  for (const ReasonRow& row : kReasons) {
    if ((reasons & row.bit) != 0) text += (text.empty() ? "" : ", ") + std::string(row.text);
  }
  return text;
}

DeviceFacts describe(const CudaFacts& facts, const Monitor& monitor, const LtApi& lt) {
  DeviceFacts out;
  out.backend = "cuda";
  out.name = facts.name;
  out.vendor = "NVIDIA";
  out.architecture = architecture(facts.capability);
  out.compute_capability = fmt::format("{}.{}", facts.capability / 10, facts.capability % 10);
  out.units = facts.sms;
  out.cache_bytes = facts.l2_bytes;
  out.memory_bytes = facts.memory_bytes;
  out.free_bytes = facts.free_bytes;
  auto& environment = out.environment;
  const std::string version = monitor.driver_version();
  environment.emplace_back("driver",
                           fmt::format("{}CUDA {}", version.empty() ? "" : version + ", ", cuda_version(facts.driver)));
  environment.emplace_back("runtime", "CUDA " + cuda_version(facts.runtime));
  if (lt.why_not.empty()) {
    const std::size_t v = lt.get_version();
    environment.emplace_back("cuBLASLt", fmt::format("{}.{}.{}, {}", v / 10000, v / 100 % 100, v % 100, lt.library));
  } else {
    environment.emplace_back("cuBLASLt", "none: " + lt.why_not);
  }
  environment.emplace_back("clock", "up to " + format_si(facts.clock_hz, "Hz"));
  if (facts.memory_clock_hz > 0) environment.emplace_back("memory clock", format_si(facts.memory_clock_hz, "Hz"));
  if (monitor.power_limit_w() > 0) environment.emplace_back("power limit", format_si(monitor.power_limit_w(), "W"));
  if (monitor.pcie_generation() > 0) {
    environment.emplace_back("PCIe", fmt::format("gen {} x{}", monitor.pcie_generation(), monitor.pcie_width()));
  }
  if (monitor.mig()) environment.emplace_back("MIG", "on: figures are of one instance");
  return out;
}

}  // namespace gable
