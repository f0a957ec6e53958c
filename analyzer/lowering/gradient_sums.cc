#include "analyzer/lowering/gradient_sums.h"

#include <algorithm>
#include <optional>

#include "analyzer/lowering/chain.h"
#include "analyzer/lowering/kernel_cost.h"

namespace gable {
namespace {

std::vector<std::size_t> members_of(const Plan& plan, std::size_t op) {
  return plan.ops[op].members.empty() ? std::vector<std::size_t>{op} : plan.ops[op].members;
}

bool holds(const std::vector<std::size_t>& ops, std::size_t op) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

/// Of the gradients of a tensor with these consumers, how many the op hands back, and whether it is the first to.
struct HandedBack {
  std::int64_t uses = 0;
  bool first = false;
};

HandedBack handed_back(const Plan& plan, const std::vector<Consumer>& consumers, std::size_t op) {
  HandedBack result;
  std::size_t last = 0;
  std::optional<std::size_t> member;  // a merged kernel hands back one sum, whichever of its members use the tensor
  for (const Consumer& consumer : consumers) {
    const std::size_t runs = plan.ops[consumer.op].merged_into.value_or(consumer.op);
    last = std::max(last, runs);
    if (runs != op) continue;
    if (!member) member = consumer.op;
    if (*member == consumer.op) ++result.uses;
  }
  result.first = last == op;  // backward runs from the last consumer on
  return result;
}

std::optional<GradientSum> fan_in_of(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op,
                                     const TensorRef& input) {
  const std::vector<Consumer>* consumers = consumers_of(plan, input);
  const auto producer = producer_of(model, input);
  const LoweredOp lowered = lowered_op(model, plan, costed, op);
  if (consumers == nullptr || !producer || model.ops[*producer].kind->pieces) return std::nullopt;
  if (consumers->size() < 2 && lowered.count < 2) return std::nullopt;
  const std::int64_t instances = std::max<std::int64_t>(1, lowered_op(model, plan, costed, *producer).count);
  const HandedBack own = handed_back(plan, *consumers, op);
  const std::int64_t gradients = own.uses * std::max<std::int64_t>(1, lowered.count / instances) - (own.first ? 1 : 0);
  if (gradients <= 0) return std::nullopt;
  const OpCost& tensor = costed.ops[*producer];
  const std::vector<std::int64_t> n = {tensor.one.output.value()};
  const KernelSpec& spec = *plan.options.recipe->fan_in;
  const std::int64_t count = (Count(gradients) * Count(instances)).value();
  const Count passes = lowered.executions / lowered.count;
  return GradientSum{&spec, Pass::kDgrad, kernel_cost(spec, n, tensor.dtypes), count, (passes * Count(count)).value()};
}

}  // namespace

std::vector<GradientSum> fan_in(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op) {
  std::vector<GradientSum> sums;
  if (plan.options.recipe == nullptr || !plan.options.recipe->fan_in) return sums;
  std::vector<TensorRef> seen;
  const std::vector<std::size_t> members = members_of(plan, op);
  for (const std::size_t member : members) {
    for (const TensorRef& input : model.ops[member].inputs) {
      if (std::find(seen.begin(), seen.end(), input) != seen.end()) continue;
      seen.push_back(input);
      if (input.from == TensorRef::From::kOp && is_chain(plan.ops[op]) && holds(members, input.index))
        continue;  // inside
      if (const auto sum = fan_in_of(model, plan, costed, op, input)) sums.push_back(*sum);
    }
  }
  return sums;
}

std::vector<GradientSum> tied_sums(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op) {
  std::vector<GradientSum> sums;
  if (plan.options.recipe == nullptr || !plan.options.recipe->fan_in) return sums;
  const KernelSpec& spec = *plan.options.recipe->fan_in;
  for (const std::size_t other : plan.ops[op].shared_by) {
    if (!costed.ops[other].selected) continue;
    const std::vector<std::int64_t> n = {shared_weights(*model.ops[op].kind, costed.ops[op].args).value()};
    const OpCost& cost = costed.ops[other];
    sums.push_back({&spec, Pass::kWgrad, kernel_cost(spec, n, costed.base), cost.count, cost.executions});
  }
  return sums;
}

}  // namespace gable
