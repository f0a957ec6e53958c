// What rows, windows, rotations and optimizers compute, shared by all engines as math.h is.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "probes/host_device.h"

namespace gable {

/// The eps of the norms: PyTorch's default of LayerNorm, GroupNorm and BatchNorm; of RMSNorm what Llama uses.
inline constexpr double kNormEps = 1e-5;

/// Sum of exp(x - max) over part of a row, in one pass. Milakov and Gimelshein 2018, arXiv:1805.02867, algorithm 3.
template <class T>
struct ExpSum {
  // Not -infinity: a masked score of -infinity would give exp(-inf + inf), and so NaN.
  T max = std::numeric_limits<T>::lowest();
  T sum = 0;

  GABLE_HD void add(T x) {
    if (x <= max) {
      sum += std::exp(x - max);
    } else {
      sum = sum * std::exp(max - x) + T(1);
      max = x;
    }
  }
  GABLE_HD void add(const ExpSum& part) {
    const T top = part.max > max ? part.max : max;
    sum = sum * std::exp(max - top) + part.sum * std::exp(part.max - top);
    max = top;
  }
  [[nodiscard]] GABLE_HD T logarithm() const { return max + std::log(sum); }
};

/// Sums of x - shift and of its square, for mean and variance in one pass. With a shift from among the x the
/// differences are of the size of the deviations: no cancellation where the mean is large against them.
template <class T>
struct Moments {
  T sum = 0;
  T square = 0;

  GABLE_HD void add(T x, T shift) {
    sum += x - shift;
    square += (x - shift) * (x - shift);
  }
  [[nodiscard]] GABLE_HD T mean(T shift, T n) const { return shift + sum / n; }
  [[nodiscard]] GABLE_HD T variance(T n) const {
    const T v = (square - sum * (sum / n)) / n;
    return v > T(0) ? v : T(0);
  }
};

/// 1 / sqrt(variance + eps), of rmsnorm with the mean square for the variance.
template <class T>
GABLE_HD inline T inverse_root(T variance) {
  return T(1) / std::sqrt(variance + T(kNormEps));
}

/// dx of a norm: dyg = dy * gain, unit = the normalised x, and the means of dyg and dyg * unit over what was normalised
/// together (rmsnorm: mean_dyg = 0).
template <class T>
GABLE_HD inline T norm_grad(T dyg, T unit, T inverse, T mean_dyg, T mean_dyg_unit) {
  return inverse * (dyg - mean_dyg - unit * mean_dyg_unit);
}

/// dx of softmax from its output y; dot = sum of dy * y over the row.
template <class T>
GABLE_HD inline T softmax_grad(T y, T dy, T dot) {
  return y * (dy - dot);
}

/// dx of the mean over `rows` of logarithm - x[target].
template <class T>
GABLE_HD inline T cross_entropy_grad(T x, T logarithm, bool target, T inverse_rows) {
  return (std::exp(x - logarithm) - (target ? T(1) : T(0))) * inverse_rows;
}

/// The pair (x0, x1) turned by an angle; backward by minus the angle. Elements 2i and 2i + 1 of x are a pair, and of
/// the table its cosine and sine.
template <class T>
GABLE_HD inline void rotate(T& x0, T& x1, T cosine, T sine) {
  const T turned = x0 * cosine - x1 * sine;
  x1 = x1 * cosine + x0 * sine;
  x0 = turned;
}

/// Where a sliding window's tap reads, along one axis.
struct Window {
  std::int64_t stride = 1, padding = 0, dilation = 1;

  /// Position in the input of tap k of output o; outside it in the padding.
  [[nodiscard]] GABLE_HD std::int64_t input(std::int64_t o, std::int64_t k) const {
    return o * stride - padding + k * dilation;
  }
  /// The output whose tap k reads input i, -1 where none does; outputs at or beyond the end are the caller's to drop.
  [[nodiscard]] GABLE_HD std::int64_t output(std::int64_t i, std::int64_t k) const {
    const std::int64_t from = i + padding - k * dilation;
    return from >= 0 && from % stride == 0 ? from / stride : -1;
  }
};

/// What the optimizers are set to: PyTorch's defaults of AdamW; SGD's momentum as commonly 0.9.
inline constexpr double kLearningRate = 1e-3;
inline constexpr double kMomentumFactor = 0.9;
inline constexpr double kBeta1 = 0.9;
inline constexpr double kBeta2 = 0.999;
inline constexpr double kAdamEps = 1e-8;
inline constexpr double kWeightDecay = 1e-2;
inline constexpr double kMaxNorm = 1;  ///< of clipping

template <class T>
GABLE_HD inline void sgd(T& p, T g) {
  p -= T(kLearningRate) * g;
}

template <class T>
GABLE_HD inline void momentum(T& p, T g, T& buffer) {
  buffer = T(kMomentumFactor) * buffer + g;
  p -= T(kLearningRate) * buffer;
}

/// Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2. Every step is taken as the first: the bias correction is
/// the same work at each.
template <class T>
GABLE_HD inline void adamw(T& p, T g, T& m, T& v) {
  p -= T(kLearningRate * kWeightDecay) * p;
  m = T(kBeta1) * m + T(1 - kBeta1) * g;
  v = T(kBeta2) * v + T(1 - kBeta2) * g * g;
  p -= T(kLearningRate) * (m / T(1 - kBeta1)) / (std::sqrt(v / T(1 - kBeta2)) + T(kAdamEps));
}

/// What clipping multiplies the gradient by, from the square of its norm; 1e-6 as torch.nn.utils.clip_grad_norm_.
template <class T>
GABLE_HD inline T clip_factor(T square_sum) {
  const T factor = T(kMaxNorm) / (std::sqrt(square_sum) + T(1e-6));
  return factor < T(1) ? factor : T(1);
}

}  // namespace gable
