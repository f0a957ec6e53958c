#include "analyzer/lowering/kernel_cost.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/error.h"

namespace gable {
namespace {

Count evaluated(const Expr& expr, std::span<const std::int64_t> values) {
  const std::int64_t value = expr.evaluate(values);
  if (value < 0) throw InputError(expr.where(), fmt::format("{} is {}; it cannot be negative", expr.text(), value));
  return value;
}

}  // namespace

Cost kernel_cost(const KernelSpec& spec, std::span<const std::int64_t> values, const Dtypes& dtypes) {
  Cost cost;
  cost.matrix_flop = evaluated(spec.matrix_flop, values);
  cost.vector_flop = evaluated(spec.vector_flop, values);
  cost.recomputed = evaluated(spec.recomputed, values);
  for (const Operand& operand : spec.reads) {
    const Count bytes = operand_bytes(operand.tensor, evaluated(operand.elements, values), dtypes);
    cost.read += bytes;
    if (operand.tensor == Tensor::kWeights) cost.param_bytes += bytes;
  }
  for (const Operand& operand : spec.writes)
    cost.written += operand_bytes(operand.tensor, evaluated(operand.elements, values), dtypes);
  cost.unique = cost.touched();
  (spec.kernel == KernelClass::kMemcpy ? cost.memcpys : cost.launches) = evaluated(spec.launches, values);
  return cost;
}

Cost without_parameters(Cost cost) {
  cost.params = 0;
  cost.lookup_params = 0;
  cost.tensors = 0;
  cost.output = 0;
  return cost;
}

void recipe_values(const OpSpec& op, const OpArgs& args, const std::vector<Expr>& lets,
                   std::vector<std::int64_t>& values) {
  values.assign(args.values.begin(), args.values.begin() + static_cast<std::ptrdiff_t>(op.kind->fields.size()));
  values.push_back(args.mode == Mode::kTrain ? 1 : 0);
  values.push_back(static_cast<std::int64_t>(op.inputs.size()));
  for (const Expr& let : lets) values.push_back(let.evaluate(values));
}

std::optional<std::size_t> producer_of(const Model& model, const TensorRef& ref) {
  TensorRef at = ref;
  while (at.from == TensorRef::From::kGroup) at = model.groups[at.index].input;
  if (at.from == TensorRef::From::kOp) return at.index;
  return std::nullopt;
}

HandedOn handed_on(const Model& model, const Plan& plan, const CostedModel& costed, const TensorRef& ref,
                   std::int64_t instances) {
  const std::size_t producer = producer_of(model, ref).value();
  const OpCost& source = costed.ops[producer];
  const bool around = ref.from == TensorRef::From::kGroup;
  const Count each = around ? 1 : std::max<std::int64_t>(1, source.count / instances);
  HandedOn handed{lowered_op(model, plan, costed, producer).count == 1 ? 1 : each, source.one.output * each};
  if (model.ops[producer].kind->pieces)
    handed.elements = handed.elements.value() / static_cast<std::int64_t>(plan.op_consumers[producer].size());
  return handed;
}

LoweredOp lowered_op(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op) {
  const OpCost& cost = costed.ops[op];
  const OpPlan& how = plan.ops[op];
  LoweredOp lowered{cost.args, cost.count, cost.executions};
  const std::int64_t around = cost.executions / std::max<std::int64_t>(1, cost.count);
  const OpKind& kind = *model.ops[op].kind;
  const auto grow = [&](std::size_t field, Count times) {
    std::int64_t& value = lowered.args.values.at(field);
    const std::int64_t before = value;
    value = (Count(value) * times).value();
    for (std::size_t other = 0; other < kind.fields.size(); ++other) {  // those that are as large by default
      if (model.ops[op].fields.at(other).same_as == field && lowered.args.values.at(other) == before)
        lowered.args.values.at(other) = value;
    }
  };
  if (is_sibling_product(how)) {
    Count out = 0;
    const std::size_t field = find_field(kind, "out").value();
    for (const std::size_t member : how.members)
      out += Count(costed.ops[member].args.values.at(field)) * Count(costed.ops[member].count);
    lowered.args.values.at(field) = out.value();
    lowered.count = 1;
  } else if (how.batched && cost.count > 1) {
    grow(find_field(kind, kind.batched_by).value(), cost.count);
    lowered.count = 1;
  }
  lowered.executions = lowered.count * around;
  return lowered;
}

Parameters parameters_of(const CostedModel& costed) {
  Parameters sum;
  for (const OpCost& op : costed.ops) {
    if (!op.selected) continue;
    sum.elements += op.one.params * Count(op.executions);
    sum.tensors += op.one.tensors * Count(op.executions);
  }
  return sum;
}

}  // namespace gable
