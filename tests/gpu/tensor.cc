#include "tests/gpu/tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "probes/cuda/engine.h"
#include "probes/random.h"

namespace gable::gpu {
namespace {

constexpr std::int64_t kMargin = 24;  // elements before (plus the offset) and after
constexpr double kInMargin = -77;     // exact in all dtypes
constexpr double kNothing = 1234;

/// The nearest value with `bits` bits, ties to even, and no exponent below `lowest` of its last bit.
double rounded(double value, int bits, int lowest) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int last = std::max(std::ilogb(value) - bits + 1, lowest);
  return std::ldexp(std::nearbyint(std::ldexp(value, -last)), last);
}

std::uint16_t half_bits(double value) {
  const double v = std::abs(rounded(value, 11, -24));
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (!(v < 65536)) return static_cast<std::uint16_t>(sign | 0x7c00);
  if (v == 0) return sign;
  const int exponent = std::max(std::ilogb(v), -14);
  const auto last_places = static_cast<int>(std::ldexp(v, 10 - exponent));  // 1024 to 2047, less if subnormal
  return static_cast<std::uint16_t>(sign | ((exponent + 14) * 1024 + last_places));
}

double half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  double v = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  if (exponent == 0x1f) v = fraction == 0 ? INFINITY : NAN;
  return (bits & 0x8000) != 0 ? -v : v;
}

template <class T>
void put(std::vector<std::byte>& to, std::size_t i, T value) {
  std::memcpy(to.data() + i * sizeof value, &value, sizeof value);
}
template <class T>
T get(const std::vector<std::byte>& from, std::size_t i) {
  T value;
  std::memcpy(&value, from.data() + i * sizeof value, sizeof value);
  return value;
}

std::vector<std::byte> encode(const Reals& values, Dtype dtype) {
  std::vector<std::byte> out(values.size() * static_cast<std::size_t>(row(dtype).bits / 8));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto single = static_cast<float>(values[i]);
    switch (dtype) {
      case Dtype::kFp64:
        put(out, i, values[i]);
        break;
      case Dtype::kFp16:
        put(out, i, half_bits(values[i]));
        break;
      case Dtype::kBf16: {
        const auto exact = static_cast<float>(rounded(values[i], 8, -133));
        std::uint32_t bits = 0;
        std::memcpy(&bits, &exact, sizeof bits);
        put(out, i, static_cast<std::uint16_t>(bits >> 16));
        break;
      }
      default:
        put(out, i, single);
        break;
    }
  }
  return out;
}

Reals decode(const std::vector<std::byte>& from, Dtype dtype) {
  Reals out(from.size() / static_cast<std::size_t>(row(dtype).bits / 8));
  for (std::size_t i = 0; i < out.size(); ++i) {
    switch (dtype) {
      case Dtype::kFp64:
        out[i] = get<double>(from, i);
        break;
      case Dtype::kFp16:
        out[i] = half_value(get<std::uint16_t>(from, i));
        break;
      case Dtype::kBf16: {
        const std::uint32_t bits = std::uint32_t{get<std::uint16_t>(from, i)} << 16;
        float single = 0;
        std::memcpy(&single, &bits, sizeof single);
        out[i] = single;
        break;
      }
      default:
        out[i] = get<float>(from, i);
        break;
    }
  }
  return out;
}

Reals download(const Buffer& buffer) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(buffer.n * row(buffer.dtype).bits / 8));
  engine().synchronize();
  engine().to_host(buffer, bytes.data());
  return decode(bytes, buffer.dtype);
}

}  // namespace

Engine& engine() {
  static const std::unique_ptr<Engine> made = make_cuda_engine(cuda_api(), 0);
  return *made;
}

int significand(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp64:
      return 53;
    case Dtype::kBf16:
      return 8;
    case Dtype::kFp16:
      return 11;
    default:
      return 24;
  }
}

double tolerance(Dtype dtype) {
  // fp64's statistics are kept in fp32. Half a unit of rounding, and the arithmetic before it.
  if (dtype == Dtype::kFp64) return 1e-6;
  return std::ldexp(1, -significand(dtype)) + 1e-5;
}

Tensor::Tensor(const Reals& values, Dtype dtype, std::int64_t offset) {
  const auto n = static_cast<std::int64_t>(values.size());
  // Margins in elements keep the alignment that the offset is meant to break: 16 elements are at least 16 bytes.
  const std::int64_t before = kMargin - 8 + offset;
  Reals all(static_cast<std::size_t>(before + n + kMargin), kInMargin);
  std::copy(values.begin(), values.end(), all.begin() + before);
  base_ = engine().allocate(static_cast<std::int64_t>(all.size()), dtype);
  const std::vector<std::byte> stored = encode(all, dtype);
  engine().from_host(stored.data(), base_);
  buffer_ = base_.piece(before, n);
  values_ = decode(encode(values, dtype), dtype);
}

Tensor Tensor::random(std::int64_t n, Dtype dtype, std::uint64_t seed, double scale, std::int64_t offset) {
  Reals values;
  for (std::int64_t i = 0; i < n; ++i)
    values.push_back(random_symmetric(seed, static_cast<std::uint64_t>(i), static_cast<float>(scale)));
  return {values, dtype, offset};
}

Tensor Tensor::result(std::int64_t n, Dtype dtype, std::int64_t offset) {
  return {Reals(static_cast<std::size_t>(n), kNothing), dtype, offset};
}

Reals Tensor::read() const {
  const Reals all = download(base_);
  const auto before = static_cast<std::ptrdiff_t>(
      (static_cast<const std::byte*>(buffer_.data) - static_cast<const std::byte*>(base_.data)) * 8 /
      row(base_.dtype).bits);
  const std::ptrdiff_t end = before + buffer_.n;
  const auto untouched = [](double v) { return v == kInMargin; };
  CHECK_MESSAGE(std::all_of(all.begin(), all.begin() + before, untouched), "something was written before the buffer");
  CHECK_MESSAGE(std::all_of(all.begin() + end, all.end(), untouched), "something was written after the buffer");
  return {all.begin() + before, all.begin() + end};
}

void Tensor::check(const Reals& expected, double factor) const {
  const Reals got = read();
  REQUIRE(got.size() == expected.size());
  const double allowed = factor * tolerance(buffer_.dtype);
  std::size_t wrong = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::abs(got[i] - expected[i]) <= allowed * (1 + std::abs(expected[i]))) continue;
    if (wrong++ == 0) first = i;
  }
  CAPTURE(row(buffer_.dtype).name);
  CAPTURE(got.size());
  CAPTURE(first);
  if (wrong > 0) {
    CAPTURE(got[first]);
    CAPTURE(expected[first]);
    CHECK(wrong == 0);
  } else {
    CHECK(wrong == 0);
  }
}

Buffer indices(const std::vector<std::int64_t>& values) {
  Buffer buffer = engine().allocate_bytes(static_cast<std::int64_t>(values.size() * sizeof(std::int64_t)));
  engine().from_host(values.data(), buffer);
  return buffer;
}

Buffer bytes(const std::vector<std::uint8_t>& values) {
  Buffer buffer = engine().allocate_bytes(static_cast<std::int64_t>(values.size()));
  engine().from_host(values.data(), buffer);
  return buffer;
}

}  // namespace gable::gpu
