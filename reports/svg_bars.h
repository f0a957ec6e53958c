// Horizontal bars in groups: each group has a scale of its own, so that its bars can be compared with each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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
  std::string title;
  std::vector<Bar> bars;
  double full = 0;  ///< value that takes the whole width; 0: that of the longest bar
};

struct LegendEntry {
  std::string_view fill;
  std::string text;
};

struct BarPicture {
  std::string title;
  std::vector<std::string> lines;  ///< below the title; the first is emphasised
  std::vector<LegendEntry> legend;
  std::vector<BarGroup> groups;
};

/// A self-contained SVG as wide as the others, as high as the bars need.
std::string draw_bars(const BarPicture& picture);

}  // namespace gable::svg
