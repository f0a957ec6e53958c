// What the kernels of groupnorm and batchnorm share: shapes, and which statistic belongs to an element.
#pragma once

#include "probes/cuda/kernels/team.cuh"

namespace gable {

/// x is images x channels x spatial. groups = 0: batchnorm, a statistic a channel; else one a group of an image.
struct ChannelShape {
  std::int64_t images, channels, spatial, groups;

  [[nodiscard]] GABLE_HD std::int64_t in_group() const { return groups == 0 ? 1 : channels / groups; }
  /// Statistics that there are.
  [[nodiscard]] GABLE_HD std::int64_t count() const { return groups == 0 ? channels : images * groups; }
  [[nodiscard]] GABLE_HD std::int64_t statistic(std::int64_t image, std::int64_t channel) const {
    return groups == 0 ? channel : image * groups + channel / in_group();
  }
  /// An element among those of a statistic, the first: it shifts the sums of all of them.
  [[nodiscard]] GABLE_HD std::int64_t first_of(std::int64_t statistic) const {
    return groups == 0 ? statistic * spatial : statistic * in_group() * spatial;
  }
  /// Elements of a statistic.
  [[nodiscard]] GABLE_HD std::int64_t size() const { return groups == 0 ? images * spatial : in_group() * spatial; }
};

/// Sums of a channel are taken over chunks of images: partial[chunk * channels + channel]. Groupnorm's chunks are
/// images.
template <class T, class W>
struct ChannelArgs {
  ChannelShape shape;
  std::int64_t chunk_images, chunks;
  const T* x;
  const T* dy;
  const W* gain;   ///< may be absent
  const W* shift;  ///< may be absent
  float* stats;    ///< mean and 1/std of a statistic, one after the other
  T* out;
  Two<Compute<T>>* partial;  ///< forward of x and its square, shifted; backward of dy * unit and dy
  Two<Compute<T>>* means;    ///< backward, a statistic: means of dy * gain * unit and of dy * gain
  AnyOut gain_grad, shift_grad;
};

template <class C, class W>
__device__ C channel_parameter(const W* from, std::int64_t channel, C absent) {
  return from == nullptr ? absent : static_cast<C>(widen(from[channel]));
}

}  // namespace gable
