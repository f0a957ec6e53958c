// Normalisations. Means and roots that a framework keeps for the backward pass are not counted, as the kinds' rows have
// it: they are a few numbers a row.
#include <algorithm>

#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

Dtypes dtypes_of(const TensorArg& x, const std::optional<TensorArg>& weight) {
  Dtypes dtypes = uniform(work_dtype(x.type));
  if (weight) dtypes.weights = work_dtype(weight->type);
  return dtypes;
}

Count ratio(Count n, Count width) {
  if (width < Count(1) || n.value() % width.value() != 0) untold("rows that do not fill a tensor");
  return n.value() / width.value();
}

/// The last dims that are normalised together, as a list or as those of the gain.
Count width_at(const Call& call, std::size_t index, const std::optional<TensorArg>& weight) {
  if (const auto dims = ints_at(call, index)) return elements(*dims);
  if (!weight) untold("a width that is not known");
  return weight->n;
}

/// The kind has gain and shift or neither; this takes away the one that is not there.
void without_missing(CallCost& cost, const std::optional<TensorArg>& weight, const std::optional<TensorArg>& bias,
                     Count width) {
  if (weight.has_value() == bias.has_value()) return;
  const Count bytes = tensor_bytes(width, cost.dtypes.weights);
  cost.cost.vector_flop = cost.cost.vector_flop - cost.cost.output;
  cost.cost.params = cost.cost.params - width;
  cost.cost.param_bytes = cost.cost.param_bytes - bytes;
  cost.cost.tensors = cost.cost.tensors - 1;
  add_read(cost, Count(0) - bytes);
}

// input, normalized_shape, weight, bias, eps
CallCost layer_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const auto weight = given_tensor(call, 2);
  const auto bias = given_tensor(call, 3);
  const Count width = width_at(call, 1, weight);
  CallCost cost = of_kind("layernorm", {ratio(x.n, width), width, weight || bias ? 1 : 0}, dtypes_of(x, weight));
  without_missing(cost, weight, bias, width);
  cost.shape = shape_text(x.dims);
  return cost;
}

struct GroupNorm {
  std::size_t batch;
  std::size_t group;
};

CallCost of_groupnorm(const TensorArg& x, Count groups, const std::optional<TensorArg>& weight, bool affine) {
  if (x.rank() < 2) untold("no channels");
  const Count channels = x.dims[1];
  if (groups < Count(1)) untold("no groups");
  const Count spatial = elements({x.dims.data() + 2, x.rank() - 2});
  CallCost cost = of_kind("groupnorm", {x.dims[0], channels, spatial, groups, affine ? 1 : 0}, dtypes_of(x, weight));
  cost.shape = shape_text(x.dims);
  return cost;
}

Count needed_int(const Call& call, std::size_t index) {
  const auto value = int_at(call, index);
  if (!value) untold("a number that is not known");
  return *value;
}

template <std::size_t kGroups, std::size_t kWeight>
CallCost group_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const auto weight = given_tensor(call, kWeight);
  const auto bias = given_tensor(call, kWeight + 1);
  CallCost cost = of_groupnorm(x, needed_int(call, kGroups), weight, weight || bias);
  without_missing(cost, weight, bias, x.dim(1));
  return cost;
}

/// `training`: where the flag is, or whether it is (by the name of the op). Statistics of a running mean and variance
/// may be missing.
CallCost batchnorm(const Call& call, std::size_t running, bool train) {
  const TensorArg x = tensor_at(call, 0);
  if (x.rank() < 2) untold("no channels");
  const Count channels = x.dims[1];
  const auto weight = given_tensor(call, 1);
  const auto bias = given_tensor(call, 2);
  const Count spatial = elements({x.dims.data() + 2, x.rank() - 2});
  CallCost cost =
      of_kind("batchnorm", {x.dims[0], channels, spatial}, dtypes_of(x, weight), train ? Mode::kTrain : Mode::kEval);
  const Count bytes = tensor_bytes(channels, cost.dtypes.weights);
  if (!weight || !bias) {
    const Count missing = (weight ? 0 : 1) + (bias ? 0 : 1);
    add_read(cost, Count(0) - missing * bytes);
    if (train) cost.cost.vector_flop = cost.cost.vector_flop - missing * x.n;
    cost.cost.params = cost.cost.params - missing * channels;
    cost.cost.param_bytes = cost.cost.param_bytes - missing * bytes;
    cost.cost.tensors = cost.cost.tensors - missing;
  }
  if (running == 0 || !given_tensor(call, running)) {
    add_read(cost, Count(0) - 2 * bytes);
    if (train) add_written(cost, Count(0) - 2 * bytes);
  }
  cost.shape = shape_text(x.dims);
  return cost;
}

// input, weight, bias, running_mean, running_var, training, momentum, eps; without statistics
// input, weight, bias, training, momentum, eps
CallCost batch_norm(const Call& call) {
  const bool no_stats = call.args.size() == 6 && call.args[3].kind == CallArg::Kind::kScalar;
  const auto train = flag_at(call, no_stats ? 3 : 5);
  if (!train) untold("training or evaluation");
  return batchnorm(call, no_stats ? 0 : 3, *train);
}

// input, weight, bias, running_mean, running_var, momentum, eps
CallCost batch_norm_eval(const Call& call) { return batchnorm(call, 3, false); }
CallCost batch_norm_train(const Call& call) { return batchnorm(call, 3, true); }

// input, weight, bias, ...: the statistics of each image by itself
CallCost instance_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  if (x.rank() < 2) untold("no channels");
  const auto weight = given_tensor(call, 1);
  CallCost cost = of_groupnorm(x, x.dims[1], weight, weight.has_value());
  without_missing(cost, weight, given_tensor(call, 2), x.dims[1]);
  return cost;
}

CallCost rms_norm_of(const TensorArg& x, const std::optional<TensorArg>& weight, Count width) {
  CallCost cost = of_kind("rmsnorm", {ratio(x.n, width), width, weight ? 1 : 0}, dtypes_of(x, weight));
  cost.shape = shape_text(x.dims);
  return cost;
}

// input, normalized_shape, weight, eps; before PyTorch 2.8 the number of dims for the shape
CallCost rms_norm(const Call& call) {
  const auto weight = given_tensor(call, 2);
  return rms_norm_of(tensor_at(call, 0), weight, weight ? weight->n : width_at(call, 1, weight));
}

// out, input, weight, eps
CallCost vllm_rms_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 1);
  return rms_norm_of(x, given_tensor(call, 2), x.dim(-1));
}

// input, residual, weight, eps: the sum goes into the residual, its norm into the input
CallCost fused_add_rms_norm(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  const TensorArg residual = tensor_at(call, 1);
  CallCost cost = rms_norm_of(x, given_tensor(call, 2), x.dim(-1));
  cost.kind = nullptr;
  cost.cost.vector_flop += of_kind("add", {x.n, residual.n}, cost.dtypes).cost.vector_flop;
  add_read(cost, residual.bytes());
  add_written(cost, residual.bytes());
  return cost;
}

constexpr std::string_view kFamily = "norm";
constexpr std::array<CallRow, 20> kRows = {{
    {"aten::layer_norm", kFamily, layer_norm},
    {"aten::native_layer_norm", kFamily, layer_norm},
    // input, num_groups, weight, bias, eps
    {"aten::group_norm", kFamily, group_norm<1, 2>},
    // input, weight, bias, N, C, HxW, group, eps
    {"aten::native_group_norm", kFamily, group_norm<6, 1>},
    {"aten::batch_norm", kFamily, batch_norm},
    {"aten::_batch_norm_impl_index", kFamily, batch_norm},
    {"aten::native_batch_norm", kFamily, batch_norm},
    {"aten::cudnn_batch_norm", kFamily, batch_norm},
    {"aten::miopen_batch_norm", kFamily, batch_norm},
    {"aten::_native_batch_norm_legit", kFamily, batch_norm},
    {"aten::_native_batch_norm_legit_functional", kFamily, batch_norm},
    {"aten::_native_batch_norm_legit_no_training", kFamily, batch_norm_eval},
    {"aten::_batch_norm_no_update", kFamily, batch_norm_eval},
    {"aten::_batch_norm_with_update", kFamily, batch_norm_train},
    {"aten::instance_norm", kFamily, instance_norm},
    {"aten::rms_norm", kFamily, rms_norm},
    {"aten::_fused_rms_norm", kFamily, rms_norm},
    {"_C::rms_norm", kFamily, vllm_rms_norm},
    {"vllm::rms_norm", kFamily, vllm_rms_norm},
    {"_C::fused_add_rms_norm", kFamily, fused_add_rms_norm},
}};

}  // namespace

std::span<const CallRow> norm_calls() { return kRows; }

}  // namespace gable
