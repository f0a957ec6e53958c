// Pooling over square windows. Backward each element of the input collects from the outputs that it belongs to: no
// atomics, and nothing needs to be zero before.
#include "probes/cuda/kernels/storage.cuh"
#include "probes/row_math.h"

namespace gable {
namespace {

constexpr std::string_view kWhat = "pool";
constexpr int kThreads = 256;

/// As torch.nn.MaxPool2d: padding is never the maximum; AvgPool2d: it counts as zeros, the divisor is kernel^2.
struct Shape {
  std::int64_t planes, height, width, out_height, out_width, kernel;
  Window window;
};

template <class T>
struct PoolArgs {
  const T* x;
  const T* dy;
  T* out;
  Shape shape;
};

/// The position of the first maximum of a window, in its plane.
template <class T>
__device__ std::int64_t first_maximum(const T* plane, const Shape& s, std::int64_t oh, std::int64_t ow) {
  std::int64_t best = -1;
  Compute<T> most = 0;
  for (std::int64_t kh = 0; kh < s.kernel; ++kh) {
    const std::int64_t h = s.window.input(oh, kh);
    if (h < 0 || h >= s.height) continue;
    for (std::int64_t kw = 0; kw < s.kernel; ++kw) {
      const std::int64_t w = s.window.input(ow, kw);
      if (w < 0 || w >= s.width) continue;
      const Compute<T> v = widen(plane[h * s.width + w]);
      if (best >= 0 && !(v > most)) continue;
      best = h * s.width + w;
      most = v;
    }
  }
  return best;
}

template <class T>
__device__ Compute<T> window_sum(const T* plane, const Shape& s, std::int64_t oh, std::int64_t ow) {
  Compute<T> sum = 0;
  for (std::int64_t kh = 0; kh < s.kernel; ++kh) {
    const std::int64_t h = s.window.input(oh, kh);
    if (h < 0 || h >= s.height) continue;
    for (std::int64_t kw = 0; kw < s.kernel; ++kw) {
      const std::int64_t w = s.window.input(ow, kw);
      if (w >= 0 && w < s.width) sum += widen(plane[h * s.width + w]);
    }
  }
  return sum;
}

template <class T, bool kAverage>
__global__ void pool_kernel(PoolArgs<T> args) {
  using C = Compute<T>;
  const Shape& s = args.shape;
  const std::int64_t n = s.planes * s.out_height * s.out_width;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step) {
    const std::int64_t ow = i % s.out_width;
    const std::int64_t oh = i / s.out_width % s.out_height;
    const T* plane = args.x + i / (s.out_width * s.out_height) * (s.height * s.width);
    if constexpr (kAverage) {
      args.out[i] = narrow<T>(window_sum(plane, s, oh, ow) / static_cast<C>(s.kernel * s.kernel));
    } else {
      const std::int64_t at = first_maximum(plane, s, oh, ow);
      args.out[i] = at < 0 ? narrow<T>(C(0)) : plane[at];  // a window of padding alone: not with padding <= kernel / 2
    }
  }
}

template <class T, bool kAverage>
__global__ void pool_grad_kernel(PoolArgs<T> args) {
  using C = Compute<T>;
  const Shape& s = args.shape;
  const std::int64_t n = s.planes * s.height * s.width;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step) {
    const std::int64_t w = i % s.width;
    const std::int64_t h = i / s.width % s.height;
    const std::int64_t plane = i / (s.width * s.height);
    const T* dy = args.dy + plane * (s.out_height * s.out_width);
    C sum = 0;
    for (std::int64_t kh = 0; kh < s.kernel; ++kh) {
      const std::int64_t oh = s.window.output(h, kh);
      if (oh < 0 || oh >= s.out_height) continue;
      for (std::int64_t kw = 0; kw < s.kernel; ++kw) {
        const std::int64_t ow = s.window.output(w, kw);
        if (ow < 0 || ow >= s.out_width) continue;
        if (!kAverage && first_maximum(args.x + plane * (s.height * s.width), s, oh, ow) != h * s.width + w) continue;
        sum += widen(dy[oh * s.out_width + ow]);
      }
    }
    args.out[i] = narrow<T>(kAverage ? sum / static_cast<C>(s.kernel * s.kernel) : sum);
  }
}

}  // namespace

Task pool_task(const KernelContext& context, const PoolCall& call) {
  const auto outputs = [&](std::int64_t in) { return (in + 2 * call.padding - call.kernel) / call.stride + 1; };
  if (call.kernel < 1 || call.stride < 1 || call.height + 2 * call.padding < call.kernel ||
      call.width + 2 * call.padding < call.kernel)
    refuse(kWhat, "the window is larger than the padded input");
  const Shape shape{call.batch * call.channels,    call.height,         call.width,
                    outputs(call.height),          outputs(call.width), call.kernel,
                    {call.stride, call.padding, 1}};
  const std::int64_t in = shape.planes * shape.height * shape.width;
  const std::int64_t out = shape.planes * shape.out_height * shape.out_width;
  if (in == 0) return [] {};
  const Dtype dtype = call.out.dtype;
  need(call.out, call.backward ? in : out, dtype, kWhat);
  if (!call.backward || !call.average) need(call.x, in, dtype, kWhat);
  if (call.backward) need(call.dy, out, dtype, kWhat);
  return with_storage(dtype, kWhat, [&]<class T>() -> Task {
    const PoolArgs<T> args{data_of<const T>(call.x), data_of<const T>(call.dy), data_of<T>(call.out), shape};
    const unsigned grid = grid_of(blocks_for(call.backward ? in : out, kThreads));
    auto* kernel = call.average ? (call.backward ? pool_grad_kernel<T, true> : pool_kernel<T, true>)
                                : (call.backward ? pool_grad_kernel<T, false> : pool_kernel<T, false>);
    return [stream = context.stream, args, grid, kernel, call] {
      kernel<<<grid, kThreads, 0, stream>>>(args);
      check_launch(kWhat);
    };
  });
}

}  // namespace gable
