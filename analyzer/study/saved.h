// What autograd keeps from the forward pass for the backward pass, tensor by tensor.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/lowering/lower.h"
#include "analyzer/study/tape.h"

namespace gable {

/// A tensor that an op keeps, all instances; of one step.
struct SavedTensor {
  std::size_t op = 0;  ///< whose recipe says so: of a step that runs several, one of them
  std::string_view name;
  SavedSpec::Role role = SavedSpec::Role::kInside;
  std::size_t input = 0;       ///< which operand, for kInput
  Dtype dtype = Dtype::kFp32;  ///< of kInput and kOutput
  Count elements;
  Count bytes;
};

/// What the op that runs keeps, and under autocast the narrow copy of its weights. Of a chain: what enters it or lies
/// in memory anyway; nothing inside.
std::vector<SavedTensor> saved_by(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op);

/// One tensor that lies in memory from a step's forward to its backward pass.
struct Kept {
  std::uint32_t step = 0;
  std::size_t op = 0;
  std::string_view name;
  SavedSpec::Role role = SavedSpec::Role::kInside;
  std::optional<std::uint32_t> tensor;  ///< of the tape; nothing for a tensor of the step's own
  bool again = false;                   ///< dropped after the forward pass and computed again
  Count elements;
  Count bytes;
};

/// Everything kept, in the order of the forward pass. A tensor that several ops keep is counted once, for the first;
/// what recomputed ops need from outside is kept for them.
std::vector<Kept> kept_tensors(const Model& model, const Plan& plan, const CostedModel& costed, const Tape& tape);

}  // namespace gable
