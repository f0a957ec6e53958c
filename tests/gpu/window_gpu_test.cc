// Easy to break here: padding at either edge, a stride that leaves inputs unread, dilation, groups, kernels that are
// not square, the first of equal maxima, batches in several chunks.
#include <cmath>

#include "tests/gpu/tensor.h"

using namespace gable;
using namespace gable::gpu;

namespace {

struct Conv {
  std::int64_t batch, in, out, height, width, kernel, kernel_width, stride, padding, dilation, groups;

  [[nodiscard]] std::int64_t length(std::int64_t size, std::int64_t k) const {
    return (size + 2 * padding - dilation * (k - 1) - 1) / stride + 1;
  }
  [[nodiscard]] std::int64_t oh() const { return length(height, kernel); }
  [[nodiscard]] std::int64_t ow() const { return length(width, kernel_width); }
};

constexpr std::array kConvs = {Conv{1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1}, Conv{2, 3, 8, 9, 7, 3, 3, 1, 1, 1, 1},
                               Conv{2, 4, 6, 8, 8, 1, 1, 1, 0, 1, 1}, Conv{1, 2, 4, 11, 10, 5, 3, 2, 2, 1, 1},
                               Conv{2, 4, 4, 9, 9, 3, 3, 1, 2, 2, 1}, Conv{2, 6, 9, 8, 6, 3, 3, 2, 1, 1, 3},
                               Conv{3, 8, 8, 7, 7, 3, 3, 1, 1, 1, 8}, Conv{2, 3, 16, 16, 16, 4, 4, 4, 0, 1, 1},
                               Conv{1, 2, 3, 5, 6, 3, 2, 3, 0, 1, 1}};

/// Calls visit(x index, weight index, out index) for each multiply-add.
template <class Visit>
void for_taps(const Conv& c, const Visit& visit) {
  const std::int64_t in = c.in / c.groups;
  const std::int64_t out = c.out / c.groups;
  for (std::int64_t image = 0; image < c.batch; ++image)
    for (std::int64_t o = 0; o < c.out; ++o)
      for (std::int64_t oh = 0; oh < c.oh(); ++oh)
        for (std::int64_t ow = 0; ow < c.ow(); ++ow)
          for (std::int64_t i = 0; i < in; ++i)
            for (std::int64_t kh = 0; kh < c.kernel; ++kh)
              for (std::int64_t kw = 0; kw < c.kernel_width; ++kw) {
                const std::int64_t h = oh * c.stride - c.padding + kh * c.dilation;
                const std::int64_t w = ow * c.stride - c.padding + kw * c.dilation;
                if (h < 0 || h >= c.height || w < 0 || w >= c.width) continue;
                const std::int64_t channel = o / out * in + i;
                visit(((image * c.in + channel) * c.height + h) * c.width + w,
                      ((o * in + i) * c.kernel + kh) * c.kernel_width + kw,
                      ((image * c.out + o) * c.oh() + oh) * c.ow() + ow);
              }
}

ConvCall call_of(const Conv& c) {
  ConvCall call;
  call.batch = c.batch;
  call.in_channels = c.in;
  call.out_channels = c.out;
  call.height = c.height;
  call.width = c.width;
  call.kernel = c.kernel;
  call.kernel_width = c.kernel_width;
  call.stride = c.stride;
  call.padding = c.padding;
  call.dilation = c.dilation;
  call.groups = c.groups;
  return call;
}

void check_conv(const Conv& c, Dtype dtype) {
  CAPTURE(row(dtype).name);
  CAPTURE(c.in);
  CAPTURE(c.kernel);
  CAPTURE(c.stride);
  const Tensor x = Tensor::random(c.batch * c.in * c.height * c.width, dtype, 1, 1);
  const Tensor w = Tensor::random(c.out * c.in / c.groups * c.kernel * c.kernel_width, dtype, 2, 1);
  const Tensor dy = Tensor::random(c.batch * c.out * c.oh() * c.ow(), dtype, 3, 1);
  const Tensor bias = Tensor::random(c.out, dtype, 4, 1);
  const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  Reals y(at(dy.size()), 0), dx(at(x.size()), 0), dw(at(w.size()), 0), db(at(c.out), 0);
  for_taps(c, [&](std::int64_t in_x, std::int64_t in_w, std::int64_t in_y) {
    y[at(in_y)] += x[in_x] * w[in_w];
    dx[at(in_x)] += dy[in_y] * w[in_w];
    dw[at(in_w)] += dy[in_y] * x[in_x];
  });
  for (std::int64_t i = 0; i < dy.size(); ++i) {
    y[at(i)] += bias[i / (c.oh() * c.ow()) % c.out];
    db[at(i / (c.oh() * c.ow()) % c.out)] += dy[i];
  }
  const double factor = 8;  // products are rounded before the bias is added

  const Tensor out = Tensor::result(dy.size(), dtype);
  ConvCall call = call_of(c);
  call.x = x.buffer();
  call.weights = w.buffer();
  call.out = out.buffer();
  call.bias = bias.buffer();
  run(call);
  out.check(y, factor);

  const Tensor x_grad = Tensor::result(x.size(), dtype);
  call.direction = ConvCall::Direction::kDgrad;
  call.x = x_grad.buffer();
  call.out = dy.buffer();
  call.bias = {};
  run(call);
  x_grad.check(dx,
               dtype == Dtype::kBf16 || dtype == Dtype::kFp16 ? 4 * factor : factor);  // taps are rounded, then added

  const Tensor w_grad = Tensor::result(w.size(), dtype);
  const Tensor bias_grad = Tensor::result(c.out, dtype);
  call.direction = ConvCall::Direction::kWgrad;
  call.x = x.buffer();
  call.weights = w_grad.buffer();
  call.bias = bias_grad.buffer();
  run(call);
  w_grad.check(dw, factor);
  bias_grad.check(db, factor);
}

TEST_CASE("convolution: forward, to the input, to the weights and bias") {
  for (const Conv& conv : kConvs)
    for (const Dtype dtype : kFloats) check_conv(conv, dtype);
}

TEST_CASE("a convolution of several chunks of images") {
  // An image has 64 * 9 * 112 * 112 * 4 bytes of columns = 28.9 MB: nine a chunk of 256 MiB, one left.
  const Conv c{10, 64, 2, 112, 112, 3, 3, 1, 1, 1, 1};
  const std::int64_t plane = 112 * 112;
  const Tensor x = Tensor::random(c.batch * c.in * plane, Dtype::kFp32, 1, 1);
  const Tensor w(Reals(static_cast<std::size_t>(c.out * c.in * 9), 0.5), Dtype::kFp32);
  const Tensor out = Tensor::result(c.batch * c.out * plane, Dtype::kFp32);
  ConvCall call = call_of(c);
  call.x = x.buffer();
  call.weights = w.buffer();
  call.out = out.buffer();
  run(call);
  CHECK(engine().last_choice().rfind("im2col in chunks of 9 of 10 images", 0) == 0);
  const Reals got = out.read();
  for (const std::int64_t image : {0, 8, 9}) {
    for (const std::int64_t at : {0, 113, 112 * 112 - 1}) {
      double sum = 0;
      for (std::int64_t i = 0; i < c.in; ++i)
        for (std::int64_t h = at / 112 - 1; h <= at / 112 + 1; ++h)
          for (std::int64_t v = at % 112 - 1; v <= at % 112 + 1; ++v)
            if (h >= 0 && h < 112 && v >= 0 && v < 112) sum += 0.5 * x[(image * c.in + i) * plane + h * 112 + v];
      CHECK(std::abs(got[static_cast<std::size_t>((image * c.out + 1) * plane + at)] - sum) < 1e-3);
    }
  }
  // Gradient of the weights at out = 1: the sum of what each tap reads; the middle tap reads all of x.
  const Tensor ones(Reals(static_cast<std::size_t>(out.size()), 1), Dtype::kFp32);
  const Tensor w_grad = Tensor::result(w.size(), Dtype::kFp32);
  call.direction = ConvCall::Direction::kWgrad;
  call.out = ones.buffer();
  call.weights = w_grad.buffer();
  run(call);
  double all = 0;
  for (std::int64_t image = 0; image < c.batch; ++image)
    for (std::int64_t i = 0; i < plane; ++i) all += x[(image * c.in + 3) * plane + i];
  CHECK(std::abs(w_grad.read()[3 * 9 + 4] - all) < 0.05);
}

struct Pool {
  std::int64_t batch, channels, height, width, kernel, stride, padding;
};

TEST_CASE("pooling and its gradient") {
  for (const Pool& p : {Pool{1, 1, 1, 1, 1, 1, 0}, Pool{2, 3, 8, 6, 2, 2, 0}, Pool{2, 3, 9, 7, 3, 2, 1},
                        Pool{1, 5, 12, 12, 3, 1, 1}, Pool{3, 4, 7, 7, 7, 7, 0}, Pool{2, 2, 10, 10, 2, 3, 0}}) {
    for (const Dtype dtype : kFloats) {
      for (const bool average : {false, true}) {
        CAPTURE(row(dtype).name);
        CAPTURE(p.kernel);
        CAPTURE(p.stride);
        CAPTURE(average);
        const std::int64_t planes = p.batch * p.channels;
        const std::int64_t oh = (p.height + 2 * p.padding - p.kernel) / p.stride + 1;
        const std::int64_t ow = (p.width + 2 * p.padding - p.kernel) / p.stride + 1;
        Reals values;  // few different ones: windows have equal maxima, and negative values beside padding
        for (std::int64_t i = 0; i < planes * p.height * p.width; ++i)
          values.push_back(static_cast<double>(i * 7 % 5) - 6);
        const Tensor x(values, dtype);
        const Tensor dy = Tensor::random(planes * oh * ow, dtype, 2, 1);
        Reals y;
        Reals dx(values.size(), 0);
        for (std::int64_t i = 0; i < planes * oh * ow; ++i) {
          const std::int64_t start = i / (oh * ow) * p.height * p.width;
          double sum = 0;
          std::int64_t best = -1;
          for (std::int64_t kh = 0; kh < p.kernel; ++kh) {
            for (std::int64_t kw = 0; kw < p.kernel; ++kw) {
              const std::int64_t h = i / ow % oh * p.stride - p.padding + kh;
              const std::int64_t w = i % ow * p.stride - p.padding + kw;
              if (h < 0 || h >= p.height || w < 0 || w >= p.width) continue;
              const std::int64_t at = start + h * p.width + w;
              sum += x[at];
              if (best < 0 || x[at] > x[best]) best = at;
              if (average) dx[static_cast<std::size_t>(at)] += dy[i] / static_cast<double>(p.kernel * p.kernel);
            }
          }
          if (!average) dx[static_cast<std::size_t>(best)] += dy[i];
          y.push_back(average ? sum / static_cast<double>(p.kernel * p.kernel) : x[best]);
        }
        PoolCall call{false,    average,  p.batch,   p.channels, p.height, p.width,
                      p.kernel, p.stride, p.padding, x.buffer(), {},       {}};
        const Tensor out = Tensor::result(planes * oh * ow, dtype);
        call.out = out.buffer();
        run(call);
        out.check(y);
        const Tensor x_grad = Tensor::result(x.size(), dtype);
        call.backward = true;
        call.dy = dy.buffer();
        call.out = x_grad.buffer();
        run(call);
        x_grad.check(dx, 2);
      }
    }
  }
}

}  // namespace
