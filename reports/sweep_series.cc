#include "reports/sweep_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "analyzer/base/units.h"
#include "reports/headings.h"

namespace gable {
namespace {

std::string axis_value(const Axis& axis, std::int64_t place) {
  if (axis.role == AxisRole::kDim) return fmt::format("{}={}", axis.name, axis.number(place));
  return axis.text(place);
}

std::string series_name(const Grid& grid, std::int64_t point) {
  std::string name;
  for (std::size_t i = 0; i + 1 < grid.axes.size(); ++i)
    name += fmt::format("{}{}", i == 0 ? "" : " ", axis_value(grid.axes[i], grid.place(i, point)));
  return name;
}

/// The axis that tells series apart most: of models, else of devices. Not the innermost: that one is a line.
std::optional<std::size_t> group_axis(const Grid& grid) {
  for (const AxisRole role : {AxisRole::kModel, AxisRole::kHardware}) {
    const auto axis = grid.axis_of(role);
    if (axis && *axis + 1 < grid.axes.size() && grid.axes[*axis].size() > 1) return axis;
  }
  return std::nullopt;
}

}  // namespace

std::vector<SweepSeries> sweep_series(const SweepReport& report) {
  const Grid& grid = report.sweep.grid;
  const auto run = static_cast<std::size_t>(grid.run_length());
  const std::span<const SweepRow> rows = report.rows;
  const auto axis = group_axis(grid);
  std::vector<SweepSeries> all;
  for (std::size_t at = 0; at < rows.size(); at += run) {
    const std::int64_t point = rows[at].index;
    all.push_back({series_name(grid, point), rows.subspan(at, std::min(run, rows.size() - at)), "", 0});
    if (!axis) continue;
    all.back().group_place = static_cast<std::size_t>(grid.place(*axis, point));
    all.back().group = axis_value(grid.axes[*axis], grid.place(*axis, point));
  }
  return all;
}

std::string innermost_value(const Sweep& sweep, std::int64_t point) {
  const Grid& grid = sweep.grid;
  return grid.axes.empty() ? "" : axis_value(grid.axes.back(), grid.place(grid.axes.size() - 1, point));
}

std::string sweep_title(const SweepReport& report) {
  const Grid& grid = report.sweep.grid;
  std::vector<std::string> over;
  for (const Axis& axis : grid.axes) {
    if (axis.role == AxisRole::kDim || axis.role == AxisRole::kOption)
      over.push_back(fmt::format("{}={}", axis.name, axis.spec));
  }
  const auto names = [&](AxisRole role, std::string_view many, const std::string& one) {
    const auto axis = grid.axis_of(role);
    if (!axis) return one;
    const std::vector<std::string>& texts = grid.axes[*axis].texts;
    constexpr std::size_t kNamed = 3;
    return texts.size() > kNamed ? fmt::format("{} {}", texts.size(), many) : fmt::format("{}", fmt::join(texts, ", "));
  };
  std::string out = fmt::format("{} on {}", names(AxisRole::kModel, "models", report.first.model.name),
                                names(AxisRole::kHardware, "devices", report.first.hw.name));
  if (!over.empty()) out += fmt::format(" over {}", fmt::join(over, " x "));
  return out;
}

std::string sweep_settings(const SweepReport& report) {
  const Grid& grid = report.sweep.grid;
  const bool varies = std::any_of(grid.axes.begin(), grid.axes.end(), [](const Axis& axis) {
    return axis.role == AxisRole::kModel || axis.role == AxisRole::kOption;
  });
  return (varies ? "the first point: " : "") + settings_line(report.first);
}

}  // namespace gable
