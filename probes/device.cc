#include "probes/device.h"

#include <fmt/format.h>

#include <charconv>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "probes/cpu/engine.h"
#include "probes/cpu/facts.h"
#include "probes/cpu/kernels.h"
#include "probes/cpu/onednn.h"
#include "probes/cpu/recorder.h"
#include "probes/recorded.h"

namespace gable {
namespace {

Device open_cpu() {
  const CpuFacts cpu = this_cpu();
  Device device;
  device.facts.backend = "cpu";
  device.facts.name = cpu.name;
  device.facts.vendor = cpu.vendor;
  device.facts.architecture = cpu_kernels().isa;
  device.facts.units = cpu.threads;
  device.facts.cache_label = fmt::format("L{}", cpu.last_level());
  device.facts.cache_bytes = cpu.cache_bytes(cpu.last_level());
  device.facts.memory_bytes = cpu.memory_bytes;
  device.facts.free_bytes = cpu.free_bytes;
  std::string why_not;
  OneDnn* const onednn = find_onednn(why_not);
  device.facts.environment = {{"threads", std::to_string(cpu.threads)},
                              {"simd", cpu_kernels().isa},
                              {"numa nodes", std::to_string(cpu.numa_nodes)},
                              {"oneDNN", onednn == nullptr ? "missing: " + why_not : onednn->version()},
                              {"clock", format_si(measure_clock(0.02), "Hz", 3)}};
  device.engine = make_cpu_engine(cpu.threads);
  device.recorder = make_cpu_recorder();
  return device;
}

}  // namespace

Device open_device(std::string_view name) {
  if (name.empty()) return why_no_cuda().empty() ? open_cuda_device(0) : open_cpu();
  if (name == "cpu") return open_cpu();
  if (name.starts_with("recorded:")) return open_recorded(std::string(name.substr(9)));
  if (name == "cuda") return open_cuda_device(0);
  if (name.starts_with("cuda:")) {
    const std::string_view digits = name.substr(5);
    int index = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error == std::errc() && end == digits.data() + digits.size() && index >= 0) return open_cuda_device(index);
  }
  throw InputError(fmt::format("--device: {} is neither cpu nor cuda nor cuda:N nor recorded:FILE", in_quotes(name)));
}

}  // namespace gable
