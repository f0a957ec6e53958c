#include "analyzer/lowering/chain.h"

#include <algorithm>

#include "analyzer/lowering/kernel_cost.h"

namespace gable {
namespace {

struct Member {
  std::size_t op = 0;
  OpArgs args;
  Cost forward;
  Count inside_read;    ///< bytes of its inputs that other members produce or have read
  Count entered;        ///< bytes of activations from outside that no member before has read
  bool leaves = true;   ///< its output is used outside
  bool again = false;   ///< its forward work is done again in the backward pass
  bool causal = false;  ///< half of its product is masked away
};

bool in(const std::vector<std::size_t>& members, std::size_t op) {
  return std::find(members.begin(), members.end(), op) != members.end();
}

Count less(Count a, Count b) { return a > b ? a - b : Count(0); }

std::vector<Member> members_of(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how) {
  std::vector<Member> members;
  for (const std::size_t op : how.members) {
    Member member;
    member.op = op;
    member.args = lowered_op(model, plan, costed, op).args;
    member.forward = model.ops[op].kind->forward(member.args);
    member.causal = plan.ops[op].causal;
    const std::vector<Consumer>& consumers = plan.op_consumers[op];
    member.leaves = consumers.empty() || std::any_of(consumers.begin(), consumers.end(),
                                                     [&](const Consumer& c) { return !in(how.members, c.op); });
    members.push_back(member);
  }
  const std::int64_t instances = lowered_op(model, plan, costed, how.members.back()).count;
  std::vector<TensorRef> read;  // a tensor from outside is read once, whoever uses it
  for (Member& member : members) {
    std::vector<TensorRef> mine;
    for (const TensorRef& input : model.ops[member.op].inputs) {
      const auto producer = producer_of(model, input);
      if (!producer) continue;
      const Count elements = handed_on(model, plan, costed, input, instances).elements;
      const Count bytes = tensor_bytes(elements, costed.ops[*producer].dtypes.act);
      const bool inside = input.from == TensorRef::From::kOp && in(how.members, *producer);
      const bool piece = model.ops[*producer].kind->pieces;  // each use of them is another one
      const bool again = !piece && std::find(read.begin(), read.end(), input) != read.end();
      (inside || again ? member.inside_read : member.entered) += bytes;
      mine.push_back(input);
    }
    read.insert(read.end(), mine.begin(), mine.end());
  }
  return members;
}

/// Bytes of the logarithms of row sums that fused attention hands to its backward pass. The kernel writes them in
/// evaluation, too (Dao 2023, FlashAttention-2, arXiv:2307.08691, algorithm 1, line 13; algorithm 2 reads them).
Count row_statistics(const Model& model, const OpPlan& how, const Member& member) {
  const OpKind& kind = *model.ops[member.op].kind;
  if (how.fusion->kernel != KernelClass::kAttention || kind.name != "softmax") return 0;
  return tensor_bytes(member.args.values.at(find_field(kind, "rows").value()), member.args.dtypes.accum);
}

const OpRecipe& recipe_of(const Model& model, const Plan& plan, std::size_t op) {
  const auto& bottom = *plan.options.recipe->bottom;
  const auto found = bottom.find(model.ops[op].kind->name);
  return found == bottom.end() ? *plan.ops[op].recipe : found->second;
}

/// The member's backward pass by itself with each tensor moved once.
Cost own_backward(const Model& model, const Plan& plan, const Member& member) {
  Cost sum;
  const OpSpec& spec = model.ops[member.op];
  const OpRecipe& recipe = recipe_of(model, plan, member.op);
  if (!recipe.backward) return sum;
  std::vector<std::int64_t> values;
  recipe_values(spec, member.args, recipe.lets, values);
  for (const KernelSpec& kernel : *recipe.backward) {
    if (kernel.when && kernel.when->evaluate(values) == 0) continue;
    sum = sum + kernel_cost(kernel, values, member.args.dtypes);
  }
  return sum;
}

/// Nothing inside was kept: what a backward pass needs of it is computed again, and what that needs in turn. The last
/// product of attention is not: nobody needs its result.
void mark_again(const Model& model, const Plan& plan, std::vector<Member>& members) {
  const auto need = [&](const TensorRef& input) {
    if (input.from != TensorRef::From::kOp) return;
    for (Member& member : members) member.again = member.again || member.op == input.index;
  };
  for (std::size_t i = members.size(); i-- > 0;) {
    Member& member = members[i];
    const std::vector<TensorRef>& inputs = model.ops[member.op].inputs;
    for (const SavedSpec& saved : recipe_of(model, plan, member.op).saves) {
      if (saved.role == SavedSpec::Role::kOutput && i + 1 < members.size()) member.again = true;
      if (saved.role == SavedSpec::Role::kInput && saved.input < inputs.size()) need(inputs[saved.input]);
    }
    if (!member.again) continue;
    for (const TensorRef& input : inputs) need(input);
  }
}

}  // namespace

bool is_chain(const OpPlan& how) { return how.fusion != nullptr && how.fusion->siblings.empty(); }

Cost chain_forward(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how) {
  Cost cost;
  for (const Member& member : members_of(model, plan, costed, how)) {
    cost.matrix_flop += member.forward.matrix_flop;
    if (member.causal) cost.masked += member.forward.matrix_flop.value() / 2;
    cost.vector_flop += member.forward.vector_flop;
    cost.param_bytes += member.forward.param_bytes;
    cost.read += less(member.forward.read, member.inside_read);
    if (member.leaves) cost.written += member.forward.written;
    cost.written += row_statistics(model, how, member);
  }
  cost.unique = cost.touched();
  cost.launches = 1;
  return cost;
}

Cost chain_backward(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how) {
  Cost cost;
  Cost apart;
  std::vector<Member> members = members_of(model, plan, costed, how);
  mark_again(model, plan, members);
  for (const Member& member : members) {
    const Cost own = own_backward(model, plan, member);
    apart = apart + own;
    cost.matrix_flop += own.matrix_flop;
    if (member.causal) cost.masked += own.matrix_flop.value() / 2;
    cost.vector_flop += own.vector_flop;
    cost.read += less(member.forward.read, member.inside_read);
    if (member.leaves)
      cost.read += (how.fusion->reads_output ? 2 : 1) * tensor_bytes(member.forward.output, member.args.dtypes.act);
    cost.read += row_statistics(model, how, member);
    cost.written += member.entered + tensor_bytes(member.forward.params, member.args.dtypes.weights);
    if (!member.again) continue;
    cost.matrix_flop += member.forward.matrix_flop;
    cost.recomputed += member.forward.matrix_flop;
    cost.vector_flop += member.forward.vector_flop;
  }
  cost.read = std::min(cost.read, apart.read);
  cost.written = std::min(cost.written, apart.written);
  cost.unique = cost.touched();
  cost.launches = 1;
  return cost;
}

}  // namespace gable
