#include "analyzer/lowering/kernel_shape.h"

#include <algorithm>

namespace gable {
namespace {

/// scores = Q K^T, softmax, values = P V as one kernel: every instance of the batched product is a head of its own.
Shape attention_around(const Shape& scores, bool causal) {
  const auto& [batch, queries, keys, width, distinct, unused] = scores.dims;
  const std::int64_t past = std::max<std::int64_t>(0, causal ? keys - queries : keys - queries / 2);
  return {
      queries == 1 ? ShapeKind::kDecode : ShapeKind::kPrefill, scores.dtype, {1, queries, past, batch, batch, width}};
}

}  // namespace

std::optional<Shape> chain_shape(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how) {
  std::vector<Shape> products;
  bool softmax = false;
  for (const std::size_t op : how.members) {
    const auto shape = shape_of(*model.ops[op].kind, lowered_op(model, plan, costed, op).args);
    if (!shape) continue;
    if (shape->kind == ShapeKind::kGemm || shape->kind == ShapeKind::kBmm) products.push_back(*shape);
    softmax = softmax || shape->kind == ShapeKind::kSoftmax;
  }
  if (products.empty()) return std::nullopt;
  return softmax && products.size() == 2 ? attention_around(products.front(), plan.ops[how.members.front()].causal)
                                         : products.front();
}

void shape_as(const std::optional<Shape>& shape, Count forward_flop, Kernel& kernel) {
  if (!shape || kernel.one.matrix_flop == Count(0) || forward_flop == Count(0)) return;
  kernel.shape = shape;
  kernel.shape_times = kernel.one.matrix_flop.real() / forward_flop.real() /
                       std::max(1.0, (kernel.one.launches + kernel.one.memcpys).real());
}

}  // namespace gable
