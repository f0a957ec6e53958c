#include "analyzer/ops/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "analyzer/ops/window.h"

namespace gable {
namespace {

constexpr std::array<DimRow, 5> kProduct = {
    {{"batch", "products of this shape, each with operands of its own", 1, 1},
     {"m", "rows of the result"},
     {"n", "columns of the result"},
     {"k", "length of the dot products"},
     {"distinct", "elements that the first operand has, where windows of a convolution share them; else 0", 0, 0}}};
constexpr std::array<DimRow, 4> kStreamDims = {
    {{"inputs", "tensors read", 0},
     {"outputs", "tensors written", 0, 1},
     {"elements", "elements of each"},
     {"broadcast", "elements of one more input, used again and again", 0, 0}}};
constexpr std::array<DimRow, 2> kReduceDims = {{{"rows", "sums"}, {"width", "elements of each"}}};
constexpr std::array<DimRow, 3> kGatherDims = {
    {{"rows", "rows taken"}, {"width", "elements of a row"}, {"table", "rows of the table that they are taken from"}}};
constexpr std::array<DimRow, 2> kRowsDims = {
    {{"rows", "rows, each normalised by itself"}, {"width", "elements of a row"}}};
constexpr std::array<DimRow, 6> kAttentionDims = {{{"batch", "sequences"},
                                                   {"q_len", "new positions of each"},
                                                   {"past_len", "positions already in the key/value cache", 0},
                                                   {"heads", "query heads"},
                                                   {"kv_heads", "key and value heads"},
                                                   {"head_dim", "elements of a head"}}};

constexpr std::array<ShapeKindRow, kShapeKindCount> kKinds = {{
    {ShapeKind::kGemm, "gemm", "a matrix product, batch x [m,k] x [k,n]; a convolution as the product that it is",
     kProduct},
    {ShapeKind::kBmm, "bmm", "a batched product of activations, as attention has them", kProduct},
    {ShapeKind::kStream, "stream", "element by element: each tensor is read or written once", kStreamDims},
    {ShapeKind::kReduce, "reduce", "sums of many elements each", kReduceDims},
    {ShapeKind::kGather, "gather", "rows of a table by index: an embedding", kGatherDims},
    {ShapeKind::kLayerNorm, "layernorm", "mean and variance of each row, then scale and shift", kRowsDims},
    {ShapeKind::kSoftmax, "softmax", "over each row", kRowsDims},
    {ShapeKind::kPrefill, "prefill", "fused causal attention of many positions", kAttentionDims},
    {ShapeKind::kDecode, "decode", "fused attention of one new position a sequence", kAttentionDims},
}};

Shape linear_shape(const OpArgs& args) {
  const auto& [tokens, in, out] = std::tie(args.values[0], args.values[1], args.values[2]);
  return product_shape(wider(args.dtypes.act, args.dtypes.weights), 1, tokens, out, in);
}

Shape matmul_shape(const OpArgs& args) {
  return product_shape(args.dtypes.act, args.values[3], args.values[0], args.values[1], args.values[2]);
}

Shape rows_shape(ShapeKind kind, const OpArgs& args) {
  Shape shape{kind, args.dtypes.act, {}};
  shape.dims[0] = args.values[0];
  shape.dims[1] = args.values[1];
  return shape;
}
Shape layernorm_shape(const OpArgs& args) { return rows_shape(ShapeKind::kLayerNorm, args); }
Shape softmax_shape(const OpArgs& args) { return rows_shape(ShapeKind::kSoftmax, args); }

/// Windows are gathered on the way into the product (cuDNN, implicit GEMM), so the input is read as it is.
Shape conv_shape(const OpArgs& args) {
  const auto [batch, in, out, height, width, kernel, kernel_width, stride, padding, dilation, groups] = args.take<11>();
  const std::int64_t rows = window_count(height, kernel, stride, padding, dilation).value();
  const std::int64_t columns = window_count(width, kernel_width, stride, padding, dilation).value();
  const std::int64_t parts = groups.value();
  Shape shape = product_shape(wider(args.dtypes.act, args.dtypes.weights), parts, batch.value() * rows * columns,
                              out.value() / parts, in.value() / parts * kernel.value() * kernel_width.value());
  const std::int64_t input = (batch * in * height * width).value();
  if (input < parts * shape.dims[1] * shape.dims[3]) shape.dims[4] = input;
  return shape;
}

/// Without a causal mask every query meets all keys: as many pairs as causal queries with half as many behind them.
Shape attention_shape(const OpArgs& args) {
  const auto& [batch, heads, head_dim, queries, keys, kv_heads, causal] = std::tie(
      args.values[0], args.values[1], args.values[2], args.values[3], args.values[4], args.values[5], args.values[6]);
  const std::int64_t past = causal != 0 ? keys - queries : std::max<std::int64_t>(0, keys - queries / 2);
  return {queries == 1 ? ShapeKind::kDecode : ShapeKind::kPrefill,
          args.dtypes.act,
          {batch, queries, past, heads, kv_heads, head_dim}};
}

Shape reduce_shape(const OpArgs& args) {
  return {ShapeKind::kReduce, args.dtypes.act, {args.values[1], args.values[0] / args.values[1]}};
}

Shape embedding_shape(const OpArgs& args) {
  return {ShapeKind::kGather, args.dtypes.weights, {args.values[0], args.values[2], args.values[1]}};
}
Shape gather_shape(const OpArgs& args) {
  return {ShapeKind::kGather, args.dtypes.act, {args.values[0], args.values[1], args.values[2]}};
}

Shape binary_shape(const OpArgs& args) {
  const std::int64_t n = args.values[0];
  const std::int64_t other = args.values[1];
  if (other == n) return {ShapeKind::kStream, args.dtypes.act, {2, 1, n}};
  return {ShapeKind::kStream, args.dtypes.act, {1, 1, n, other}};
}

struct OpShape {
  std::string_view op;
  Shape (*shape)(const OpArgs& args);
};
constexpr std::array<OpShape, 11> kOpShapes = {{{"linear", linear_shape},
                                                {"matmul", matmul_shape},
                                                {"conv2d", conv_shape},
                                                {"attention", attention_shape},
                                                {"reduce", reduce_shape},
                                                {"embedding", embedding_shape},
                                                {"gather", gather_shape},
                                                {"layernorm", layernorm_shape},
                                                {"softmax", softmax_shape},
                                                {"add", binary_shape},
                                                {"mul", binary_shape}}};

}  // namespace

Shape product_shape(Dtype dtype, std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k) {
  return {batch > 1 ? ShapeKind::kBmm : ShapeKind::kGemm, dtype, {batch, m, n, k}};
}

Shape stream_shape(std::int64_t bytes) { return {ShapeKind::kStream, Dtype::kInt8, {1, 0, bytes}}; }

std::optional<Shape> shape_of(const OpKind& kind, const OpArgs& args) {
  for (const OpShape& row : kOpShapes) {
    if (row.op == kind.name) return row.shape(args);
  }
  return std::nullopt;
}

const std::array<ShapeKindRow, kShapeKindCount>& shape_kind_table() { return kKinds; }

const ShapeKindRow& row(ShapeKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

std::optional<ShapeKind> find_shape_kind(std::string_view name) {
  for (const ShapeKindRow& kind : kKinds) {
    if (kind.name == name) return kind.id;
  }
  return std::nullopt;
}

double first_operand(const Shape& shape) {
  return shape.dims[4] > 0 ? shape.dim(4) : shape.dim(0) * shape.dim(1) * shape.dim(3);
}

ShapeWork work_of(const Shape& shape) {
  const double in = row(shape.dtype).bits / 8.0;
  switch (shape.kind) {
    case ShapeKind::kGemm:
    case ShapeKind::kBmm: {
      const double b = shape.dim(0);
      const double m = shape.dim(1);
      const double n = shape.dim(2);
      const double k = shape.dim(3);
      return {2 * b * m * n * k, (first_operand(shape) + b * n * k) * in + b * m * n * std::max(in, 2.0)};
    }
    case ShapeKind::kStream:
      return {0, ((shape.dim(0) + shape.dim(1)) * shape.dim(2) + shape.dim(3)) * in};
    case ShapeKind::kReduce:
      return {0, shape.dim(0) * (shape.dim(1) + 1) * in};
    case ShapeKind::kGather:
      return {0,
              shape.dim(0) * kIndexBytes + (std::min(shape.dim(0), shape.dim(2)) + shape.dim(0)) * shape.dim(1) * in};
    case ShapeKind::kLayerNorm:
    case ShapeKind::kSoftmax:
      return {0, 2 * shape.dim(0) * shape.dim(1) * in};
    case ShapeKind::kPrefill:
    case ShapeKind::kDecode: {
      const double queries = shape.dim(0) * shape.dim(1);
      const double pairs = queries * (shape.dim(2) + (shape.dim(1) + 1) / 2);
      const double keys = shape.dim(0) * (shape.dim(2) + shape.dim(1));
      return {4 * pairs * shape.dim(3) * shape.dim(5),
              2 * in * shape.dim(5) * (queries * shape.dim(3) + keys * shape.dim(4))};
    }
  }
  return {};
}

std::string describe(const Shape& shape) {
  const ShapeKindRow& kind = row(shape.kind);
  auto end = shape.dims.begin() + static_cast<std::ptrdiff_t>(kind.dims.size());
  // What is 0 unless stated says nothing, nor does a batch of one.
  if (kind.dims.back().fallback == 0 && *(end - 1) == 0) --end;
  const auto begin = shape.dims.begin() + (shape.kind == ShapeKind::kGemm && shape.dims.front() == 1 ? 1 : 0);
  return fmt::format("{} {} {}", kind.name, row(shape.dtype).name, fmt::join(begin, end, " x "));
}

}  // namespace gable
