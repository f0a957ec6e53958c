// Horizontal bars: times side by side, each divided by what bounds it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/svg_canvas.h"

namespace gable::svg {

struct TimePiece {
  double value = 0;
  std::string_view fill;
  std::string tooltip;
};

struct TimeBar {
  std::string label;              ///< left of the bar
  std::vector<TimePiece> pieces;  ///< end to end
  std::string text;               ///< right of it
  bool gap_before = false;        ///< a section begins
};

struct TimeKey {
  std::string_view fill;
  std::string text;
};

struct TimeBars {
  std::string title;
  std::vector<std::string> subtitle;  ///< lines
  std::vector<TimeKey> keys;
  std::vector<TimeBar> bars;
  double reference = 0;  ///< a thin line down the chart at this value; 0 = none
};

/// A self-contained SVG, 960 px wide and as high as the bars need; lengths are linear from 0.
std::string render_time_bars(const TimeBars& chart);

}  // namespace gable::svg
