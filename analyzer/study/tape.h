// A model as it runs: every op in order with its blocks expanded, and the tensors that pass between ops.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/lowering/plan.h"

namespace gable {

/// An activation, all instances of the op that makes it.
struct TapeTensor {
  std::size_t op = 0;      ///< index into Model::ops
  std::uint32_t step = 0;  ///< that makes it
  std::uint32_t last = 0;  ///< last step that consumes it; `step` if none does
  Dtype dtype = Dtype::kFp32;
  Count elements;
  Count bytes;
  bool result = false;  ///< leaves the model, or only the loss consumes it
  bool inside = false;  ///< made and consumed inside one kernel: never in memory
};

/// An operand of a step.
struct TapeInput {
  std::size_t op = 0;  ///< the op that consumes it: of a step that runs several, one of them
  std::size_t operand = 0;
  std::optional<std::uint32_t> tensor;  ///< nothing for the model's input
  bool piece = false;                   ///< a part of the tensor
};

/// An op, or several merged into one, with all its instances.
struct TapeStep {
  std::size_t op = 0;                 ///< the op that runs
  std::uint32_t turn = 0;             ///< of the block around it, from 0
  std::optional<std::uint32_t> unit;  ///< steps that the backward pass computes again together
  std::vector<TapeInput> inputs;
  std::vector<std::uint32_t> outputs;
};

struct Tape {
  std::vector<TapeStep> steps;
  std::vector<TapeTensor> tensors;
  std::vector<std::vector<std::uint32_t>> units;  ///< steps of each

  /// The unit of the step that makes a tensor.
  [[nodiscard]] std::optional<std::uint32_t> unit_of(const TapeTensor& tensor) const { return steps[tensor.step].unit; }
};

/// An op that only passes its input on: dropout in evaluation, views.
bool passes_through(const OpCost& cost);

/// @throws InputError where the model expands to more than 200,000 steps
Tape record_tape(const Model& model, const Plan& plan, const CostedModel& costed);

}  // namespace gable
