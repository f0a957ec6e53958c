// Functions over rows on a CPU. Included by simd_kernels.cc alone, which is compiled once a SIMD width.
#pragma once

#include <omp.h>

#include <Eigen/Core>
#include <cmath>

#include "probes/cpu/kernels.h"

namespace gable::simd {

using Row = Eigen::Map<Eigen::Array<float, Eigen::Dynamic, 1>>;
using ConstRow = Eigen::Map<const Eigen::Array<float, Eigen::Dynamic, 1>>;
inline constexpr float kNormEpsilon = 1e-5F;

inline void softmax_row(const RowsArgs& a, std::int64_t i) {
  const ConstRow x(a.x + i * a.width, a.width);
  Row out(a.out + i * a.width, a.width);
  out = (x - x.maxCoeff()).exp();
  out /= out.sum();
}

inline void softmax_grad_row(const RowsArgs& a, std::int64_t i) {
  const ConstRow y(a.x + i * a.width, a.width);
  const ConstRow dy(a.dy + i * a.width, a.width);
  Row(a.out + i * a.width, a.width) = y * (dy - (dy * y).sum());
}

inline void layernorm_row(const RowsArgs& a, std::int64_t i) {
  const ConstRow x(a.x + i * a.width, a.width);
  Row out(a.out + i * a.width, a.width);
  const float mean = x.mean();
  const float scale = 1 / std::sqrt((x - mean).square().mean() + kNormEpsilon);
  out = (x - mean) * scale;
  if (a.gain != nullptr) out *= ConstRow(a.gain, a.width);
  if (a.shift != nullptr) out += ConstRow(a.shift, a.width);
  if (a.stats != nullptr) {
    a.stats[2 * i] = mean;
    a.stats[2 * i + 1] = scale;
  }
}

inline void rmsnorm_row(const RowsArgs& a, std::int64_t i) {
  const ConstRow x(a.x + i * a.width, a.width);
  Row out(a.out + i * a.width, a.width);
  const float scale = 1 / std::sqrt(x.square().mean() + kNormEpsilon);
  out = x * scale;
  if (a.gain != nullptr) out *= ConstRow(a.gain, a.width);
  if (a.stats != nullptr) a.stats[i] = scale;
}

/// dx = (g - mean(g) - xhat mean(g xhat)) / std with g = dy * gain; RMSNorm lacks the mean. Each thread sums the
/// gradients of gain and shift over its rows; they meet under the lock.
inline void norm_grad(const RowsArgs& a, bool centred) {
  const bool gain = a.gain_grad != nullptr;
  const bool shift = a.shift_grad != nullptr;
  if (gain) Row(a.gain_grad, a.width).setZero();
  if (shift) Row(a.shift_grad, a.width).setZero();
#pragma omp parallel num_threads(a.threads)
  {
    Eigen::ArrayXf gain_sum = Eigen::ArrayXf::Zero(gain ? a.width : 0);
    Eigen::ArrayXf shift_sum = Eigen::ArrayXf::Zero(shift ? a.width : 0);
    Eigen::ArrayXf normal(a.width);
    Eigen::ArrayXf g(a.width);
#pragma omp for schedule(static)
    for (std::int64_t i = 0; i < a.rows; ++i) {
      const ConstRow x(a.x + i * a.width, a.width);
      const ConstRow dy(a.dy + i * a.width, a.width);
      const float scale = centred ? a.stats[2 * i + 1] : a.stats[i];
      normal = (x - (centred ? a.stats[2 * i] : 0.0F)) * scale;
      g = dy;
      if (a.gain != nullptr) g *= ConstRow(a.gain, a.width);
      const float mean = centred ? g.mean() : 0.0F;
      Row(a.out + i * a.width, a.width) = (g - mean - normal * (g * normal).mean()) * scale;
      if (gain) gain_sum += dy * normal;
      if (shift) shift_sum += dy;
    }
#pragma omp critical
    {
      if (gain) Row(a.gain_grad, a.width) += gain_sum;
      if (shift) Row(a.shift_grad, a.width) += shift_sum;
    }
  }
}

inline void cross_entropy_row(const RowsArgs& a, std::int64_t i) {
  const ConstRow x(a.x + i * a.width, a.width);
  const float most = x.maxCoeff();
  a.stats[i] = most + std::log((x - most).exp().sum());
  a.out[i] = a.stats[i] - x[a.index[i]];
}

inline void cross_entropy_grad_row(const RowsArgs& a, std::int64_t i) {
  const ConstRow x(a.x + i * a.width, a.width);
  Row out(a.out + i * a.width, a.width);
  const float scale = 1.0F / static_cast<float>(a.rows);
  out = (x - a.stats[i]).exp() * scale;
  out[a.index[i]] -= scale;
}

inline void rows(const RowsArgs& args) {
  if (args.fn == RowsFn::kLayernormGrad) return norm_grad(args, true);
  if (args.fn == RowsFn::kRmsnormGrad) return norm_grad(args, false);
  using RowFn = void (*)(const RowsArgs&, std::int64_t);
  RowFn row = softmax_row;
  if (args.fn == RowsFn::kSoftmaxGrad) row = softmax_grad_row;
  if (args.fn == RowsFn::kLayernorm) row = layernorm_row;
  if (args.fn == RowsFn::kRmsnorm) row = rmsnorm_row;
  if (args.fn == RowsFn::kCrossEntropy) row = cross_entropy_row;
  if (args.fn == RowsFn::kCrossEntropyGrad) row = cross_entropy_grad_row;
#pragma omp parallel for num_threads(args.rows == 1 ? 1 : args.threads) schedule(static)
  for (std::int64_t i = 0; i < args.rows; ++i) row(args, i);
}

}  // namespace gable::simd
