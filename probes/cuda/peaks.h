// The most that a device could do, from its units and clocks: what measures above it measured wrongly.
#pragma once

#include <string>

#include "analyzer/base/dtype.h"
#include "probes/cuda/facts.h"

namespace gable {

/// A bound with its arithmetic: "132 SMs x 128 FMA x 2 FLOP x 1.98 GHz". `value` 0: not known, bounds nothing.
struct Peak {
  double value = 0;
  std::string arithmetic;
};

/// FLOP/s of the vector units; fp16 as packed pairs. The clock is the highest that the driver allows.
Peak vector_peak(const CudaFacts& facts, Dtype dtype);
/// FLOP/s of dense products: of the matrix units, or of the vector units where the chip has none for the dtype.
Peak matrix_peak(const CudaFacts& facts, Dtype dtype);
/// Bytes/s of device memory: two transfers a clock.
Peak dram_peak(const CudaFacts& facts);
/// Bytes/s from L2 into the SMs: 64 bytes a clock and SM.
Peak l2_peak(const CudaFacts& facts);
/// Bytes/s of shared memory, and of L1, which is the same memory: 128 bytes a clock and SM.
Peak shared_peak(const CudaFacts& facts);
/// Bytes/s in one direction before packet headers; unknown for generations beyond 6.
Peak pcie_peak(int generation, int width);

}  // namespace gable
