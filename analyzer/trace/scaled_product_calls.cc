// Products of narrow operands with scales, and of groups (the experts of a mixture).
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

void need(bool fits) {
  if (!fits) untold("operands of a product that do not fit");
}

/// Bytes of a tensor that may be there.
Count given_bytes(const Call& call, std::size_t index) {
  const auto tensor = given_tensor(call, index);
  return tensor ? tensor->bytes() : Count(0);
}

/// PyTorch counts pairs of FP4 values.
Count values_of(const TensorArg& tensor, std::int64_t along) {
  return tensor.type.dtype == Dtype::kFp4 ? 2 * Count(along) : Count(along);
}

struct Scaled {
  std::size_t scale_a;
  std::size_t scale_b;
  std::size_t bias;
  std::size_t out_dtype;
};

// self, mat2, scale_a, scale_b, bias, scale_result, out_dtype, use_fast_accum; before PyTorch 2.5
// self, mat2, bias, out_dtype, scale_a, scale_b, scale_result, use_fast_accum
CallCost scaled_mm(const Call& call) {
  const bool old = call.args.size() > 3 && call.args[3].kind == CallArg::Kind::kScalar;
  const Scaled at = old ? Scaled{4, 5, 2, 3} : Scaled{2, 3, 4, 6};
  const TensorArg a = tensor_at(call, 0);
  const TensorArg b = tensor_at(call, 1);
  need(a.rank() == 2 && b.rank() == 2 && a.dims[1] == b.dims[0]);
  const Count m = a.dims[0];
  const Count n = b.dims[1];
  const Count k = values_of(a, a.dims[1]);
  Dtypes dtypes = uniform(product_dtype(a));
  dtypes.weights = product_dtype(b);
  const auto bias = given_tensor(call, at.bias);
  CallCost cost = of_kind("linear", {m, k, n, bias ? 1 : 0}, dtypes);
  if (bias) read_as(cost, *bias, dtypes.weights);
  add_read(cost, given_bytes(call, at.scale_a) + given_bytes(call, at.scale_b));
  if (const auto out = type_at(call, at.out_dtype)) written_as(cost, m * n, *out, dtypes.act);
  cost.shape = fmt::format("{}x{}x{}", m.value(), n.value(), k.value());
  return cost;
}

/// The groups share one operand's rows among them; which group gets how many does not change the sum.
CallCost grouped(const Call& call, std::size_t offsets, std::size_t bias, std::size_t out_dtype) {
  const TensorArg a = tensor_at(call, 0);
  const TensorArg b = tensor_at(call, 1);
  need(a.rank() >= 2 && b.rank() >= 2 && a.rank() <= 3 && b.rank() <= 3 && a.dim(-1) == b.dim(-2));
  const auto offs = given_tensor(call, offsets);
  const Count groups = a.rank() == 3 ? Count(a.dims[0]) : b.rank() == 3 ? Count(b.dims[0]) : offs ? offs->n : Count(0);
  need(groups > Count(0) && (a.rank() < 3 || b.rank() < 3 || a.dims[0] == b.dims[0]));
  // Rows in groups (2-d by 3-d), columns in groups (3-d by 2-d), the inner dim in groups (2-d by 2-d: a product a
  // group), or one product a group of its own (3-d by 3-d).
  const bool both = a.rank() == b.rank();
  const Count out = (both ? groups : Count(1)) * Count(a.dim(-2)) * Count(b.dim(-1));
  const Count products = (a.rank() == 3 && both ? groups : Count(1)) * Count(a.dim(-2)) * Count(b.dim(-1));
  Dtypes dtypes = uniform(product_dtype(a));
  dtypes.weights = product_dtype(b);
  CallCost cost = own_cost(KernelClass::kGemm, dtypes.act, 0, a.bytes() + b.bytes() + given_bytes(call, offsets),
                           bytes_of(out, type_at(call, out_dtype).value_or(a.type)));
  cost.dtypes = dtypes;
  cost.compute = wider(dtypes.act, dtypes.weights);
  cost.cost.matrix_flop = 2 * products * values_of(a, a.dim(-1));
  cost.cost.output = out;
  if (const auto added = given_tensor(call, bias)) {
    cost.cost.vector_flop += out;
    add_read(cost, added->bytes());
  }
  cost.shape = fmt::format("{} groups {} * {}", groups.value(), shape_text(a.dims), shape_text(b.dims));
  return cost;
}

// self, mat2, offs, bias, out_dtype
CallCost grouped_mm(const Call& call) { return grouped(call, 2, 3, 4); }

// self, mat2, scale_a, scale_b, offs, bias, scale_result, out_dtype, use_fast_accum
CallCost scaled_grouped_mm(const Call& call) {
  CallCost cost = grouped(call, 4, 5, 7);
  add_read(cost, given_bytes(call, 2) + given_bytes(call, 3));
  return cost;
}

/// A linear layer of packed weights, `scales` read beside them.
CallCost packed(const TensorArg& input, Count out, Dtype weights, const TensorArg& scales) {
  need(input.rank() == 2);
  Dtypes dtypes = uniform(product_dtype(input));
  dtypes.weights = weights;
  CallCost cost = of_kind("linear", {input.dims[0], input.dims[1], out, 0}, dtypes);
  add_read(cost, scales.bytes());
  cost.shape = fmt::format("{}x{}x{}", input.dims[0], out.value(), input.dims[1]);
  return cost;
}

// self, mat2 int8 [N, K], scales [N]
CallCost int8pack_mm(const Call& call) {
  const TensorArg weight = tensor_at(call, 1);
  need(weight.rank() == 2);
  return packed(tensor_at(call, 0), weight.dims[0], Dtype::kInt8, tensor_at(call, 2));
}

// self, mat2 packed, qGroupSize, qScaleAndZeros [K/group, N, 2]
CallCost int4pack_mm(const Call& call) {
  const TensorArg scales = tensor_at(call, 3);
  need(scales.rank() == 3);
  return packed(tensor_at(call, 0), scales.dims[1], Dtype::kInt4, scales);
}

/// Transformer Engine keeps FP8 values in bytes.
TensorArg te_operand(const Call& call, std::size_t index) {
  TensorArg tensor = tensor_at(call, index);
  if (!tensor.type.dtype && tensor.type.bits == 8) tensor.type.dtype = Dtype::kFp8E4m3;
  need(tensor.rank() == 2);
  return tensor;
}

// A, A_scale_inverse, A_fp8_tensor, A_type, transa, B, B_scale_inverse, B_fp8_tensor, B_type, transb, D, D_scale,
// D_type, D_amax, bias (empty where there is none), bias_type, pre_gelu_out, grad (the bias is a result then), ...:
// column major, so that D's rows are columns of B (transformer_engine/pytorch/csrc/ts_fp8_op.cpp)
CallCost te_gemm(const Call& call) {
  const TensorArg a = te_operand(call, 0);
  const TensorArg b = te_operand(call, 5);
  const auto transa = flag_at(call, 4);
  const auto transb = flag_at(call, 9);
  if (!transa || !transb) untold("which operand is transposed");
  const Count in = a.dim(*transa ? 1 : 0);
  const Count out = a.dim(*transa ? 0 : 1);
  const Count tokens = b.dim(*transb ? 1 : 0);
  need(Count(b.dim(*transb ? 0 : 1)) == in);
  Dtypes dtypes = uniform(product_dtype(b));
  dtypes.weights = product_dtype(a);
  const auto bias = given_tensor(call, 14);
  const bool biased = bias && bias->n == out && flag_at(call, 17) != true;
  CallCost cost = of_kind("linear", {tokens, in, out, biased ? 1 : 0}, dtypes);
  if (biased) read_as(cost, *bias, dtypes.weights);
  written_as(cost, tokens * out, tensor_at(call, 10).type, dtypes.act);
  cost.shape = fmt::format("{}x{}x{}", tokens.value(), out.value(), in.value());
  return cost;
}

constexpr std::array<CallRow, 6> kRows = {{
    {"aten::_scaled_mm", "GEMM", scaled_mm},
    {"aten::_grouped_mm", "GEMM", grouped_mm},
    {"aten::_scaled_grouped_mm", "GEMM", scaled_grouped_mm},
    {"aten::_weight_int8pack_mm", "GEMM", int8pack_mm},
    {"aten::_weight_int4pack_mm", "GEMM", int4pack_mm},
    {"tex_ts::te_gemm_ts", "GEMM", te_gemm},
}};

}  // namespace

std::span<const CallRow> scaled_product_calls() { return kRows; }

}  // namespace gable
