// What a model runs, one execution after the other.
#pragma once

#include <cstddef>
#include <vector>

#include "analyzer/roofline/analysis.h"

namespace gable {

/// One execution of an op of the model in one pass.
struct Wanted {
  std::size_t row = 0;  ///< index into Analysis::rows
  Pass pass = Pass::kForward;
  Count matrix_flop;
};

/// In order: the forward pass, then the backward pass from the end, as the phase has them; blocks are repeated as a
/// whole.
std::vector<Wanted> executions_of(const Analysis& analysis);

}  // namespace gable
