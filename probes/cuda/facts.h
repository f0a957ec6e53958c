// What a CUDA device says of itself, and of its state while it works.
#pragma once

#include <string>

#include "probes/cuda/api.h"
#include "probes/device.h"

namespace gable {

/// Constants of a device, as the driver reports them.
struct CudaFacts {
  int device = 0;
  std::string name;
  std::string pci_bus_id;
  int capability = 0;  ///< 10 * major + minor
  int sms = 0;
  double clock_hz = 0;         ///< the most that the SMs may run at
  double memory_clock_hz = 0;  ///< data moves on both edges
  int bus_bits = 0;
  std::int64_t l2_bytes = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t free_bytes = 0;
  int threads_per_sm = 0;
  std::int64_t shared_bytes_per_block = 0;  ///< without asking for more
  int driver = 0;                           ///< 1000 * major + 10 * minor of the CUDA version that it supports
  int runtime = 0;
};

/// Makes `device` the current one. @throws DeviceError
CudaFacts cuda_facts(const RuntimeApi& runtime, int device);

/// What NVML reads at a moment; 0 where it does not say.
struct Reading {
  double clock_hz = 0;
  double memory_clock_hz = 0;
  double power_w = 0;
  double temperature_c = 0;
  unsigned long long clocks_event_reasons = 0;
};

/// NVML's view of one device; all zeros without it.
class Monitor {
 public:
  Monitor(const NvmlApi& nvml, const std::string& pci_bus_id);

  [[nodiscard]] Reading read() const;
  [[nodiscard]] std::string driver_version() const;  ///< "580.65.06", "" unknown
  [[nodiscard]] double power_limit_w() const;
  [[nodiscard]] int pcie_generation() const;
  [[nodiscard]] int pcie_width() const;
  [[nodiscard]] bool mig() const;

 private:
  const NvmlApi* nvml_;
  NvmlApi::Device device_ = nullptr;
};

/// "power cap, thermal slowdown": the bits of NVML's clocks-event reasons that lower a clock; "" for none.
std::string clocks_event_text(unsigned long long reasons);

/// For the profile and the report.
DeviceFacts describe(const CudaFacts& facts, const Monitor& monitor, const LtApi& lt);

}  // namespace gable
