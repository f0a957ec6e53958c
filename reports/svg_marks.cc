#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/base/units.h"
#include "reports/svg_plot.h"

namespace gable::svg {
namespace {

constexpr double kFullRadius = 30;  ///< px at 100 % of the time: 3 px at kSmallestShare
constexpr double kSamePlace = 3;    ///< px: ops this near in both axes are one mark
constexpr std::size_t kLongLabel = 28;
constexpr std::size_t kTooltipRows = 12;

bool same_place(const Point& a, const Point& b) {
  return std::fabs(a.x - b.x) <= kSamePlace && std::fabs(a.y - b.y) <= kSamePlace;
}

std::string describe_row(const Analysis& analysis, const OpRow& row) {
  const Totals& totals = row.totals;
  const Cost& cost = totals.cost;
  return fmt::format(
      "{} ({}, {}{})\n"
      "{} ({} matrix, {} vector), {} DRAM traffic, {} FLOP/byte\n"
      "{}, {} of the time, {} an execution, attained {}\n"
      "bound: {}, roof: {}{}",
      row_name(analysis, row), analysis.spec(row).kind->name, gable::row(row.cost.compute).name,
      row.executions > 1 ? fmt::format(", {} executions", format_grouped(row.executions)) : "",
      format_si(cost.flop().real(), "FLOP"), format_si(cost.matrix_flop.real(), ""),
      format_si(cost.vector_flop.real(), ""), format_si(totals.dram_bytes.real(), "B"),
      format_significant(totals.intensity(), 4), format_si(totals.time_s, "s"),
      percent(time_share(analysis, totals.time_s), 3),
      format_si(totals.time_s / static_cast<double>(std::max<std::int64_t>(1, row.executions)), "s"),
      format_si(totals.flop_per_s(), "FLOP/s"), bound_name(totals.bound()), roof_name(totals.roof()),
      row.kernels.size() == 1 && row.time.near_ridge ? ", near ridge" : "");
}

}  // namespace

Disc Mark::disc() const {
  constexpr std::array<double, kBoundCount> kReach = {1.0, 1.15, 1.3};
  return {center, radius * kReach.at(static_cast<std::size_t>(bound)) + 1};
}

double mark_radius(double share) { return kFullRadius * std::sqrt(std::clamp(share, kSmallestShare, 1.0)); }

std::vector<Mark> make_marks(const std::vector<ScenePoint>& points, const Plot& plot) {
  std::vector<ScenePoint> by_time = points;
  std::stable_sort(by_time.begin(), by_time.end(),
                   [&](const ScenePoint& a, const ScenePoint& b) { return a.time_s > b.time_s; });
  std::vector<Mark> marks;
  for (const ScenePoint& point : by_time) {
    const Point center = plot.at(point.intensity, point.flop_per_s);
    auto mark = std::find_if(marks.begin(), marks.end(),
                             [&](const Mark& m) { return m.bound == point.bound && same_place(m.center, center); });
    if (mark == marks.end()) mark = marks.insert(mark, Mark{center, 0, point.bound, 0, {}});
    mark->share += point.share;
    mark->rows.push_back(point.row);
    mark->notes.push_back(point.note);
  }
  for (Mark& mark : marks) mark.radius = mark_radius(mark.share);
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.share > b.share; });
  return marks;
}

std::string mark_label(const Analysis& analysis, const Mark& mark) {
  std::string first = row_name(analysis, analysis.rows[mark.rows.front()]);
  if (mark.rows.size() == 1) return first;
  if (mark.rows.size() == 2) {
    std::string both = fmt::format("{}, {}", first, row_name(analysis, analysis.rows[mark.rows.back()]));
    if (both.size() <= kLongLabel) return both;
  }
  return fmt::format("{} + {} more", first, mark.rows.size() - 1);
}

std::string mark_tooltip(const Analysis& analysis, const Mark& mark) {
  std::string text;
  if (mark.rows.size() > 1)
    text = fmt::format("{} ops here, {} of the time\n\n", mark.rows.size(), percent(mark.share, 3));
  for (std::size_t i = 0; i < mark.rows.size() && i < kTooltipRows; ++i) {
    text += fmt::format("{}{}", i > 0 ? "\n\n" : "", describe_row(analysis, analysis.rows[mark.rows[i]]));
    if (!mark.notes[i].empty()) text += "\n" + mark.notes[i];
  }
  if (mark.rows.size() > kTooltipRows) text += fmt::format("\n\nand {} more", mark.rows.size() - kTooltipRows);
  return text;
}

}  // namespace gable::svg
