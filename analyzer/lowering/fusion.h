// Which ops of a model run as one kernel.
#pragma once

#include <string>
#include <vector>

#include "analyzer/lowering/plan.h"

namespace gable {

/// The recipe's fusions and those asked for by name, each once; runs "a..b" apart.
/// @throws InputError for an unknown name
std::vector<const FusionSpec*> active_fusions(const StepOptions& options);

/// The ops that fit the chain from `start` on: each is the only consumer of the one before, in the same block and as
/// often. Empty if it does not fit.
std::vector<std::size_t> match_chain(const Model& model, const Plan& plan, const FusionSpec& fusion, std::size_t start);

/// Merges what fits into OpPlan; what fits nowhere is named in Plan::unused_fusions.
/// @throws InputError: a run "a..b" whose ends do not exist or do not lie in one block
void apply_fusions(const Model& model, const std::vector<const FusionSpec*>& fusions, Plan& plan);

/// Why a fusion that names an optimizer changes nothing.
std::string why_optimizer_stays(const FusionSpec& fusion, const StepOptions& options);

}  // namespace gable
