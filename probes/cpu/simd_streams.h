// Kernels that probe a CPU's units and memories. Included by simd_kernels.cc alone, which is compiled once a SIMD
// width.
#pragma once

#include <omp.h>

#include <algorithm>
#include <array>
#include <limits>

#include "probes/cpu/kernels.h"
#include "probes/random.h"

namespace gable::simd {

/// GABLE_SIMD_BYTES is the register's width, from the build.
using Floats = float __attribute__((vector_size(GABLE_SIMD_BYTES)));
using Doubles = double __attribute__((vector_size(GABLE_SIMD_BYTES)));
inline constexpr std::int64_t kLanes = GABLE_SIMD_BYTES / 4;

/// Chains beside each other: latency 4 times 2 units is 8; 12 leave room, and fit 16 registers with the operands.
inline constexpr int kChains = 12;

/// Eight accumulators hide the adder's latency; by name, for in an array gcc 12 keeps them in memory.
inline double read_slice(const float* x, std::int64_t n, std::int64_t rounds) {
  const auto load = [&](std::int64_t i) { return *reinterpret_cast<const Floats*>(x + i * kLanes); };
  Floats a{}, b{}, c{}, d{}, e{}, f{}, g{}, h{};
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (std::int64_t i = 0; i < n / kLanes; i += 8) {
      a += load(i);
      b += load(i + 1);
      c += load(i + 2);
      d += load(i + 3);
      e += load(i + 4);
      f += load(i + 5);
      g += load(i + 6);
      h += load(i + 7);
    }
    __asm__ volatile("" ::: "memory");
  }
  double total = 0;
  for (const Floats& sum : {a, b, c, d, e, f, g, h}) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) total += static_cast<double>(sum[lane]);
  }
  return total;
}

inline void copy_slice(const float* __restrict x, float* __restrict out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = x[i];
}

inline void triad_slice(const float* __restrict x, const float* __restrict y, float* __restrict out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = x[i] + 3.0F * y[i];
}

inline void update_slice(float* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = -out[i];
}

inline double stream(const StreamArgs& args) {
  double total = 0;
#pragma omp parallel num_threads(args.threads) reduction(+ : total)
  {
    const std::int64_t first = omp_get_thread_num() * args.stride;
    if (args.fn == StreamFn::kRead) total += read_slice(args.x + first, args.n, args.rounds);
    for (std::int64_t round = 0; round < args.rounds && args.fn != StreamFn::kRead; ++round) {
      if (args.fn == StreamFn::kCopy) copy_slice(args.x + first, args.out + first, args.n);
      if (args.fn == StreamFn::kUpdate) update_slice(args.out + first, args.n);
      if (args.fn == StreamFn::kTriad) triad_slice(args.x + first, args.y + first, args.out + first, args.n);
      // Rounds over what a cache holds are not to be merged into one.
      __asm__ volatile("" ::: "memory");
    }
  }
  return total / static_cast<double>(args.rounds);
}

inline void touch(float* data, std::int64_t n, std::int64_t stride, int threads) {
#pragma omp parallel num_threads(threads)
  {
    float* slice = data + omp_get_thread_num() * stride;
    for (std::int64_t i = 0; i < n; ++i) slice[i] = 0;
  }
}

inline void fill(float* data, std::int64_t n, float scale, float offset, std::uint64_t seed, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t i = 0; i < n; ++i) data[i] = random_symmetric(seed, static_cast<std::uint64_t>(i), scale) + offset;
}

template <typename Vector, typename Element>
double multiply_add(std::int64_t rounds, int threads, double& result) {
  volatile Element one = 1;
  double least = std::numeric_limits<double>::max();
  const Element value = one;
#pragma omp parallel num_threads(threads) reduction(min : least)
  {
    const Vector factor = Vector{} + value;
    std::array<Vector, kChains> chains;
    for (Vector& chain : chains) chain = factor;
    for (std::int64_t round = 0; round < rounds; ++round) {
      for (Vector& chain : chains) chain = chain * factor + factor;
    }
    least = static_cast<double>(chains.front()[0]);
    for (const Vector& chain : chains) {
      for (std::size_t lane = 0; lane < sizeof(Vector) / sizeof(Element); ++lane)
        least = std::min(least, static_cast<double>(chain[lane]));
    }
  }
  result = least;
  constexpr std::size_t kWidth = sizeof(Vector) / sizeof(Element);
  return 2.0 * kChains * static_cast<double>(kWidth) * static_cast<double>(rounds) * threads;
}

inline std::uint64_t count_cycles(std::uint64_t n) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    sum += i;
    __asm__ volatile("" : "+r"(sum));  // the next addition waits for this one
  }
  return sum;
}

}  // namespace gable::simd
