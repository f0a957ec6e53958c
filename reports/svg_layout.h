// Everything inside the frame with its place: roofs, ridge points, marks, labels that do not cover one another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/svg_canvas.h"
#include "reports/svg_labels.h"
#include "reports/svg_plot.h"

namespace gable::svg {

enum class Stroke : std::uint8_t { kRoof, kFarRoof, kCeiling, kSheet };

/// A roof or ceiling within the frame.
struct RoofShape {
  Segment line;
  Stroke stroke = Stroke::kRoof;
  std::string label;
  std::string tooltip;
  bool slants = false;
};

struct RidgeShape {
  Segment drop;  ///< from the ridge point down to the axis
  std::string label;
  std::string tooltip;
};

struct PlacedText {
  Point at;
  std::string text;
  std::string muted;
  TextStyle style;
};

/// Where the roofline has an op that was measured elsewhere.
struct Ghost {
  Segment shift;  ///< from the mark to the ghost
  Bound bound = Bound::kMemory;
};
inline constexpr double kGhostRadius = 4;

struct Layout {
  std::vector<RoofShape> roofs;
  std::vector<RidgeShape> ridges;
  std::vector<Mark> marks;
  std::vector<Ghost> ghosts;
  std::vector<Segment> leaders;
  std::vector<PlacedText> texts;
};

/// Labels get their places in this order: ridge points, roofs, marks by share of time. Marks that find no good place
/// stay without one; their tooltips name them.
Layout make_layout(const Analysis& analysis, const Scene& scene, const Plot& plot);

}  // namespace gable::svg
