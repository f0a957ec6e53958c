// Groupnorm and batchnorm, in up to three kernels: sums a channel and chunk of images, from them the statistics (or
// what the gradient needs of them), then a pass over all elements.
#include "probes/cuda/kernels/channel_norm.cuh"

namespace gable {
namespace {

constexpr std::string_view kWhat = "channel norm";
constexpr int kThreads = 256;

/// One block a channel (x) and chunk (y). kN neighbours lie in one image: spatial is a multiple of kN.
template <bool kBackward, class T, class W, int kN>
__global__ void channel_sums_kernel(ChannelArgs<T, W> args) {
  using C = Compute<T>;
  const ChannelShape& s = args.shape;
  const std::int64_t channel = blockIdx.x;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.y) * args.chunk_images;
  const std::int64_t images = begin + args.chunk_images < s.images ? args.chunk_images : s.images - begin;
  const std::int64_t n = images * s.spatial;
  // One statistic: a chunk is one image or batchnorm's.
  const std::int64_t statistic = s.statistic(begin, channel);
  const C near = kBackward ? C(0) : widen(args.x[s.first_of(statistic)]);
  const C mean = kBackward ? C(args.stats[2 * statistic]) : C(0);
  const C inverse = kBackward ? C(args.stats[2 * statistic + 1]) : C(0);
  Two<C> part;
  for (std::int64_t i = static_cast<std::int64_t>(threadIdx.x) * kN; i < n; i += kThreads * kN) {
    const std::int64_t image = begin + i / s.spatial;
    const std::int64_t at = (image * s.channels + channel) * s.spatial + i % s.spatial;
    const auto x = load<kN>(args.x + at);
    if constexpr (kBackward) {
      const auto dy = load<kN>(args.dy + at);
#pragma unroll
      for (int k = 0; k < kN; ++k) {
        part.a += dy.v[k] * (x.v[k] - mean) * inverse;
        part.b += dy.v[k];
      }
    } else {
#pragma unroll
      for (int k = 0; k < kN; ++k) {
        part.a += x.v[k] - near;
        part.b += (x.v[k] - near) * (x.v[k] - near);
      }
    }
  }
  const Two<C> all = block_sum<kThreads>(part);
  if (threadIdx.x == 0) args.partial[blockIdx.y * s.channels + channel] = all;
}

/// A thread a statistic: adds the partial sums that are its own.
template <class T, class W>
__global__ void statistics_kernel(ChannelArgs<T, W> args) {
  using C = Compute<T>;
  const ChannelShape& s = args.shape;
  const std::int64_t statistic = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (statistic >= s.count()) return;
  Two<C> sums;
  if (s.groups == 0) {
    for (std::int64_t chunk = 0; chunk < args.chunks; ++chunk)
      sums = Plus{}(sums, args.partial[chunk * s.channels + statistic]);
  } else {
    for (std::int64_t k = 0; k < s.in_group(); ++k) sums = Plus{}(sums, args.partial[statistic * s.in_group() + k]);
  }
  const Moments<C> all{sums.a, sums.b};
  const C n = static_cast<C>(s.size());
  args.stats[2 * statistic] = static_cast<float>(all.mean(widen(args.x[s.first_of(statistic)]), n));
  args.stats[2 * statistic + 1] = static_cast<float>(inverse_root(all.variance(n)));
}

/// A thread a channel: the gradients of gain and shift; of batchnorm also its means.
template <class T, class W>
__global__ void channel_grads_kernel(ChannelArgs<T, W> args) {
  using C = Compute<T>;
  const ChannelShape& s = args.shape;
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (channel >= s.channels) return;
  Two<C> sums;
  for (std::int64_t chunk = 0; chunk < args.chunks; ++chunk)
    sums = Plus{}(sums, args.partial[chunk * s.channels + channel]);
  args.gain_grad.set(channel, sums.a);
  args.shift_grad.set(channel, sums.b);
  if (s.groups != 0) return;
  const C scale = channel_parameter(args.gain, channel, C(1)) / static_cast<C>(s.size());
  args.means[channel] = {sums.a * scale, sums.b * scale};
}

/// A thread a group of an image: the means of its channels, weighted by their gains.
template <class T, class W>
__global__ void group_means_kernel(ChannelArgs<T, W> args) {
  using C = Compute<T>;
  const ChannelShape& s = args.shape;
  const std::int64_t statistic = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (statistic >= s.count()) return;
  Two<C> sums;
  for (std::int64_t k = 0; k < s.in_group(); ++k) {
    const std::int64_t channel = statistic % s.groups * s.in_group() + k;
    const C gain = channel_parameter(args.gain, channel, C(1));
    const Two<C> of_channel = args.partial[statistic * s.in_group() + k];
    sums = Plus{}(sums, Two<C>{of_channel.a * gain, of_channel.b * gain});
  }
  const C n = static_cast<C>(s.size());
  args.means[statistic] = {sums.a / n, sums.b / n};
}

/// I is 32 bits where they hold every index: its divisions are several times faster.
template <bool kBackward, class T, class W, int kN, class I>
__global__ void apply_kernel(ChannelArgs<T, W> args) {
  using C = Compute<T>;
  const ChannelShape& s = args.shape;
  const std::int64_t n = s.images * s.channels * s.spatial;
  const std::int64_t i = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kN;
  if (i >= n) return;
  const I plane = static_cast<I>(i) / static_cast<I>(s.spatial);
  const I channel = plane % static_cast<I>(s.channels);
  const std::int64_t statistic = s.groups == 0 ? channel : plane / static_cast<I>(s.in_group());
  const C mean = args.stats[2 * statistic];
  const C inverse = args.stats[2 * statistic + 1];
  const C gain = channel_parameter(args.gain, channel, C(1));
  auto x = load<kN>(args.x + i);
  if constexpr (kBackward) {
    const auto dy = load<kN>(args.dy + i);
    const Two<C> means = args.means[statistic];
#pragma unroll
    for (int k = 0; k < kN; ++k)
      x.v[k] = norm_grad(dy.v[k] * gain, (x.v[k] - mean) * inverse, inverse, means.b, means.a);
  } else {
    const C shift = channel_parameter(args.shift, channel, C(0));
#pragma unroll
    for (int k = 0; k < kN; ++k) x.v[k] = (x.v[k] - mean) * inverse * gain + shift;
  }
  store<kN>(args.out + i, x);
}

template <bool kBackward, class T, class W, int kN>
void launch_apply(cudaStream_t stream, const ChannelArgs<T, W>& args) {
  const std::int64_t n = args.shape.images * args.shape.channels * args.shape.spatial;
  const unsigned grid = grid_of(blocks_for(n, kThreads * kN));
  if (n <= 0xffffffffLL) {
    apply_kernel<kBackward, T, W, kN, std::uint32_t><<<grid, kThreads, 0, stream>>>(args);
  } else {
    apply_kernel<kBackward, T, W, kN, std::uint64_t><<<grid, kThreads, 0, stream>>>(args);
  }
  check_launch(kWhat);
}

template <class T, class W, int kN>
void launch_norm(cudaStream_t stream, const ChannelArgs<T, W>& args, bool backward, bool use_stats) {
  const ChannelShape& s = args.shape;
  const dim3 sums(static_cast<unsigned>(s.channels), static_cast<unsigned>(args.chunks));
  const unsigned statistics = grid_of(blocks_for(s.count(), kThreads));
  if (backward) {
    channel_sums_kernel<true, T, W, kN><<<sums, kThreads, 0, stream>>>(args);
    check_launch(kWhat);
    channel_grads_kernel<<<grid_of(blocks_for(s.channels, kThreads)), kThreads, 0, stream>>>(args);
    check_launch(kWhat);
    if (s.groups != 0) group_means_kernel<<<statistics, kThreads, 0, stream>>>(args);
    check_launch(kWhat);
    launch_apply<true, T, W, kN>(stream, args);
    return;
  }
  if (!use_stats) {
    channel_sums_kernel<false, T, W, kN><<<sums, kThreads, 0, stream>>>(args);
    check_launch(kWhat);
    statistics_kernel<<<statistics, kThreads, 0, stream>>>(args);
    check_launch(kWhat);
  }
  launch_apply<false, T, W, kN>(stream, args);
}

ChannelShape shape_of(const ChannelNormCall& call) { return {call.batch, call.channels, call.spatial, call.groups}; }

/// The chunks of images: enough blocks to fill the device, at most one an image, at most what a grid has in y.
std::int64_t images_a_chunk(const KernelContext& context, const ChannelNormCall& call) {
  if (call.groups != 0) return 1;
  constexpr std::int64_t kBlocksAnSm = 2048 / kThreads;
  std::int64_t chunks = blocks_for(kBlocksAnSm * context.processors, call.channels);
  if (chunks > call.batch) chunks = call.batch;
  return blocks_for(call.batch, chunks);
}

template <class T, class W>
Task norm_of(const KernelContext& context, const ChannelNormCall& call) {
  using C = Compute<T>;
  constexpr Dtype kSums = sizeof(C) == 8 ? Dtype::kFp64 : Dtype::kFp32;
  ChannelArgs<T, W> args{};
  args.shape = shape_of(call);
  args.chunk_images = images_a_chunk(context, call);
  args.chunks = blocks_for(call.batch, args.chunk_images);
  if (args.chunks > 0xffff) refuse(kWhat, "groupnorm takes at most 65535 images");
  args.x = data_of<const T>(call.x);
  args.dy = data_of<const T>(call.dy);
  args.gain = data_of<const W>(call.gain);
  args.shift = data_of<const W>(call.shift);
  args.out = data_of<T>(call.out);
  args.gain_grad = any_out(call.gain_grad, call.channels, kWhat);
  args.shift_grad = any_out(call.shift_grad, call.channels, kWhat);
  const Buffer stats = call.stats ? call.stats : context.allocate(2 * args.shape.count(), Dtype::kFp32);
  const Buffer partial = context.allocate(2 * args.chunks * call.channels, kSums);
  const Buffer means = context.allocate(2 * args.shape.count(), kSums);
  args.stats = data_of<float>(stats);
  args.partial = data_of<Two<C>>(partial);
  args.means = data_of<Two<C>>(means);
  constexpr int kN = kPack<T>;
  const bool vector =
      packs(call.x, call.spatial, kN) && packs(call.out, call.spatial, kN) && packs(call.dy, call.spatial, kN);
  return [stream = context.stream, args, vector, backward = call.backward, use_stats = call.use_stats, call, stats,
          partial, means] {
    if (vector) {
      launch_norm<T, W, kN>(stream, args, backward, use_stats);
    } else {
      launch_norm<T, W, 1>(stream, args, backward, use_stats);
    }
  };
}

}  // namespace

Task channel_norm_task(const KernelContext& context, const ChannelNormCall& call) {
  const std::int64_t n = call.batch * call.channels * call.spatial;
  if (n == 0) return [] {};
  const Dtype dtype = call.out.dtype;
  if (call.groups != 0 && call.channels % call.groups != 0) refuse(kWhat, "channels is not a multiple of groups");
  if (call.channels > 0x7fffffff) refuse(kWhat, "more than 2^31 - 1 channels");
  if (call.use_stats && call.groups != 0) refuse(kWhat, "groupnorm computes its statistics");
  need(call.out, n, dtype, kWhat);
  need(call.x, n, dtype, kWhat);
  if (call.backward) need(call.dy, n, dtype, kWhat);
  if (call.backward || call.use_stats || call.stats) need(call.stats, 2 * shape_of(call).count(), Dtype::kFp32, kWhat);
  if (call.gain) need(call.gain, call.channels, call.gain.dtype, kWhat);
  if (call.shift) need(call.shift, call.channels, call.gain ? call.gain.dtype : call.shift.dtype, kWhat);
  const Buffer& parameter = call.gain ? call.gain : call.shift;
  return with_storage(dtype, kWhat, [&]<class T>() {
    return with_parameter<T>(parameter ? parameter.dtype : dtype, dtype, kWhat,
                             [&]<class W>() { return norm_of<T, W>(context, call); });
  });
}

}  // namespace gable
