// Activations, dropout and rotations, and their backward passes.
#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

CallCost unary(const TensorArg& x, std::string_view kind, Mode mode = Mode::kEval) {
  if (!is_floating(x.type)) untold("an activation of integers");
  CallCost cost = of_kind(kind, {x.n}, uniform(*x.type.dtype), mode);
  cost.shape = shape_text(x.dims);
  return cost;
}

/// The first argument through a kind of one field.
CallCost first(const Call& call, std::string_view kind) { return unary(tensor_at(call, 0), kind); }

bool is_tanh(const Call& call, std::size_t index) {
  return index < call.args.size() && call.args[index].text.find("tanh") != std::string::npos;
}

// self, approximate
CallCost gelu(const Call& call) { return first(call, is_tanh(call, 1) ? "gelu_tanh" : "gelu"); }

template <std::int64_t kFlop>
CallCost steps(const Call& call) {
  return pointwise_cost(pointwise_at(call, 1), kFlop);
}

/// As ideal.yaml has it: the gradient and the tensor that was kept are read.
CallCost backward_of(const Call& call, std::string_view kind, std::int64_t flop_per_element) {
  const TensorArg grad = tensor_at(call, 0);
  const TensorArg kept = tensor_at(call, 1);
  const CallCost forward = unary(kept, kind);
  CallCost cost = backward_cost(forward.kind, forward.args, KernelClass::kStream, forward.dtypes);
  cost.cost.vector_flop = flop_per_element * kept.n;
  cost.cost.read = grad.bytes() + kept.bytes();
  cost.cost.written = kept.bytes();
  cost.cost.unique = cost.cost.touched();
  cost.shape = forward.shape;
  return cost;
}

template <std::int64_t kFlop>
CallCost steps_backward(const Call& call) {
  CallCost cost = pointwise_cost(pointwise_at(call, 2), kFlop);
  cost.pass = Pass::kDgrad;
  return cost;
}

// grad, self, approximate
CallCost gelu_backward(const Call& call) {
  return is_tanh(call, 2) ? backward_of(call, "gelu_tanh", 18) : backward_of(call, "gelu", 11);
}

// input, p, train
CallCost dropout(const Call& call) {
  if (flag_at(call, 2) == false) untold("dropout in evaluation");
  return unary(tensor_at(call, 0), "dropout", Mode::kTrain);
}

// grad_output, mask, scale
CallCost dropout_backward(const Call& call) {
  const TensorArg grad = tensor_at(call, 0);
  const CallCost forward = unary(grad, "dropout", Mode::kTrain);
  CallCost cost = backward_cost(forward.kind, forward.args, KernelClass::kStream, forward.dtypes);
  cost.cost.vector_flop = 2 * grad.n;  // as ideal.yaml has it
  cost.cost.read = grad.bytes() + tensor_at(call, 1).bytes();
  cost.cost.written = grad.bytes();
  cost.cost.unique = cost.cost.touched();
  cost.shape = forward.shape;
  return cost;
}

/// Half of the input through an activation, times the other half.
CallCost gated(const TensorArg& x, std::string_view kind) {
  const Count n = x.n.value() / 2;
  const CallCost gate = unary({{n.value()}, x.type, n, false}, kind);
  const CallCost product = of_kind("mul", {n, n}, gate.dtypes);
  CallCost cost = own_cost(KernelClass::kStream, gate.compute, gate.cost.vector_flop + product.cost.vector_flop,
                           x.bytes(), bytes_of(n, x.type));
  cost.cost.output = n;
  cost.shape = shape_text(x.dims);
  return cost;
}

// positions, query, key, head_size, cos_sin_cache [longest, rotated], is_neox
CallCost rotary_embedding(const Call& call) {
  const TensorArg positions = tensor_at(call, 0);
  const TensorArg q = tensor_at(call, 1);
  const auto k = given_tensor(call, 2);
  const auto head = int_at(call, 3);
  const TensorArg cache = tensor_at(call, 4);
  if (!head || *head < 1 || cache.rank() != 2 || cache.dims[1] > *head) untold("heads that are not known");
  const Count all = q.n + (k ? k->n : Count(0));
  const Count rotated = (all * cache.dims[1]).value() / *head;
  const Dtype act = work_dtype(q.type);
  CallCost cost = of_kind("rope", {rotated, positions.n * cache.dims[1]}, uniform(act));
  read_as(cost, {{}, cache.type, positions.n * cache.dims[1], false}, act);
  add_read(cost, positions.bytes());
  cost.shape = shape_text(q.dims);
  return cost;
}

// t, freqs: Megatron and Transformer Engine
CallCost fused_rope(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg table = tensor_at(call, 1);
  const Dtype act = work_dtype(x.type);
  CallCost cost = of_kind("rope", {x.n, table.n}, uniform(act));
  read_as(cost, table, act);
  cost.shape = shape_text(x.dims);
  return cost;
}

constexpr std::string_view kFamily = "elementwise";
constexpr std::array kRows = {
    CallRow{"aten::relu", kFamily, [](const Call& call) { return first(call, "relu"); }},
    CallRow{"aten::tanh", kFamily, [](const Call& call) { return first(call, "tanh"); }},
    CallRow{"aten::sigmoid", kFamily, [](const Call& call) { return first(call, "sigmoid"); }},
    CallRow{"aten::silu", kFamily, [](const Call& call) { return first(call, "silu"); }},
    CallRow{"aten::gelu", kFamily, gelu},
    CallRow{"aten::leaky_relu", kFamily, steps<2>},   // compare, multiply
    CallRow{"aten::relu6", kFamily, steps<2>},        // two comparisons
    CallRow{"aten::hardtanh", kFamily, steps<2>},     // two comparisons
    CallRow{"aten::threshold", kFamily, steps<1>},    // compare
    CallRow{"aten::elu", kFamily, steps<4>},          // compare, exp, subtract, scale
    CallRow{"aten::softplus", kFamily, steps<3>},     // exp, add, log
    CallRow{"aten::log_sigmoid", kFamily, steps<4>},  // negate, exp, add, log
    CallRow{"aten::log_sigmoid_forward", kFamily, steps<4>},
    CallRow{"aten::hardsigmoid", kFamily, steps<4>},  // add, two comparisons, divide
    CallRow{"aten::hardswish", kFamily, steps<5>},    // times x
    CallRow{"aten::mish", kFamily, steps<5>},         // softplus 3, tanh, multiply
    CallRow{"aten::glu", kFamily, [](const Call& call) { return gated(tensor_at(call, 0), "sigmoid"); }},
    CallRow{"aten::threshold_backward", kFamily, [](const Call& call) { return backward_of(call, "relu", 1); }},
    CallRow{"aten::tanh_backward", kFamily, [](const Call& call) { return backward_of(call, "tanh", 3); }},
    CallRow{"aten::sigmoid_backward", kFamily, [](const Call& call) { return backward_of(call, "sigmoid", 3); }},
    CallRow{"aten::silu_backward", kFamily, [](const Call& call) { return backward_of(call, "silu", 9); }},
    CallRow{"aten::gelu_backward", kFamily, gelu_backward},
    CallRow{"aten::leaky_relu_backward", kFamily, steps_backward<2>},  // compare, multiply
    CallRow{"aten::hardtanh_backward", kFamily, steps_backward<2>},    // two comparisons
    CallRow{"aten::native_dropout", kFamily, dropout},
    CallRow{"aten::_fused_dropout", kFamily, dropout},
    CallRow{"aten::native_dropout_backward", kFamily, dropout_backward},
    // out, input of twice the width
    CallRow{"_C::silu_and_mul", kFamily, [](const Call& call) { return gated(tensor_at(call, 1), "silu"); }},
    CallRow{"_C::gelu_and_mul", kFamily, [](const Call& call) { return gated(tensor_at(call, 1), "gelu"); }},
    CallRow{"_C::gelu_tanh_and_mul", kFamily, [](const Call& call) { return gated(tensor_at(call, 1), "gelu_tanh"); }},
    CallRow{"_C::rotary_embedding", kFamily, rotary_embedding},
    CallRow{"FusedRoPE", kFamily, fused_rope},
    CallRow{"FusedRoPEFunc", kFamily, fused_rope},
};

}  // namespace

std::span<const CallRow> activation_calls() { return kRows; }

}  // namespace gable
