// The picture of a sweep laid out: lines, axes, guides in px.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/svg_axes.h"
#include "reports/sweep_report.h"

namespace gable::svg {

inline constexpr double kLeft = 84;
inline constexpr double kRight = 936;
inline constexpr double kTop = 128;
inline constexpr double kBottom = kPageHeight - 54;
inline constexpr double kNameSize = 11;
inline constexpr double kNameRoom = 190;  ///< px for the names of series, at most

/// A series, without the points that have no place on logarithmic axes.
struct SweepLine {
  std::string name;
  std::vector<const SweepRow*> rows;
  std::string group;  ///< its model or device, where there are several
  std::string_view color = "#888";
  std::string_view dashes = "none";  ///< stroke-dasharray
};

std::vector<SweepLine> sweep_lines(const SweepReport& report);

/// A name beside the end of a line.
struct LineName {
  std::string_view text;
  const SweepLine* line = nullptr;
};

/// Every series, or where those are too many every model or device, at its longest line. None where there is one series
/// or too many of both.
std::vector<LineName> line_names(const std::vector<SweepLine>& lines);

/// px beside the plot; 0 where nothing is named there.
double names_width(const std::vector<SweepLine>& lines);

/// Time against FLOP.
Plot sweep_plot(const std::vector<SweepLine>& lines);

inline Point place_of(const Plot& plot, const SweepRow& row) {
  return plot.at(row.point.flop.real(), row.point.time_s);
}

/// The line through its points; of points nearer than `least` px, one.
std::vector<Segment> segments_of(const Plot& plot, const SweepLine& line, double least);

/// FLOP/s of the point that attains most.
double best_rate(const std::vector<SweepLine>& lines);

/// The part of time = FLOP / rate inside the frame.
std::optional<Segment> proportional(const Plot& plot, double rate);

}  // namespace gable::svg
