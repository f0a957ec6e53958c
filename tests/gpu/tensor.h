// Buffers on the device beside what they hold as doubles, and comparisons that know how a dtype rounds.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "probes/engine.h"

namespace gable::gpu {

/// The engine of all tests, made by the first.
Engine& engine();

using Reals = std::vector<double>;

inline constexpr std::array kFloats = {Dtype::kFp32, Dtype::kFp64, Dtype::kBf16, Dtype::kFp16};
/// One, around a warp, odd, and large enough for many blocks.
inline constexpr std::array<std::int64_t, 7> kSizes = {1, 31, 33, 256, 1000, 4099, 300000};

/// Bits of a dtype's significand, the hidden one included.
int significand(Dtype dtype);
/// What two different orders of a short sum may differ by, relative to values of size 1: a few units in the last place
/// of the result, and of the fp32 arithmetic.
double tolerance(Dtype dtype);

/// A buffer between two margins that nothing may write to. `values` is what was put in, as the dtype rounded it.
class Tensor {
 public:
  /// `offset` elements off the alignment of an allocation.
  Tensor(const Reals& values, Dtype dtype, std::int64_t offset = 0);
  /// Uniform in [-scale, scale].
  static Tensor random(std::int64_t n, Dtype dtype, std::uint64_t seed, double scale = 2, std::int64_t offset = 0);
  /// For a result: filled with what no test expects.
  static Tensor result(std::int64_t n, Dtype dtype, std::int64_t offset = 0);

  [[nodiscard]] const Buffer& buffer() const { return buffer_; }
  [[nodiscard]] const Reals& values() const { return values_; }
  [[nodiscard]] double operator[](std::int64_t i) const { return values_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::int64_t size() const { return buffer_.n; }

  /// Waits, checks the margins, and reads what is there now.
  [[nodiscard]] Reals read() const;
  /// Checks that every element is within `factor` * tolerance() * (1 + |expected|) of what is expected.
  void check(const Reals& expected, double factor = 1) const;

 private:
  Buffer base_, buffer_;
  Reals values_;
};

/// int64 indices and byte masks.
Buffer indices(const std::vector<std::int64_t>& values);
Buffer bytes(const std::vector<std::uint8_t>& values);

/// Prepares, runs and waits.
template <class Call>
void run(const Call& call) {
  engine().prepare(call)();
  engine().synchronize();
}

}  // namespace gable::gpu
