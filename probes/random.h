// What buffers are filled with: each draw is a function of a seed and an index, so that every engine, however many
// threads it has, fills a buffer with the same values.
#pragma once

#include <cstdint>

#include "probes/host_device.h"

namespace gable {

/// Output i of the generator splitmix64 seeded with `seed`. Steele, Lea and Flood 2014, "Fast splittable pseudorandom
/// number generators", figures 16 and 17; constants of Vigna's reference implementation.
GABLE_HD constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t i) {
  std::uint64_t z = seed + (i + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// In [0, 1), a multiple of 2^-24: exact in fp32.
GABLE_HD constexpr float random_unit(std::uint64_t seed, std::uint64_t i) {
  return static_cast<float>(random_bits(seed, i) >> 40) * 0x1p-24F;
}

/// In [-scale, scale): one rounding, of the product, so that no compiler's choice of instructions shows.
GABLE_HD constexpr float random_symmetric(std::uint64_t seed, std::uint64_t i, float scale) {
  const auto top = static_cast<std::int32_t>(random_bits(seed, i) >> 40);
  return static_cast<float>(top - (1 << 23)) * 0x1p-23F * scale;
}

/// In [0, limit), limit > 0; its bias is below limit / 2^64.
GABLE_HD constexpr std::int64_t random_index(std::uint64_t seed, std::uint64_t i, std::int64_t limit) {
  return static_cast<std::int64_t>(random_bits(seed, i) % static_cast<std::uint64_t>(limit));
}

/// 1 with the probability given, else 0.
GABLE_HD constexpr std::uint8_t random_bernoulli(std::uint64_t seed, std::uint64_t i, float probability) {
  return random_unit(seed, i) < probability ? 1 : 0;
}

}  // namespace gable
