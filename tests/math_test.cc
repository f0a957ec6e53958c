// Easy to break here: a derivative that no longer belongs to its function, float formulas that overflow or cancel far
// from 0, a masked row of -infinity, which operand is bytes.
#include "probes/math.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include "probes/row_math.h"
#include "tests/approx.h"

using namespace gable;
using enum MapFn;

namespace {

template <class T>
T map_one(MapFn fn, T x, T y, T scalar = 1) {
  T value = 0;
  with_map_fn(fn, [&]<MapFn kFn>() { value = map_value<kFn>(x, y, scalar); });
  return value;
}

constexpr std::array kPoints = {-20.0, -3.0, -1.0, -0.25, 0.0, 0.125, 0.5, 1.0, 2.5, 9.0};

TEST_CASE("plain functions") {
  CHECK(map_one(kCopy, 3.0, 0.0) == 3);
  CHECK(map_one(kAdd, 3.0, 4.0) == 7);
  CHECK(map_one(kMul, 3.0, 4.0) == 12);
  CHECK(map_one(kScale, 3.0, 0.0, 0.5) == 1.5);
  CHECK(map_one(kMask, 3.0, 1.0, -9.0) == 3);
  CHECK(map_one(kMask, 3.0, 0.0, -9.0) == -9);
  CHECK(map_one(kDropout, 3.0, 1.0, 2.0) == 6);
  CHECK(map_one(kDropout, 3.0, 0.0, 2.0) == 0);
  CHECK(map_one(kRelu, -3.0, 0.0) == 0);
  CHECK(map_one(kRelu, 3.0, 0.0) == 3);
}

TEST_CASE("known values of the activations") {
  // Phi(1) = 0.841344746068543 (tables of the normal distribution); sigmoid(1) = e / (1 + e).
  CHECK(map_one(kGelu, 1.0, 0.0) == rel(0.841344746068543, 1e-14));
  CHECK(map_one(kGelu, -1.0, 0.0) == rel(0.841344746068543 - 1, 1e-13));
  CHECK(map_one(kSigmoid, 1.0, 0.0) == rel(std::exp(1.0) / (1 + std::exp(1.0))));
  CHECK(map_one(kSilu, 2.0, 0.0) == rel(2 * std::exp(2.0) / (1 + std::exp(2.0))));
  CHECK(map_one(kTanh, 0.5, 0.0) == rel((std::exp(1.0) - 1) / (std::exp(1.0) + 1)));
  // The approximation is within 5e-4 of gelu everywhere, and not gelu.
  for (const double x : kPoints) CHECK(std::abs(map_one(kGeluTanh, x, 0.0) - map_one(kGelu, x, 0.0)) < 5e-4);
  CHECK(map_one(kGeluTanh, 1.0, 0.0) == rel(0.841191990608276, 1e-12));
}

struct Pair {
  MapFn forward, gradient;
  bool from_output;
};
constexpr std::array<Pair, 6> kPairs = {{{kGelu, kGeluGrad, false},
                                         {kGeluTanh, kGeluTanhGrad, false},
                                         {kSilu, kSiluGrad, false},
                                         {kRelu, kReluGrad, true},
                                         {kTanh, kTanhGrad, true},
                                         {kSigmoid, kSigmoidGrad, true}}};

TEST_CASE("every gradient is the slope of its function, times the gradient that came") {
  for (const Pair& pair : kPairs) {
    for (const double x : kPoints) {
      CAPTURE(static_cast<int>(pair.forward));
      CAPTURE(x);
      if (x == 0 && pair.forward == kRelu) continue;  // no slope there
      constexpr double kStep = 1e-5;
      const double slope =
          (map_one(pair.forward, x + kStep, 0.0) - map_one(pair.forward, x - kStep, 0.0)) / (2 * kStep);
      const double at = pair.from_output ? map_one(pair.forward, x, 0.0) : x;
      CHECK(std::abs(map_one(pair.gradient, at, 3.0) - 3 * slope) < 1e-8);
    }
  }
}

TEST_CASE("in float as in double, far from 0 too") {
  for (int fn = 0; fn < kMapFnCount; ++fn) {
    for (const double x : {-200.0, -90.0, -20.0, -1.5, 0.0, 0.75, 20.0, 200.0}) {
      CAPTURE(fn);
      CAPTURE(x);
      const float got = map_one(static_cast<MapFn>(fn), static_cast<float>(x), 0.5F, 2.0F);
      const double expected = map_one(static_cast<MapFn>(fn), x, 0.5, 2.0);
      CHECK(std::isfinite(got));
      CHECK(std::abs(static_cast<double>(got) - expected) <= 1e-6 * (1 + std::abs(expected)));
    }
  }
}

TEST_CASE("which operand is read, and how") {
  CHECK(second_operand(kMask) == MapOperand::kByte);
  CHECK(second_operand(kDropout) == MapOperand::kByte);
  for (const MapFn fn : {kAdd, kMul, kGeluGrad, kGeluTanhGrad, kSiluGrad, kReluGrad, kTanhGrad, kSigmoidGrad})
    CHECK(second_operand(fn) == MapOperand::kValue);
  for (const MapFn fn : {kCopy, kScale, kGelu, kGeluTanh, kSilu, kRelu, kTanh, kSigmoid})
    CHECK(second_operand(fn) == MapOperand::kNone);
  CHECK(static_cast<int>(kSigmoidGrad) + 1 == kMapFnCount);
}

TEST_CASE("softmax in one pass, in parts, and over masked scores") {
  const std::vector<double> x = {1, 3, -2, 3, 0.5};
  ExpSum<double> all;
  for (const double v : x) all.add(v);
  const double plain = std::exp(-2.0) + 1 + std::exp(-5.0) + 1 + std::exp(-2.5);
  CHECK(all.max == 3);
  CHECK(all.sum == rel(plain));
  CHECK(all.logarithm() == rel(3 + std::log(plain)));

  ExpSum<double> left;
  ExpSum<double> right;
  left.add(1.0);
  for (std::size_t i = 1; i < x.size(); ++i) right.add(x[i]);
  left.add(right);
  left.add(ExpSum<double>{});  // a thread without an element
  CHECK(left.max == 3);
  CHECK(left.sum == rel(plain));

  ExpSum<float> masked;
  masked.add(-std::numeric_limits<float>::infinity());
  CHECK(masked.sum == 0);
  masked.add(2.0F);
  masked.add(-std::numeric_limits<float>::infinity());
  CHECK(masked.sum == 1);
  CHECK(masked.max == 2);
}

TEST_CASE("moments: mean and variance, with a large mean in float") {
  Moments<float> moments;
  for (const float x : {10001.0F, 10002.0F, 10003.0F, 10004.0F}) moments.add(x, 10001.0F);
  CHECK(moments.mean(10001.0F, 4) == 10002.5F);
  CHECK(moments.variance(4) == 1.25F);  // (1.5^2 + 0.5^2) * 2 / 4
  CHECK(inverse_root(4.0 - kNormEps) == rel(0.5));
  Moments<float> constant;
  for (int i = 0; i < 7; ++i) constant.add(0.1F, 0.1F);
  CHECK(constant.variance(7) == 0);
}

using Vector = std::vector<double>;

/// Checks `gradient` against central differences of sum(weight * f(x)).
void check_gradient(const std::function<Vector(const Vector&)>& f, const Vector& x, const Vector& weight,
                    const Vector& gradient) {
  constexpr double kStep = 1e-5;
  const auto dot = [&](const Vector& at) {
    const Vector y = f(at);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += weight[i] * y[i];
    return sum;
  };
  for (std::size_t i = 0; i < x.size(); ++i) {
    CAPTURE(i);
    Vector up = x;
    Vector down = x;
    up[i] += kStep;
    down[i] -= kStep;
    CHECK(std::abs((dot(up) - dot(down)) / (2 * kStep) - gradient[i]) < 1e-8);
  }
}

const Vector kX = {0.5, -1.25, 2, 0.75};
const Vector kDy = {1, -0.5, 0.25, 2};
const Vector kGain = {1.5, 0.5, -1, 2};

/// (x - mean) / std * gain, without the mean where `centred` is false.
Vector normalise(const Vector& x, bool centred) {
  const double n = static_cast<double>(x.size());
  double mean = 0;
  for (const double v : x) mean += centred ? v / n : 0;
  double square = 0;
  for (const double v : x) square += (v - mean) * (v - mean) / n;
  Vector y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back((x[i] - mean) * inverse_root(square) * kGain[i]);
  return y;
}

TEST_CASE("the gradient of the norms") {
  for (const bool centred : {true, false}) {
    CAPTURE(centred);
    const Vector y = normalise(kX, centred);
    Moments<double> moments;
    for (const double v : kX) moments.add(v, 0);
    const double inverse = inverse_root(centred ? moments.variance(4) : moments.square / 4);
    double mean_dyg = 0;
    double mean_dyg_unit = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      if (centred) mean_dyg += kDy[i] * kGain[i] / 4;
      mean_dyg_unit += kDy[i] * y[i] / 4;  // gain * unit = y
    }
    Vector gradient;
    for (std::size_t i = 0; i < 4; ++i)
      gradient.push_back(norm_grad(kDy[i] * kGain[i], y[i] / kGain[i], inverse, mean_dyg, mean_dyg_unit));
    check_gradient([&](const Vector& x) { return normalise(x, centred); }, kX, kDy, gradient);
  }
}

TEST_CASE("the gradients of softmax and of the loss") {
  const auto softmax = [](const Vector& x) {
    ExpSum<double> sum;
    for (const double v : x) sum.add(v);
    Vector y;
    for (const double v : x) y.push_back(std::exp(v - sum.logarithm()));
    return y;
  };
  const Vector y = softmax(kX);
  double dot = 0;
  for (std::size_t i = 0; i < 4; ++i) dot += kDy[i] * y[i];
  Vector gradient;
  for (std::size_t i = 0; i < 4; ++i) gradient.push_back(softmax_grad(y[i], kDy[i], dot));
  check_gradient(softmax, kX, kDy, gradient);

  const auto loss = [](const Vector& x) {  // target 2
    ExpSum<double> sum;
    for (const double v : x) sum.add(v);
    return Vector{sum.logarithm() - x[2]};
  };
  ExpSum<double> sum;
  for (const double v : kX) sum.add(v);
  Vector of_loss;
  for (std::size_t i = 0; i < 4; ++i) of_loss.push_back(cross_entropy_grad(kX[i], sum.logarithm(), i == 2, 0.125));
  check_gradient(loss, kX, {0.125}, of_loss);
}

TEST_CASE("a rotation, and back") {
  double a = 3;
  double b = 4;
  rotate(a, b, 0.6, 0.8);
  CHECK(a == rel(3 * 0.6 - 4 * 0.8));
  CHECK(b == rel(4 * 0.6 + 3 * 0.8));
  rotate(a, b, 0.6, -0.8);
  CHECK(a == rel(3));
  CHECK(b == rel(4));
}

TEST_CASE("windows: input and output are inverse") {
  for (const Window& w : {Window{1, 0, 1}, Window{2, 1, 1}, Window{3, 2, 2}, Window{1, 3, 4}}) {
    for (std::int64_t k = 0; k < 5; ++k) {
      for (std::int64_t o = 0; o < 9; ++o) CHECK(w.output(w.input(o, k), k) == o);
      for (std::int64_t i = 0; i < 20; ++i) {
        const std::int64_t o = w.output(i, k);
        if (o >= 0) CHECK(w.input(o, k) == i);
      }
    }
  }
  CHECK(Window{2, 1, 1}.input(0, 0) == -1);
  CHECK(Window{2, 1, 1}.output(1, 0) == 1);
  CHECK(Window{2, 1, 1}.output(2, 0) == -1);  // taps 0 read -1, 1, 3, ...
}

TEST_CASE("optimizers by hand") {
  double p = 2;
  sgd(p, 3.0);
  CHECK(p == rel(2 - 0.001 * 3));
  p = 2;
  double buffer = 5;
  momentum(p, 3.0, buffer);
  CHECK(buffer == rel(0.9 * 5 + 3));
  CHECK(p == rel(2 - 0.001 * 7.5));
  p = 2;
  double m = 0;
  double v = 0;
  adamw(p, 3.0, m, v);
  CHECK(m == rel(0.1 * 3));
  CHECK(v == rel(0.001 * 9));
  // From zero moments the first step is lr * sign(g), after a decay of lr * 0.01.
  CHECK(p == rel(2 - 0.001 * 0.01 * 2 - 0.001 * 3 / (3 + 1e-8), 1e-11));
  CHECK(clip_factor(0.25) == 1);
  CHECK(clip_factor(16.0) == rel(1 / (4 + 1e-6)));
}

}  // namespace
