#include "probes/cuda/kernels/conv_kernels.h"
#include "probes/cuda/kernels/team.cuh"

namespace gable {
namespace {

constexpr std::string_view kWhat = "conv2d";
constexpr int kThreads = 256;
constexpr std::int64_t kTapsABlock = 8;  // share the divisions that find a column's place
constexpr std::int64_t kMostGridY = 0xffff;

template <class T>
__global__ void to_columns_kernel(ConvShape s, const T* x, T* columns) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (column >= s.columns()) return;
  const std::int64_t image = column / s.out_plane();
  const std::int64_t oh = column % s.out_plane() / s.out_width;
  const std::int64_t ow = column % s.out_width;
  for (std::int64_t tap = blockIdx.y; tap < s.taps(); tap += gridDim.y) {
    const std::int64_t channel = tap / (s.kernel * s.kernel_width);
    const std::int64_t h = s.window.input(oh, tap / s.kernel_width % s.kernel);
    const std::int64_t w = s.window.input(ow, tap % s.kernel_width);
    const bool inside = h >= 0 && h < s.height && w >= 0 && w < s.width;
    columns[tap * s.columns() + column] =
        inside ? x[((image * s.channels + channel) * s.height + h) * s.width + w] : narrow<T>(0);
  }
}

template <class T>
__global__ void from_columns_kernel(ConvShape s, const T* columns, T* x) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= s.images * s.channels * s.height * s.width) return;
  const std::int64_t w = i % s.width;
  const std::int64_t h = i / s.width % s.height;
  const std::int64_t plane = i / (s.width * s.height);
  const std::int64_t first_tap = plane % s.channels * (s.kernel * s.kernel_width);
  const T* of_image = columns + plane / s.channels * s.out_plane();
  Compute<T> sum = 0;
  for (std::int64_t kh = 0; kh < s.kernel; ++kh) {
    const std::int64_t oh = s.window.output(h, kh);
    if (oh < 0 || oh >= s.out_height) continue;
    for (std::int64_t kw = 0; kw < s.kernel_width; ++kw) {
      const std::int64_t ow = s.window.output(w, kw);
      if (ow < 0 || ow >= s.out_width) continue;
      const std::int64_t tap = first_tap + kh * s.kernel_width + kw;
      sum += widen(of_image[tap * s.columns() + oh * s.out_width + ow]);
    }
  }
  x[i] = narrow<T>(sum);
}

template <class T>
__global__ void to_rows_kernel(ConvShape s, const T* out, T* rows) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= s.out_channels * s.columns()) return;
  const std::int64_t channel = i / s.columns();
  const std::int64_t image = i % s.columns() / s.out_plane();
  rows[i] = out[(image * s.out_channels + channel) * s.out_plane() + i % s.out_plane()];
}

template <class T>
__global__ void from_rows_kernel(ConvShape s, const T* rows, const T* bias, T* out) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= s.out_channels * s.columns()) return;
  const std::int64_t channel = i / s.out_plane() % s.out_channels;
  const std::int64_t image = i / (s.out_plane() * s.out_channels);
  const T value = rows[channel * s.columns() + image * s.out_plane() + i % s.out_plane()];
  out[i] = bias == nullptr ? value : narrow<T>(widen(value) + widen(bias[channel]));
}

/// One block a channel (x) and slice of images (y).
template <class T>
__global__ void bias_sums_kernel(ConvShape s, const T* out, std::int64_t slice_images, Compute<T>* partial) {
  const std::int64_t channel = blockIdx.x;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.y) * slice_images;
  const std::int64_t images = begin + slice_images < s.images ? slice_images : s.images - begin;
  Compute<T> sum = 0;
  for (std::int64_t i = threadIdx.x; i < images * s.out_plane(); i += kThreads) {
    const std::int64_t image = begin + i / s.out_plane();
    sum += widen(out[(image * s.out_channels + channel) * s.out_plane() + i % s.out_plane()]);
  }
  const Compute<T> total = block_sum<kThreads>(sum);
  if (threadIdx.x == 0) partial[blockIdx.y * s.out_channels + channel] = total;
}

template <class C>
__global__ void bias_finish_kernel(const C* partial, std::int64_t channels, std::int64_t slices, AnyOut bias) {
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (channel >= channels) return;
  C sum = 0;
  for (std::int64_t slice = 0; slice < slices; ++slice) sum += partial[slice * channels + channel];
  bias.set(channel, sum);
}

unsigned grid_for(std::int64_t n) { return grid_of(blocks_for(n, kThreads)); }

}  // namespace

void launch_to_columns(cudaStream_t stream, Dtype dtype, const ConvShape& shape, const void* x, void* columns) {
  const std::int64_t blocks = blocks_for(shape.taps(), kTapsABlock);
  const dim3 grid(grid_for(shape.columns()), static_cast<unsigned>(blocks < kMostGridY ? blocks : kMostGridY));
  with_storage(dtype, kWhat, [&]<class T>() {
    to_columns_kernel<<<grid, kThreads, 0, stream>>>(shape, static_cast<const T*>(x), static_cast<T*>(columns));
  });
  check_launch(kWhat);
}

void launch_from_columns(cudaStream_t stream, Dtype dtype, const ConvShape& shape, const void* columns, void* x) {
  const unsigned grid = grid_for(shape.images * shape.channels * shape.height * shape.width);
  with_storage(dtype, kWhat, [&]<class T>() {
    from_columns_kernel<<<grid, kThreads, 0, stream>>>(shape, static_cast<const T*>(columns), static_cast<T*>(x));
  });
  check_launch(kWhat);
}

void launch_to_rows(cudaStream_t stream, Dtype dtype, const ConvShape& shape, const void* out, void* rows) {
  const unsigned grid = grid_for(shape.out_channels * shape.columns());
  with_storage(dtype, kWhat, [&]<class T>() {
    to_rows_kernel<<<grid, kThreads, 0, stream>>>(shape, static_cast<const T*>(out), static_cast<T*>(rows));
  });
  check_launch(kWhat);
}

void launch_from_rows(cudaStream_t stream, Dtype dtype, const ConvShape& shape, const void* rows, const void* bias,
                      void* out) {
  const unsigned grid = grid_for(shape.out_channels * shape.columns());
  with_storage(dtype, kWhat, [&]<class T>() {
    from_rows_kernel<<<grid, kThreads, 0, stream>>>(shape, static_cast<const T*>(rows), static_cast<const T*>(bias),
                                                    static_cast<T*>(out));
  });
  check_launch(kWhat);
}

Task conv_bias_task(const KernelContext& context, const ConvShape& shape, const Buffer& out, const Buffer& bias) {
  constexpr std::int64_t kBlocksAnSm = 2048 / kThreads;
  std::int64_t slices = blocks_for(kBlocksAnSm * context.processors, shape.out_channels);
  if (slices > shape.images) slices = shape.images;
  const std::int64_t slice_images = blocks_for(shape.images, slices);
  slices = blocks_for(shape.images, slice_images);
  const AnyOut to = any_out(bias, shape.out_channels, kWhat);
  return with_storage(out.dtype, kWhat, [&]<class T>() -> Task {
    using C = Compute<T>;
    const Buffer partial = context.allocate(slices * shape.out_channels, sizeof(C) == 8 ? Dtype::kFp64 : Dtype::kFp32);
    const dim3 grid(static_cast<unsigned>(shape.out_channels), static_cast<unsigned>(slices));
    return [stream = context.stream, shape, slice_images, slices, to, grid, out, bias, partial] {
      bias_sums_kernel<<<grid, kThreads, 0, stream>>>(shape, data_of<const T>(out), slice_images, data_of<C>(partial));
      check_launch(kWhat);
      bias_finish_kernel<<<grid_for(shape.out_channels), kThreads, 0, stream>>>(data_of<const C>(partial),
                                                                                shape.out_channels, slices, to);
      check_launch(kWhat);
    };
  });
}

}  // namespace gable
