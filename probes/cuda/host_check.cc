#include "probes/cuda/host_check.h"

#include <array>
#include <cmath>
#include <cstring>

namespace gable::cuda {
namespace {

template <typename T>
T loaded(const void* data, std::int64_t i) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + i * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

/// sign, exponent, mantissa without infinities or NaN: what random finite values need.
double small_float(unsigned bits, int exponent_bits, int mantissa_bits, int bias) {
  const unsigned mantissa = bits & ((1U << mantissa_bits) - 1);
  const auto exponent = static_cast<int>((bits >> mantissa_bits) & ((1U << exponent_bits) - 1));
  const bool negative = ((bits >> (mantissa_bits + exponent_bits)) & 1U) != 0;
  const double fraction = std::ldexp(static_cast<double>(mantissa), -mantissa_bits);
  const double value = exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
  return negative ? -value : value;
}

float float_of(std::uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

template <typename T, typename Round>
double chains(std::int64_t thread, std::int64_t rounds, const Round& step, const Round& add) {
  T total = 0;
  for (int chain = 0; chain < kFmaChains; ++chain) {
    T x = static_cast<T>(fma_start(thread, chain));
    for (std::int64_t i = 0; i < rounds * kFmaSteps; ++i) x = step(x, x);
    total = chain == 0 ? x : add(total, x);
  }
  return static_cast<double>(total);
}

}  // namespace

std::uint32_t pattern_sum(std::int64_t n, std::uint32_t seed) {
  // sum of i below n is n * (n - 1) / 2; halved before it wraps.
  const auto count = static_cast<std::uint64_t>(n);
  const std::uint64_t pairs = count % 2 == 0 ? count / 2 * (count - 1) : (count - 1) / 2 * count;
  return static_cast<std::uint32_t>(pairs * 2654435761U + count * seed);
}

std::uint32_t small_word(std::int64_t i, std::uint32_t seed) {
  return bits_of(static_cast<float>(pattern_word(i, seed) >> 22));
}

std::uint32_t stream_word(StreamFn fn, std::int64_t i, std::uint32_t seed_x, std::uint32_t seed_y) {
  if (fn != StreamFn::kTriad) return pattern_word(i, seed_x);
  return bits_of(static_cast<float>((pattern_word(i, seed_x) >> 22) + 3 * (pattern_word(i, seed_y) >> 22)));
}

double decoded(Dtype dtype, const void* data, std::int64_t i) {
  switch (dtype) {
    case Dtype::kFp64:
      return loaded<double>(data, i);
    case Dtype::kFp32:
    case Dtype::kTf32:
      return static_cast<double>(loaded<float>(data, i));
    case Dtype::kBf16:
      return static_cast<double>(float_of(static_cast<std::uint32_t>(loaded<std::uint16_t>(data, i)) << 16));
    case Dtype::kFp16:
      return small_float(loaded<std::uint16_t>(data, i), 5, 10, 15);
    case Dtype::kFp8E4m3:
      return small_float(loaded<std::uint8_t>(data, i), 4, 3, 7);
    case Dtype::kFp8E5m2:
      return small_float(loaded<std::uint8_t>(data, i), 5, 2, 15);
    case Dtype::kInt8:
      return loaded<std::int8_t>(data, i);
    case Dtype::kInt32:
      return loaded<std::int32_t>(data, i);
    case Dtype::kFp4: {
      const unsigned pair = loaded<std::uint8_t>(data, i / 2);
      return small_float(i % 2 == 0 ? pair & 0xFU : pair >> 4, 2, 1, 1);
    }
    case Dtype::kInt4:
      break;
  }
  return 0;
}

double rounded_to_fp16(double value) {
  if (value == 0) return 0;
  const int exponent = std::max(std::ilogb(value), -14);
  const double unit = std::ldexp(1.0, exponent - 10);
  return std::nearbyint(value / unit) * unit;
}

double fma_result(Dtype dtype, std::int64_t thread, std::int64_t rounds) {
  if (dtype == Dtype::kFp64) {
    using Step = double (*)(double, double);
    return chains<double, Step>(
        thread, rounds, [](double x, double y) { return std::fma(x, y, kFmaShift); },
        [](double x, double y) { return x + y; });
  }
  if (dtype == Dtype::kFp16) {
    // x * x has 22 bits above 2^-48 and the sum is below 4: fp64 holds it exactly, so that it is rounded once.
    using Step = double (*)(double, double);
    return chains<double, Step>(
        thread, rounds, [](double x, double y) { return rounded_to_fp16(x * y + kFmaShift); },
        [](double x, double y) { return rounded_to_fp16(x + y); });
  }
  using Step = float (*)(float, float);
  return chains<float, Step>(
      thread, rounds, [](float x, float y) { return std::fma(x, y, static_cast<float>(kFmaShift)); },
      [](float x, float y) { return x + y; });
}

Dot dot(Dtype dtype, const void* a, const void* b, std::int64_t k) {
  Dot out;
  for (std::int64_t i = 0; i < k; ++i) {
    const double product = decoded(dtype, a, i) * decoded(dtype, b, i);
    out.value += product;
    out.magnitude += std::abs(product);
  }
  return out;
}

double gemm_tolerance(Dtype dtype, Dtype out, const Dot& exact) {
  // Of the result: half a unit in the last place, doubled.
  double rounding = 0;
  if (out == Dtype::kBf16) rounding = 0x1p-8;
  if (out == Dtype::kFp16) rounding = 0x1p-10;
  if (out == Dtype::kFp32) rounding = 0x1p-23;
  if (out == Dtype::kFp64) rounding = 0x1p-52;
  // Of the sums, as a share of the magnitudes: tensor cores truncate, those of fp8 on Hopper keep 14 bits.
  double sums = 2e-5;
  if (dtype == Dtype::kFp64) sums = 1e-13;
  if (dtype == Dtype::kTf32) sums = 1e-3;
  if (dtype == Dtype::kBf16 || dtype == Dtype::kFp16) sums = 1e-4;
  if (dtype == Dtype::kFp8E4m3 || dtype == Dtype::kFp4) sums = 2e-3;
  if (dtype == Dtype::kInt8) sums = 0;
  return rounding * std::abs(exact.value) + sums * exact.magnitude;
}

}  // namespace gable::cuda
