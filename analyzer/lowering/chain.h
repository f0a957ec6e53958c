// What a run of ops costs as one kernel.
#pragma once

#include "analyzer/lowering/kernel_cost.h"

namespace gable {

/// Whether the op runs a chain (or a run of neighbours) as one kernel.
bool is_chain(const OpPlan& how);

/// Forward: the members' FLOP; what they read from outside, and what they write that somebody outside reads. Tensors
/// between members stay on the chip.
Cost chain_forward(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how);

/// Backward: reads what chain_needs() says and the gradients of what left the chain, does the forward work again whose
/// results it needs, writes the gradients of what entered. FlashAttention's backward pass is this with reads_output
/// (Dao et al. 2022, algorithm 4): 5 products against 4. Launches nothing where no member has a backward kernel.
Cost chain_backward(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how);

}  // namespace gable
