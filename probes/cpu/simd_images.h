// Functions over images (batch x channels x height x width) on a CPU. Included by simd_kernels.cc alone.
#pragma once

#include <omp.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "probes/cpu/simd_rows.h"

namespace gable::simd {

/// The planes (spatial elements of one channel of one image) that share a mean: `count` of them, `step` planes apart.
struct Planes {
  std::int64_t first, count, step;
};

inline Planes planes_of(const ChannelNormArgs& a, std::int64_t set) {
  if (a.groups == 0) return {set, a.batch, a.channels};
  const std::int64_t each = a.channels / a.groups;
  return {set * each, each, 1};
}

inline ConstRow plane(const float* data, const ChannelNormArgs& a, std::int64_t index) {
  return {data + index * a.spatial, a.spatial};
}
inline Row plane(float* data, const ChannelNormArgs& a, std::int64_t index) {
  return {data + index * a.spatial, a.spatial};
}

/// Mean and 1 / std of a set of planes into its place in stats.
inline void measure_planes(const ChannelNormArgs& a, std::int64_t set, const Planes& planes) {
  const auto n = static_cast<float>(planes.count * a.spatial);
  float sum = 0;
  float squares = 0;
  for (std::int64_t i = 0; i < planes.count; ++i) sum += plane(a.x, a, planes.first + i * planes.step).sum();
  const float mean = sum / n;
  for (std::int64_t i = 0; i < planes.count; ++i)
    squares += (plane(a.x, a, planes.first + i * planes.step) - mean).square().sum();
  a.stats[2 * set] = mean;
  a.stats[2 * set + 1] = 1 / std::sqrt(squares / n + kNormEpsilon);
}

inline void normalise_planes(const ChannelNormArgs& a, std::int64_t set, const Planes& planes) {
  if (!a.use_stats) measure_planes(a, set, planes);
  for (std::int64_t i = 0; i < planes.count; ++i) {
    const std::int64_t index = planes.first + i * planes.step;
    const std::int64_t channel = index % a.channels;
    const float scale = a.stats[2 * set + 1] * (a.gain == nullptr ? 1.0F : a.gain[channel]);
    const float shift = a.shift == nullptr ? 0.0F : a.shift[channel];
    plane(a.out, a, index) = (plane(a.x, a, index) - a.stats[2 * set]) * scale + shift;
  }
}

/// dx = (g - mean(g) - xhat mean(g xhat)) / std with g = dy * gain, as in simd_rows.h, the means over the set.
inline void planes_grad(const ChannelNormArgs& a, std::int64_t set, const Planes& planes) {
  const auto n = static_cast<float>(planes.count * a.spatial);
  const float mean = a.stats[2 * set];
  const float scale = a.stats[2 * set + 1];
  float g_sum = 0;
  float product_sum = 0;
  for (std::int64_t i = 0; i < planes.count; ++i) {
    const std::int64_t index = planes.first + i * planes.step;
    const float gain = a.gain == nullptr ? 1.0F : a.gain[index % a.channels];
    const ConstRow dy = plane(a.dy, a, index);
    g_sum += gain * dy.sum();
    product_sum += gain * (dy * (plane(a.x, a, index) - mean)).sum() * scale;
  }
  for (std::int64_t i = 0; i < planes.count; ++i) {
    const std::int64_t index = planes.first + i * planes.step;
    const float gain = a.gain == nullptr ? 1.0F : a.gain[index % a.channels];
    const auto normal = (plane(a.x, a, index) - mean) * scale;
    plane(a.out, a, index) = (gain * plane(a.dy, a, index) - g_sum / n - normal * (product_sum / n)) * scale;
  }
}

/// Gradients of gain and shift: each channel over all images.
inline void affine_grad(const ChannelNormArgs& a, std::int64_t channel) {
  float gain = 0;
  float shift = 0;
  for (std::int64_t image = 0; image < a.batch; ++image) {
    const std::int64_t index = image * a.channels + channel;
    const std::int64_t set = a.groups == 0 ? channel : index / (a.channels / a.groups);
    const ConstRow dy = plane(a.dy, a, index);
    gain += (dy * (plane(a.x, a, index) - a.stats[2 * set])).sum() * a.stats[2 * set + 1];
    shift += dy.sum();
  }
  if (a.gain_grad != nullptr) a.gain_grad[channel] = gain;
  if (a.shift_grad != nullptr) a.shift_grad[channel] = shift;
}

inline void channel_norm(const ChannelNormArgs& a) {
  const std::int64_t sets = a.groups == 0 ? a.channels : a.batch * a.groups;
#pragma omp parallel num_threads(a.threads)
  {
#pragma omp for schedule(static)
    for (std::int64_t set = 0; set < sets; ++set) {
      if (a.backward) {
        planes_grad(a, set, planes_of(a, set));
      } else {
        normalise_planes(a, set, planes_of(a, set));
      }
    }
#pragma omp for schedule(static)
    for (std::int64_t channel = 0; channel < (a.backward ? a.channels : 0); ++channel) affine_grad(a, channel);
  }
}

/// One plane of pooling; backward gives an average to all of its window, a maximum to the first place that has it.
inline void pool_plane(const PoolArgs& a, std::int64_t index) {
  const std::int64_t out_height = (a.height + 2 * a.padding - a.kernel) / a.stride + 1;
  const std::int64_t out_width = (a.width + 2 * a.padding - a.kernel) / a.stride + 1;
  const float* x = a.x + index * a.height * a.width;
  const float* dy = a.backward ? a.dy + index * out_height * out_width : nullptr;
  float* out = a.out + index * (a.backward ? a.height * a.width : out_height * out_width);
  const float share = 1.0F / static_cast<float>(a.kernel * a.kernel);
  if (a.backward) std::fill_n(out, a.height * a.width, 0.0F);
  for (std::int64_t i = 0; i < out_height * out_width; ++i) {
    const std::int64_t top = i / out_width * a.stride - a.padding;
    const std::int64_t left = i % out_width * a.stride - a.padding;
    float sum = 0;
    float most = std::numeric_limits<float>::lowest();
    std::int64_t where = 0;
    for (std::int64_t row = std::max<std::int64_t>(top, 0); row < std::min(top + a.kernel, a.height); ++row) {
      for (std::int64_t col = std::max<std::int64_t>(left, 0); col < std::min(left + a.kernel, a.width); ++col) {
        const float value = x[row * a.width + col];
        sum += value;
        if (a.backward && a.average) out[row * a.width + col] += dy[i] * share;
        if (value > most) {
          most = value;
          where = row * a.width + col;
        }
      }
    }
    if (!a.backward) out[i] = a.average ? sum * share : most;
    if (a.backward && !a.average) out[where] += dy[i];
  }
}

inline void pool(const PoolArgs& a) {
#pragma omp parallel for num_threads(a.threads) schedule(static)
  for (std::int64_t index = 0; index < a.batch * a.channels; ++index) pool_plane(a, index);
}

}  // namespace gable::simd
