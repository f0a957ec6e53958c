// Which sizes are timed.
#pragma once

#include <cstdint>
#include <vector>

#include "probes/cuda/facts.h"
#include "probes/cuda/lt_gemm.h"
#include "probes/probe.h"

namespace gable::cuda {

/// Products for the matrix peak: large cubes and whole waves of tiles, without those that memory has no room for or
/// that take more than a tenth of a second at the device's peak; at least one.
std::vector<LtGemmSpec> peak_shapes(const CudaFacts& facts, Dtype dtype);

/// 16, 64 or 256 products between the sizes of deep learning, even in the logarithms of m, n and k, half of them
/// batched. Those that do not fit the device, or take longer than 20 ms at its peak, are halved along their longest
/// side until they do.
std::vector<LtGemmSpec> calibration_shapes(const CudaFacts& facts, Effort effort, std::uint64_t seed);

/// Elements of streams: from what launch latency hides to what no cache holds.
std::vector<std::int64_t> stream_sizes(const CudaFacts& facts, Effort effort);

struct RowsSize {
  std::int64_t rows;
  std::int64_t width;
};
/// Softmax and layernorm.
std::vector<RowsSize> rows_sizes(const CudaFacts& facts, Effort effort);

}  // namespace gable::cuda
