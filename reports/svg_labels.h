// Where labels go: greedy placement, best candidate first, against what is drawn and what was placed before.
#pragma once

#include <optional>
#include <vector>

#include "reports/svg_geometry.h"

namespace gable::svg {

/// What labels keep clear of.
struct Obstacles {
  Box frame;                     ///< labels stay inside
  std::vector<Disc> marks;       ///< never covered
  std::vector<Box> labels;       ///< never covered
  std::vector<Segment> lines;    ///< avoided while there is a choice (labels have a halo)
  std::vector<Segment> leaders;  ///< never covered
};

struct LabelSpot {
  Box box;
  std::optional<Segment> leader;  ///< from the mark to the label, where they are apart
  double cost = 0;                ///< px, see place_label()
};

/// A free place for a box of that size near the mark. Nothing if every candidate covers a mark, a label or a leader or
/// leaves the frame, or costs `worst` or more: distance in px, and what lines under it, crossings of its leader and
/// nearness to other marks are worth in px.
std::optional<LabelSpot> place_label(const Disc& mark, double width, double height, const Obstacles& obstacles,
                                     double worst);

inline constexpr double kLineGap = 5;

/// Text along a line: it starts at `start` and runs for `length` at `angle` (radians, positive is up).
struct LineLabel {
  Point start;
  double angle = 0;
  double length = 0;
  double gap = kLineGap;  ///< px between line and text; negative for text below the line
};

/// Small boxes that cover the text of `size` px.
std::vector<Box> cover(const LineLabel& label, double size);

/// The candidate that covers least (marks and labels count most), the earliest of equals. Candidates must not be empty.
LineLabel best_line_label(const std::vector<LineLabel>& candidates, double size, const Obstacles& obstacles);

/// What lies under the boxes: kCovered for every mark, more if they cover a label or leave the frame, less for a line.
double cover_cost(const std::vector<Box>& boxes, const Obstacles& obstacles);

inline constexpr double kCovered = 20;

/// Whether the mark's centre lies on that disc (its own, too): then nothing that leads to it can keep clear of the
/// disc.
bool on(const Disc& disc, const Disc& mark);

}  // namespace gable::svg
