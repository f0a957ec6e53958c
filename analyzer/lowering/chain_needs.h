// What the backward pass of a run of ops works from.
#pragma once

#include <vector>

#include "analyzer/lowering/lower.h"

namespace gable {

/// Autograd keeps what enters the run; what lies inside is computed again. The mask of dropout is neither: the kernels
/// draw it from its seed in both passes (as FlashAttention and TorchInductor do).
struct ChainNeeds {
  struct Input {
    std::size_t op = 0;  ///< the member that consumes it
    std::size_t operand = 0;
  };
  std::vector<Input> inputs;         ///< activations from outside; a tensor may stand here more than once
  std::vector<std::size_t> outputs;  ///< members whose results lie in memory and are read
  std::vector<std::size_t> again;    ///< members whose forward work is done again
};
ChainNeeds chain_needs(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how);

/// The recipe of a member by itself with each tensor moved once: how a framework writes it out does not matter inside
/// one kernel.
const OpRecipe& member_recipe(const Model& model, const Plan& plan, std::size_t op);

/// Whether the result of a member is used outside the run.
bool leaves_chain(const Plan& plan, const OpPlan& how, std::size_t op);

}  // namespace gable
