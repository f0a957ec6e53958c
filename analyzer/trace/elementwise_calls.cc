// Ops that work element by element. FLOP as the rows of the op kinds count: a step an element, a transcendental
// function
// 1. A row stands for the op in place, too.
#include <algorithm>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

enum class Gives : std::uint8_t {
  kPromoted,  ///< the type of the operands
  kFloat,     ///< of integers fp32
  kBool,
};

template <std::size_t kInputs, std::int64_t kFlop, Gives kGives = Gives::kPromoted>
CallCost pointwise(const Call& call) {
  Pointwise of = pointwise_at(call, kInputs);
  if (!call.name.ends_with('_')) {
    if (kGives == Gives::kBool) of.result = kBoolType;
    if (kGives == Gives::kFloat && !is_floating(of.result)) of.result = kFp32Type;
  }
  return pointwise_cost(of, kFlop);
}

/// The kind of two tensors where one of them has the shape of the result; nothing else.
std::optional<CallCost> of_binary_kind(std::string_view kind, const Pointwise& of) {
  if (of.operands.size() != 2) return std::nullopt;
  const TensorArg* large = &of.operands[0];
  const TensorArg* small = &of.operands[1];
  if (large->n < small->n) std::swap(large, small);
  if (large->n != of.n || is_number(of, *small) || large->complex || small->complex) return std::nullopt;
  const Dtype act = work_dtype(promoted(of.operands));
  CallCost cost = of_kind(kind, {large->n, small->n}, uniform(act));
  read_as(cost, *large, act);
  read_as(cost, *small, act);
  written_as(cost, of.n, of.result, act);
  cost.shape = shape_text(of.dims);
  return cost;
}

// self, other, alpha
CallCost add(const Call& call) {
  const Pointwise of = pointwise_at(call, 2);
  CallCost cost = of_binary_kind("add", of).value_or(CallCost{});
  if (cost.kind == nullptr) cost = pointwise_cost(of, 1);
  if (number_at(call, 2).value_or(1.0) != 1.0) cost.cost.vector_flop += of.n;
  return cost;
}

/// A product of a tensor and a number.
CallCost scale(const Pointwise& of) {
  const auto tensor =
      std::find_if(of.operands.begin(), of.operands.end(), [&](const TensorArg& x) { return !is_number(of, x); });
  if (tensor == of.operands.end() || tensor->complex) untold("no tensor to scale");
  const Dtype act = work_dtype(of.result);
  CallCost cost = of_kind("scale", {of.n}, uniform(act));
  read_as(cost, *tensor, act);
  written_as(cost, of.n, of.result, act);
  cost.shape = shape_text(of.dims);
  return cost;
}

bool by_number(const Pointwise& of) {
  const auto tensors =
      std::count_if(of.operands.begin(), of.operands.end(), [&](const TensorArg& x) { return !is_number(of, x); });
  return tensors == 1;
}

// self, other
CallCost mul(const Call& call) {
  const Pointwise of = pointwise_at(call, 2);
  if (by_number(of)) return scale(of);
  if (auto cost = of_binary_kind("mul", of)) return *std::move(cost);
  return pointwise_cost(of, 1);
}

// self, other, rounding_mode; PyTorch multiplies by the reciprocal of a number
CallCost div(const Call& call) {
  Pointwise of = pointwise_at(call, 2);
  if (!call.name.ends_with('_') && !is_floating(of.result)) of.result = kFp32Type;
  return by_number(of) ? scale(of) : pointwise_cost(of, 1);
}

// self, mask, value
CallCost masked_fill(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg mask = tensor_at(call, 1);
  const Dtype act = work_dtype(x.type);
  CallCost cost = of_kind("mask", {x.n, mask.n}, uniform(act));
  read_as(cost, x, act);
  written_as(cost, x.n, x.type, act);
  cost.shape = shape_text(x.dims);
  return cost;
}

// condition, self, other: a selection an element
CallCost where(const Call& call) {
  Pointwise of = pointwise_at(call, 3);
  if (call.args.size() < 3) untold("the positions that are set: how many is not known");
  const std::size_t chosen = of.operands.size() > 1 ? 1 : 0;
  of.result = promoted(std::span(of.operands).subspan(chosen));
  return pointwise_cost(of, 1);
}

// self, min, max: a comparison for each bound
CallCost clamp(const Call& call) {
  const auto given = [&](std::size_t i) {
    return i < call.args.size() && (call.args[i].kind == CallArg::Kind::kTensor || number_at(call, i).has_value());
  };
  const std::int64_t bounds = (given(1) ? 1 : 0) + (given(2) ? 1 : 0);
  return pointwise_cost(pointwise_at(call, 3), std::max<std::int64_t>(bounds, 1));
}

constexpr std::string_view kFamily = "elementwise";
constexpr Gives kFloat = Gives::kFloat;
constexpr Gives kBool = Gives::kBool;
constexpr std::array kRows = {
    CallRow{"aten::add", kFamily, add},
    CallRow{"aten::sub", kFamily, add},
    CallRow{"aten::rsub", kFamily, add},
    CallRow{"aten::mul", kFamily, mul},
    CallRow{"aten::div", kFamily, div},
    CallRow{"aten::true_divide", kFamily, div},
    CallRow{"aten::masked_fill", kFamily, masked_fill},
    CallRow{"aten::where", kFamily, where},
    CallRow{"aten::_s_where", kFamily, where},
    CallRow{"aten::clamp", kFamily, clamp},
    CallRow{"aten::clip", kFamily, clamp},
    CallRow{"aten::clamp_min", kFamily, pointwise<2, 1>},
    CallRow{"aten::clamp_max", kFamily, pointwise<2, 1>},
    CallRow{"aten::neg", kFamily, pointwise<1, 1>},
    CallRow{"aten::abs", kFamily, pointwise<1, 1>},
    CallRow{"aten::sign", kFamily, pointwise<1, 1>},
    CallRow{"aten::sgn", kFamily, pointwise<1, 1>},
    CallRow{"aten::floor", kFamily, pointwise<1, 1>},
    CallRow{"aten::ceil", kFamily, pointwise<1, 1>},
    CallRow{"aten::round", kFamily, pointwise<1, 1>},
    CallRow{"aten::trunc", kFamily, pointwise<1, 1>},
    CallRow{"aten::frac", kFamily, pointwise<1, 1>},
    CallRow{"aten::square", kFamily, pointwise<1, 1>},
    CallRow{"aten::pow", kFamily, pointwise<2, 1>},
    CallRow{"aten::sqrt", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::rsqrt", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::reciprocal", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::exp", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::exp2", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::expm1", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::log", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::log2", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::log10", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::log1p", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::sin", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::cos", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::tan", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::asin", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::acos", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::atan", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::sinh", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::cosh", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::erf", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::erfc", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::erfinv", kFamily, pointwise<1, 1, kFloat>},
    CallRow{"aten::atan2", kFamily, pointwise<2, 1, kFloat>},
    CallRow{"aten::maximum", kFamily, pointwise<2, 1>},
    CallRow{"aten::minimum", kFamily, pointwise<2, 1>},
    CallRow{"aten::fmax", kFamily, pointwise<2, 1>},
    CallRow{"aten::fmin", kFamily, pointwise<2, 1>},
    CallRow{"aten::remainder", kFamily, pointwise<2, 1>},
    CallRow{"aten::fmod", kFamily, pointwise<2, 1>},
    CallRow{"aten::floor_divide", kFamily, pointwise<2, 1>},
    CallRow{"aten::eq", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::ne", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::lt", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::le", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::gt", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::ge", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::logical_and", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::logical_or", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::logical_xor", kFamily, pointwise<2, 1, kBool>},
    CallRow{"aten::logical_not", kFamily, pointwise<1, 1, kBool>},
    CallRow{"aten::isnan", kFamily, pointwise<1, 1, kBool>},
    CallRow{"aten::isinf", kFamily, pointwise<1, 1, kBool>},
    CallRow{"aten::isfinite", kFamily, pointwise<1, 1, kBool>},
    CallRow{"aten::bitwise_and", kFamily, pointwise<2, 1>},
    CallRow{"aten::bitwise_or", kFamily, pointwise<2, 1>},
    CallRow{"aten::bitwise_xor", kFamily, pointwise<2, 1>},
    CallRow{"aten::bitwise_not", kFamily, pointwise<1, 1>},
    CallRow{"aten::bitwise_left_shift", kFamily, pointwise<2, 1>},
    CallRow{"aten::bitwise_right_shift", kFamily, pointwise<2, 1>},
    CallRow{"aten::__and__", kFamily, pointwise<2, 1>},
    CallRow{"aten::__or__", kFamily, pointwise<2, 1>},
    CallRow{"aten::__xor__", kFamily, pointwise<2, 1>},
    CallRow{"aten::__lshift__", kFamily, pointwise<2, 1>},
    CallRow{"aten::__rshift__", kFamily, pointwise<2, 1>},
    // self, tensor1, tensor2, value: self + value*tensor1*tensor2, with a quotient the other
    CallRow{"aten::addcmul", kFamily, pointwise<3, 3>},
    CallRow{"aten::addcdiv", kFamily, pointwise<3, 3>},
    // self, end, weight: self + weight*(end - self)
    CallRow{"aten::lerp", kFamily, pointwise<3, 3>},
    // self, nan, posinf, neginf: three selections
    CallRow{"aten::nan_to_num", kFamily, pointwise<1, 3>},
};

}  // namespace

std::span<const CallRow> elementwise_calls() { return kRows; }

}  // namespace gable
