// Easy to break here: what is broadcast, a number taken for a tensor, the type of a result (of a comparison, of
// integers, of a number with a tensor), an op in place, the FLOP of a backward pass.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

// TraceLens' results for a ViT on an H100 (BinaryElementwise.csv): 3.462890625 MiB; with one row for all images
// 2.59716796875 MiB; with one number a channel 2.29833984375 MiB.
static_assert(2 * 3 * 4 * 197 * 768 == 3'631'104);
static_assert(2 * (2 * 4 * 197 * 768 + 197 * 768) == 2'723'328);
static_assert(2 * (2 * 4 * 768 * 14 * 14 + 768) == 2'409'984);

std::vector<CallTest> add_rows() {
  constexpr int kN = 4 * 197 * 768;
  return {
      {"aten::add aten::sub aten::rsub",
       "bf16[4,197,768] bf16[4,197,768] =1",
       {.vector_flop = kN, .read = 2 * 2 * kN, .written = 2 * kN, .kind = "add", .shape = "4x197x768"}},
      {"aten::add",
       "bf16[4,197,768] bf16[1,197,768] =1",
       {.vector_flop = kN, .read = 2 * (kN + 197 * 768), .written = 2 * kN, .kind = "add"}},
      {"aten::add",  // the larger operand second
       "bf16[768] bf16[4,197,768] =1",
       {.vector_flop = kN, .read = 2 * (kN + 768), .written = 2 * kN, .kind = "add"}},
      {"aten::add_ aten::sub_",
       "bf16[4,768,14,14] bf16[1,768,1,1] =1",
       {.vector_flop = 4 * 768 * 14 * 14,
        .read = 2 * (4 * 768 * 14 * 14 + 768),
        .written = 2 * (4 * 768 * 14 * 14),
        .kind = "add"}},
      {"aten::add",  // times a factor
       "fp32[6] fp32[6] =0.5",
       {.vector_flop = 2 * 6, .read = 4 * 12, .written = 4 * 6, .kind = "add"}},
      {"aten::add",  // a number of Python is no memory and widens nothing
       "bf16[6] double[] =1",
       {.vector_flop = 6, .read = 2 * 6, .written = 2 * 6}},
      {"aten::add",  // neither operand has the shape of the result
       "fp32[3,1] fp32[1,5] =1",
       {.vector_flop = 15, .read = 4 * (3 + 5), .written = 4 * 15, .shape = "3x5"}},
      {"aten::add",  // the wider type of two tensors
       "bf16[6] fp32[6] =1",
       {.vector_flop = 6, .read = 2 * 6 + 4 * 6, .written = 4 * 6, .kind = "add"}},
      {"aten::add",  // neither of the 16-bit types holds the other
       "bf16[6] fp16[6] =1",
       {.vector_flop = 6, .read = 2 * 12, .written = 4 * 6, .kind = "add"}},
      {"aten::add_",  // in place the type is the target's
       "bf16[6] fp32[6] =1",
       {.vector_flop = 6, .read = 2 * 6 + 4 * 6, .written = 2 * 6, .kind = "add"}},
      {"aten::add",  // integers
       "long[6] long[6] =1",
       {.vector_flop = 6, .read = 8 * 12, .written = 8 * 6, .kind = "add"}},
  };
}

std::vector<CallTest> mul_rows() {
  return {
      {"aten::mul", "fp32[2,3] fp32[3]", {.vector_flop = 6, .read = 4 * (6 + 3), .written = 4 * 6, .kind = "mul"}},
      {"aten::mul aten::mul_ aten::div aten::div_ aten::true_divide",
       "bf16[2,3] double[]",
       {.vector_flop = 6, .read = 2 * 6, .written = 2 * 6, .kind = "scale"}},
      {"aten::mul aten::div",  // a number with a point raises integers to fp32
       "long[6] double[]",
       {.vector_flop = 6, .read = 8 * 6, .written = 4 * 6, .kind = "scale"}},
      {"aten::mul",  // one without does not
       "long[6] long[]",
       {.vector_flop = 6, .read = 8 * 6, .written = 8 * 6, .kind = "scale"}},
      {"aten::div aten::true_divide", "fp32[6] fp32[6]", {.vector_flop = 6, .read = 4 * 12, .written = 4 * 6}},
      {"aten::mul", "fp32[] fp32[]", {.vector_flop = 1, .read = 4 * 2, .written = 4, .kind = "mul", .shape = "1"}},
  };
}

std::vector<CallTest> binary_rows() {
  return {
      {"aten::maximum aten::minimum aten::fmax aten::fmin aten::remainder aten::fmod aten::atan2 aten::pow "
       "aten::floor_divide aten::remainder_",
       "fp32[2,3] fp32[3]",
       {.vector_flop = 6, .read = 4 * (6 + 3), .written = 4 * 6}},
      {"aten::pow aten::pow_ aten::clamp_min aten::clamp_max aten::clamp_min_ aten::clamp aten::clamp_",
       "bf16[6] =2",
       {.vector_flop = 6, .read = 2 * 6, .written = 2 * 6}},
      {"aten::clamp aten::clip",  // two bounds
       "bf16[6] =0 =1",
       {.vector_flop = 2 * 6, .read = 2 * 6, .written = 2 * 6}},
      {"aten::eq aten::ne aten::lt aten::le aten::gt aten::ge aten::logical_and aten::logical_or aten::logical_xor",
       "fp32[2,3] fp32[3]",
       {.vector_flop = 6, .read = 4 * (6 + 3), .written = 6}},
      {"aten::eq_", "fp32[6] =1", {.vector_flop = 6, .read = 4 * 6, .written = 4 * 6}},
      {"aten::bitwise_and aten::bitwise_or aten::bitwise_xor aten::bitwise_left_shift aten::bitwise_right_shift "
       "aten::__and__ aten::__or__ aten::__xor__ aten::__lshift__ aten::__rshift__",
       "bool[2,3] bool[3]",
       {.vector_flop = 6, .read = 6 + 3, .written = 6}},
      {"aten::masked_fill aten::masked_fill_",  // a mask for all heads
       "bf16[2,4,6,6] bool[2,1,6,6] =-inf",
       {.vector_flop = 288, .read = 2 * 288 + 72, .written = 2 * 288, .kind = "mask"}},
      {"aten::where aten::_s_where",
       "bool[2,3] bf16[2,3] bf16[]",
       {.vector_flop = 6, .read = 6 + 2 * 6, .written = 2 * 6}},
      {"aten::addcmul aten::addcdiv aten::addcmul_ aten::addcdiv_ aten::lerp",
       "fp32[6] fp32[6] fp32[6] =1",
       {.vector_flop = 3 * 6, .read = 4 * 18, .written = 4 * 6}},
      {"aten::lerp_", "fp32[6] fp32[6] =0.1", {.vector_flop = 3 * 6, .read = 4 * 12, .written = 4 * 6}},
  };
}

std::vector<CallTest> unary_rows() {
  return {
      {"aten::neg aten::neg_ aten::abs aten::sign aten::sgn aten::floor aten::ceil aten::round aten::trunc aten::frac "
       "aten::square aten::sqrt aten::sqrt_ aten::rsqrt aten::reciprocal aten::exp aten::exp_ aten::exp2 aten::expm1 "
       "aten::log aten::log2 aten::log10 aten::log1p aten::sin aten::cos aten::tan aten::asin aten::acos aten::atan "
       "aten::sinh aten::cosh aten::erf aten::erfc aten::erfinv aten::threshold",
       "bf16[2,3]",
       {.vector_flop = 6, .read = 2 * 6, .written = 2 * 6, .shape = "2x3"}},
      {"aten::sqrt aten::exp aten::cos",  // of integers
       "long[6]",
       {.vector_flop = 6, .read = 8 * 6, .written = 4 * 6}},
      {"aten::isnan aten::isinf aten::isfinite aten::logical_not",
       "fp32[6]",
       {.vector_flop = 6, .read = 4 * 6, .written = 6}},
      {"aten::bitwise_not", "bool[6]", {.vector_flop = 6, .read = 6, .written = 6}},
      {"aten::nan_to_num", "fp32[6] =0 =1 =2", {.vector_flop = 3 * 6, .read = 4 * 6, .written = 4 * 6}},
      {"aten::leaky_relu aten::leaky_relu_ aten::relu6 aten::hardtanh aten::hardtanh_",
       "fp32[6] =0.01",
       {.vector_flop = 2 * 6, .read = 4 * 6, .written = 4 * 6}},
      {"aten::softplus", "fp32[6]", {.vector_flop = 3 * 6, .read = 4 * 6, .written = 4 * 6}},
      {"aten::elu aten::log_sigmoid aten::log_sigmoid_forward aten::hardsigmoid",
       "fp32[6]",
       {.vector_flop = 4 * 6, .read = 4 * 6, .written = 4 * 6}},
      {"aten::hardswish aten::mish", "fp32[6]", {.vector_flop = 5 * 6, .read = 4 * 6, .written = 4 * 6}},
  };
}

std::vector<CallTest> activation_rows() {
  return {
      {"aten::relu aten::relu_", "bf16[6]", {.vector_flop = 6, .read = 2 * 6, .written = 2 * 6, .kind = "relu"}},
      {"aten::tanh aten::tanh_", "bf16[6]", {.vector_flop = 6, .read = 2 * 6, .written = 2 * 6, .kind = "tanh"}},
      {"aten::sigmoid", "bf16[6]", {.vector_flop = 4 * 6, .read = 2 * 6, .written = 2 * 6, .kind = "sigmoid"}},
      {"aten::silu aten::silu_", "bf16[6]", {.vector_flop = 4 * 6, .read = 2 * 6, .written = 2 * 6, .kind = "silu"}},
      {"aten::gelu", "bf16[6] _", {.vector_flop = 5 * 6, .read = 2 * 6, .written = 2 * 6, .kind = "gelu"}},
      {"aten::gelu", "bf16[6] =tanh", {.vector_flop = 9 * 6, .read = 2 * 6, .written = 2 * 6, .kind = "gelu_tanh"}},
      {"aten::native_dropout aten::_fused_dropout",  // the mask, too
       "bf16[6] =0.1 =True",
       {.vector_flop = 2 * 6, .read = 2 * 6, .written = 2 * 6 + 6, .kind = "dropout"}},
      {"aten::glu",  // half through the sigmoid, times the other half
       "bf16[2,6] =-1",
       {.vector_flop = (4 + 1) * 6, .read = 2 * 12, .written = 2 * 6}},
      {"_C::silu_and_mul", "bf16[2,3] bf16[2,6]", {.vector_flop = (4 + 1) * 6, .read = 2 * 12, .written = 2 * 6}},
      {"_C::gelu_and_mul", "bf16[2,3] bf16[2,6]", {.vector_flop = (5 + 1) * 6, .read = 2 * 12, .written = 2 * 6}},
      {"_C::gelu_tanh_and_mul", "bf16[2,3] bf16[2,6]", {.vector_flop = (9 + 1) * 6, .read = 2 * 12, .written = 2 * 6}},
      {"_C::rotary_embedding",  // 4 heads of queries, 2 of keys, of 8
       "long[5] bf16[5,32] bf16[5,16] =8 bf16[100,8] =True",
       {.vector_flop = 3 * 5 * 48, .read = 2 * 5 * 48 + 2 * 5 * 8 + 8 * 5, .written = 2 * 5 * 48, .kind = "rope"}},
      {"FusedRoPE FusedRoPEFunc",  // an FP32 table
       "bf16[6,2,4,8] fp32[6,1,1,8]",
       {.vector_flop = 3 * 384, .read = 2 * 384 + 4 * 48, .written = 2 * 384, .kind = "rope"}},
  };
}

CallTest backward_row(std::string_view name, std::string_view args, int flop, std::string_view kind) {
  return {name, args, {.vector_flop = flop * 6, .read = 2 * 12, .written = 2 * 6, .kind = kind, .pass = Pass::kDgrad}};
}

std::vector<CallTest> backward_rows() {
  return {
      backward_row("aten::threshold_backward", "bf16[6] bf16[6] =0", 1, "relu"),
      backward_row("aten::tanh_backward", "bf16[6] bf16[6]", 3, "tanh"),
      backward_row("aten::sigmoid_backward", "bf16[6] bf16[6]", 3, "sigmoid"),
      backward_row("aten::silu_backward", "bf16[6] bf16[6]", 9, "silu"),
      backward_row("aten::gelu_backward", "bf16[6] bf16[6] _", 11, "gelu"),
      backward_row("aten::gelu_backward", "bf16[6] bf16[6] =tanh", 18, "gelu_tanh"),
      backward_row("aten::leaky_relu_backward aten::hardtanh_backward", "bf16[6] bf16[6] =0.01", 2, ""),
      {"aten::native_dropout_backward",
       "bf16[6] bool[6] =1.1",
       {.vector_flop = 2 * 6, .read = 2 * 6 + 6, .written = 2 * 6, .kind = "dropout", .pass = Pass::kDgrad}},
  };
}

TEST_CASE("calls element by element, by hand") { check_calls(elementwise_call_rows()); }

TEST_CASE("calls element by element: what they are computed in") {
  const auto compute = [](std::string_view name, std::string_view args) {
    const auto cost = call_cost(call_of(name, args));
    REQUIRE(cost.has_value());
    return cost->compute;
  };
  CHECK(compute("aten::add", "bf16[6] bf16[6] =1") == Dtype::kBf16);
  CHECK(compute("aten::add", "bf16[6] fp32[6] =1") == Dtype::kFp32);
  CHECK(compute("aten::add", "long[6] long[6] =1") == Dtype::kFp32);  // devices state no rate for integers
  CHECK(compute("aten::eq", "double[6] double[6]") == Dtype::kFp64);
}

TEST_CASE("calls element by element: arguments that do not tell the cost") {
  check_untold({{"aten::add", "bf16[2,3] bf16[4] =1"},
                {"aten::add", "=1 =2"},
                {"aten::mul", "c10::complex<float>[6] c10::complex<float>[6]"},
                {"aten::neg", "c10::complex<float>[6]"},
                {"aten::relu", "long[6]"},
                {"aten::where", "bool[6]"},
                {"aten::masked_fill", "bf16[6] bool[2,6] =0"},
                {"aten::native_dropout", "bf16[6] =0.1 =False"}});
}

}  // namespace

std::vector<CallTest> elementwise_call_rows() {
  std::vector<CallTest> rows = add_rows();
  for (const auto& more : {mul_rows(), binary_rows(), unary_rows(), activation_rows(), backward_rows()})
    rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace gable
