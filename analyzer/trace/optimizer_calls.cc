// Ops over lists of tensors, as optimizers use them: FLOP an element as models/recipes/*.yaml have it for their
// kernels.
#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

struct List {
  Count n;
  Count bytes;
  Dtype dtype = Dtype::kFp32;
  std::size_t tensors = 0;
};

List list_at(const Call& call, std::size_t index) {
  if (!is_list(call, index)) untold("no list of tensors");
  List list;
  for (const TensorArg& tensor : tensors_at(call, index)) {
    if (list.tensors++ == 0) list.dtype = work_dtype(tensor.type);
    list.n += tensor.n;
    list.bytes += tensor.bytes();
  }
  return list;
}

/// Bytes of a list that may be empty.
Count list_bytes(const Call& call, std::size_t index) {
  const bool there = is_list(call, index) && !call.args[index].items.empty();
  return there ? list_at(call, index).bytes : Count(0);
}

CallCost over(const List& list, Count flop, Count read, Count written) {
  CallCost cost = own_cost(KernelClass::kStream, list.dtype, flop, read, written);
  cost.pass = Pass::kOptimizer;
  cost.cost.output = list.n;
  cost.shape = std::to_string(list.n.value()) + " in " + std::to_string(list.tensors);
  return cost;
}

/// The first list and those after it that are lists are read; as much as the first is written.
template <std::size_t kLists, std::int64_t kFlop>
CallCost foreach (const Call& call) {
  const List self = list_at(call, 0);
  Count read = self.bytes;
  for (std::size_t i = 1; i < kLists; ++i) read += list_bytes(call, i);
  return over(self, kFlop * self.n, read, self.bytes);
}

// self, other or a number, alpha
CallCost foreach_add(const Call& call) {
  CallCost cost = foreach<2, 1>(call);
  if (number_at(call, 2).value_or(1.0) != 1.0) cost.cost.vector_flop += cost.cost.output;
  return cost;
}

// self
CallCost foreach_zero(const Call& call) {
  const List self = list_at(call, 0);
  return over(self, 0, 0, self.bytes);
}

// self, src
CallCost foreach_copy(const Call& call) {
  const List self = list_at(call, 0);
  return over(self, 0, list_at(call, 1).bytes, self.bytes);
}

/// A number a tensor. self, ord
template <std::int64_t kFlop>
CallCost foreach_reduce(const Call& call) {
  const List self = list_at(call, 0);
  CallCost cost =
      over(self, kFlop * self.n, self.bytes, tensor_bytes(static_cast<std::int64_t>(self.tensors), self.dtype));
  cost.kernel = KernelClass::kReduce;
  cost.cost.output = static_cast<std::int64_t>(self.tensors);
  return cost;
}

/// A scale that is not there is None. It divides the gradients, which are written back then.
void unscaled(const Call& call, std::size_t scale, Count grads, CallCost& cost) {
  if (!given_tensor(call, scale)) return;
  cost.cost.vector_flop += cost.cost.output;
  add_written(cost, grads);
}

// self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, lr, beta1, beta2, weight_decay, eps, amsgrad,
// maximize, grad_scale, found_inf. As optimizer adamw of ideal.yaml: 14 steps an element.
CallCost fused_adam(const Call& call) {
  const List self = list_at(call, 0);
  const List grads = list_at(call, 1);
  const Count states = list_at(call, 2).bytes + list_at(call, 3).bytes;
  const Count maxima = list_bytes(call, 4);
  const Count flop = (maxima == Count(0) ? 14 : 15) * self.n;
  CallCost cost = over(self, flop, self.bytes + grads.bytes + states + maxima, self.bytes + states + maxima);
  unscaled(call, 13, grads.bytes, cost);
  return cost;
}

// self, grads, momentum_buffer_list, weight_decay, momentum, lr, dampening, nesterov, maximize, is_first_step,
// grad_scale, found_inf. As optimizers sgd and momentum of ideal.yaml; a decay adds a product and a sum.
CallCost fused_sgd(const Call& call) {
  const List self = list_at(call, 0);
  const List grads = list_at(call, 1);
  const Count buffers = list_bytes(call, 2);
  const Count decay = number_at(call, 3).value_or(0.0) != 0.0 ? 2 : 0;
  const Count flop = (buffers == Count(0) ? Count(2) : Count(4)) + decay;
  CallCost cost = over(self, flop * self.n, self.bytes + grads.bytes + buffers, self.bytes + buffers);
  unscaled(call, 10, grads.bytes, cost);
  return cost;
}

constexpr std::string_view kFamily = "optimizer";
constexpr std::array kRows = {
    CallRow{"aten::_foreach_add", kFamily, foreach_add},
    CallRow{"aten::_foreach_sub", kFamily, foreach_add},
    CallRow{"aten::_foreach_mul", kFamily, foreach<2, 1>},
    CallRow{"aten::_foreach_div", kFamily, foreach<2, 1>},
    CallRow{"aten::_foreach_maximum", kFamily, foreach<2, 1>},
    CallRow{"aten::_foreach_minimum", kFamily, foreach<2, 1>},
    CallRow{"aten::_foreach_clamp_max", kFamily, foreach<2, 1>},
    CallRow{"aten::_foreach_clamp_min", kFamily, foreach<2, 1>},
    CallRow{"aten::_foreach_pow", kFamily, foreach<2, 1>},
    CallRow{"aten::_foreach_sqrt", kFamily, foreach<1, 1>},
    CallRow{"aten::_foreach_rsqrt", kFamily, foreach<1, 1>},
    CallRow{"aten::_foreach_reciprocal", kFamily, foreach<1, 1>},
    CallRow{"aten::_foreach_neg", kFamily, foreach<1, 1>},
    CallRow{"aten::_foreach_abs", kFamily, foreach<1, 1>},
    CallRow{"aten::_foreach_sign", kFamily, foreach<1, 1>},
    CallRow{"aten::_foreach_exp", kFamily, foreach<1, 1>},
    // self, tensor1, tensor2, value
    CallRow{"aten::_foreach_addcmul", kFamily, foreach<3, 3>},
    CallRow{"aten::_foreach_addcdiv", kFamily, foreach<3, 3>},
    // self, tensors1, weight or weights
    CallRow{"aten::_foreach_lerp", kFamily, foreach<3, 3>},
    CallRow{"aten::_foreach_zero", kFamily, foreach_zero},
    CallRow{"aten::_foreach_copy", kFamily, foreach_copy},
    CallRow{"aten::_foreach_norm", kFamily, foreach_reduce<2>},  // square, sum
    CallRow{"aten::_foreach_max", kFamily, foreach_reduce<1>},
    // self, found_inf, inv_scale: recipe pytorch-eager, optimizer unscale
    CallRow{"aten::_amp_foreach_non_finite_check_and_unscale", kFamily, foreach<1, 2>},
    CallRow{"aten::_fused_adam", kFamily, fused_adam},
    CallRow{"aten::_fused_adamw", kFamily, fused_adam},
    CallRow{"aten::_fused_sgd", kFamily, fused_sgd},
};

}  // namespace

std::span<const CallRow> optimizer_calls() { return kRows; }

}  // namespace gable
