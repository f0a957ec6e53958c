// Exact integers for FLOP, bytes, parameters and elements.
#pragma once

#include <compare>
#include <cstdint>
#include <stdexcept>

namespace gable {

/// A count left the range of 64-bit integers. Whoever knows the op turns it into an InputError.
class CountOverflow : public std::overflow_error {
 public:
  CountOverflow() : std::overflow_error("a count exceeds 9.2e18 (64-bit integer)") {}
};

/// A signed 64-bit integer whose +, - and * are exact or throw CountOverflow. Implicit from int64 so that cost
/// formulas read as they are written on paper: `2 * tokens * in * out`.
class Count {
 public:
  constexpr Count() = default;
  constexpr Count(std::int64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] constexpr std::int64_t value() const { return value_; }
  [[nodiscard]] constexpr double real() const { return static_cast<double>(value_); }

  friend constexpr Count operator+(Count a, Count b) {
    std::int64_t r = 0;
    if (__builtin_add_overflow(a.value_, b.value_, &r)) throw CountOverflow();
    return r;
  }
  friend constexpr Count operator-(Count a, Count b) {
    std::int64_t r = 0;
    if (__builtin_sub_overflow(a.value_, b.value_, &r)) throw CountOverflow();
    return r;
  }
  friend constexpr Count operator*(Count a, Count b) {
    std::int64_t r = 0;
    if (__builtin_mul_overflow(a.value_, b.value_, &r)) throw CountOverflow();
    return r;
  }
  constexpr Count& operator+=(Count b) { return *this = *this + b; }
  friend constexpr auto operator<=>(Count, Count) = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 slips

 private:
  std::int64_t value_ = 0;
};

/// ceil(a / b) for a >= 0, b > 0, without the overflow of (a + b - 1) / b.
constexpr Count ceil_div(Count a, Count b) { return a.value() / b.value() + (a.value() % b.value() != 0 ? 1 : 0); }

}  // namespace gable
