// Convolutions of any rank, forward, transposed and backward. Counted as the direct convolution, as kind conv2d is; a
// transposed one does a multiply-add a tap and position of its input.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/ops/window.h"
#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

constexpr std::size_t kNowhere = ~std::size_t{0};

/// Where an op has its arguments; input and weight come first everywhere.
struct Places {
  std::size_t bias = kNowhere;
  std::size_t stride = kNowhere;
  std::size_t padding = kNowhere;
  std::size_t dilation = kNowhere;
  std::size_t groups = kNowhere;
  std::size_t transposed = kNowhere;  ///< a flag
  std::size_t output_padding = kNowhere;
  bool is_transposed = false;  ///< by its name
};

struct Window {
  Shape stride;
  Shape padding;
  Shape dilation;
  Shape output_padding;
  Count groups = 1;
  bool transposed = false;
};

struct Convolution {
  TensorArg x;
  TensorArg w;  ///< [out, in/groups, ...]; transposed [in, out/groups, ...]
  std::optional<TensorArg> bias;
  Window window;
  Count out_channels;
  Shape out;   ///< spatial
  Count y;     ///< elements of the result
  Count taps;  ///< multiply-adds an element of the result (transposed: of the input)

  [[nodiscard]] Count matrix_flop() const { return 2 * (window.transposed ? x.n : y) * taps; }
};

/// One value for each of `rank` dims. @throws where a list that must be known is not (padding by name: "same")
Shape each_way(const Call& call, std::size_t index, std::size_t rank, std::int64_t least, std::int64_t fallback) {
  if (index == kNowhere) return Shape(rank, fallback);
  const auto values = ints_at(call, index);
  if (!values || values->empty()) untold("a list of a convolution that is not known");
  if (values->size() != 1 && values->size() != rank) untold("a list of a convolution of another rank");
  if (*std::min_element(values->begin(), values->end()) < least) untold("a list of a convolution below its least");
  return values->size() == rank ? *values : Shape(rank, values->front());
}

Window window_at(const Call& call, const Places& at, std::size_t rank) {
  Window window;
  window.stride = each_way(call, at.stride, rank, 1, 1);
  window.padding = each_way(call, at.padding, rank, 0, 0);
  window.dilation = each_way(call, at.dilation, rank, 1, 1);
  window.transposed = at.is_transposed || (at.transposed != kNowhere && flag_at(call, at.transposed).value_or(false));
  window.output_padding = window.transposed ? each_way(call, at.output_padding, rank, 0, 0) : Shape(rank, 0);
  if (at.groups != kNowhere) {
    const auto groups = int_at(call, at.groups);
    if (!groups || *groups < 1) untold("groups that are not known");
    window.groups = *groups;
  }
  return window;
}

/// Output length of a transposed convolution: documentation of torch.nn.ConvTranspose2d.
Count widened(Count in, Count kernel, const Window& window, std::size_t i) {
  return (in - 1) * window.stride[i] - 2 * Count(window.padding[i]) + Count(window.dilation[i]) * (kernel - 1) +
         window.output_padding[i] + 1;
}

Convolution convolution_of(TensorArg x, TensorArg w, Window window) {
  if (x.rank() < 3 || x.rank() != w.rank()) untold("a convolution of no rank");
  if (x.n == Count(0) || w.n == Count(0)) untold("a convolution of nothing");
  Convolution conv{std::move(x), std::move(w), std::nullopt, std::move(window), 0, {}, 0, 0};
  const Window& how = conv.window;
  const Count in = conv.x.dims[1];
  const Count of_weight = (how.transposed ? Count(conv.w.dims[0]) : conv.w.dims[1] * how.groups);
  if (in != of_weight) untold("channels that do not fit");
  conv.out_channels = how.transposed ? conv.w.dims[1] * how.groups : Count(conv.w.dims[0]);
  conv.taps = elements({conv.w.dims.data() + 1, conv.w.rank() - 1});
  for (std::size_t i = 0; i + 2 < conv.x.rank(); ++i) {
    const Count length = conv.x.dims[i + 2];
    const Count kernel = conv.w.dims[i + 2];
    const Count out = how.transposed ? widened(length, kernel, how, i)
                                     : window_count(length, kernel, how.stride[i], how.padding[i], how.dilation[i]);
    conv.out.push_back(out.value());
  }
  conv.y = conv.x.dims[0] * conv.out_channels * elements(conv.out);
  return conv;
}

std::string each_text(const Shape& values) {
  const bool same = std::all_of(values.begin(), values.end(), [&](std::int64_t v) { return v == values.front(); });
  return same ? fmt::format("{}", values.front()) : shape_text(values);
}

std::string text_of(const Convolution& conv) {
  const Window& how = conv.window;
  const Shape kernel(conv.w.dims.begin() + 2, conv.w.dims.end());
  std::string text = fmt::format("{} k{} s{}", shape_text(conv.x.dims), shape_text(kernel), each_text(how.stride));
  const auto add = [&](char letter, const Shape& values, std::int64_t usual) {
    if (std::any_of(values.begin(), values.end(), [&](std::int64_t v) { return v != usual; }))
      text += fmt::format(" {}{}", letter, each_text(values));
  };
  add('p', how.padding, 0);
  add('d', how.dilation, 1);
  if (how.groups != Count(1)) text += fmt::format(" g{}", how.groups.value());
  if (how.transposed) text += " transposed";
  return text + fmt::format(" -> {}", conv.out_channels.value());
}

/// The kind's fields, where it has one stride, padding and dilation both ways; nothing else.
bool fits_kind(const Convolution& conv) {
  const Window& how = conv.window;
  const auto same = [](const Shape& values) { return values.size() == 2 && values[0] == values[1]; };
  return !how.transposed && same(how.stride) && same(how.padding) && same(how.dilation);
}

Dtypes dtypes_of(const Convolution& conv) {
  Dtypes dtypes = uniform(product_dtype(conv.x));
  dtypes.weights = product_dtype(conv.w);
  return dtypes;
}

CallCost of_conv2d(const Convolution& conv) {
  const Window& how = conv.window;
  return of_kind("conv2d",
                 {conv.x.dims[0], conv.x.dims[1], conv.out_channels, conv.x.dims[2], conv.x.dims[3], conv.w.dims[2],
                  conv.w.dims[3], how.stride[0], how.padding[0], how.dilation[0], how.groups, conv.bias ? 1 : 0},
                 dtypes_of(conv));
}

CallCost forward_of(const Convolution& conv) {
  const Dtypes dtypes = dtypes_of(conv);
  CallCost cost;
  if (fits_kind(conv)) {
    cost = of_conv2d(conv);
    if (conv.bias) read_as(cost, *conv.bias, dtypes.weights);
  } else {
    const Count bias_bytes = conv.bias ? conv.bias->bytes() : Count(0);
    cost = own_cost(KernelClass::kConv, dtypes.act, conv.bias ? conv.y : Count(0),
                    conv.x.bytes() + conv.w.bytes() + bias_bytes, tensor_bytes(conv.y, dtypes.act));
    cost.dtypes = dtypes;
    cost.compute = wider(dtypes.act, dtypes.weights);
    cost.cost.matrix_flop = conv.matrix_flop();
    cost.cost.output = conv.y;
  }
  cost.shape = text_of(conv);
  return cost;
}

CallCost forward(const Call& call, const Places& at) {
  TensorArg x = tensor_at(call, 0);
  TensorArg w = tensor_at(call, 1);
  if (x.rank() < 3) untold("a convolution of no rank");
  Window window = window_at(call, at, x.rank() - 2);
  Convolution conv = convolution_of(std::move(x), std::move(w), std::move(window));
  if (at.bias != kNowhere) conv.bias = given_tensor(call, at.bias);
  return forward_of(conv);
}

// grad_output, input, weight, bias_sizes, stride, padding, dilation, transposed, output_padding, groups, output_mask
CallCost backward(const Call& call) {
  const TensorArg grad = tensor_at(call, 0);
  TensorArg x = tensor_at(call, 1);
  if (x.rank() < 3) untold("a convolution of no rank");
  Window window = window_at(call, {kNowhere, 4, 5, 6, 9, 7, 8, false}, x.rank() - 2);
  Convolution conv = convolution_of(std::move(x), tensor_at(call, 2), std::move(window));
  if (grad.n != conv.y) untold("a gradient of another shape");
  const auto wanted = flags_at(call, 10);
  if (!wanted || wanted->size() != 3) untold("gradients that are wanted");
  const Dtypes dtypes = dtypes_of(conv);
  CallCost cost = fits_kind(conv) ? of_conv2d(conv) : CallCost{};
  cost = backward_cost(cost.kind, cost.args, KernelClass::kConv, dtypes);
  cost.compute = wider(dtypes.act, dtypes.weights);
  // As ideal.yaml has it for conv2d without a bias: dgrad and wgrad are two kernels, each of which reads the gradient
  // of the result. The gradient of the bias is a sum inside the op (aten::sum), which has its own row and kernels.
  if ((*wanted)[0]) {
    cost.cost.matrix_flop += conv.matrix_flop();
    cost.cost.read += grad.bytes() + conv.w.bytes();
    cost.cost.written += conv.x.bytes();
  }
  if ((*wanted)[1]) {
    cost.cost.matrix_flop += conv.matrix_flop();
    cost.cost.read += conv.x.bytes() + grad.bytes();
    cost.cost.written += conv.w.bytes();
  }
  cost.cost.unique = cost.cost.touched();
  cost.shape = text_of(conv);
  return cost;
}

// Argument positions by name of the op; of {bias, stride, padding, dilation, groups, transposed, output_padding}.
template <std::size_t kBias, std::size_t kStride, std::size_t kPadding, std::size_t kDilation, std::size_t kGroups>
CallCost plain(const Call& call) {
  return forward(call, {kBias, kStride, kPadding, kDilation, kGroups, kNowhere, kNowhere, false});
}

template <std::size_t kBias, std::size_t kStride, std::size_t kPadding, std::size_t kDilation, std::size_t kGroups,
          std::size_t kOutputPadding>
CallCost transposed(const Call& call) {
  return forward(call, {kBias, kStride, kPadding, kDilation, kGroups, kNowhere, kOutputPadding, true});
}

// self, weight, kernel_size, bias, stride, padding, dilation; a group a channel
CallCost depthwise(const Call& call) {
  TensorArg x = tensor_at(call, 0);
  if (x.rank() < 3) untold("a convolution of no rank");
  Window window = window_at(call, {3, 4, 5, 6, kNowhere, kNowhere, kNowhere, false}, x.rank() - 2);
  window.groups = x.dim(1);
  Convolution conv = convolution_of(std::move(x), tensor_at(call, 1), std::move(window));
  conv.bias = given_tensor(call, 3);
  return forward_of(conv);
}

// input, weight, bias, stride, padding, dilation, transposed, output_padding, groups
CallCost general(const Call& call) { return forward(call, {2, 3, 4, 5, 8, 6, 7, false}); }

// x, weight, bias, padding, stride; the last of them with ReLU (apex/contrib/conv_bias_relu)
CallCost conv_bias(const Call& call) { return plain<2, 4, 3, kNowhere, kNowhere>(call); }
CallCost conv_bias_relu(const Call& call) {
  CallCost cost = conv_bias(call);
  cost.cost.vector_flop += of_kind("relu", {cost.cost.output}, cost.dtypes).cost.vector_flop;
  return cost;
}

constexpr std::string_view kFamily = "convolution";
constexpr std::array<CallRow, 23> kRows = {{
    {"aten::convolution", kFamily, general},
    {"aten::_convolution", kFamily, general},
    {"aten::convolution_overrideable", kFamily, general},
    {"aten::convolution_backward", kFamily, backward},
    {"aten::conv1d", kFamily, plain<2, 3, 4, 5, 6>},
    {"aten::conv2d", kFamily, plain<2, 3, 4, 5, 6>},
    {"aten::conv3d", kFamily, plain<2, 3, 4, 5, 6>},
    // input, weight, bias, stride, padding, output_padding, groups, dilation
    {"aten::conv_transpose2d", kFamily, transposed<2, 3, 4, 7, 6, 5>},
    // self, weight, padding, stride, dilation, groups, benchmark, deterministic, allow_tf32
    {"aten::cudnn_convolution", kFamily, plain<kNowhere, 3, 2, 4, 5>},
    // self, weight, padding, output_padding, stride, dilation, groups, ...
    {"aten::cudnn_convolution_transpose", kFamily, transposed<kNowhere, 4, 2, 5, 6, 3>},
    // self, weight, bias, padding, stride, dilation, groups, ...
    {"aten::miopen_convolution", kFamily, plain<2, 4, 3, 5, 6>},
    {"aten::miopen_depthwise_convolution", kFamily, plain<2, 4, 3, 5, 6>},
    {"aten::mkldnn_convolution", kFamily, plain<2, 4, 3, 5, 6>},
    // self, weight, kernel_size, bias, stride, padding[, dilation]
    {"aten::thnn_conv2d", kFamily, plain<3, 4, 5, kNowhere, kNowhere>},
    {"aten::_slow_conv2d_forward", kFamily, plain<3, 4, 5, kNowhere, kNowhere>},
    {"aten::slow_conv3d_forward", kFamily, plain<3, 4, 5, kNowhere, kNowhere>},
    {"aten::slow_conv_dilated2d", kFamily, plain<3, 4, 5, 6, kNowhere>},
    {"aten::slow_conv_dilated3d", kFamily, plain<3, 4, 5, 6, kNowhere>},
    {"aten::slow_conv_transpose2d", kFamily, transposed<3, 4, 5, 7, kNowhere, 6>},
    {"aten::_conv_depthwise2d", kFamily, depthwise},
    {"aten::conv_depthwise3d", kFamily, depthwise},
    {"ConvBias_", kFamily, conv_bias},
    {"ConvBiasReLU_", kFamily, conv_bias_relu},
}};

}  // namespace

std::span<const CallRow> convolution_calls() { return kRows; }

}  // namespace gable
