// Kernels that move bytes: from DRAM, from the caches, from shared memory.
#include "probes/cuda/launchers.h"

namespace gable::cuda {
namespace {

__device__ __forceinline__ std::uint32_t sum_of(uint4 v) { return v.x + v.y + v.z + v.w; }

/// One atomic a warp.
__device__ __forceinline__ void add_to(std::uint32_t* sum, std::uint32_t value) {
  for (int lane = 16; lane > 0; lane /= 2) value += __shfl_down_sync(0xffffffffU, value, lane);
  if (threadIdx.x % 32 == 0) atomicAdd(sum, value);
}

struct StreamParts {
  const uint4* x;
  const uint4* y;
  uint4* out;
  long long n;  // of 16 bytes
  std::uint32_t seed;
};

__device__ __forceinline__ uint4 pattern_of(long long i, std::uint32_t seed) {
  const long long word = 4 * i;
  return {pattern_word(word, seed), pattern_word(word + 1, seed), pattern_word(word + 2, seed),
          pattern_word(word + 3, seed)};
}

__device__ __forceinline__ std::uint32_t triad(std::uint32_t x, std::uint32_t y) {
  return __float_as_uint(fmaf(3.0F, __uint_as_float(y), __uint_as_float(x)));
}

/// A block takes tiles of blockDim.x * kUnroll; all loads of a tile are in flight before the first is used.
template <StreamFn kFn, int kUnroll>
__global__ void stream_kernel(StreamParts parts, std::uint32_t* sum) {
  const long long tile = static_cast<long long>(blockDim.x) * kUnroll;
  std::uint32_t total = 0;
  for (long long base = blockIdx.x * tile; base < parts.n; base += gridDim.x * tile) {
    uint4 x[kUnroll];
    uint4 y[kUnroll];
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const long long i = base + u * static_cast<long long>(blockDim.x) + threadIdx.x;
      if constexpr (kFn == StreamFn::kWrite) {
        x[u] = pattern_of(i, parts.seed);
      } else {
        x[u] = i < parts.n ? parts.x[i] : uint4{0, 0, 0, 0};
      }
      if constexpr (kFn == StreamFn::kTriad) y[u] = i < parts.n ? parts.y[i] : uint4{0, 0, 0, 0};
    }
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const long long i = base + u * static_cast<long long>(blockDim.x) + threadIdx.x;
      if constexpr (kFn == StreamFn::kTriad) {
        x[u] = {triad(x[u].x, y[u].x), triad(x[u].y, y[u].y), triad(x[u].z, y[u].z), triad(x[u].w, y[u].w)};
      }
      if constexpr (kFn == StreamFn::kRead) {
        total += sum_of(x[u]);
      } else if (i < parts.n) {
        parts.out[i] = x[u];
      }
    }
  }
  if constexpr (kFn == StreamFn::kRead) add_to(sum, total);
}

template <StreamFn kFn>
void launch_unrolled(const StreamLaunch& launch, cudaStream_t stream) {
  const StreamParts parts = {static_cast<const uint4*>(launch.x), static_cast<const uint4*>(launch.y),
                             static_cast<uint4*>(launch.out), launch.bytes / 16, launch.seed};
  const auto blocks = static_cast<unsigned>(launch.blocks);
  const auto threads = static_cast<unsigned>(launch.threads);
  if (launch.unroll >= 8) {
    stream_kernel<kFn, 8><<<blocks, threads, 0, stream>>>(parts, launch.sum);
  } else {
    stream_kernel<kFn, 4><<<blocks, threads, 0, stream>>>(parts, launch.sum);
  }
}

// Volatile, so that the compiler neither merges the passes nor drops them.
__device__ __forceinline__ uint4 load_l2(const uint4* p) {
  uint4 v;
  asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
  return v;
}
__device__ __forceinline__ uint4 load_l1(const uint4* p) {
  uint4 v;
  asm volatile("ld.global.ca.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
  return v;
}
__device__ __forceinline__ uint4 load_shared(const uint4* p) {
  uint4 v;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(p))));
  return v;
}

constexpr int kInFlight = 4;

/// Blocks share n vectors; in each pass a block begins one tile further, so that no SM reads only what lies near it.
__global__ void l2_kernel(const uint4* x, long long n, long long passes, std::uint32_t* sum) {
  const long long tile = static_cast<long long>(blockDim.x) * kInFlight;
  const long long tiles = (n + tile - 1) / tile;
  std::uint32_t total = 0;
  for (long long pass = 0; pass < passes; ++pass) {
    const long long shift = pass % tiles;
    for (long long t = blockIdx.x; t < tiles; t += gridDim.x) {
      const long long turned = t + shift < tiles ? t + shift : t + shift - tiles;
      const long long base = turned * tile + threadIdx.x;
      uint4 v[kInFlight];
#pragma unroll
      for (int u = 0; u < kInFlight; ++u) {
        const long long i = base + u * static_cast<long long>(blockDim.x);
        v[u] = i < n ? load_l2(x + i) : uint4{0, 0, 0, 0};
      }
#pragma unroll
      for (int u = 0; u < kInFlight; ++u) total += sum_of(v[u]);
    }
  }
  add_to(sum, total);
}

/// Each block reads its own n vectors, n a multiple of the block; thread t starts where a warp's loads meet no bank
/// twice.
template <bool kShared>
__global__ void near_kernel(const uint4* x, int n, long long passes, std::uint32_t* sum) {
  extern __shared__ uint4 staged[];
  const uint4* own = x + static_cast<long long>(blockIdx.x) * n;
  if constexpr (kShared) {
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) staged[i] = own[i];
    __syncthreads();
    own = staged;
  }
  std::uint32_t total = 0;
  const int step = static_cast<int>(blockDim.x);
  for (long long pass = 0; pass < passes; ++pass) {
#pragma unroll 4
    for (int i = static_cast<int>(threadIdx.x); i < n; i += step) {
      total += sum_of(kShared ? load_shared(own + i) : load_l1(own + i));
    }
  }
  add_to(sum, total);
}

}  // namespace

cudaError_t launch_stream(const StreamLaunch& launch, cudaStream_t stream) {
  switch (launch.fn) {
    case StreamFn::kRead:
      launch_unrolled<StreamFn::kRead>(launch, stream);
      break;
    case StreamFn::kWrite:
      launch_unrolled<StreamFn::kWrite>(launch, stream);
      break;
    case StreamFn::kCopy:
      launch_unrolled<StreamFn::kCopy>(launch, stream);
      break;
    case StreamFn::kTriad:
      launch_unrolled<StreamFn::kTriad>(launch, stream);
      break;
  }
  return cudaGetLastError();
}

cudaError_t launch_cache(const CacheLaunch& launch, cudaStream_t stream) {
  const auto* x = static_cast<const uint4*>(launch.x);
  const long long n = launch.bytes / 16;
  const auto blocks = static_cast<unsigned>(launch.blocks);
  const auto threads = static_cast<unsigned>(launch.threads);
  switch (launch.level) {
    case CacheLevel::kL2:
      l2_kernel<<<blocks, threads, 0, stream>>>(x, n, launch.passes, launch.sum);
      break;
    case CacheLevel::kL1:
      near_kernel<false><<<blocks, threads, 0, stream>>>(x, static_cast<int>(n), launch.passes, launch.sum);
      break;
    case CacheLevel::kShared:
      near_kernel<true><<<blocks, threads, static_cast<std::size_t>(launch.bytes), stream>>>(x, static_cast<int>(n),
                                                                                             launch.passes, launch.sum);
      break;
  }
  return cudaGetLastError();
}

}  // namespace gable::cuda
