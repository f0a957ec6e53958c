// Ops that move elements: copies, concatenations, embeddings, rotations, pooling.
#include <algorithm>

#include "probes/runner/op_runners.h"

namespace gable {
namespace {

PoolCall pool_call(const Builder& b, const Node& node) {
  PoolCall call;
  call.batch = b.field(node, "batch");
  call.channels = b.field(node, "channels");
  call.height = b.field(node, "height");
  call.width = b.field(node, "width");
  call.kernel = b.field(node, "kernel");
  call.stride = b.field(node, "stride");
  call.padding = b.field(node, "padding");
  call.average = b.form(node) == "average";
  return call;
}
std::int64_t pool_input(const PoolCall& c) { return c.batch * c.channels * c.height * c.width; }

/// What is n * share / of elements, whole: pieces of a concatenation, the last with the rest.
struct Cut {
  std::int64_t first, n;
};
Cut cut(std::int64_t n, std::int64_t share, std::int64_t of) {
  const std::int64_t each = n / of;
  return {share * each, share + 1 == of ? n - share * each : each};
}

}  // namespace

void run_copy(Builder& b, Node& node) {
  const Buffer x = b.input(node, 0, b.field(node, "n"));
  b.run(node, Pass::kForward, MapCall{MapFn::kCopy, x, {}, b.output(node), 1});
}

void copy_backward(Builder& b, Node& node) {
  const Buffer dy = b.output_gradient(node);
  b.input_gradient(node, 0, [&](const Buffer& dx) { b.run(node, Pass::kDgrad, MapCall{MapFn::kCopy, dy, {}, dx, 1}); });
}

/// An input that has all instances of its producer is one piece; several inputs share the output evenly.
void run_concat(Builder& b, Node& node) {
  const std::int64_t n = b.field(node, "n");
  const auto operands = static_cast<std::int64_t>(b.operands(node));
  for (std::int64_t k = 0; k < operands; ++k) {
    const Cut piece = cut(n, k, operands);
    const Buffer x = b.input(node, static_cast<std::size_t>(k), piece.n);
    b.run(node, Pass::kForward, MapCall{MapFn::kCopy, x, {}, b.output(node).piece(piece.first, piece.n), 1});
  }
}

void concat_backward(Builder& b, Node& node) {
  const Buffer dy = b.output_gradient(node);
  const auto operands = static_cast<std::int64_t>(b.operands(node));
  for (std::int64_t k = 0; k < operands; ++k) {
    const Cut piece = cut(dy.n, k, operands);
    b.input_gradient(node, static_cast<std::size_t>(k), [&](const Buffer& dx) {
      b.run(node, Pass::kDgrad, MapCall{MapFn::kCopy, dy.piece(piece.first, piece.n), {}, dx, 1});
    });
  }
}

void run_rope(Builder& b, Node& node) {
  const Buffer x = b.input(node, 0, b.field(node, "n"));
  const std::int64_t table = std::max<std::int64_t>(2, b.field(node, "table"));
  b.run(node, Pass::kForward, RopeCall{false, x, b.constant(node, table), b.output(node)});
}

void rope_backward(Builder& b, Node& node) {
  const Buffer dy = b.output_gradient(node);
  b.input_gradient(node, 0, [&](const Buffer& dx) {
    b.run(node, Pass::kDgrad, RopeCall{true, dy, node.kept.front(), dx});
  });
}

void run_embedding(Builder& b, Node& node) {
  const std::int64_t rows = b.field(node, "tokens");
  const std::int64_t width = b.field(node, "width");
  const std::int64_t vocab = b.field(node, "vocab");
  const Parameter& table = b.parameter(node, 0, vocab * width, {Fill::What::kUniform, 1, 1, 0});
  const Buffer index = b.keep_bytes(node, rows * kIndexBytes, {Fill::What::kIndex, 1, vocab, 0});
  b.run(node, Pass::kForward, GatherCall{false, rows, width, table.value, index, b.output(node)});
}

/// As frameworks do: the gradient of the whole table is zeroed, then the rows that were looked up are added.
void embedding_backward(Builder& b, Node& node) {
  const std::int64_t rows = b.field(node, "tokens");
  const std::int64_t width = b.field(node, "width");
  const Buffer gradient = b.parameter(node, 0, b.field(node, "vocab") * width, {}).gradient;
  const Buffer dy = b.output_gradient(node);
  if (!b.shares_parameters(node)) b.run(node, Pass::kWgrad, UpdateCall{UpdateFn::kZero, {}, gradient, {}, {}, {}});
  b.run(node, Pass::kWgrad, GatherCall{true, rows, width, gradient, node.kept.front(), dy});
}

void run_pool(Builder& b, Node& node) {
  PoolCall call = pool_call(b, node);
  call.x = b.input(node, 0, pool_input(call));
  call.out = b.output(node);
  b.run(node, Pass::kForward, call);
}

void pool_backward(Builder& b, Node& node) {
  PoolCall call = pool_call(b, node);
  call.backward = true;
  call.x = b.input(node, 0, pool_input(call));
  call.dy = b.output_gradient(node);
  b.input_gradient(node, 0, [&](const Buffer& dx) {
    call.out = dx;
    b.run(node, Pass::kDgrad, call);
  });
}

}  // namespace gable
