// The CUDA engine: matrix products and convolutions through cuBLASLt, all else in kernels of this project, everything
// on one stream of one device.
//
// Statistics: layernorm, batchnorm and groupnorm keep pairs of mean and 1/std, rmsnorm 1/rms. Buffers of bytes
// (allocate_bytes) have dtype int8, a byte an element. Tasks and buffers are of no use after the engine is gone, and
// the device must be the current one of the thread that prepares and runs them, as it is after make_cuda_engine().
#pragma once

#include <memory>

#include "probes/cuda/api.h"
#include "probes/engine.h"

namespace gable {

/// Makes `device` current. `api` outlives the engine.
/// @throws CapabilityError without cuBLASLt, DeviceError
std::unique_ptr<Engine> make_cuda_engine(const CudaApi& api, int device);

}  // namespace gable
