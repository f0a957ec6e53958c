#include "analyzer/lowering/chain_needs.h"

#include <algorithm>

namespace gable {
namespace {

bool holds(const std::vector<std::size_t>& ops, std::size_t op) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

class Walk {
 public:
  Walk(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how)
      : model_(model), plan_(plan), costed_(costed), how_(how) {}

  /// From the last member to the first: what a member needs comes from those before it.
  ChainNeeds run() {
    if (how_.fusion->reads_output) needs_.outputs.push_back(how_.members.back());
    for (auto member = how_.members.rbegin(); member != how_.members.rend(); ++member) visit(*member);
    return std::move(needs_);
  }

 private:
  void visit(std::size_t op) {
    const OpRecipe& recipe = member_recipe(model_, plan_, op);
    const bool draws_mask = model_.ops[op].kind->name == "dropout";
    recipe_values(model_.ops[op], lowered_op(model_, plan_, costed_, op).args, recipe.lets, values_);
    for (const SavedSpec& saved : recipe.saves) {
      if (saved.when && saved.when->evaluate(values_) == 0) continue;
      if (saved.role == SavedSpec::Role::kOutput) need_result(op);
      if (saved.role == SavedSpec::Role::kInput) need_input(op, saved.input);
      if (saved.role == SavedSpec::Role::kInside && !draws_mask) add(needs_.again, op);
    }
    if (!holds(needs_.again, op)) return;
    for (std::size_t operand = 0; operand < model_.ops[op].inputs.size(); ++operand) need_input(op, operand);
  }

  void need_input(std::size_t op, std::size_t operand) {
    const std::vector<TensorRef>& inputs = model_.ops[op].inputs;
    if (operand >= inputs.size()) return;
    const TensorRef& input = inputs[operand];
    if (input.from == TensorRef::From::kOp && holds(how_.members, input.index)) {
      need_result(input.index);
    } else {
      needs_.inputs.push_back({op, operand});
    }
  }

  void need_result(std::size_t op) { add(leaves_chain(plan_, how_, op) ? needs_.outputs : needs_.again, op); }

  static void add(std::vector<std::size_t>& to, std::size_t op) {
    if (!holds(to, op)) to.push_back(op);
  }

  const Model& model_;
  const Plan& plan_;
  const CostedModel& costed_;
  const OpPlan& how_;
  ChainNeeds needs_;
  std::vector<std::int64_t> values_;
};

}  // namespace

ChainNeeds chain_needs(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how) {
  return Walk(model, plan, costed, how).run();
}

const OpRecipe& member_recipe(const Model& model, const Plan& plan, std::size_t op) {
  const auto& bottom = *plan.options.recipe->bottom;
  const auto found = bottom.find(model.ops[op].kind->name);
  return found == bottom.end() ? *plan.ops[op].recipe : found->second;
}

bool leaves_chain(const Plan& plan, const OpPlan& how, std::size_t op) {
  const std::vector<Consumer>& consumers = plan.op_consumers[op];
  return consumers.empty() ||
         std::any_of(consumers.begin(), consumers.end(), [&](const Consumer& c) { return !holds(how.members, c.op); });
}

}  // namespace gable
