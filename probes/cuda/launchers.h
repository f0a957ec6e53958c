// The launchers that the table of probe_kernels() holds, each defined beside its kernels.
#pragma once

#include "probes/cuda/probe_kernels.h"

namespace gable::cuda {

cudaError_t launch_stream(const StreamLaunch& launch, cudaStream_t stream);
cudaError_t launch_cache(const CacheLaunch& launch, cudaStream_t stream);
cudaError_t launch_fma(const FmaLaunch& launch, cudaStream_t stream);
cudaError_t launch_fill(const FillLaunch& launch, cudaStream_t stream);
cudaError_t launch_rows(const RowsLaunch& launch, cudaStream_t stream);
cudaError_t launch_empty(std::uint32_t* out, std::uint32_t value, cudaStream_t stream);

}  // namespace gable::cuda
