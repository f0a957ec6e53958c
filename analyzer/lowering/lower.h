// From ops to kernels: what a framework launches, in order.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/lowering/plan.h"
#include "analyzer/ops/shape.h"

namespace gable {

/// A kernel, `executions` times. Its cost holds no parameters: those belong to the op.
struct Kernel {
  std::size_t op = 0;  ///< index into Model::ops
  std::string_view name;
  KernelClass kernel = KernelClass::kStream;
  Pass pass = Pass::kForward;
  Cost one;
  std::int64_t count = 1;           ///< of `executions`, in one pass of its block
  std::int64_t executions = 1;      ///< in the whole phase
  int loop = -1;                    ///< innermost block around it that repeats; -1: none
  std::size_t order = 0;            ///< position in the phase
  std::int64_t micro_batches = 1;   ///< it runs in so many of the last ones; the optimizer's kernels follow them all
  bool sync = false;                ///< the CPU waits until it has run
  std::optional<Shape> shape = {};  ///< of one launch; nothing: bytes alone say how long it takes
  double shape_times = 1;           ///< a launch takes as long as so many kernels of `shape`
};

/// The kernels of the phase in the order of execution (a repeated block once). `out` is reused.
/// @throws InputError: a count beyond 64 bits, a field of a recipe that is not an integer
void lower(const Model& model, const Plan& plan, const CostedModel& costed, std::vector<Kernel>& out);

/// An op with what the plan makes of it: fields after batching and merging, and how often that runs.
struct LoweredOp {
  OpArgs args;
  std::int64_t count = 1;       ///< instances in one pass of the block around
  std::int64_t executions = 1;  ///< all
};
LoweredOp lowered_op(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op);

/// The values that expressions of an op's recipe are evaluated over: its fields, `train`, `operands`, the names under
/// `let:`.
void recipe_values(const OpSpec& op, const OpArgs& args, const std::vector<Expr>& lets,
                   std::vector<std::int64_t>& values);

/// Parameters and parameter tensors of the selected ops.
struct Parameters {
  Count elements;
  Count tensors;
};
Parameters parameters_of(const CostedModel& costed);

}  // namespace gable
