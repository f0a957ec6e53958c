// Horizontal bars in groups: each group has a scale of its own, so that its bars can be compared with each other.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/roofline/roofline.h"

namespace gable::svg {

/// A piece of a bar.
struct BarPiece {
  double value = 0;
  std::string_view fill;
  std::string tooltip;
};

struct Bar {
  std::string label;
  std::vector<BarPiece> pieces;  ///< side by side
  std::string text;              ///< at its end: "3.21 ms, x0.42"
};

struct BarGroup {
  std::string title;  ///< "" for none
  std::vector<Bar> bars;
  double full = 0;       ///< value that takes the whole width; 0: that of the longest bar
  double reference = 0;  ///< a dashed line at this value, left of what stands at the ends of bars; 0: none
};

struct LegendEntry {
  std::string_view fill;
  std::string text;
};

struct BarPicture {
  std::string title;
  std::vector<std::string> lines;  ///< below the title, wrapped; the first is emphasised
  std::vector<LegendEntry> legend;
  std::vector<BarGroup> groups;
};

/// A time by what bounds it, and what the colours mean.
std::vector<BarPiece> bound_pieces(const std::array<double, kBoundCount>& bound_s);
std::vector<LegendEntry> bound_legend();

/// A self-contained SVG as wide as the others, as high as the bars need.
std::string draw_bars(const BarPicture& picture);

}  // namespace gable::svg
