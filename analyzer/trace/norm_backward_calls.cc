// Backward passes of normalisations: the formulas of models/recipes/ideal.yaml.
#include <algorithm>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

constexpr std::size_t kNowhere = ~std::size_t{0};

/// What the kernels have in common: x and its gradient read, `weights` elements of a gain and `statistics` numbers,
/// too; the gradient of x written, and `gradients` elements for gain and shift.
struct Parts {
  Count flop_per_element;
  Count weights;
  Count statistics;
  Count gradients;
};

CallCost of_parts(std::string_view kind, std::initializer_list<Count> fields, const TensorArg& x, const TensorArg& grad,
                  const std::optional<TensorArg>& weight, const Parts& parts) {
  Dtypes dtypes = uniform(work_dtype(x.type));
  if (weight) dtypes.weights = work_dtype(weight->type);
  if (grad.n != x.n) untold("a gradient of another shape");
  const CallCost forward = of_kind(kind, fields, dtypes);
  CallCost cost = backward_cost(forward.kind, forward.args, forward.kernel, dtypes);
  cost.cost.vector_flop = parts.flop_per_element * x.n;
  cost.cost.read = x.bytes() + grad.bytes() + tensor_bytes(parts.weights, dtypes.weights) +
                   tensor_bytes(parts.statistics, dtypes.accum);
  cost.cost.written = x.bytes() + tensor_bytes(parts.gradients, dtypes.weights);
  cost.cost.unique = cost.cost.touched();
  cost.shape = shape_text(x.dims);
  return cost;
}

Count rows_of(const TensorArg& x, Count width) {
  if (width < Count(1) || x.n.value() % width.value() != 0) untold("rows that do not fill a tensor");
  return x.n.value() / width.value();
}

Count width_at(const Call& call, std::size_t index, const std::optional<TensorArg>& weight) {
  if (weight) return weight->n;
  const auto dims = ints_at(call, index);
  if (!dims) untold("a width that is not known");
  return elements(*dims);
}

// grad_out, input, normalized_shape, mean, rstd, weight, bias, output_mask
CallCost layer_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 1);
  const auto weight = given_tensor(call, 5);
  const Count width = width_at(call, 2, weight);
  const Count rows = rows_of(x, width);
  const Count affine = weight ? 1 : 0;
  return of_parts("layernorm", {rows, width, affine}, x, tensor_at(call, 0), weight,
                  {9 + 4 * affine, width * affine, 2 * rows, 2 * width * affine});
}

// grad_out, input, normalized_shape, rstd, weight, output_mask
CallCost rms_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 1);
  const auto weight = given_tensor(call, 4);
  const Count width = width_at(call, 2, weight);
  const Count rows = rows_of(x, width);
  const Count affine = weight ? 1 : 0;
  return of_parts("rmsnorm", {rows, width, affine}, x, tensor_at(call, 0), weight,
                  {6 + 3 * affine, width * affine, rows, width * affine});
}

// grad_out, input, mean, rstd, weight, N, C, HxW, group, output_mask
CallCost group_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 1);
  const auto weight = given_tensor(call, 4);
  const auto groups = int_at(call, 8);
  if (x.rank() < 2 || !groups || *groups < 1) untold("groups that are not known");
  const Count channels = x.dims[1];
  const Count spatial = elements({x.dims.data() + 2, x.rank() - 2});
  const Count affine = weight ? 1 : 0;
  return of_parts("groupnorm", {x.dims[0], channels, spatial, *groups, affine}, x, tensor_at(call, 0), weight,
                  {9 + 4 * affine, channels * affine, 2 * Count(x.dims[0]) * *groups, 2 * channels * affine});
}

/// In training; where the statistics are constants the formula is another.
template <std::size_t kTrain>
CallCost batch_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 1);
  if (x.rank() < 2) untold("no channels");
  if (kTrain != kNowhere && flag_at(call, kTrain) != true) untold("not in training");
  const Count channels = x.dims[1];
  return of_parts("batchnorm", {x.dims[0], channels, elements({x.dims.data() + 2, x.rank() - 2})}, x,
                  tensor_at(call, 0), given_tensor(call, 2), {13, channels, 2 * channels, 2 * channels});
}

constexpr std::string_view kFamily = "norm";
constexpr std::array<CallRow, 6> kRows = {{
    {"aten::native_layer_norm_backward", kFamily, layer_norm},
    {"aten::_fused_rms_norm_backward", kFamily, rms_norm},
    {"aten::native_group_norm_backward", kFamily, group_norm},
    // grad_out, input, weight, running_mean, running_var, save_mean, save_invstd, train, eps, output_mask
    {"aten::native_batch_norm_backward", kFamily, batch_norm<7>},
    // input, grad_output, weight, running_mean, running_var, save_mean, save_var, epsilon
    {"aten::cudnn_batch_norm_backward", kFamily, batch_norm<kNowhere>},
    {"aten::miopen_batch_norm_backward", kFamily, batch_norm<kNowhere>},
}};

}  // namespace

std::span<const CallRow> norm_backward_calls() { return kRows; }

}  // namespace gable
