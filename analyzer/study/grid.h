// The points of a sweep: every combination of the values of its axes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gable {

/// `count` numbers: first, first + step, ... Kept as a rule, so that an axis of 10^12 values takes no memory.
struct Progression {
  std::int64_t first = 0;
  std::int64_t step = 1;
  std::int64_t count = 1;
  std::int64_t before = 0;  ///< values of the axis that come earlier

  [[nodiscard]] std::int64_t last() const { return first + step * (count - 1); }
};

/// What an axis changes.
enum class AxisRole : std::uint8_t { kDim, kModel, kHardware, kOption };

struct Axis {
  AxisRole role = AxisRole::kDim;
  std::string name;                  ///< of the dim or option; "model", "hw"
  std::string spec;                  ///< its values as given: "128..8192*2"
  std::vector<Progression> numbers;  ///< of a dim
  std::vector<std::string> texts;    ///< of the others

  [[nodiscard]] std::int64_t size() const;
  [[nodiscard]] std::int64_t number(std::int64_t place) const;
  [[nodiscard]] std::string text(std::int64_t place) const;
};

/// The names of axes that are no dims: hw, and the options that can be varied.
std::vector<std::string_view> named_axes();

/// Reads "T=128..8192*2,10000", "hw=a100-pcie-40,h200" or "dtype=fp32,bf16". The values of a dim are whole numbers and
/// ranges, both ends included: `a..b` by ones, `a..b+k` in steps of k, `a..b*k` by factors of k up to b.
/// @throws InputError naming --vary: no such form, an empty range, a value given twice, a number beyond 64 bits
Axis parse_axis(std::string_view given);

/// An axis of names. @throws InputError naming `flag` where one is given twice
Axis name_axis(AxisRole role, std::string_view name, std::string_view flag, std::vector<std::string> texts);

/// The Cartesian product: point 0 has the first value of every axis; the last axis changes fastest.
struct Grid {
  std::vector<Axis> axes;            ///< outermost first
  std::vector<std::int64_t> stride;  ///< points between neighbours on an axis
  std::int64_t size = 1;

  /// Which value of an axis a point has.
  [[nodiscard]] std::int64_t place(std::size_t axis, std::int64_t point) const {
    return point / stride[axis] % axes[axis].size();
  }
  /// Points in a row that differ in the innermost axis only.
  [[nodiscard]] std::int64_t run_length() const { return axes.empty() ? 1 : axes.back().size(); }
  /// The axis of models or of devices, if there is one.
  [[nodiscard]] std::optional<std::size_t> axis_of(AxisRole role) const;
  /// "B=4 T=512".
  [[nodiscard]] std::string describe(std::int64_t point) const;
};

/// @throws InputError: an axis given twice, more points than 64 bits count
Grid make_grid(std::vector<Axis> axes);

/// More points than this are more likely a slip than a wish: minutes, and a gigabyte of CSV.
inline constexpr std::int64_t kManyPoints = 10'000'000;

/// @throws InputError naming --vary where a grid has more than kManyPoints
void refuse_many_points(const Grid& grid);

}  // namespace gable
