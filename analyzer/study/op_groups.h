// Ops of one model under different settings, side by side: what one setting merges is compared as a whole.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyzer/roofline/analysis.h"

namespace gable {

/// Ops that run as one kernel in at least one of the analyses; most are one op. In the order of execution.
struct OpGroup {
  std::vector<std::size_t> ops;  ///< indices into Model::ops, ascending
  std::string name;              ///< "h/fc", "top/lm_head" where there are parts, "h/scores..h/values"
};

/// The analyses are of one model: dims, recipe, dtypes may differ, ops do not.
std::vector<OpGroup> op_groups(std::span<const Analysis* const> analyses);

/// What the group's ops add up to.
Totals totals_of(const Analysis& analysis, const OpGroup& group);

}  // namespace gable
