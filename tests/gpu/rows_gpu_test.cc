// Easy to break here: rows that a warp and that a block takes, widths that are no multiple of a pack, threads without
// an element, large means, rows that are masked, sums over more rows than one chunk has.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "probes/row_math.h"
#include "tests/gpu/tensor.h"

using namespace gable;
using namespace gable::gpu;

namespace {

struct Size {
  std::int64_t rows, width, offset;
};
constexpr std::array kRowSizes = {Size{1, 1, 0},    Size{5, 31, 0},    Size{3, 33, 1},    Size{130, 64, 0},
                                  Size{7, 1000, 0}, Size{9, 1024, 0},  Size{4, 1025, 0},  Size{3, 4096, 0},
                                  Size{2, 4099, 1}, Size{1, 50257, 0}, Size{3000, 24, 0}, Size{2000, 768, 0}};

template <class Body>
void for_all(const Body& body) {
  for (const Dtype dtype : kFloats) {
    for (const Size& size : kRowSizes) {
      CAPTURE(row(dtype).name);
      CAPTURE(size.rows);
      CAPTURE(size.width);
      body(dtype, size);
    }
  }
}

std::span<const double> row_of(const Reals& values, std::int64_t row, std::int64_t width) {
  return std::span(values).subspan(static_cast<std::size_t>(row * width), static_cast<std::size_t>(width));
}

Reals softmax(std::span<const double> x) {
  const double most = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (const double v : x) sum += std::exp(v - most);
  Reals y;
  for (const double v : x) y.push_back(std::exp(v - most) / sum);
  return y;
}

TEST_CASE("softmax and its gradient") {
  for_all([](Dtype dtype, const Size& size) {
    const std::int64_t n = size.rows * size.width;
    const Tensor x = Tensor::random(n, dtype, 1, 6, size.offset);
    const Tensor dy = Tensor::random(n, dtype, 2, 1, size.offset);
    const Tensor out = Tensor::result(n, dtype, size.offset);
    RowsCall call;
    call.rows = size.rows;
    call.width = size.width;
    call.x = x.buffer();
    call.out = out.buffer();
    run(call);
    Reals y;
    for (std::int64_t r = 0; r < size.rows; ++r) {
      const Reals of_row = softmax(row_of(x.values(), r, size.width));
      y.insert(y.end(), of_row.begin(), of_row.end());
    }
    out.check(y);

    const Tensor stored(y, dtype, size.offset);
    call.fn = RowsFn::kSoftmaxGrad;
    call.x = stored.buffer();
    call.dy = dy.buffer();
    run(call);
    Reals expected;
    for (std::int64_t r = 0; r < size.rows; ++r) {
      const auto of_y = row_of(stored.values(), r, size.width);
      const auto of_dy = row_of(dy.values(), r, size.width);
      const double dot = std::inner_product(of_y.begin(), of_y.end(), of_dy.begin(), 0.0);
      for (std::size_t i = 0; i < of_y.size(); ++i) expected.push_back(of_y[i] * (of_dy[i] - dot));
    }
    out.check(expected, 2);
  });
}

TEST_CASE("softmax of masked rows, over its own input") {
  for (const Dtype dtype : kFloats) {
    for (const std::int64_t width : {40, 5000}) {
      Reals values(static_cast<std::size_t>(2 * width), -INFINITY);
      values[3] = 1;
      values[35] = 1;
      values[static_cast<std::size_t>(width)] = -2;
      const Tensor x(values, dtype);
      RowsCall call;
      call.rows = 2;
      call.width = width;
      call.x = x.buffer();
      call.out = x.buffer();
      run(call);
      Reals expected(static_cast<std::size_t>(2 * width), 0);
      expected[3] = expected[35] = 0.5;
      expected[static_cast<std::size_t>(width)] = 1;
      x.check(expected);
    }
  }
}

TEST_CASE("cross entropy and its gradient, with a target outside") {
  for_all([](Dtype dtype, const Size& size) {
    const std::int64_t n = size.rows * size.width;
    const Tensor x = Tensor::random(n, dtype, 1, 6, size.offset);
    std::vector<std::int64_t> targets;
    for (std::int64_t r = 0; r < size.rows; ++r)
      targets.push_back(r % 5 == 4 ? -100 : (r * 37 + size.width - 1) % size.width);
    const Tensor loss = Tensor::result(size.rows, Dtype::kFp32);
    const Tensor stats = Tensor::result(size.rows, Dtype::kFp32);
    const Tensor out = Tensor::result(n, dtype, size.offset);
    RowsCall call;
    call.fn = RowsFn::kCrossEntropy;
    call.rows = size.rows;
    call.width = size.width;
    call.x = x.buffer();
    call.index = indices(targets);
    call.stats = stats.buffer();
    call.out = loss.buffer();
    run(call);
    Reals losses;
    Reals logarithms;
    Reals gradient;
    for (std::int64_t r = 0; r < size.rows; ++r) {
      const auto of_row = row_of(x.values(), r, size.width);
      const Reals y = softmax(of_row);
      const std::int64_t target = targets[static_cast<std::size_t>(r)];
      logarithms.push_back(of_row[0] - std::log(y[0]));
      losses.push_back(target < 0 ? 0 : logarithms.back() - of_row[static_cast<std::size_t>(target)]);
      for (std::int64_t i = 0; i < size.width; ++i) {
        const double slope = y[static_cast<std::size_t>(i)] - (i == target ? 1 : 0);
        gradient.push_back(target < 0 ? 0 : slope / static_cast<double>(size.rows));
      }
    }
    loss.check(losses, 4);
    stats.check(logarithms, 4);
    call.fn = RowsFn::kCrossEntropyGrad;
    call.out = out.buffer();
    run(call);
    out.check(gradient, 2);
  });
}

struct Moments2 {
  double mean, inverse;
};
Moments2 moments(std::span<const double> x, bool centred) {
  const auto n = static_cast<double>(x.size());
  const double mean = centred ? std::accumulate(x.begin(), x.end(), 0.0) / n : 0;
  double square = 0;
  for (const double v : x) square += (v - mean) * (v - mean);
  return {mean, 1 / std::sqrt(square / n + kNormEps)};
}

struct NormCase {
  bool centred, affine;
  Dtype parameter;
};

void check_norm(Dtype dtype, const Size& size, const NormCase& c) {
  const std::int64_t n = size.rows * size.width;
  const Tensor x = Tensor::random(n, dtype, 1, 2, size.offset);
  const Tensor dy = Tensor::random(n, dtype, 2, 1, size.offset);
  const Tensor gain = Tensor::random(size.width, c.parameter, 3, 2);
  const Tensor shift = Tensor::random(size.width, c.parameter, 4, 2);
  const Tensor out = Tensor::result(n, dtype, size.offset);
  const Tensor stats = Tensor::result(size.rows * (c.centred ? 2 : 1), Dtype::kFp32);
  const Tensor gain_grad = Tensor::result(size.width, c.parameter);
  const Tensor shift_grad = Tensor::result(size.width, c.parameter);
  RowsCall call;
  call.fn = c.centred ? RowsFn::kLayernorm : RowsFn::kRmsnorm;
  call.rows = size.rows;
  call.width = size.width;
  call.x = x.buffer();
  call.stats = stats.buffer();
  call.out = out.buffer();
  if (c.affine) call.gain = gain.buffer();
  if (c.affine && c.centred) call.shift = shift.buffer();
  run(call);

  Reals y;
  Reals kept;
  Reals dx;
  Reals of_gain(static_cast<std::size_t>(size.width), 0);
  Reals of_shift = of_gain;
  for (std::int64_t r = 0; r < size.rows; ++r) {
    const auto of_x = row_of(x.values(), r, size.width);
    const auto of_dy = row_of(dy.values(), r, size.width);
    const Moments2 m = moments(of_x, c.centred);
    if (c.centred) kept.push_back(m.mean);
    kept.push_back(m.inverse);
    double mean_dyg = 0;
    double mean_dyg_unit = 0;
    for (std::size_t i = 0; i < of_x.size(); ++i) {
      const double g = c.affine ? gain.values()[i] : 1;
      const double unit = (of_x[i] - m.mean) * m.inverse;
      y.push_back(unit * g + (c.affine && c.centred ? shift.values()[i] : 0));
      mean_dyg += c.centred ? of_dy[i] * g / static_cast<double>(size.width) : 0;
      mean_dyg_unit += of_dy[i] * g * unit / static_cast<double>(size.width);
      of_gain[i] += of_dy[i] * unit;
      of_shift[i] += of_dy[i];
    }
    for (std::size_t i = 0; i < of_x.size(); ++i) {
      const double g = c.affine ? gain.values()[i] : 1;
      const double unit = (of_x[i] - m.mean) * m.inverse;
      dx.push_back(m.inverse * (of_dy[i] * g - mean_dyg - unit * mean_dyg_unit));
    }
  }
  out.check(y, 4);
  if (size.width > 1) stats.check(kept, 4);  // of one element the variance is 0, and 1/std depends on its rounding

  if (size.width == 1) return;
  call.fn = c.centred ? RowsFn::kLayernormGrad : RowsFn::kRmsnormGrad;
  call.dy = dy.buffer();
  if (c.affine) call.gain_grad = gain_grad.buffer();
  if (c.affine && c.centred) call.shift_grad = shift_grad.buffer();
  run(call);
  out.check(dx, 8);
  // Sums of thousands of terms of either sign, of size about 1.
  const double factor = 4 + std::sqrt(static_cast<double>(size.rows));
  if (c.affine) gain_grad.check(of_gain, factor);
  if (c.affine && c.centred) shift_grad.check(of_shift, factor);
}

TEST_CASE("layernorm and rmsnorm, with parameters of either dtype and without") {
  for_all([](Dtype dtype, const Size& size) {
    for (const bool centred : {true, false}) {
      CAPTURE(centred);
      check_norm(dtype, size, {centred, true, dtype});
      check_norm(dtype, size, {centred, false, dtype});
      if (dtype == Dtype::kBf16 || dtype == Dtype::kFp16) check_norm(dtype, size, {centred, true, Dtype::kFp32});
    }
  });
}

TEST_CASE("layernorm with a mean a thousand times the deviation") {
  Reals values;
  for (int i = 0; i < 3 * 1500; ++i) values.push_back(1000 + 0.0625 * (i % 32));
  const Tensor x(values, Dtype::kFp32);
  const Tensor out = Tensor::result(x.size(), Dtype::kFp32);
  RowsCall call;
  call.fn = RowsFn::kLayernorm;
  call.rows = 3;
  call.width = 1500;
  call.x = x.buffer();
  call.out = out.buffer();
  run(call);
  Reals expected;
  for (std::int64_t r = 0; r < 3; ++r) {
    const auto of_row = row_of(values, r, 1500);
    const Moments2 m = moments(of_row, true);
    for (const double v : of_row) expected.push_back((v - m.mean) * m.inverse);
  }
  out.check(expected, 20);  // 1000's last place is 6e-5, the deviation 0.58
}

TEST_CASE("column sums") {
  for (const Dtype dtype : kFloats) {
    for (const Size& size : {Size{1, 1, 0}, Size{1, 33, 0}, Size{31, 31, 1}, Size{1000, 64, 0}, Size{4099, 33, 0},
                             Size{20000, 256, 0}, Size{65, 5000, 0}}) {
      for (const Dtype to : {dtype, Dtype::kFp32}) {
        CAPTURE(row(dtype).name);
        CAPTURE(size.rows);
        CAPTURE(size.width);
        const Tensor x = Tensor::random(size.rows * size.width, dtype, 1, 1, size.offset);
        const Tensor out = Tensor::result(size.width, to);
        run(ReduceCall{size.rows, size.width, x.buffer(), out.buffer()});
        Reals expected(static_cast<std::size_t>(size.width), 0);
        for (std::int64_t i = 0; i < x.size(); ++i) expected[static_cast<std::size_t>(i % size.width)] += x[i];
        out.check(expected, 4 + std::sqrt(static_cast<double>(size.rows)) / 8);
      }
    }
  }
}

}  // namespace
