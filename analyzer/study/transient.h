// What an op's kernels need beside the tensors that pass between ops: memory for the moment.
#pragma once

#include <span>
#include <vector>

#include "analyzer/lowering/lower.h"
#include "analyzer/study/saved.h"

namespace gable {

/// Bytes of the op that runs.
struct Transient {
  Count forward;    ///< of tensors that its kernels hand to each other, the largest neighbours
  Count backward;   ///< likewise
  Count gradients;  ///< all that its backward kernels write for its inputs
};

/// By op of the model. An estimate: a kernel reads what the one before wrote, and nothing older is left.
std::vector<Transient> transients(const Model& model, const Plan& plan, const CostedModel& costed,
                                  std::span<const Kernel> kernels);

/// Parameters of the op that runs, in one pass of its block: bytes as they are stored, autocast or not.
Count parameter_bytes(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op);

}  // namespace gable
