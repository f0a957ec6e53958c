// Matrix products. Factors alpha and beta are taken for 1 (0 for a beta of 0): they are numbers of the epilogue.
#include <fmt/format.h>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

std::string product_text(Count m, Count n, Count k, Count batch = 1) {
  const std::string one = fmt::format("{}x{}x{}", m.value(), n.value(), k.value());
  return batch == Count(1) ? one : fmt::format("{}x {}", batch.value(), one);
}

Dtypes of_operands(const TensorArg& a, const TensorArg& b) {
  Dtypes dtypes = uniform(product_dtype(a));
  dtypes.weights = product_dtype(b);
  dtypes.kv = dtypes.weights;
  return dtypes;
}

void need(bool fits) {
  if (!fits) untold("operands of a product that do not fit");
}

/// `batch` products of m x k by k x n, the result as wide as the first operand.
CallCost product(const TensorArg& a, const TensorArg& b, Count m, Count n, Count k, Count batch = 1) {
  const Dtypes dtypes = of_operands(a, b);
  CallCost cost = of_kind("matmul", {m, n, k, batch, 0, 0, 0, 0}, dtypes);
  read_as(cost, b, dtypes.act);
  cost.shape = product_text(m, n, k, batch);
  return cost;
}

/// Adds `self` to a result of `out` elements, unless its factor beta is 0: then it is not read.
CallCost plus(CallCost cost, const Call& call, std::size_t beta, Count out) {
  if (number_at(call, beta) == 0.0) return cost;
  cost.cost.vector_flop += out;
  add_read(cost, tensor_at(call, 0).bytes());
  return cost;
}

// self, mat2
CallCost mm(const Call& call) {
  const TensorArg a = tensor_at(call, 0);
  const TensorArg b = tensor_at(call, 1);
  need(a.rank() == 2 && b.rank() == 2 && a.dims[1] == b.dims[0]);
  return product(a, b, a.dims[0], b.dims[1], a.dims[1]);
}

// self, mat1, mat2, beta, alpha. A vector for self is the bias of a linear layer.
CallCost addmm(const Call& call) {
  const TensorArg self = tensor_at(call, 0);
  const TensorArg a = tensor_at(call, 1);
  const TensorArg b = tensor_at(call, 2);
  need(a.rank() == 2 && b.rank() == 2 && a.dims[1] == b.dims[0]);
  const Count m = a.dims[0];
  const Count n = b.dims[1];
  const bool bias = self.rank() == 1 && self.n == n && number_at(call, 3) != 0.0;
  if (!bias) return plus(product(a, b, m, n, a.dims[1]), call, 3, m * n);
  const Dtypes dtypes = of_operands(a, b);
  CallCost cost = of_kind("linear", {m, a.dims[1], n, 1}, dtypes);
  read_as(cost, self, dtypes.weights);
  cost.shape = product_text(m, n, a.dims[1]);
  return cost;
}

// self, mat1, mat2, beta, alpha, use_gelu: the activation in the epilogue, GELU as tanh (cuBLASLt has that one)
CallCost addmm_activation(const Call& call) {
  CallCost cost = addmm(call);
  const std::string_view activation = flag_at(call, 5).value_or(false) ? "gelu_tanh" : "relu";
  cost.cost.vector_flop += of_kind(activation, {cost.cost.output}, cost.dtypes).cost.vector_flop;
  return cost;
}

/// Of two 3-d tensors.
CallCost batched(const TensorArg& a, const TensorArg& b) {
  need(a.rank() == 3 && b.rank() == 3 && a.dims[0] == b.dims[0] && a.dims[2] == b.dims[1]);
  return product(a, b, a.dims[1], b.dims[2], a.dims[2], a.dims[0]);
}

// self, mat2
CallCost bmm(const Call& call) { return batched(tensor_at(call, 0), tensor_at(call, 1)); }

// self, batch1, batch2, beta, alpha
CallCost baddbmm(const Call& call) {
  CallCost cost = batched(tensor_at(call, 1), tensor_at(call, 2));
  const Count out = cost.cost.output;
  return plus(std::move(cost), call, 3, out);
}

// self, batch1, batch2, beta, alpha: the products of the batch are summed, as if it were part of the inner dim
CallCost addbmm(const Call& call) {
  const TensorArg a = tensor_at(call, 1);
  const TensorArg b = tensor_at(call, 2);
  need(a.rank() == 3 && b.rank() == 3 && a.dims[0] == b.dims[0] && a.dims[2] == b.dims[1]);
  const Count m = a.dims[1];
  const Count n = b.dims[2];
  return plus(product(a, b, m, n, Count(a.dims[0]) * a.dims[2]), call, 3, m * n);
}

// self, vec
CallCost mv(const Call& call) {
  const TensorArg a = tensor_at(call, 0);
  const TensorArg b = tensor_at(call, 1);
  need(a.rank() == 2 && b.rank() == 1 && a.dims[1] == b.dims[0]);
  return product(a, b, a.dims[0], 1, a.dims[1]);
}

// self, mat, vec, beta, alpha
CallCost addmv(const Call& call) {
  const TensorArg a = tensor_at(call, 1);
  const TensorArg b = tensor_at(call, 2);
  need(a.rank() == 2 && b.rank() == 1 && a.dims[1] == b.dims[0]);
  return plus(product(a, b, a.dims[0], 1, a.dims[1]), call, 3, a.dims[0]);
}

// self, other
CallCost dot(const Call& call) {
  const TensorArg a = tensor_at(call, 0);
  const TensorArg b = tensor_at(call, 1);
  need(a.rank() == 1 && b.rank() == 1 && a.n == b.n);
  return product(a, b, 1, 1, a.n);
}

// self, other: the ops inside it are the ones that launch; this stands for traces that do not show them
CallCost matmul(const Call& call) {
  const TensorArg a = tensor_at(call, 0);
  const TensorArg b = tensor_at(call, 1);
  need(a.rank() >= 2 && b.rank() >= 2 && a.dim(-1) == b.dim(-2));
  const Count rows = elements({a.dims.data(), a.rank() - 1});
  if (b.rank() == 2) return product(a, b, rows, b.dims[1], a.dim(-1));
  need(a.rank() == b.rank() && std::equal(a.dims.begin(), a.dims.end() - 2, b.dims.begin()));
  return product(a, b, a.dim(-2), b.dim(-1), a.dim(-1), elements({a.dims.data(), a.rank() - 2}));
}

// input, weight [out, in], bias: as matmul
CallCost linear(const Call& call) {
  const TensorArg input = tensor_at(call, 0);
  const TensorArg weight = tensor_at(call, 1);
  const auto bias = given_tensor(call, 2);
  need(input.rank() >= 1 && weight.rank() == 2 && input.dim(-1) == weight.dims[1]);
  const Count tokens = elements({input.dims.data(), input.rank() - 1});
  const Dtypes dtypes = of_operands(input, weight);
  CallCost cost = of_kind("linear", {tokens, weight.dims[1], weight.dims[0], bias ? 1 : 0}, dtypes);
  if (bias) read_as(cost, *bias, dtypes.weights);
  cost.shape = product_text(tokens, weight.dims[0], weight.dims[1]);
  return cost;
}

// self, mat2, both int8; the result is int32
CallCost int_mm(const Call& call) {
  CallCost cost = mm(call);
  written_as(cost, cost.cost.output, {Dtype::kInt32, 32}, cost.dtypes.act);
  return cost;
}

// A, B [out, in], both int8; the result is int32 (bitsandbytes/_ops.py)
CallCost int8_linear(const Call& call) {
  const TensorArg a = tensor_at(call, 0);
  const TensorArg b = tensor_at(call, 1);
  need(a.rank() >= 1 && b.rank() == 2 && a.dim(-1) == b.dims[1]);
  CallCost cost = product(a, b, elements({a.dims.data(), a.rank() - 1}), b.dims[0], b.dims[1]);
  written_as(cost, cost.cost.output, {Dtype::kInt32, 32}, cost.dtypes.act);
  return cost;
}

constexpr std::array<CallRow, 14> kRows = {{
    {"aten::mm", "GEMM", mm},
    {"aten::addmm", "GEMM", addmm},
    {"aten::_addmm_activation", "GEMM", addmm_activation},
    {"aten::bmm", "GEMM", bmm},
    {"aten::baddbmm", "GEMM", baddbmm},
    {"aten::addbmm", "GEMM", addbmm},
    {"aten::mv", "GEMM", mv},
    {"aten::addmv", "GEMM", addmv},
    {"aten::dot", "GEMM", dot},
    {"aten::vdot", "GEMM", dot},
    {"aten::matmul", "GEMM", matmul},
    {"aten::linear", "GEMM", linear},
    {"aten::_int_mm", "GEMM", int_mm},
    {"bitsandbytes::int8_linear_matmul", "GEMM", int8_linear},
}};

}  // namespace

std::span<const CallRow> product_calls() { return kRows; }

}  // namespace gable
