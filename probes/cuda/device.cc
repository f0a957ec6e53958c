// Opens a CUDA device: its facts, its engine, and the best recorder that works.
#include "probes/device.h"

#include <fmt/format.h>

#include "analyzer/base/error.h"
#include "analyzer/base/units.h"
#include "probes/cuda/api.h"
#include "probes/cuda/event_recorder.h"
#include "probes/cuda/facts.h"
#include "probes/cuda/session.h"

namespace gable {

std::unique_ptr<Engine> make_cuda_engine(const CudaApi& api, int device);
std::unique_ptr<Recorder> make_cupti_recorder(std::string& why_not);

Device open_cuda_device(int index) {
  const std::string why = why_no_cuda();
  if (!why.empty()) throw CapabilityError("--device cuda: " + why);
  int devices = 0;
  check_cuda(cuda_runtime().get_device_count(&devices), "cudaGetDeviceCount");
  if (index < 0 || index >= devices) {
    throw CapabilityError(fmt::format("--device cuda:{}: there {} {}, counted from 0", index,
                                      devices == 1 ? "is" : "are", counted(devices, "GPU")));
  }
  const CudaApi& api = cuda_api();
  if (!api.lt.why_not.empty()) throw CapabilityError("--device cuda: no cuBLASLt: " + api.lt.why_not);

  const CudaFacts facts = cuda_facts(api.runtime, index);
  Device device;
  device.facts = describe(facts, Monitor(api.nvml, facts.pci_bus_id), api.lt);
  std::string no_cupti;
  device.recorder = make_cupti_recorder(no_cupti);
  if (device.recorder) {
    device.engine = make_cuda_engine(api, index);
    return device;
  }
  static const CudaApi ordered = with_ordered_streams(api);
  device.recorder = make_event_recorder(api.runtime, cuda::steady_clock().now);
  device.engine = make_cuda_engine(ordered, index);
  device.facts.environment.emplace_back("times", "by events around each op, gaps included: " + no_cupti);
  return device;
}

}  // namespace gable
