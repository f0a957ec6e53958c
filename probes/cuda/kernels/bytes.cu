// Copies and fills.
#include "probes/cuda/kernels/storage.cuh"
#include "probes/random.h"

namespace gable {
namespace {

constexpr int kThreads = 256;
constexpr int kUnroll = 4;  // packs in flight a thread: see the bytes in flight that DRAM needs, Little's law

/// Whole packs by kUnroll a thread, then the bytes that are left.
template <bool kRead>
__global__ void move_bytes(const std::uint8_t* from, std::uint8_t* to, std::int64_t bytes, bool whole_packs) {
  const std::int64_t packs = whole_packs ? bytes / kPackBytes : 0;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * (kThreads * kUnroll) + threadIdx.x;
  uint4 held[kUnroll];
#pragma unroll
  for (int k = 0; k < kUnroll; ++k) {
    const std::int64_t i = first + k * kThreads;
    held[k] = make_uint4(0, 0, 0, 0);
    if (kRead && i < packs) held[k] = reinterpret_cast<const uint4*>(from)[i];
  }
#pragma unroll
  for (int k = 0; k < kUnroll; ++k) {
    const std::int64_t i = first + k * kThreads;
    if (i < packs) reinterpret_cast<uint4*>(to)[i] = held[k];
  }
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = packs * kPackBytes + static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < bytes;
       i += step) {
    to[i] = kRead ? from[i] : std::uint8_t{0};
  }
}

template <bool kRead>
Task move_task(const KernelContext& context, const Buffer& from, const Buffer& to, std::int64_t bytes) {
  if (bytes <= 0) return [] {};
  const bool whole_packs = aligned(to.data, kPackBytes) && (!kRead || aligned(from.data, kPackBytes));
  const unsigned grid = grid_of(blocks_for(whole_packs ? blocks_for(bytes, kPackBytes) : bytes, kThreads * kUnroll));
  return [stream = context.stream, from, to, bytes, whole_packs, grid] {
    move_bytes<kRead><<<grid, kThreads, 0, stream>>>(data_of<const std::uint8_t>(from), data_of<std::uint8_t>(to),
                                                     bytes, whole_packs);
    check_launch(kRead ? "copy" : "zero");
  };
}

template <class T, class Draw>
__device__ void fill_with(T* to, std::int64_t n, const Draw& draw) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step)
    to[i] = draw(i);
}

template <class T>
__global__ void fill_ones(T* to, std::int64_t n) {
  fill_with(to, n, [](std::int64_t) { return narrow<T>(1); });
}

__global__ void fill_one_bytes(std::uint8_t* to, std::int64_t n) {
  fill_with(to, n, [](std::int64_t) { return std::uint8_t{1}; });
}

template <class T>
__global__ void fill_uniform(T* to, std::int64_t n, std::uint64_t seed, float scale) {
  fill_with(to, n,
            [=](std::int64_t i) { return narrow<T>(random_symmetric(seed, static_cast<std::uint64_t>(i), scale)); });
}

__global__ void fill_index(std::int64_t* to, std::int64_t n, std::uint64_t seed, std::int64_t limit) {
  fill_with(to, n, [=](std::int64_t i) { return random_index(seed, static_cast<std::uint64_t>(i), limit); });
}

__global__ void fill_bernoulli(std::uint8_t* to, std::int64_t n, std::uint64_t seed, float probability) {
  fill_with(to, n, [=](std::int64_t i) { return random_bernoulli(seed, static_cast<std::uint64_t>(i), probability); });
}

unsigned fill_grid(const KernelContext& context, std::int64_t n) {
  const std::int64_t most = std::int64_t{16} * context.processors;
  const std::int64_t blocks = blocks_for(n, kThreads);
  return grid_of(blocks < most ? blocks : most);
}

}  // namespace

Task copy_bytes_task(const KernelContext& context, const Buffer& from, const Buffer& to, std::int64_t bytes) {
  need_bytes(from, bytes, "copy");
  need_bytes(to, bytes, "copy");
  return move_task<true>(context, from, to, bytes);
}

Task zero_task(const KernelContext& context, const Buffer& buffer) {
  return move_task<false>(context, {}, buffer, bytes_of(buffer));
}

void launch_fill(const KernelContext& context, const Buffer& buffer, const Fill& how) {
  constexpr std::string_view kWhat = "fill";
  const std::int64_t bytes = bytes_of(buffer);
  const cudaStream_t stream = context.stream;
  const auto scale = static_cast<float>(how.scale);
  if (bytes == 0) return;
  switch (how.what) {
    case Fill::What::kZero:
      zero_task(context, buffer)();
      return;
    case Fill::What::kOne:
      if (buffer.dtype == Dtype::kInt8) {
        fill_one_bytes<<<fill_grid(context, bytes), kThreads, 0, stream>>>(data_of<std::uint8_t>(buffer), bytes);
      } else {
        with_storage(buffer.dtype, kWhat, [&]<class T>() {
          fill_ones<T><<<fill_grid(context, buffer.n), kThreads, 0, stream>>>(data_of<T>(buffer), buffer.n);
        });
      }
      break;
    case Fill::What::kUniform:
      with_storage(buffer.dtype, kWhat, [&]<class T>() {
        fill_uniform<T>
            <<<fill_grid(context, buffer.n), kThreads, 0, stream>>>(data_of<T>(buffer), buffer.n, how.seed, scale);
      });
      break;
    case Fill::What::kIndex:
      if (how.limit < 1) refuse(kWhat, "indices need a limit above 0");
      fill_index<<<fill_grid(context, bytes / 8), kThreads, 0, stream>>>(data_of<std::int64_t>(buffer), bytes / 8,
                                                                         how.seed, how.limit);
      break;
    case Fill::What::kBernoulli:
      fill_bernoulli<<<fill_grid(context, bytes), kThreads, 0, stream>>>(data_of<std::uint8_t>(buffer), bytes, how.seed,
                                                                         scale);
      break;
  }
  check_launch(kWhat);
}

}  // namespace gable
