#include "analyzer/study/saved.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/lowering/casts.h"
#include "analyzer/lowering/chain.h"
#include "analyzer/lowering/chain_needs.h"
#include "analyzer/lowering/kernel_cost.h"

namespace gable {
namespace {

using Role = SavedSpec::Role;

constexpr std::string_view kWeightCopy = "weights";
constexpr std::string_view kForRecompute = "kept to recompute";

/// A batched kernel or a merged product holds all instances already.
SavedTensor evaluated(const SavedSpec& spec, std::size_t op, const LoweredOp& lowered,
                      const std::vector<std::int64_t>& values) {
  const std::int64_t n = spec.tensor.elements.evaluate(values);
  if (n < 0)
    throw InputError(spec.tensor.elements.where(), fmt::format("{} is {}; it cannot be negative", spec.name, n));
  const Dtypes& dtypes = lowered.args.dtypes;
  SavedTensor saved{op, spec.name, spec.role, spec.input, dtypes.act, n, operand_bytes(spec.tensor.tensor, n, dtypes)};
  if (spec.tensor.tensor == Tensor::kKv) saved.dtype = dtypes.kv;
  saved.elements = saved.elements * Count(lowered.count);
  saved.bytes = saved.bytes * Count(lowered.count);
  return saved;
}

/// The saves of one op by itself.
std::vector<SavedTensor> own_saves(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op) {
  std::vector<SavedTensor> saves;
  const OpRecipe* recipe = plan.ops[op].recipe;
  if (recipe == nullptr) return saves;
  const LoweredOp lowered = lowered_op(model, plan, costed, op);
  std::vector<std::int64_t> values;
  recipe_values(model.ops[op], lowered.args, recipe->lets, values);
  for (const SavedSpec& spec : recipe->saves) {
    if (spec.when && spec.when->evaluate(values) == 0) continue;
    saves.push_back(evaluated(spec, op, lowered, values));
  }
  return saves;
}

/// FlashAttention keeps the logarithm of the sum of each row (Dao et al. 2022, algorithm 1); other merged kernels keep
/// the statistics of the norms in them.
std::vector<SavedTensor> chain_statistics(const Model& model, const Plan& plan, const CostedModel& costed,
                                          const OpPlan& how) {
  std::vector<SavedTensor> found;
  for (const std::size_t member : how.members) {
    const LoweredOp lowered = lowered_op(model, plan, costed, member);
    const OpKind& kind = *model.ops[member].kind;
    const auto rows = find_field(kind, "rows");
    if (how.fusion->kernel == KernelClass::kAttention && kind.kernel == KernelClass::kReduce && rows) {
      const Count n = Count(lowered.args.values.at(*rows)) * Count(lowered.count);
      found.push_back({member, "stats", Role::kSide, 0, {}, n, tensor_bytes(n, lowered.args.dtypes.accum)});
    } else if (how.fusion->kernel != KernelClass::kAttention) {
      for (const SavedTensor& saved : own_saves(model, plan, costed, member)) {
        if (saved.name == "stats") found.push_back(saved);
      }
    }
  }
  return found;
}

/// What enters the chain and is needed again, what it reads of its results, row statistics; nothing inside.
std::vector<SavedTensor> chain_saves(const Model& model, const Plan& plan, const CostedModel& costed,
                                     const OpPlan& how) {
  std::vector<SavedTensor> saves;
  const ChainNeeds needs = chain_needs(model, plan, costed, how);
  const LoweredOp lowered = lowered_op(model, plan, costed, how.members.back());
  const auto add = [&](std::size_t op, std::string_view name, Role role, std::size_t operand, Dtype dtype, Count n) {
    const Count all = n * Count(lowered.count);
    saves.push_back({op, name, role, operand, dtype, all, tensor_bytes(all, dtype)});
  };
  for (const ChainNeeds::Input& use : needs.inputs) {
    const TensorRef& input = model.ops[use.op].inputs[use.operand];
    const auto producer = producer_of(model, input);
    const std::size_t source = producer.value_or(use.op);
    const Count n =
        producer ? handed_on(model, plan, costed, input, lowered.count).elements : costed.ops[source].one.output;
    add(use.op, use.operand == 0 ? "input" : "input2", Role::kInput, use.operand, costed.ops[source].dtypes.act, n);
  }
  for (const std::size_t op : needs.outputs) {
    const OpCost& cost = costed.ops[op];
    add(op, "output", Role::kOutput, 0, cost.dtypes.act, cost.one.output * Count(cost.count / lowered.count));
  }
  for (SavedTensor& saved : chain_statistics(model, plan, costed, how)) saves.push_back(saved);
  return saves;
}

/// Autocast keeps the narrow copy of the weights for the backward product.
void add_weight_copies(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op,
                       std::vector<SavedTensor>& saves) {
  const std::vector<std::size_t> alone = {op};
  for (const std::size_t member : plan.ops[op].members.empty() ? alone : plan.ops[op].members) {
    const OpCost& cost = costed.ops[member];
    const Count params = narrow_weights(model, costed, member);
    if (params == Count(0)) continue;
    saves.push_back({member, kWeightCopy, Role::kWeights, 0, cost.dtypes.weights, params * Count(cost.count),
                     tensor_bytes(params, cost.dtypes.weights) * Count(cost.count)});
  }
}

/// Walks the tape twice: what stays, then what is dropped and computed again.
class Keeper {
 public:
  Keeper(const Model& model, const Plan& plan, const CostedModel& costed, const Tape& tape)
      : model_(model),
        plan_(plan),
        costed_(costed),
        tape_(tape),
        by_op_(model.ops.size()),
        held_(tape.tensors.size()) {}

  std::vector<Kept> keep() {
    for (const bool again : {false, true}) {
      for (std::uint32_t at = 0; at < tape_.steps.size(); ++at) {
        for (const SavedTensor& saved : saves_of(tape_.steps[at].op)) keep_saved(at, saved, again);
        if (!again && tape_.steps[at].unit) keep_inputs(at);
      }
      if (tape_.units.empty()) break;
    }
    std::stable_sort(kept_.begin(), kept_.end(), [](const Kept& a, const Kept& b) { return a.step < b.step; });
    return std::move(kept_);
  }

 private:
  struct Held {
    Count elements;
    Count bytes;
  };

  const std::vector<SavedTensor>& saves_of(std::size_t op) {
    if (!by_op_[op]) by_op_[op] = saved_by(model_, plan_, costed_, op);
    return *by_op_[op];
  }

  [[nodiscard]] const TapeInput* find_input(const TapeStep& step, const SavedTensor& saved) const {
    const auto found = std::find_if(step.inputs.begin(), step.inputs.end(), [&](const TapeInput& input) {
      return input.op == saved.op && input.operand == saved.input;
    });
    return found == step.inputs.end() ? nullptr : &*found;
  }

  /// The tensor of the tape that a saved input or output is.
  [[nodiscard]] std::optional<std::uint32_t> tensor_of(const TapeStep& step, const SavedTensor& saved,
                                                       const TapeInput* input) const {
    if (input != nullptr) return input->tensor;
    if (saved.role != Role::kOutput) return std::nullopt;
    for (const std::uint32_t output : step.outputs) {
      if (tape_.tensors[output].op == saved.op) return output;
    }
    return std::nullopt;
  }

  void keep_saved(std::uint32_t at, const SavedTensor& saved, bool again) {
    const TapeStep& step = tape_.steps[at];
    const TapeInput* input = saved.role == Role::kInput ? find_input(step, saved) : nullptr;
    const auto tensor = tensor_of(step, saved, input);
    // Made inside what is computed again; narrow weights are not, they stay.
    bool inner = step.unit.has_value() && saved.role != Role::kWeights;
    if (tensor) {
      if (tape_.tensors[*tensor].inside) return;
      inner = inner && tape_.unit_of(tape_.tensors[*tensor]) == step.unit;
    }
    // Pieces that different ops take are different tensors, and so is what autocast converts.
    const bool own = !tensor || (input != nullptr && input->piece) || tape_.tensors[*tensor].dtype != saved.dtype;
    if (own && tensor && !input->piece) inner = step.unit.has_value();
    if (inner != again) return;
    if (own) {
      kept_.push_back({at, saved.op, saved.name, saved.role, {}, again, saved.elements, saved.bytes});
    } else {
      hold(at, saved.op, saved.name, saved.role, *tensor, again, saved.elements, saved.bytes);
    }
  }

  /// What steps that are computed again consume from outside.
  void keep_inputs(std::uint32_t at) {
    const TapeStep& step = tape_.steps[at];
    for (const TapeInput& input : step.inputs) {
      if (!input.tensor || input.piece) continue;
      const TapeTensor& tensor = tape_.tensors[*input.tensor];
      if (tape_.unit_of(tensor) == step.unit) continue;
      hold(at, input.op, kForRecompute, Role::kInput, *input.tensor, false, tensor.elements, tensor.bytes);
    }
  }

  /// Counts what of the tensor is not held yet. The backward pass needs it longest at its first saver.
  void hold(std::uint32_t at, std::size_t op, std::string_view name, Role role, std::uint32_t tensor, bool again,
            Count elements, Count bytes) {
    const TapeTensor& whole = tape_.tensors[tensor];
    Held& held = held_[tensor];
    const Count more_elements = std::min(elements, whole.elements) - held.elements;
    const Count more_bytes = std::min(bytes, whole.bytes) - held.bytes;
    if (more_bytes <= Count(0)) return;
    held = {held.elements + more_elements, held.bytes + more_bytes};
    kept_.push_back({at, op, name, role, tensor, again, more_elements, more_bytes});
  }

  const Model& model_;
  const Plan& plan_;
  const CostedModel& costed_;
  const Tape& tape_;
  std::vector<std::optional<std::vector<SavedTensor>>> by_op_;
  std::vector<Held> held_;
  std::vector<Kept> kept_;
};

}  // namespace

std::vector<SavedTensor> saved_by(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op) {
  const OpPlan& how = plan.ops[op];
  std::vector<SavedTensor> saves =
      is_chain(how) ? chain_saves(model, plan, costed, how) : own_saves(model, plan, costed, op);
  if (plan.options.amp) add_weight_copies(model, plan, costed, op, saves);
  return saves;
}

std::vector<Kept> kept_tensors(const Model& model, const Plan& plan, const CostedModel& costed, const Tape& tape) {
  return Keeper(model, plan, costed, tape).keep();
}

}  // namespace gable
