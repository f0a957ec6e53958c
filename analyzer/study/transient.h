// What an op's kernels need beside the tensors that pass between ops: memory for the moment.
#pragma once

#include <span>
#include <vector>

#include "analyzer/lowering/lower.h"
#include "analyzer/study/saved.h"

namespace gable {

/// Bytes of the op that runs.
struct Transient {
  Count forward;    ///< largest tensor that one of its kernels leaves for another one
  Count backward;   ///< likewise
  Count gradients;  ///< all that its backward kernels write for its inputs
};

/// By op of the model. An estimate from below: of the tensors that kernels hand to each other the largest alone.
std::vector<Transient> transients(const Model& model, const Plan& plan, const CostedModel& costed,
                                  std::span<const Kernel> kernels);

/// Parameters of the op that runs, in one pass of its block: bytes as they are stored, autocast or not.
Count parameter_bytes(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op);

}  // namespace gable
