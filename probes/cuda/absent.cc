// The CUDA backend of a program that was built without a CUDA toolkit.
#include "analyzer/base/error.h"
#include "probes/device.h"
#include "probes/probe.h"

namespace gable {

std::string why_no_cuda() {
  return "this program was built without a CUDA toolkit; analysis, the CPU and recorded measurements work";
}

Device open_cuda_device(int /*index*/) { throw CapabilityError("--device cuda: " + why_no_cuda()); }

std::span<const ProbeRow> cuda_probe_table() { return {}; }

}  // namespace gable
