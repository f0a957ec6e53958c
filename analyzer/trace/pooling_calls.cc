// Pooling and changes of resolution over images [batch, channels, height, width] or [channels, height, width].
#include <algorithm>
#include <numeric>

#include "analyzer/ops/window.h"
#include "analyzer/trace/call_args.h"

namespace gable {
namespace {

struct Image {
  TensorArg tensor;
  Count maps;  ///< batch x channels
  Count height;
  Count width;
};

Image image_of(TensorArg tensor) {
  if (tensor.rank() < 3 || tensor.rank() > 4 || tensor.n == Count(0)) untold("no image");
  const Count maps = elements({tensor.dims.data(), tensor.rank() - 2});
  const Count height = tensor.dim(-2);
  const Count width = tensor.dim(-1);
  return {std::move(tensor), maps, height, width};
}

/// Two values: rows, columns; one stands for both.
std::optional<Shape> both_ways(const Call& call, std::size_t index, std::int64_t least) {
  auto values = ints_at(call, index);
  if (!values || values->empty()) return std::nullopt;
  if (values->size() == 1) values->push_back(values->front());
  if (values->size() != 2 || std::min((*values)[0], (*values)[1]) < least) untold("a window that is not known");
  return values;
}

struct Pool {
  Image x;
  Shape kernel;
  Shape stride;
  Shape padding;
  Shape dilation{1, 1};
  Count y;  ///< elements of the result
  bool ceil = false;

  [[nodiscard]] Count taps() const { return Count(kernel[0]) * kernel[1]; }
  /// Kind pool: one kernel, stride and padding both ways, windows that do not reach over the edge.
  [[nodiscard]] bool fits_kind() const {
    const auto square = [](const Shape& s) { return s[0] == s[1]; };
    return square(kernel) && square(stride) && square(padding) && dilation == Shape{1, 1} && !ceil &&
           2 * Count(padding[0]) <= Count(kernel[0]);
  }
};

/// Output length: documentation of torch.nn.MaxPool2d; with `ceil` a last window may reach over the edge.
Count windows(const Pool& pool, std::size_t i, Count in) {
  const Count down = window_count(in, pool.kernel[i], pool.stride[i], pool.padding[i], pool.dilation[i]);
  if (!pool.ceil) return down;
  const Count span = in + 2 * Count(pool.padding[i]) - Count(pool.dilation[i]) * (Count(pool.kernel[i]) - 1) - 1;
  const Count up = ceil_div(span, pool.stride[i]) + 1;
  return (up - 1) * pool.stride[i] >= in + pool.padding[i] ? up - 1 : up;
}

/// x, then kernel, stride, padding at `at`; a dilation in maximum pooling, and whether to round up.
Pool pool_at(const Call& call, std::size_t x, std::size_t at, bool maximum) {
  Pool pool{image_of(tensor_at(call, x)), {}, {}, {}, {1, 1}, 0, false};
  const auto kernel = both_ways(call, at, 1);
  if (!kernel) untold("a window that is not known");
  pool.kernel = *kernel;
  pool.stride = both_ways(call, at + 1, 1).value_or(*kernel);  // an empty list is the kernel
  pool.padding = both_ways(call, at + 2, 0).value_or(Shape{0, 0});
  if (maximum) pool.dilation = both_ways(call, at + 3, 1).value_or(Shape{1, 1});
  pool.ceil = flag_at(call, at + (maximum ? 4 : 3)).value_or(false);
  pool.y = pool.x.maps * windows(pool, 0, pool.x.height) * windows(pool, 1, pool.x.width);
  return pool;
}

CallCost of_pool(const Pool& pool) {
  const Image& x = pool.x;
  const Dtype act = work_dtype(x.tensor.type);
  CallCost cost;
  if (pool.fits_kind() && is_floating(x.tensor.type)) {
    const Count batch = x.tensor.rank() == 4 ? Count(x.tensor.dims[0]) : Count(1);
    cost =
        of_kind("pool", {batch, x.tensor.dim(-3), x.height, x.width, pool.kernel[0], pool.stride[0], pool.padding[0]},
                uniform(act));
  } else {
    cost = own_cost(KernelClass::kReduce, act, pool.y * pool.taps(), x.tensor.bytes(), bytes_of(pool.y, x.tensor.type));
    cost.cost.output = pool.y;
  }
  cost.shape = shape_text(x.tensor.dims) + " k" + shape_text(pool.kernel);
  return cost;
}

// self, kernel_size, stride, padding, dilation, ceil_mode: the positions are written, too
CallCost max_pool(const Call& call) {
  CallCost cost = of_pool(pool_at(call, 0, 1, true));
  add_written(cost, cost.cost.output * kIndexBytes);
  return cost;
}

// as max_pool, without the positions
CallCost max_pool_alone(const Call& call) { return of_pool(pool_at(call, 0, 1, true)); }

// self, kernel_size, stride, padding, ceil_mode, ...
CallCost avg_pool(const Call& call) { return of_pool(pool_at(call, 0, 1, false)); }

/// As ideal.yaml has it: the gradient of the result is read (with its positions), that of the image written.
CallCost backward_of(const CallCost& forward, const Image& x, const TensorArg& grad, Count flop, Count positions) {
  CallCost cost = backward_cost(forward.kind, forward.args, KernelClass::kStream, uniform(work_dtype(grad.type)));
  cost.cost.vector_flop = flop;
  cost.cost.read = grad.bytes() + positions * kIndexBytes;
  cost.cost.written = x.tensor.bytes();
  cost.cost.unique = cost.cost.touched();
  cost.shape = forward.shape;
  return cost;
}

// grad_output, self, kernel_size, stride, padding, dilation, ceil_mode, indices
CallCost max_pool_backward(const Call& call) {
  const TensorArg grad = tensor_at(call, 0);
  const Pool pool = pool_at(call, 1, 2, true);
  if (grad.n != pool.y) untold("a gradient of another shape");
  return backward_of(of_pool(pool), pool.x, grad, pool.y, pool.y);
}

// grad_output, self, kernel_size, stride, padding, ceil_mode, ...
CallCost avg_pool_backward(const Call& call) {
  const TensorArg grad = tensor_at(call, 0);
  const Pool pool = pool_at(call, 1, 2, false);
  if (grad.n != pool.y) untold("a gradient of another shape");
  return backward_of(of_pool(pool), pool.x, grad, pool.y * pool.taps(), 0);
}

/// Output i of `out` covers floor(i*in/out) to ceil((i + 1)*in/out): together in + out - gcd(in, out) elements.
Count covered(Count in, Count out) {
  if (out < Count(1)) untold("a result of nothing");
  return in + out - std::gcd(in.value(), out.value());
}

CallCost adaptive_of(const Image& x, Count rows, Count columns) {
  const Dtype act = work_dtype(x.tensor.type);
  const Count flop = x.maps * covered(x.height, rows) * covered(x.width, columns);
  const bool even = x.height.value() % rows.value() == 0 && x.width.value() % columns.value() == 0;
  CallCost cost;
  if (even && x.height.value() / rows.value() == x.width.value() / columns.value() && is_floating(x.tensor.type)) {
    const Count kernel = x.height.value() / rows.value();
    const Count batch = x.tensor.rank() == 4 ? Count(x.tensor.dims[0]) : Count(1);
    cost = of_kind("pool", {batch, x.tensor.dim(-3), x.height, x.width, kernel, kernel, 0}, uniform(act));
  } else {
    const Count y = x.maps * rows * columns;
    cost = own_cost(KernelClass::kReduce, act, flop, x.tensor.bytes(), bytes_of(y, x.tensor.type));
    cost.cost.output = y;
  }
  cost.shape = shape_text(x.tensor.dims) + " -> " + shape_text(Shape{rows.value(), columns.value()});
  return cost;
}

// self, output_size
CallCost adaptive(const Call& call) {
  const auto out = both_ways(call, 1, 1);
  if (!out) untold("a result of unknown size");
  return adaptive_of(image_of(tensor_at(call, 0)), (*out)[0], (*out)[1]);
}

// grad_output, self
CallCost adaptive_backward(const Call& call) {
  const Image grad = image_of(tensor_at(call, 0));
  const Image x = image_of(tensor_at(call, 1));
  if (grad.maps != x.maps) untold("a gradient of another shape");
  const Count flop = x.maps * covered(x.height, grad.height) * covered(x.width, grad.width);
  return backward_of(adaptive_of(x, grad.height, grad.width), x, grad.tensor, flop, 0);
}

// self [batch, channels, ...], output_size, ...: one dim, two or three
template <std::int64_t kFlop, std::size_t kWays>
CallCost upsample(const Call& call) {
  const TensorArg x = tensor_at(call, 0);
  auto out = ints_at(call, 1);
  if (!out || out->empty()) untold("a result of unknown size");
  if (out->size() == 1) out->resize(kWays, out->front());
  if (out->size() != kWays || std::ranges::min(*out) < 1 || x.n == Count(0)) untold("a window that is not known");
  if (x.rank() < kWays + 1 || x.rank() > kWays + 2) untold("no image");
  const Count y = elements({x.dims.data(), x.rank() - kWays}) * elements(*out);
  CallCost cost = own_cost(KernelClass::kStream, work_dtype(x.type), kFlop * y, x.bytes(), bytes_of(y, x.type));
  cost.cost.output = y;
  cost.shape = shape_text(x.dims) + " -> " + shape_text(*out);
  return cost;
}

// grad_output, output_size, input_size, ...: each gradient is added to those it came from
template <std::int64_t kFlop>
CallCost upsample_backward(const Call& call) {
  const TensorArg grad = tensor_at(call, 0);
  const auto input = ints_at(call, 2);
  if (!input) untold("an image of unknown size");
  const Count x = elements(*input);
  CallCost cost =
      own_cost(KernelClass::kStream, work_dtype(grad.type), kFlop * grad.n, grad.bytes(), bytes_of(x, grad.type));
  cost.pass = Pass::kDgrad;
  cost.cost.output = x;
  cost.shape = shape_text(grad.dims);
  return cost;
}

constexpr std::string_view kFamily = "pooling";
constexpr std::array<CallRow, 16> kRows = {{
    {"aten::max_pool2d_with_indices", kFamily, max_pool},
    {"aten::max_pool2d", kFamily, max_pool_alone},
    {"aten::max_pool2d_with_indices_backward", kFamily, max_pool_backward},
    {"aten::avg_pool2d", kFamily, avg_pool},
    {"aten::avg_pool2d_backward", kFamily, avg_pool_backward},
    {"aten::_adaptive_avg_pool2d", kFamily, adaptive},
    {"aten::adaptive_avg_pool2d", kFamily, adaptive},
    {"aten::_adaptive_avg_pool2d_backward", kFamily, adaptive_backward},
    {"aten::upsample_nearest1d", kFamily, upsample<0, 1>},
    {"aten::upsample_nearest1d_backward", kFamily, upsample_backward<1>},
    {"aten::upsample_nearest2d", kFamily, upsample<0, 2>},
    {"aten::upsample_nearest2d_backward", kFamily, upsample_backward<1>},
    {"aten::upsample_nearest3d", kFamily, upsample<0, 3>},
    {"aten::upsample_nearest3d_backward", kFamily, upsample_backward<1>},
    // four neighbours: 6 products and 3 sums; back a product and a sum for each
    {"aten::upsample_bilinear2d", kFamily, upsample<9, 2>},
    {"aten::upsample_bilinear2d_backward", kFamily, upsample_backward<8>},
}};

}  // namespace

std::span<const CallRow> pooling_calls() { return kRows; }

}  // namespace gable
