#include "analyzer/lowering/casts.h"

#include <algorithm>

#include "analyzer/lowering/chain.h"
#include "analyzer/lowering/kernel_cost.h"

namespace gable {

Count narrow_weights(const Model& model, const CostedModel& costed, std::size_t op) {
  const OpCost& cost = costed.ops[op];
  const OpKind& kind = *model.ops[op].kind;
  if (kind.autocast != Autocast::kNarrow || costed.base.weights == cost.dtypes.weights) return 0;
  return forward_cost(kind, cost.args).params;  // a tied matrix, which OpCost leaves to its owner, is copied, too
}

namespace {

/// Activations that reach `member` from outside `members` in another dtype.
void cast_activations(const Model& model, const Plan& plan, const CostedModel& costed,
                      const std::vector<std::size_t>& members, std::size_t member, std::int64_t instances,
                      std::vector<CastedTensor>& casts) {
  const Dtype to = costed.ops[member].dtypes.act;
  for (const TensorRef& input : model.ops[member].inputs) {
    const auto producer = producer_of(model, input);
    const bool inside = producer && std::find(members.begin(), members.end(), *producer) != members.end();
    if (!producer || inside) continue;
    const Dtype from = input.from == TensorRef::From::kGroup ? costed.base.act : costed.ops[*producer].dtypes.act;
    if (from == to) continue;
    const HandedOn handed = handed_on(model, plan, costed, input, instances);
    const bool inside_kernel = model.ops[member].kind->autocast == Autocast::kAsInputs;
    casts.push_back({handed.elements, from, to, handed.tensors, false, inside_kernel});
  }
}

/// The weights of an op, or those of products that run as one: one matrix then, for all members and instances.
void cast_weights(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op,
                  std::int64_t instances, std::vector<CastedTensor>& casts) {
  const OpPlan& how = plan.ops[op];
  const std::vector<std::size_t> alone = {op};
  Count elements = 0;
  for (const std::size_t member : is_sibling_product(how) ? how.members : alone)
    elements += narrow_weights(model, costed, member) * Count(costed.ops[member].count / instances);
  if (elements == Count(0)) return;
  const OpCost& cost = costed.ops[op];
  const Count tensors = forward_cost(*model.ops[op].kind, cost.args).tensors;
  casts.push_back({elements, costed.base.weights, cost.dtypes.weights, tensors, true});
}

}  // namespace

Count narrow_input_bytes(const std::vector<CastedTensor>& casts) {
  Count bytes = 0;
  for (const CastedTensor& cast : casts) {
    if (cast.inside) bytes += tensor_bytes(cast.n, cast.to) - tensor_bytes(cast.n, cast.from);
  }
  return bytes;
}

std::vector<CastedTensor> casts_of(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op) {
  std::vector<CastedTensor> casts;
  const OpPlan& how = plan.ops[op];
  const std::int64_t instances = lowered_op(model, plan, costed, op).count;
  std::vector<std::size_t> members = {op};
  if (is_chain(how)) members = how.members;
  for (const std::size_t member : members) {
    // A merged kernel converts the gradients of what it mixes, too.
    if (model.ops[member].kind->autocast == Autocast::kAsInputs && is_chain(how)) continue;
    cast_activations(model, plan, costed, members, member, instances, casts);
    cast_weights(model, plan, costed, member, instances, casts);
  }
  return casts;
}

}  // namespace gable
