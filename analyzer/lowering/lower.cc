#include "analyzer/lowering/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "analyzer/base/error.h"
#include "analyzer/lowering/casts.h"
#include "analyzer/lowering/chain.h"
#include "analyzer/lowering/gradient_sums.h"
#include "analyzer/lowering/kernel_cost.h"
#include "analyzer/lowering/kernel_shape.h"

namespace gable {
namespace {

/// Emits kernels; one for each call of lower().
class Lowering {
 public:
  Lowering(const Model& model, const Plan& plan, const CostedModel& costed, std::vector<Kernel>& out)
      : model_(model), plan_(plan), costed_(costed), out_(out) {}

  void run() {
    const Phase phase = plan_.options.phase;
    const std::size_t count = model_.ops.size();
    if (has_forward(phase)) {
      for (std::size_t op = 0; op < count; ++op) guarded(op, [&] { forward(op, Pass::kForward); });
    }
    if (has_backward(phase)) {
      for (std::size_t op = count; op-- > 0;) guarded(op, [&] { backward(op); });
    }
    if (has_optimizer(phase)) {
      for (std::size_t op = 0; op < count; ++op) guarded(op, [&] { update(op); });
    }
  }

 private:
  /// Counts that overflow and expressions that are no integers are the fault of an op.
  template <typename Emit>
  void guarded(std::size_t op, Emit emit) {
    if (!costed_.ops[op].selected || plan_.ops[op].merged_into) return;
    const OpSpec& spec = model_.ops[op];
    try {
      emit();
    } catch (const CountOverflow& overflow) {
      throw InputError(spec.where, fmt::format("op '{}': {}", spec.path, overflow.what()));
    }
  }

  void forward(std::size_t op, Pass pass) {
    const OpPlan& how = plan_.ops[op];
    if (how.update != nullptr) return;
    const LoweredOp lowered = lowered_op(model_, plan_, costed_, op);
    cast_inputs(op, lowered, pass);
    if (is_chain(how)) {
      const Cost cost = chain_forward(model_, plan_, costed_, how);
      shape_as(chain_shape(model_, plan_, costed_, how), cost.matrix_flop,
               emit(op, how.fusion->name, how.fusion->kernel, pass, cost, lowered));
    } else if (how.recipe == nullptr) {
      as_op(op, pass, lowered);
    } else {
      emit_all(op, how.recipe->forward, pass, lowered);
    }
  }

  void backward(std::size_t op) {
    const OpPlan& how = plan_.ops[op];
    if (how.update != nullptr) return;
    // A block that is recomputed runs forward again as a whole before its last op's backward pass.
    if (plan_.options.recompute == Recompute::kBlock) recompute_block_of(op);
    if (how.recomputed && plan_.options.recompute == Recompute::kAttention && !is_chain(how)) recompute_attention(op);
    const LoweredOp lowered = lowered_op(model_, plan_, costed_, op);
    emit_sums(op, fan_in(model_, plan_, costed_, op));
    if (is_chain(how)) {
      const Cost cost = chain_backward(model_, plan_, costed_, how);
      if (cost.launches > Count(0))
        shape_as(chain_shape(model_, plan_, costed_, how), chain_forward(model_, plan_, costed_, how).matrix_flop,
                 emit(op, how.fusion->name, how.fusion->kernel, Pass::kDgrad, cost, lowered));
    } else {
      emit_backward(op, lowered);
    }
    cast_gradients(op, lowered);
    emit_sums(op, tied_sums(model_, plan_, costed_, op));
    accumulate(op, lowered);
  }

  void emit_backward(std::size_t op, const LoweredOp& lowered) {
    const OpRecipe& recipe = *plan_.ops[op].recipe;
    // Nobody wants the gradient of the model's input, unless the op has nothing else to pass a gradient to.
    const bool from_nowhere = model_.ops[op].kind->takes_input && !model_.ops[op].inputs.empty() &&
                              std::all_of(model_.ops[op].inputs.begin(), model_.ops[op].inputs.end(),
                                          [](const TensorRef& r) { return r.from == TensorRef::From::kNowhere; });
    const bool skip_dgrad = from_nowhere && costed_.ops[op].one.params > Count(0);
    recipe_values(model_.ops[op], lowered.args, recipe.lets, values_);
    for (const KernelSpec& spec : *recipe.backward) {
      if (skip_dgrad && spec.pass == Pass::kDgrad) continue;
      emit_spec(op, spec, spec.pass, lowered);
    }
  }

  void emit_all(std::size_t op, const std::vector<KernelSpec>& specs, Pass pass, const LoweredOp& lowered) {
    recipe_values(model_.ops[op], lowered.args, plan_.ops[op].recipe->lets, values_);
    for (const KernelSpec& spec : specs) emit_spec(op, spec, pass, lowered);
  }

  void emit_spec(std::size_t op, const KernelSpec& spec, Pass pass, const LoweredOp& lowered) {
    if (spec.as_op) return as_op(op, pass, lowered, spec.sync);
    if (spec.when && spec.when->evaluate(values_) == 0) return;
    Kernel& kernel = emit(op, spec.name, spec.kernel, pass, kernel_cost(spec, values_, lowered.args.dtypes), lowered);
    kernel.sync = spec.sync;
    if (!spec.shape) {
      const OpKind& kind = *model_.ops[op].kind;
      if (kernel.one.matrix_flop > Count(0))
        shape_as(shape_of(kind, lowered.args), forward_cost(kind, lowered.args).matrix_flop, kernel);
      return;
    }
    const GemmShape& shape = *spec.shape;
    kernel.shape =
        product_shape(compute_dtype(*model_.ops[op].kind, lowered.args.dtypes), shape.batch.evaluate(values_),
                      shape.m.evaluate(values_), shape.n.evaluate(values_), shape.k.evaluate(values_));
  }

  void as_op(std::size_t op, Pass pass, const LoweredOp& lowered, bool sync = false) {
    const OpKind& kind = *model_.ops[op].kind;
    Cost cost = without_parameters(kind.forward(lowered.args));
    if (plan_.options.amp) {
      const Count narrow = narrow_input_bytes(casts_of(model_, plan_, costed_, op));
      cost.read = cost.read - narrow;
      cost.unique = cost.unique - narrow;
    }
    if (cost.launches == Count(0)) return;
    Kernel& kernel = emit(op, kind.name, kind.kernel, pass, cost, lowered);
    kernel.sync = sync;
    kernel.shape = shape_of(kind, lowered.args);
  }

  Kernel& emit(std::size_t op, std::string_view name, KernelClass kernel, Pass pass, Cost cost,
               const LoweredOp& lowered) {
    if (pass == Pass::kRecompute) {
      cost.recomputed = cost.matrix_flop;
      cost.masked = 0;
    } else if (is_causal(op, lowered)) {
      cost.masked = (cost.matrix_flop - cost.recomputed).value() / 2;
    }
    return push(op, name, kernel, pass, cost, lowered, plan_.options.micro_batches);
  }

  Kernel& push(std::size_t op, std::string_view name, KernelClass kernel, Pass pass, const Cost& cost,
               const LoweredOp& lowered, std::int64_t micro_batches) {
    const std::int64_t times = (Count(lowered.executions) * Count(micro_batches)).value();
    out_.push_back(
        {op, name, kernel, pass, cost, lowered.count, times, costed_.ops[op].loop, out_.size(), micro_batches, false});
    return out_.back();
  }

  /// Of an op by itself; a run of ops knows which of its products are.
  [[nodiscard]] bool is_causal(std::size_t op, const LoweredOp& lowered) const {
    if (is_chain(plan_.ops[op])) return false;
    if (plan_.ops[op].causal) return true;
    const auto field = find_field(*model_.ops[op].kind, "causal");
    return field && lowered.args.values.at(*field) != 0;
  }

  void emit_sums(std::size_t op, const std::vector<GradientSum>& sums) {
    for (const GradientSum& sum : sums) {
      const LoweredOp each = {{}, sum.count, sum.executions};
      emit(op, sum.spec->name, sum.spec->kernel, sum.pass, sum.one, each).sync = sum.spec->sync;
    }
  }

  /// Autocast: a product casts what reaches it in another dtype, and its weights once.
  void cast_inputs(std::size_t op, const LoweredOp& lowered, Pass pass) {
    if (!plan_.options.amp) return;
    for (const CastedTensor& cast : casts_of(model_, plan_, costed_, op)) {
      if (cast.inside || (cast.weights && pass == Pass::kRecompute)) continue;  // the copy of the weights is kept
      emit_cast(op, cast.n, cast.from, cast.to, pass, cast.tensors, lowered);
    }
  }

  void cast_gradients(std::size_t op, const LoweredOp& lowered) {
    if (!plan_.options.amp) return;
    for (const CastedTensor& cast : casts_of(model_, plan_, costed_, op))
      emit_cast(op, cast.n, cast.to, cast.from, cast.weights ? Pass::kWgrad : Pass::kDgrad, cast.tensors, lowered);
  }

  void emit_cast(std::size_t op, Count n, Dtype from, Dtype to, Pass pass, Count tensors, const LoweredOp& lowered) {
    Cost cost;
    cost.read = tensor_bytes(n, from);
    cost.written = tensor_bytes(n, to);
    cost.unique = cost.touched();
    cost.launches = tensors;
    emit(op, "cast", KernelClass::kStream, pass, cost, lowered);
  }

  /// From the second micro-batch on (from the first, where gradients stay allocated) a gradient is added to another.
  void accumulate(std::size_t op, const LoweredOp& lowered) {
    const StepOptions& options = plan_.options;
    if (options.recipe == nullptr || !options.recipe->accumulate) return;
    const std::int64_t times = options.micro_batches - (options.keep_gradients ? 0 : 1);
    Parameters parameters;
    const std::vector<std::size_t> alone = {op};
    for (const std::size_t member : plan_.ops[op].members.empty() ? alone : plan_.ops[op].members) {
      const OpCost& cost = costed_.ops[member];
      const Count instances = cost.executions / std::max<std::int64_t>(1, lowered.executions);
      parameters.elements += cost.one.params * instances;
      parameters.tensors += cost.one.tensors * instances;
    }
    if (times < 1 || parameters.elements == Count(0)) return;
    const KernelSpec& spec = *options.recipe->accumulate;
    const std::vector<std::int64_t> values = {parameters.elements.value(), parameters.tensors.value()};
    const Cost cost = kernel_cost(spec, values, master_dtypes());
    push(op, spec.name, spec.kernel, Pass::kWgrad, cost, lowered, times).sync = spec.sync;
  }

  void update(std::size_t op) {
    const OptimizerSpec* spec = plan_.ops[op].update;
    if (spec == nullptr) return;
    const Parameters parameters = parameters_of(costed_);
    const std::vector<std::int64_t> values = {parameters.elements.value(), parameters.tensors.value()};
    for (const KernelSpec& kernel : spec->kernels)
      push(op, kernel.name, kernel.kernel, Pass::kOptimizer, kernel_cost(kernel, values, master_dtypes()), {}, 1).sync =
          kernel.sync;
  }

  [[nodiscard]] Dtypes master_dtypes() const { return costed_.base; }

  void recompute_block_of(std::size_t op) {
    const int group = model_.ops[op].group;
    if (group < 0) return;
    const Span& run = plan_.group_runs[static_cast<std::size_t>(group)];
    if (op != run.last) return;
    for (std::size_t other = run.first; other <= op; ++other) {
      if (model_.ops[other].group == group) guarded(other, [&] { forward(other, Pass::kRecompute); });
    }
  }

  /// The ops of attention up to and with this one, before its backward pass: done at the last of them.
  void recompute_attention(std::size_t op) {
    std::size_t first = op;
    while (first > 0 && plan_.ops[first - 1].recomputed) --first;
    const bool last = op + 1 == plan_.ops.size() || !plan_.ops[op + 1].recomputed;
    if (!last) return;
    for (std::size_t other = first; other <= op; ++other) guarded(other, [&] { forward(other, Pass::kRecompute); });
  }

  const Model& model_;
  const Plan& plan_;
  const CostedModel& costed_;
  std::vector<Kernel>& out_;
  std::vector<std::int64_t> values_;
};

}  // namespace

void lower(const Model& model, const Plan& plan, const CostedModel& costed, std::vector<Kernel>& out) {
  out.clear();
  Lowering(model, plan, costed, out).run();
}

}  // namespace gable
