#include "analyzer/study/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "analyzer/base/count.h"
#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"

namespace gable {
namespace {

struct NamedAxis {
  std::string_view name;
  AxisRole role;
};
constexpr std::array<NamedAxis, 4> kNamedAxes = {{
    {"hw", AxisRole::kHardware},
    {"dtype", AxisRole::kOption},
    {"recipe", AxisRole::kOption},
    {"phase", AxisRole::kOption},
}};

/// Reads the values of one --vary; every message begins with the flag as it was given.
class AxisReader {
 public:
  explicit AxisReader(std::string_view given) : given_(given) {}

  [[nodiscard]] InputError error(const std::string& message) const {
    const bool plain =
        given_.size() <= 100 && std::all_of(given_.begin(), given_.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return InputError(fmt::format("--vary {}: {}", plain ? std::string(given_) : in_quotes(given_), message));
  }

  [[nodiscard]] std::int64_t number(std::string_view text, std::string_view token) const {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool digits =
        !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits)
      throw error(
          fmt::format("{} is no whole number and no range; write for example 512, 1..8, 64..512+64 or 128..8192*2",
                      in_quotes(token)));
    if (code != std::errc() || end != text.data() + text.size())
      throw error(fmt::format("{} exceeds 9.2e18 (64-bit integer)", in_quotes(text)));
    return value;
  }

  /// Adds the values of "512", "1..8", "64..512+64" or "128..8192*2".
  void add(std::string_view token, std::vector<Progression>& out) const {
    const std::size_t dots = token.find("..");
    if (dots == std::string_view::npos) {
      out.push_back({number(token, token), 1, 1});
      return;
    }
    const std::string_view rest = token.substr(dots + 2);
    const std::size_t sign = rest.find_first_of("*+");
    const std::int64_t first = number(trim(token.substr(0, dots)), token);
    const std::int64_t last = number(trim(rest.substr(0, sign)), token);
    const bool stepped = sign != std::string_view::npos;
    const bool geometric = stepped && rest[sign] == '*';
    const std::int64_t step = stepped ? number(trim(rest.substr(sign + 1)), token) : 1;
    if (first > last) throw error(fmt::format("0 points: the range {} is empty", in_quotes(token)));
    if (geometric && (first < 1 || step < 2))
      throw error(fmt::format("{} never ends: a geometric range starts at 1 or more and has a factor of 2 or more",
                              in_quotes(token)));
    if (step < 1) throw error(fmt::format("{} never ends: the step is 0", in_quotes(token)));
    if (geometric) return add_geometric(first, last, step, out);
    try {
      out.push_back({first, step, (Count((last - first) / step) + 1).value()});
    } catch (const CountOverflow&) {
      throw error(fmt::format("{} has more than 9.2e18 values", in_quotes(token)));
    }
  }

 private:
  static void add_geometric(std::int64_t first, std::int64_t last, std::int64_t factor, std::vector<Progression>& out) {
    for (std::int64_t value = first;; value *= factor) {
      out.push_back({value, 1, 1});
      if (value > last / factor) return;
    }
  }

  std::string_view given_;
};

bool contains(const Progression& all, std::int64_t value) {
  return value >= all.first && value <= all.last() && (value - all.first) % all.step == 0;
}

/// A value may stand in an axis once: a sweep of a point beside itself has no elasticity.
void refuse_duplicates(std::vector<Progression> all, const AxisReader& reader) {
  std::sort(all.begin(), all.end(), [](const Progression& a, const Progression& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size() && all[j].first <= all[i].last(); ++j) {
      if (contains(all[i], all[j].first)) throw reader.error(fmt::format("{} is given twice", all[j].first));
      // Two interleaved ranges may still meet further on; nobody needs them, so that nobody has to solve for it.
      if (all[j].count > 1) {
        throw reader.error(fmt::format("the ranges from {} and from {} overlap", all[i].first, all[j].first));
      }
    }
  }
}

Axis dim_axis(std::string_view name, std::string_view spec, const AxisReader& reader) {
  Axis axis{AxisRole::kDim, std::string(name), std::string(spec), {}, {}};
  for (const std::string& token : split(spec, ',')) reader.add(token, axis.numbers);
  refuse_duplicates(axis.numbers, reader);
  Count before = 0;
  try {
    for (Progression& part : axis.numbers) {
      part.before = before.value();
      before += part.count;
    }
  } catch (const CountOverflow&) {
    throw reader.error("these are more than 9.2e18 values");
  }
  return axis;
}

}  // namespace

std::int64_t Axis::size() const {
  return role == AxisRole::kDim ? numbers.back().before + numbers.back().count
                                : static_cast<std::int64_t>(texts.size());
}

std::int64_t Axis::number(std::int64_t place) const {
  const auto after = std::upper_bound(numbers.begin(), numbers.end(), place,
                                      [](std::int64_t at, const Progression& part) { return at < part.before; });
  const Progression& part = *(after - 1);
  return part.first + part.step * (place - part.before);
}

std::string Axis::text(std::int64_t place) const {
  return role == AxisRole::kDim ? fmt::format_int(number(place)).str() : texts[static_cast<std::size_t>(place)];
}

Axis name_axis(AxisRole role, std::string_view name, std::string_view flag, std::vector<std::string> texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) throw InputError(fmt::format("{}: a name is empty", flag));
    if (std::find(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(i), texts[i]) !=
        texts.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw InputError(fmt::format("{}: {} is given twice", flag, in_quotes(texts[i])));
    }
  }
  std::string spec = fmt::format("{}", fmt::join(texts, ","));
  return {role, std::string(name), std::move(spec), {}, std::move(texts)};
}

std::vector<std::string_view> named_axes() {
  std::vector<std::string_view> names;
  for (const NamedAxis& axis : kNamedAxes) names.push_back(axis.name);
  return names;
}

Axis parse_axis(std::string_view given) {
  const AxisReader reader(given);
  const std::size_t equals = given.find('=');
  const std::string_view name = trim(given.substr(0, equals));
  const std::string_view spec = equals == std::string_view::npos ? std::string_view() : trim(given.substr(equals + 1));
  if (name.empty() || spec.empty())
    throw InputError(
        fmt::format("--vary: {} is not DIM=VALUES; write for example --vary T=128..8192*2", in_quotes(given)));
  const auto* named =
      std::find_if(kNamedAxes.begin(), kNamedAxes.end(), [&](const NamedAxis& axis) { return axis.name == name; });
  if (named == kNamedAxes.end()) return dim_axis(name, spec, reader);
  return name_axis(named->role, name, fmt::format("--vary {}", name), split(spec, ','));
}

std::optional<std::size_t> Grid::axis_of(AxisRole role) const {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].role == role) return i;
  }
  return std::nullopt;
}

std::string Grid::describe(std::int64_t point) const {
  std::string out;
  for (std::size_t i = 0; i < axes.size(); ++i)
    out += fmt::format("{}{}={}", i == 0 ? "" : " ", axes[i].name, axes[i].text(place(i, point)));
  return out;
}

Grid make_grid(std::vector<Axis> axes) {
  Grid grid{std::move(axes), {}, 1};
  grid.stride.resize(grid.axes.size());
  for (std::size_t i = grid.axes.size(); i-- > 0;) {
    const Axis& axis = grid.axes[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (grid.axes[j].name == axis.name)
        throw InputError(fmt::format("--vary: {} is given twice", in_quotes(axis.name)));
    }
    grid.stride[i] = grid.size;
    try {
      grid.size = (Count(grid.size) * axis.size()).value();
    } catch (const CountOverflow&) {
      throw InputError("--vary: the grid has more than 9.2e18 points (64-bit integer)");
    }
  }
  return grid;
}

void refuse_many_points(const Grid& grid) {
  if (grid.size <= kManyPoints) return;
  std::vector<std::string> sizes;
  for (const Axis& axis : grid.axes) sizes.push_back(fmt::format("{} of {}", format_grouped(axis.size()), axis.name));
  throw InputError(fmt::format("--vary: {} points ({}) are more than {}; --yes runs them all",
                               format_grouped(grid.size), fmt::join(sizes, " x "), format_grouped(kManyPoints)));
}

}  // namespace gable
