// Softmax, its logarithm and losses over it.
#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

/// Elements a row along the dim at `index`, the last where it was not recorded.
Count width_at(const Call& call, std::size_t index, const TensorArg& x) {
  const Count width = x.dims.empty() ? 1 : x.dim(int_at(call, index).value_or(-1));
  if (width < Count(1)) untold("rows of nothing");
  return width;
}

// self, dim, half_to_float. The logarithm has as many steps: it subtracts that of the sum where softmax divides.
CallCost softmax(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const Count width = width_at(call, 1, x);
  CallCost cost = of_kind("softmax", {x.n.value() / width.value(), width}, uniform(work_dtype(x.type)));
  if (call.name.starts_with("aten::_") && flag_at(call, 2) == true) written_as(cost, x.n, kFp32Type, cost.dtypes.act);
  cost.shape = shape_text(x.dims);
  return cost;
}

// grad_output, output, dim, input_dtype. Of the logarithm dy - exp(y)*sum(dy): as many steps.
CallCost softmax_backward(const Call& call) {
  const TensorArg grad = tensor_at(call, 0);
  const TensorArg y = tensor_at(call, 1);
  const Count width = width_at(call, 2, y);
  const CallCost forward = of_kind("softmax", {y.n.value() / width.value(), width}, uniform(work_dtype(y.type)));
  CallCost cost = backward_cost(forward.kind, forward.args, KernelClass::kReduce, forward.dtypes);
  cost.cost.vector_flop = 4 * y.n;  // as ideal.yaml has it
  cost.cost.read = grad.bytes() + y.bytes();
  cost.cost.written = bytes_of(y.n, type_at(call, 3).value_or(y.type));
  cost.cost.unique = cost.cost.touched();
  cost.shape = shape_text(y.dims);
  return cost;
}

// self, target, weight, reduction (0 none, 1 mean, 2 sum), ignore_index: picks an element a row
CallCost nll_loss(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg target = tensor_at(call, 1);
  const Count rows = target.n;
  const auto weight = given_tensor(call, 2);
  const Count picked = rows * (weight ? 2 : 1);
  const bool each = int_at(call, 3) == 0;
  CallCost cost = own_cost(KernelClass::kGather, work_dtype(x.type), picked, bytes_of(picked, x.type) + target.bytes(),
                           bytes_of(each ? rows : Count(1), x.type));
  cost.cost.output = each ? rows : Count(1);
  cost.shape = shape_text(x.dims);
  return cost;
}

// grad_output, self, target, weight, ...: an element a row, the rest is filled with zeros before
CallCost nll_loss_backward(const Call& call) {
  const TensorArg grad = tensor_at(call, 0);
  const TensorArg x = tensor_at(call, 1);
  const TensorArg target = tensor_at(call, 2);
  CallCost cost = own_cost(KernelClass::kGather, work_dtype(x.type), target.n, grad.bytes() + target.bytes(),
                           bytes_of(target.n, x.type));
  cost.pass = Pass::kDgrad;
  cost.cost.output = target.n;
  cost.shape = shape_text(x.dims);
  return cost;
}

// self, target, weight, reduction, ...; targets of indices, not of probabilities
CallCost cross_entropy(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg target = tensor_at(call, 1);
  if (x.rank() < 1 || target.type.bits != 64 || target.type.dtype) untold("targets that are no indices");
  const Count classes = x.dims[x.rank() == 1 ? 0 : 1];
  if (classes * target.n != x.n) untold("targets that do not fit");
  CallCost cost = of_kind("cross_entropy", {target.n, classes}, uniform(work_dtype(x.type)));
  cost.shape = shape_text(x.dims);
  return cost;
}

/// The mean of `flop` operations an element of two tensors. self, target, reduction
CallCost mse_loss(const Call& call) {
  const Pointwise of = pointwise_at(call, 2);
  CallCost cost = pointwise_cost(of, 3);  // subtract, square, sum
  const bool each = int_at(call, 2) == 0;
  if (each) return cost;
  cost.cost.output = 1;
  add_written(cost, bytes_of(1, of.result) - bytes_of(of.n, of.result));
  return cost;
}

// grad_output, self, target, reduction: subtract, scale, times the gradient
CallCost mse_loss_backward(const Call& call) {
  CallCost cost = pointwise_cost(pointwise_at(call, 3), 3);
  cost.pass = Pass::kDgrad;
  return cost;
}

constexpr std::array<CallRow, 14> kRows = {{
    {"aten::softmax", "softmax", softmax},
    {"aten::_softmax", "softmax", softmax},
    {"aten::log_softmax", "softmax", softmax},
    {"aten::_log_softmax", "softmax", softmax},
    {"aten::_softmax_backward_data", "softmax", softmax_backward},
    {"aten::_log_softmax_backward_data", "softmax", softmax_backward},
    {"aten::nll_loss", "loss", nll_loss},
    {"aten::nll_loss_forward", "loss", nll_loss},
    {"aten::nll_loss2d_forward", "loss", nll_loss},
    {"aten::nll_loss_backward", "loss", nll_loss_backward},
    {"aten::nll_loss2d_backward", "loss", nll_loss_backward},
    {"aten::cross_entropy_loss", "loss", cross_entropy},
    {"aten::mse_loss", "loss", mse_loss},
    {"aten::mse_loss_backward", "loss", mse_loss_backward},
}};

}  // namespace

std::span<const CallRow> softmax_calls() { return kRows; }

}  // namespace gable
