// Threads that share a row: a warp, four of them a block, or a whole block. Wide rows take the block.
#pragma once

#include "probes/cuda/kernels/storage.cuh"
#include "probes/row_math.h"

namespace gable {

inline constexpr int kWarp = 32;
inline constexpr int kBlockTeam = 512;
inline constexpr int kWarpRows = 4;                   ///< teams of a warp in a block
inline constexpr std::int64_t kWidestWarpRow = 1024;  ///< 32 elements a thread

inline dim3 team_block(int team) { return team == kWarp ? dim3(kWarp, kWarpRows) : dim3(static_cast<unsigned>(team)); }
inline unsigned team_grid(std::int64_t rows, int team) {
  return grid_of(team == kWarp ? blocks_for(rows, kWarpRows) : rows);
}

/// Two sums that are taken together.
template <class C>
struct Two {
  C a = 0, b = 0;
};

struct Plus {
  template <class C>
  __device__ C operator()(C a, C b) const {
    return a + b;
  }
  template <class C>
  __device__ Two<C> operator()(Two<C> a, Two<C> b) const {
    return {a.a + b.a, a.b + b.b};
  }
  template <class C>
  __device__ ExpSum<C> operator()(ExpSum<C> a, ExpSum<C> b) const {
    a.add(b);
    return a;
  }
};

inline constexpr unsigned kAllLanes = 0xffffffffU;

__device__ inline float from_lane(float v, int mask) { return __shfl_xor_sync(kAllLanes, v, mask); }
__device__ inline double from_lane(double v, int mask) { return __shfl_xor_sync(kAllLanes, v, mask); }
template <class C>
__device__ inline Two<C> from_lane(Two<C> v, int mask) {
  return {from_lane(v.a, mask), from_lane(v.b, mask)};
}
template <class C>
__device__ inline ExpSum<C> from_lane(ExpSum<C> v, int mask) {
  return {from_lane(v.max, mask), from_lane(v.sum, mask)};
}

/// The sum over a warp, in every lane. All 32 lanes must come here.
template <class T>
__device__ inline T warp_sum(T value) {
#pragma unroll
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value = Plus{}(value, from_lane(value, mask));
  return value;
}

/// The sum over a block of kThreads in one dimension, in every thread. All of them must come here.
template <int kThreads, class T>
__device__ inline T block_sum(T value) {
  constexpr int kWarps = kThreads / kWarp;
  // As bytes: a variable in shared memory has no constructor.
  alignas(T) __shared__ unsigned char memory[kWarps * sizeof(T)];
  T* parts = reinterpret_cast<T*>(memory);
  value = warp_sum(value);
  if (threadIdx.x % kWarp == 0) parts[threadIdx.x / kWarp] = value;
  __syncthreads();
  T total = parts[0];
  for (int w = 1; w < kWarps; ++w) total = Plus{}(total, parts[w]);
  __syncthreads();  // before the next sum writes to the same memory
  return total;
}

/// kThreads is 32, in blocks of 32 x 4, or the size of the block.
template <int kThreads>
struct Team {
  static constexpr int kSize = kThreads;

  __device__ static int rank() { return static_cast<int>(threadIdx.x); }
  /// The same for all threads of a team, so that all of them leave a loop over rows together.
  __device__ static std::int64_t first_row() {
    if constexpr (kThreads == kWarp) return static_cast<std::int64_t>(blockIdx.x) * kWarpRows + threadIdx.y;
    return blockIdx.x;
  }
  __device__ static std::int64_t row_step() {
    return static_cast<std::int64_t>(gridDim.x) * (kThreads == kWarp ? kWarpRows : 1);
  }
  template <class T>
  __device__ static T sum(T value) {
    if constexpr (kThreads == kWarp) {
      return warp_sum(value);
    } else {
      return block_sum<kThreads>(value);
    }
  }
};

/// body.template operator()<team, pack>() for rows of this width.
template <class T, class Body>
auto with_team(std::int64_t width, bool vector, const Body& body) {
  if (width <= kWidestWarpRow)
    return vector ? body.template operator()<kWarp, kPack<T>>() : body.template operator()<kWarp, 1>();
  return vector ? body.template operator()<kBlockTeam, kPack<T>>() : body.template operator()<kBlockTeam, 1>();
}

}  // namespace gable
