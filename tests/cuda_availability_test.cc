// Why there is no GPU. What is easy to break here: a machine without a driver, one with an old driver and one whose
// libcuda is the toolkit's stub answer with different errors, and each wants another remedy.
#include <doctest/doctest.h>

#include "probes/cuda/availability.h"
#include "probes/device.h"
#include "tests/cuda_fake.h"

namespace gable {
namespace fake = cuda::fake;

TEST_CASE("one line for each reason") {
  CHECK(why_unusable(cudaErrorInsufficientDriver, 0, 0, 13000) ==
        "no usable GPU: no NVIDIA driver (cudaErrorInsufficientDriver)");
  CHECK(why_unusable(cudaErrorInsufficientDriver, 0, 12040, 13000) ==
        "no usable GPU: the NVIDIA driver is for CUDA 12.4 at most, this program was built with CUDA 13.0, which needs "
        "r580 (cudaErrorInsufficientDriver)");
  CHECK(why_unusable(cudaErrorInsufficientDriver, 0, 11080, 12080) ==
        "no usable GPU: the NVIDIA driver is for CUDA 11.8 at most, this program was built with CUDA 12.8, which needs "
        "r525 (cudaErrorInsufficientDriver)");
  CHECK(why_unusable(cudaErrorStubLibrary, 0, 0, 13000) ==
        "no usable GPU: libcuda.so.1 is a stub of the toolkit, not a driver (cudaErrorStubLibrary)");
  CHECK(why_unusable(cudaErrorNoDevice, 0, 13000, 13000) == "no usable GPU: the driver has none (cudaErrorNoDevice)");
  CHECK(why_unusable(cudaErrorUnknown, 0, 13000, 13000) ==
        "no usable GPU: the driver does not answer (cudaErrorUnknown)");
  CHECK(why_unusable(cudaSuccess, 0, 13000, 13000) == "no usable GPU: the driver lists none");
  CHECK(why_unusable(cudaSuccess, 2, 13000, 13000).empty());
}

TEST_CASE("a device that works has no reason, through the tables") { CHECK(why_no_cuda(fake::api().runtime).empty()); }

TEST_CASE("this machine answers, with a reason or without") {
  const std::string why = why_no_cuda();
  CAPTURE(why);
  CHECK((why.empty() || why.starts_with("no usable GPU: ")));
  CHECK(why.find('\n') == std::string::npos);
}

}  // namespace gable
