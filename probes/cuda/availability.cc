#include "probes/cuda/availability.h"

#include <fmt/format.h>

#include "probes/device.h"

namespace gable {
namespace {

std::string cuda_version(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

/// The first driver branch that runs a toolkit's programs: CUDA Toolkit Release Notes, "CUDA Toolkit and Minimum
/// Required Driver Version for CUDA Minor Version Compatibility".
std::string_view driver_needed(int runtime) { return runtime >= 13000 ? "r580" : "r525"; }

std::string reason(cudaError_t status, int driver, int runtime) {
  if (status == cudaErrorInsufficientDriver && driver == 0) return "no NVIDIA driver";
  if (status == cudaErrorInsufficientDriver) {
    return fmt::format("the NVIDIA driver is for CUDA {} at most, this program was built with CUDA {}, which needs {}",
                       cuda_version(driver), cuda_version(runtime), driver_needed(runtime));
  }
  if (status == cudaErrorStubLibrary) return "libcuda.so.1 is a stub of the toolkit, not a driver";
  if (status == cudaErrorNoDevice) return "the driver has none";
  return "the driver does not answer";
}

}  // namespace

std::string why_unusable(cudaError_t status, int devices, int driver, int runtime) {
  if (status != cudaSuccess) {
    return fmt::format("no usable GPU: {} ({})", reason(status, driver, runtime), ::cudaGetErrorName(status));
  }
  return devices > 0 ? "" : "no usable GPU: the driver lists none";
}

std::string why_no_cuda(const RuntimeApi& runtime) {
  int devices = 0;
  int driver = 0;
  int version = 0;
  const cudaError_t status = runtime.get_device_count(&devices);
  static_cast<void>(runtime.driver_get_version(&driver));
  static_cast<void>(runtime.runtime_get_version(&version));
  if (status != cudaSuccess) static_cast<void>(runtime.get_last_error());
  return why_unusable(status, devices, driver, version);
}

std::string why_no_cuda() { return why_no_cuda(cuda_runtime()); }

}  // namespace gable
