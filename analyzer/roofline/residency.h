// Which bytes must cross DRAM.
#pragma once

#include <vector>

#include "analyzer/spec/model.h"

namespace gable {

/// DRAM bytes of one execution of each op, parallel to Model::ops.
///
/// Without residency that is every compulsory byte. With `--resident l2` a byte stays in the cache where everything
/// touched between its two uses fits:
/// - parameters are used once a pass, so they stay only if the whole pass fits;
/// - the output of an op stays for the next op if both together fit; an op's input counts as the output of the op
/// before
///   it, up to that output's size (a residual operand comes from further back, so it is read from DRAM).
std::vector<Count> dram_bytes(const CostedModel& costed, bool resident_l2, double l2_bytes);

}  // namespace gable
