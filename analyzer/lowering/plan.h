// A model under a recipe: which ops run as which kernels, which are merged, who consumes whose output. Made once for a
// model, used for every configuration of its dims.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "analyzer/lowering/step.h"
#include "analyzer/spec/model.h"

namespace gable {

struct OpPlan {
  const OpRecipe* recipe = nullptr;  ///< null: its own kernel, backward unknown
  const FusionSpec* fusion = nullptr;
  std::vector<std::size_t> members;        ///< of the op that runs a fusion: all of it, in order; else empty
  std::optional<std::size_t> merged_into;  ///< the op that runs this one with its own
  std::vector<std::size_t> shared_by;      ///< ops that are tied to this one's weights
  bool batched = false;                    ///< its instances run as one kernel
  bool causal = false;                     ///< half of its product is masked away
  bool recomputed = false;                 ///< runs a second time in the backward pass
  const OptimizerSpec* update = nullptr;   ///< of an op that stands for a part of the optimizer
};

/// Whether the op runs products of one input as one product.
inline bool is_sibling_product(const OpPlan& how) { return how.fusion != nullptr && !how.fusion->siblings.empty(); }

/// One use of an activation.
struct Consumer {
  std::size_t op = 0;
  std::size_t operand = 0;
};

/// Ops [first, last] of a group.
struct Span {
  std::size_t first = 0;
  std::size_t last = 0;
};

struct Plan {
  StepOptions options;
  std::vector<OpPlan> ops;  ///< parallel to Model::ops
  std::vector<std::vector<Consumer>> op_consumers;
  std::vector<std::vector<Consumer>> group_consumers;
  std::vector<Span> group_runs;                         ///< of each group, its first op and the last that runs
  std::vector<std::string> unused_fusions;              ///< asked for, but nothing in the model fits
  std::vector<std::shared_ptr<const FusionSpec>> runs;  ///< fusions made of "a..b"
};

/// Adds a part "optimizer" with the ops that the phase needs (loss scaling, clip, the update, zero_grad). Nothing
/// without such a phase. @throws InputError naming --optimizer
void add_optimizer(Model& model, const StepOptions& options);

/// @throws InputError: an unknown fusion or op; a chain that is none; an op that has no backward in the recipe
Plan make_plan(const Model& model, const StepOptions& options);

/// The consumers of what `ref` stands for.
const std::vector<Consumer>* consumers_of(const Plan& plan, const TensorRef& ref);

/// The kind of the ops that add_optimizer() adds. It is not in the op table: model files do not state it.
const OpKind& optimizer_kind();

}  // namespace gable
