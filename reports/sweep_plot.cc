#include "reports/sweep_plot.h"

#include <algorithm>
#include <cmath>

#include "reports/sweep_series.h"

namespace gable::svg {
namespace {

constexpr std::size_t kNamedSeries = 30;  ///< more names than this do not fit beside the plot
constexpr double kRoom = 1.15;            ///< factor of room around points

}  // namespace

std::vector<SweepLine> sweep_lines(const SweepReport& report) {
  std::vector<SweepLine> lines;
  for (const SweepSeries& series : sweep_series(report)) {
    SweepLine line{series.name, {}};
    for (const SweepRow& row : series.rows) {
      if (row.valid() && row.point.flop > Count(0) && row.point.time_s > 0) line.rows.push_back(&row);
    }
    if (!line.rows.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

double names_width(const std::vector<SweepLine>& lines) {
  if (lines.size() < 2 || lines.size() > kNamedSeries) return 0;
  double width = 0;
  for (const SweepLine& line : lines) width = std::max(width, text_width(line.name, kNameSize));
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
