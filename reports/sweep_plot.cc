#include "reports/sweep_plot.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/sweep_series.h"

namespace gable::svg {
namespace {

constexpr std::size_t kNamedSeries = 30;  ///< more names than this do not fit beside the plot
constexpr double kRoom = 1.15;            ///< factor of room around points

/// Colours of models, apart from those of bounds: after Tol's muted scheme. Dashes tell those apart that share one.
void set_style(SweepLine& line, std::size_t place) {
  constexpr std::array<std::string_view, 5> kColors = {"#117733", "#882255", "#555555", "#44AA99", "#999933"};
  constexpr std::array<std::string_view, 3> kDashes = {"none", "8 3", "2 2"};
  line.color = kColors.at(place % kColors.size());
  line.dashes = kDashes.at(place / kColors.size() % kDashes.size());
}

/// Whether the end of `b` is the better place for the name of both: after more points, further to the right.
bool ends_before(const SweepLine& a, const SweepLine& b) {
  if (a.rows.size() != b.rows.size()) return a.rows.size() < b.rows.size();
  return a.rows.back()->point.flop < b.rows.back()->point.flop;
}

}  // namespace

std::vector<SweepLine> sweep_lines(const SweepReport& report) {
  std::vector<SweepLine> lines;
  for (const SweepSeries& series : sweep_series(report)) {
    SweepLine line{series.name, {}, series.group};
    if (!series.group.empty()) set_style(line, series.group_place);
    for (const SweepRow& row : series.rows) {
      if (row.valid() && row.point.flop > Count(0) && row.point.time_s > 0) line.rows.push_back(&row);
    }
    if (!line.rows.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<LineName> line_names(const std::vector<SweepLine>& lines) {
  std::vector<LineName> names;
  if (lines.size() < 2) return names;
  const bool each = lines.size() <= kNamedSeries;
  for (const SweepLine& line : lines) {
    const auto same = [&](const LineName& name) { return !each && name.text == line.group; };
    const auto found = std::find_if(names.begin(), names.end(), same);
    if (found == names.end()) {
      names.push_back({each ? line.name : line.group, &line});
    } else if (ends_before(*found->line, line)) {
      found->line = &line;
    }
  }
  if (names.size() > kNamedSeries) names.clear();
  return names;
}

double names_width(const std::vector<SweepLine>& lines) {
  double width = 0;
  for (const LineName& name : line_names(lines)) width = std::max(width, text_width(name.text, kNameSize));
  if (width == 0) return 0;
  return std::min(width, kNameRoom) + 14;
}

Plot sweep_plot(const std::vector<SweepLine>& lines) {
  Extent x;
  Extent y;
  for (const SweepLine& line : lines) {
    for (const SweepRow* row : line.rows) {
      for (const double room : {1 / kRoom, kRoom}) {
        x.add(row->point.flop.real() * room);
        y.add(row->point.time_s * room);
      }
    }
  }
  const Box frame = {kLeft, kTop, kRight - names_width(lines), kBottom};
  return {frame, LogScale(x.range({1e6, 1e12}), frame.left, frame.right),
          LogScale(y.range({1e-6, 1}), frame.bottom, frame.top)};
}

std::vector<Segment> segments_of(const Plot& plot, const SweepLine& line, double least) {
  std::vector<Segment> segments;
  Point from = place_of(plot, *line.rows.front());
  for (const SweepRow* row : line.rows) {
    const Point to = place_of(plot, *row);
    if (std::hypot(to.x - from.x, to.y - from.y) < least && row != line.rows.back()) continue;
    segments.push_back({from, to});
    from = to;
  }
  return segments;
}

double best_rate(const std::vector<SweepLine>& lines) {
  double rate = 0;
  for (const SweepLine& line : lines) {
    for (const SweepRow* row : line.rows) rate = std::max(rate, row->point.flop.real() / row->point.time_s);
  }
  return rate;
}

/// The part of time = FLOP / rate inside the frame.
std::optional<Segment> proportional(const Plot& plot, double rate) {
  const double low = std::max(plot.x.range().low, plot.y.range().low * rate);
  const double high = std::min(plot.x.range().high, plot.y.range().high * rate);
  if (!(low < high)) return std::nullopt;
  return Segment{plot.at(low, low / rate), plot.at(high, high / rate)};
}

}  // namespace gable::svg
