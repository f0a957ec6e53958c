// Horizontal bars: times side by side, each divided by what bounds it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/svg_canvas.h"

namespace gable::svg {

struct BarPiece {
  double value = 0;
  std::string_view fill;
  std::string tooltip;
};

struct Bar {
  std::string label;             ///< left of the bar
  std::vector<BarPiece> pieces;  ///< end to end
  std::string text;              ///< right of it
  bool gap_before = false;       ///< a section begins
};

struct BarKey {
  std::string_view fill;
  std::string text;
};

struct BarChart {
  std::string title;
  std::vector<std::string> subtitle;  ///< lines
  std::vector<BarKey> keys;
  std::vector<Bar> bars;
  double reference = 0;  ///< a thin line down the chart at this value; 0 = none
};

/// A self-contained SVG, 960 px wide and as high as the bars need; lengths are linear from 0.
std::string render_bars(const BarChart& chart);

}  // namespace gable::svg
