// The CUDA backend of a program that was built without a CUDA toolkit.
#include "analyzer/base/error.h"
#include "probes/counting.h"
#include "probes/cuda/probe_table.h"
#include "probes/device.h"

namespace gable {

std::string why_no_cuda() {
  return "this program was built without a CUDA toolkit; analysis, the CPU and recorded measurements work";
}

Device open_cuda_device(int /*index*/) { throw CapabilityError("--device cuda: " + why_no_cuda()); }

std::vector<Figure> run_cuda_probe(CudaProbe /*which*/, const ProbeContext& /*context*/) {
  throw CapabilityError("--device cuda: " + why_no_cuda());
}

std::unique_ptr<Counting> open_cuda_counting(Dtype /*dtype*/, std::size_t /*most_ranges*/, std::string& why_not) {
  why_not = why_no_cuda();
  return nullptr;
}

}  // namespace gable
