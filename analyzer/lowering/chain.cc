#include "analyzer/lowering/chain.h"

#include <algorithm>

#include "analyzer/lowering/chain_needs.h"
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
  bool causal = false;  ///< half of its product is masked away
};

bool in(const std::vector<std::size_t>& members, std::size_t op) {
  return std::find(members.begin(), members.end(), op) != members.end();
}

Count less(Count a, Count b) { return a > b ? a - b : Count(0); }

Count result_bytes(const Member& member) { return tensor_bytes(member.forward.output, member.args.dtypes.act); }

std::vector<Member> members_of(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how) {
  std::vector<Member> members;
  for (const std::size_t op : how.members) {
    Member member;
    member.op = op;
    member.args = lowered_op(model, plan, costed, op).args;
    member.forward = model.ops[op].kind->forward(member.args);
    member.causal = plan.ops[op].causal;
    member.leaves = leaves_chain(plan, how, op);
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

/// Bytes of the means and deviations that a norm in a chain keeps.
Count norm_statistics(const Model& model, const Plan& plan, const OpPlan& how, const Member& member) {
  if (how.fusion->kernel == KernelClass::kAttention) return 0;
  const OpRecipe& recipe = member_recipe(model, plan, member.op);
  std::vector<std::int64_t> values;
  recipe_values(model.ops[member.op], member.args, recipe.lets, values);
  Count bytes = 0;
  for (const SavedSpec& saved : recipe.saves) {
    if (saved.role == SavedSpec::Role::kSide && saved.name == "stats")
      bytes += operand_bytes(saved.tensor.tensor, saved.tensor.elements.evaluate(values), member.args.dtypes);
  }
  return bytes;
}

/// The member's backward pass by itself with each tensor moved once.
Cost own_backward(const Model& model, const Plan& plan, const Member& member) {
  Cost sum;
  const OpSpec& spec = model.ops[member.op];
  const OpRecipe& recipe = member_recipe(model, plan, member.op);
  if (!recipe.backward) return sum;
  std::vector<std::int64_t> values;
  recipe_values(spec, member.args, recipe.lets, values);
  for (const KernelSpec& kernel : *recipe.backward) {
    if (kernel.when && kernel.when->evaluate(values) == 0) continue;
    sum = sum + kernel_cost(kernel, values, member.args.dtypes);
  }
  return sum;
}

/// Dropout in evaluation reads nothing by itself, but inside a kernel what it hands on enters there.
Count read_from_outside(const Member& member) {
  return member.forward.launches == Count(0) ? member.entered : less(member.forward.read, member.inside_read);
}

/// What the member writes beside its result: running statistics. The mask of dropout is drawn again from its seed.
Count written_beside(const Model& model, const Member& member) {
  if (model.ops[member.op].kind->name == "dropout") return 0;
  return less(member.forward.written, result_bytes(member));
}

/// Bytes of what the backward pass reads of the forward pass: activations from outside, each once, and results that
/// lie in memory.
Count needed_bytes(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how,
                   const ChainNeeds& needs, const std::vector<Member>& members) {
  Count bytes = 0;
  const std::int64_t instances = lowered_op(model, plan, costed, how.members.back()).count;
  std::vector<TensorRef> read;
  for (const ChainNeeds::Input& use : needs.inputs) {
    const TensorRef& input = model.ops[use.op].inputs[use.operand];
    const auto producer = producer_of(model, input);
    if (!producer) continue;  // the model's input: among what the member reads beside activations
    if (!model.ops[*producer].kind->pieces && std::find(read.begin(), read.end(), input) != read.end()) continue;
    read.push_back(input);
    bytes += tensor_bytes(handed_on(model, plan, costed, input, instances).elements, costed.ops[*producer].dtypes.act);
  }
  for (const Member& member : members) {
    if (in(needs.outputs, member.op)) bytes += result_bytes(member);
  }
  return bytes;
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
    cost.read += read_from_outside(member);
    if (member.leaves) cost.written += result_bytes(member);
    cost.written += written_beside(model, member) + row_statistics(model, how, member);
  }
  cost.unique = cost.touched();
  cost.launches = 1;
  return cost;
}

Cost chain_backward(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how) {
  Cost cost;
  Cost apart;
  const std::vector<Member> members = members_of(model, plan, costed, how);
  const ChainNeeds needs = chain_needs(model, plan, costed, how);
  for (const Member& member : members) {
    const Cost own = own_backward(model, plan, member);
    apart = apart + own;
    cost.matrix_flop += own.matrix_flop;
    if (member.causal) cost.masked += own.matrix_flop.value() / 2;
    cost.vector_flop += own.vector_flop;
    cost.read += less(member.forward.read, member.inside_read + member.entered);  // weights, constant masks
    if (member.leaves) cost.read += result_bytes(member);                         // the gradient that comes in
    cost.read += row_statistics(model, how, member) + norm_statistics(model, plan, how, member);
    cost.written += member.entered + tensor_bytes(member.forward.params, member.args.dtypes.weights);
    if (!in(needs.again, member.op)) continue;
    cost.matrix_flop += member.forward.matrix_flop;
    cost.recomputed += member.forward.matrix_flop;
    cost.vector_flop += member.forward.vector_flop;
  }
  if (apart.launches == Count(0)) return {};
  cost.read += needed_bytes(model, plan, costed, how, needs, members);
  cost.written = std::min(cost.written, apart.written);  // a gradient that goes two ways is one tensor
  cost.unique = cost.touched();
  cost.launches = 1;
  return cost;
}

}  // namespace gable
