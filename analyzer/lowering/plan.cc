#include "analyzer/lowering/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "analyzer/base/text.h"
#include "analyzer/lowering/fusion.h"

namespace gable {
namespace {

void collect_consumers(const Model& model, Plan& plan) {
  plan.op_consumers.resize(model.ops.size());
  plan.group_consumers.resize(model.groups.size());
  const auto add = [&](const TensorRef& ref, Consumer consumer) {
    if (ref.from == TensorRef::From::kOp) plan.op_consumers[ref.index].push_back(consumer);
    if (ref.from == TensorRef::From::kGroup) plan.group_consumers[ref.index].push_back(consumer);
  };
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    for (std::size_t operand = 0; operand < model.ops[i].inputs.size(); ++operand)
      add(model.ops[i].inputs[operand], {i, operand});
  }
}

[[noreturn]] void refuse_without_backward(const OpSpec& op, const StepOptions& options) {
  if (options.recipe == nullptr)
    throw InputError(fmt::format("--phase {} needs a recipe (--recipe ideal)", phase_name(options.phase)));
  throw InputError(
      op.where,
      fmt::format("op '{}': recipe '{}' has no backward for op kind '{}'{}; --phase forward works", op.path,
                  options.recipe->name, op.kind->name, op.form.empty() ? "" : fmt::format(" in form '{}'", op.form)));
}

bool runs_as_one_kernel(const OpKind* kind, const std::vector<const FusionSpec*>& fusions) {
  return std::any_of(fusions.begin(), fusions.end(), [&](const FusionSpec* f) {
    return std::find(f->one_kernel.begin(), f->one_kernel.end(), kind) != f->one_kernel.end();
  });
}

void choose_recipes(const Model& model, const std::vector<const FusionSpec*>& fusions, Plan& plan) {
  const StepOptions& options = plan.options;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const OpSpec& op = model.ops[i];
    OpPlan& how = plan.ops[i];
    if (how.update != nullptr) continue;
    if (options.recipe != nullptr)
      how.recipe = options.recipe->find(*op.kind, runs_as_one_kernel(op.kind, fusions) ? "" : op.form);
    const bool optional = model.parts[op.part].optional && !model.parts[op.part].loss;
    if (has_backward(options.phase) && !optional && (how.recipe == nullptr || !how.recipe->backward))
      refuse_without_backward(op, options);
  }
}

/// The products of causal attention, and what `--recompute attention` runs again.
void mark_attention(const Model& model, Plan& plan) {
  if (plan.options.recipe == nullptr) return;
  const auto found = plan.options.recipe->fusions.find(kAttentionFusion);
  if (found == plan.options.recipe->fusions.end()) return;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const std::vector<std::size_t> members = match_chain(model, plan, found->second, i);
    const bool causal = std::any_of(members.begin(), members.end(), [&](std::size_t m) {
      return model.ops[m].kind->name == "mask" || model.ops[m].form == "causal";
    });
    for (const std::size_t m : members) {
      const bool product = model.ops[m].kind->kernel == KernelClass::kGemm;
      plan.ops[m].causal = causal && product;
      const bool again = plan.options.recompute == Recompute::kAttention && model.ops[m].kind->name != "copy";
      plan.ops[m].recomputed = plan.ops[m].recomputed || again;
    }
  }
}

void find_group_runs(const Model& model, Plan& plan) {
  plan.group_runs.resize(model.groups.size());
  std::vector<bool> seen(model.groups.size());
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    if (model.ops[i].group < 0) continue;
    const auto group = static_cast<std::size_t>(model.ops[i].group);
    if (!seen[group]) plan.group_runs[group].first = i;
    seen[group] = true;
    if (!plan.ops[i].merged_into) plan.group_runs[group].last = i;
  }
}

void mark_recomputed_blocks(const Model& model, Plan& plan) {
  if (plan.options.recompute != Recompute::kBlock) return;
  for (std::size_t i = 0; i < model.ops.size(); ++i) plan.ops[i].recomputed = model.ops[i].group >= 0;
}

const OptimizerSpec& find_update(const StepOptions& options, const std::string& name) {
  if (options.recipe == nullptr) throw InputError("--phase: an optimizer needs a recipe (--recipe ideal)");
  if (const OptimizerSpec* spec = options.recipe->find_optimizer(name)) return *spec;
  std::vector<std::string_view> known;
  for (const auto& [known_name, spec] : options.recipe->optimizers) {
    if (option_that_adds(known_name).empty()) known.emplace_back(known_name);
  }
  for (const auto& [form, spec] : options.recipe->optimizer_forms) known.emplace_back(form);
  throw InputError(fmt::format("--optimizer: recipe '{}' has no optimizer {}{}", options.recipe->name, in_quotes(name),
                               suggestion(name, known)));
}

/// Clipping and its like belong to a step beside an update, not in place of it.
void refuse_no_update(const std::string& name) {
  if (const std::string_view option = option_that_adds(name); !option.empty())
    throw InputError(fmt::format("--optimizer: {} updates nothing; {} adds it to the step", in_quotes(name), option));
}

Cost nothing(const OpArgs& /*args*/) { return {}; }

/// The optimizer that a fusion names, else the one asked for.
std::string wanted_optimizer(const StepOptions& options) {
  if (options.recipe == nullptr) return options.optimizer;
  for (const FusionSpec* fusion : active_fusions(options)) {
    // "adamw" asks for the form the recipe uses; "fuse=adamw" names the fused one
    if (!fusion->optimizer.empty() && fusion->name == options.optimizer) return fusion->optimizer;
  }
  return options.optimizer;
}

}  // namespace

const OpKind& optimizer_kind() {
  static const OpKind kKind = {"optimizer",
                               "a part of the optimizer, over all parameters",
                               {},
                               Operands::kWeights,
                               KernelClass::kStream,
                               nothing,
                               "0",
                               "by the recipe",
                               "by the recipe",
                               "by the recipe",
                               "0",
                               "",
                               "the recipe"};
  return kKind;
}

const std::vector<Consumer>* consumers_of(const Plan& plan, const TensorRef& ref) {
  if (ref.from == TensorRef::From::kOp) return &plan.op_consumers[ref.index];
  if (ref.from == TensorRef::From::kGroup) return &plan.group_consumers[ref.index];
  return nullptr;
}

void add_optimizer(Model& model, const StepOptions& options) {
  if (!has_optimizer(options.phase)) return;
  refuse_no_update(options.optimizer);
  const OptimizerSpec& update = find_update(options, wanted_optimizer(options));
  const auto scaling_runs = [&](std::string_view name) {
    return options.amp == Dtype::kFp16 && options.recipe->find_optimizer(name) != nullptr;
  };
  Part part;
  part.name = "optimizer";
  part.doc = "the update of the parameters";
  part.update = true;
  model.parts.push_back(part);
  const auto add = [&](std::string_view name) {
    OpSpec op;
    op.name = name;
    op.path = name;
    op.part = model.parts.size() - 1;
    op.kind = &optimizer_kind();
    op.count = Expr::constant(1);
    model.ops.push_back(op);
  };
  if (scaling_runs(kUnscale)) add(kUnscale);
  if (options.clip) add(kClip);
  if (scaling_runs(kFoundInf) && !update.reads_found_inf) add(kFoundInf);
  add(wanted_optimizer(options));
  if (options.keep_gradients) add(kZeroGrad);
}

Plan make_plan(const Model& model, const StepOptions& options) {
  Plan plan;
  plan.options = options;
  plan.ops.resize(model.ops.size());
  collect_consumers(model, plan);
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    if (const auto owner = model.ops[i].tied_to) plan.ops[*owner].shared_by.push_back(i);
    if (model.ops[i].kind == &optimizer_kind()) plan.ops[i].update = &find_update(options, model.ops[i].name);
  }
  const std::vector<const FusionSpec*> fusions = active_fusions(options);
  mark_attention(model, plan);
  mark_recomputed_blocks(model, plan);
  choose_recipes(model, fusions, plan);
  apply_fusions(model, fusions, plan);
  find_group_runs(model, plan);
  return plan;
}

}  // namespace gable
