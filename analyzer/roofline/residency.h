// Which bytes must cross DRAM.
#pragma once

#include <span>
#include <vector>

#include "analyzer/lowering/lower.h"

namespace gable {

/// DRAM bytes of one execution of each kernel.
///
/// Without residency that is every compulsory byte. With `--resident l2` a byte stays in the cache where everything
/// touched between its two uses fits:
/// - parameters are used once a pass, so they stay only if the whole pass fits;
/// - a kernel reads from the cache what the kernel before it wrote, if all that both touch fits. Which bytes those are
/// is not
///   known: an input counts as that output, up to its size. The output is written to DRAM all the same, because a
///   kernel further on (a residual) may read it again;
/// - from one repetition of a block to the next, and into and out of a repeated block, nothing is taken to stay.
void dram_bytes(std::span<const Kernel> kernels, bool resident_l2, double l2_bytes, std::vector<Count>& bytes);

}  // namespace gable
