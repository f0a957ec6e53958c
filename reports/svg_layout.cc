#include "reports/svg_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

#include "analyzer/base/units.h"

namespace gable::svg {
namespace {

constexpr double kRoofSize = 12;
constexpr double kRidgeSize = 11;
constexpr double kLabelSize = 12;
constexpr double kLabelHeight = 14;
constexpr double kLabelWidth = 240;
constexpr std::size_t kMostLabels = 20;
constexpr double kOverMarks = 16;  ///< px between a roof and a label above the marks on it
constexpr double kFarthest = 140;  ///< what a label may cost, see place_label()
constexpr double kStep = 12;       ///< px between places tried for a label along its roof
constexpr double kDegrees = 180 / std::numbers::pi;
constexpr double kDiamond = 4.9;  ///< px, just less than kLineGap: a roof's label passes over its ridge point

std::vector<RoofShape> roof_shapes(const Scene& scene, const Plot& plot) {
  std::vector<RoofShape> roofs;
  for (const RoofLine& roof : scene.memory) {
    const Stroke stroke = roof.roof == Roof::kL2 ? Stroke::kFarRoof : Stroke::kRoof;
    const auto line = slanted(plot, roof.rate, top_roof(scene, plot));
    if (line) roofs.push_back({*line, stroke, roof.label, roof.tooltip, true});
  }
  for (const RoofLine& roof : scene.compute) {
    const auto line = horizontal(plot, scene, roof.rate);
    if (line) roofs.push_back({*line, Stroke::kRoof, roof.label, roof.tooltip, false});
  }
  if (scene.launch_in_plot()) {
    const auto line = horizontal(plot, scene, scene.launch->flop_per_s);
    if (line) roofs.push_back({*line, Stroke::kCeiling, scene.launch->label, scene.launch->tooltip, false});
  }
  for (const RoofLine& roof : scene.sheet_memory) {
    const double top = scene.sheet_compute.empty() ? plot.y.range().high : scene.sheet_compute.front().rate;
    const auto line = slanted(plot, roof.rate, top);
    if (line) roofs.push_back({*line, Stroke::kSheet, roof.label, roof.tooltip, true});
  }
  Scene sheet;
  sheet.memory = scene.sheet_memory;
  for (const RoofLine& roof : scene.sheet_compute) {
    const auto line = horizontal(plot, sheet, roof.rate);
    if (line) roofs.push_back({*line, Stroke::kSheet, roof.label, roof.tooltip, false});
  }
  return roofs;
}

std::vector<Ghost> ghosts_of(const Scene& scene, const Plot& plot) {
  std::vector<Ghost> ghosts;
  for (const ScenePoint& point : scene.points) {
    if (point.modelled)
      ghosts.push_back(
          {{plot.at(point.intensity, point.flop_per_s), plot.at(point.intensity, *point.modelled)}, point.bound});
  }
  return ghosts;
}

std::vector<RidgeShape> ridge_shapes(const Scene& scene, const Plot& plot) {
  std::vector<RidgeShape> ridges;
  const RoofLine* dram = scene.dram();
  if (dram == nullptr) return ridges;
  for (const RoofLine& compute : scene.compute) {
    const double ridge = compute.rate / dram->rate;
    const Point at = plot.at(ridge, compute.rate);
    ridges.push_back({{at, {at.x, plot.frame.bottom}},
                      fmt::format("ridge {} FLOP/byte", format_significant(ridge, 3)),
                      fmt::format("ridge point of {} and {}: {} FLOP/byte", compute.label, dram->label,
                                  format_significant(ridge, 4))});
  }
  return ridges;
}

/// Beside the dotted line, as near to the axis as marks and other labels allow.
PlacedText place_ridge(const RidgeShape& ridge, Obstacles& obstacles) {
  const double width = text_width(ridge.label, kRidgeSize);
  Box best;
  double least = std::numeric_limits<double>::infinity();
  const int rows = static_cast<int>((ridge.drop.b.y - 6 - ridge.drop.a.y) / (kLabelHeight / 2));
  for (int i = 0; i <= rows; ++i) {
    const double y = ridge.drop.b.y - 6 - i * kLabelHeight / 2;
    for (const bool right : {true, false}) {
      const double left = right ? ridge.drop.b.x + 5 : ridge.drop.b.x - 5 - width;
      const Box box = {left, y - kRidgeSize, left + width, y + 2};
      const double cost = cover_cost({box}, obstacles);
      if (cost >= least) continue;
      least = cost;
      best = box;
    }
  }
  obstacles.labels.push_back(best);
  return {{best.left, best.bottom - 3}, ridge.label, "", {.size = kRidgeSize, .fill = "#555", .halo = true}};
}

/// Slanted roofs from their lower end upwards, horizontal ones from the right edge leftwards; above the line before
/// below; then before its start, where all is empty; then, for the topmost, over the marks that lie on it.
std::vector<LineLabel> roof_places(const RoofShape& roof, bool topmost) {
  const Point a = roof.line.a;
  const Point b = roof.line.b;
  const double length = text_width(roof.label, kRoofSize);
  const double angle = std::atan2(a.y - b.y, b.x - a.x);
  const double room = std::max(0.0, std::hypot(b.x - a.x, b.y - a.y) - length - 12);
  std::vector<LineLabel> places;
  const auto add_at = [&](double along, double gap) {
    places.push_back({{a.x + along * std::cos(angle), a.y - along * std::sin(angle)}, angle, length, gap});
  };
  for (const double gap : {kLineGap, -kLineGap, kOverMarks, 2 * kOverMarks}) {
    if (gap == kOverMarks && !roof.slants) add_at(-6 - length, kLineGap);
    if (gap > kLineGap && !topmost) break;
    for (int i = 0; i <= static_cast<int>(room / kStep); ++i)
      add_at(6 + (roof.slants ? i * kStep : room - i * kStep), gap);
  }
  return places;
}

/// A text of `size` px within the box of its spot, and its leader. The widths of boxes are estimates: what they are off
/// by goes to the far side of the mark.
void add_at_spot(const LabelSpot& spot, Point mark, PlacedText text, Obstacles& obstacles, Layout& layout) {
  const Box& box = spot.box;
  obstacles.labels.push_back(box);
  if (spot.leader) {
    obstacles.leaders.push_back(*spot.leader);
    layout.leaders.push_back(*spot.leader);
  }
  const bool left_of = box.right <= mark.x;
  const bool right_of = box.left >= mark.x;
  text.style.anchor = left_of ? "end" : right_of ? "start" : "middle";
  text.at = {left_of ? box.right : right_of ? box.left : (box.left + box.right) / 2, box.bottom - 3};
  layout.texts.push_back(std::move(text));
}

/// Away from its roof, with a leader to it from the best place.
bool place_roof_apart(const RoofShape& roof, const PlacedText& text, Obstacles& obstacles, Layout& layout) {
  const double width = text_width(roof.label, kRoofSize);
  std::optional<LabelSpot> best;
  Point from;
  const int steps = static_cast<int>((roof.line.b.x - roof.line.a.x) / kStep);
  for (int i = 1; i < steps; ++i) {
    const Disc anchor = {{roof.line.b.x - i * kStep, roof.line.b.y}, 1};
    const auto covers = [&](const Disc& mark) { return on(mark, anchor); };
    if (std::any_of(obstacles.marks.begin(), obstacles.marks.end(), covers)) continue;
    const auto spot = place_label(anchor, width, kLabelHeight, obstacles, best ? best->cost : kFarthest);
    if (!spot) continue;
    best = spot;
    from = anchor.center;
  }
  if (best) add_at_spot(*best, from, text, obstacles, layout);
  return best.has_value();
}

void place_roof(const RoofShape& roof, bool topmost, Obstacles& obstacles, Layout& layout) {
  const LineLabel place = best_line_label(roof_places(roof, topmost), kRoofSize, obstacles);
  const std::vector<Box> boxes = cover(place, kRoofSize);
  PlacedText text = {{}, roof.label, "", {.size = kRoofSize, .fill = "#222", .halo = true}};
  const bool crowded = cover_cost(boxes, obstacles) >= kCovered;
  if (crowded && !roof.slants && place_roof_apart(roof, text, obstacles, layout)) return;
  for (const Box& box : boxes) obstacles.labels.push_back(box);
  // The baseline: descenders reach into the gap above the line, capitals into the gap below it.
  const double up = place.gap > 0 ? place.gap : place.gap - kRoofSize * 0.75;
  text.at = {place.start.x - std::sin(place.angle) * up, place.start.y - std::cos(place.angle) * up};
  text.style.angle = -place.angle * kDegrees;
  layout.texts.push_back(std::move(text));
}

/// False if it has no good place: large marks may have their label farther away than small ones.
bool place_mark(const Analysis& analysis, const Mark& mark, Obstacles& obstacles, Layout& layout) {
  const std::string name = fit_text(mark_label(analysis, mark), kLabelSize, kLabelWidth);
  const std::string share = percent(mark.share);
  const double worst = std::min(30 + 1200 * mark.share, kFarthest);
  const auto spot =
      place_label(mark.disc(), text_width(name + " " + share, kLabelSize), kLabelHeight, obstacles, worst);
  if (!spot) return false;
  add_at_spot(*spot, mark.center, {{}, name, share, {.size = kLabelSize, .fill = "#111", .halo = true}}, obstacles,
              layout);
  return true;
}

Obstacles obstacles_of(const Layout& layout, const Box& frame) {
  Obstacles obstacles;
  obstacles.frame = {frame.left + 3, frame.top + 3, frame.right - 3, frame.bottom - 3};
  for (const Mark& mark : layout.marks) obstacles.marks.push_back(mark.disc());
  for (const Ghost& ghost : layout.ghosts) obstacles.marks.push_back({ghost.shift.b, kGhostRadius + 1});
  for (const RidgeShape& ridge : layout.ridges) obstacles.marks.push_back({ridge.drop.a, kDiamond});
  for (const RidgeShape& ridge : layout.ridges) obstacles.lines.push_back(ridge.drop);
  for (const RoofShape& roof : layout.roofs) obstacles.lines.push_back(roof.line);
  for (const Ghost& ghost : layout.ghosts) obstacles.lines.push_back(ghost.shift);
  return obstacles;
}

}  // namespace

Layout make_layout(const Analysis& analysis, const Scene& scene, const Plot& plot) {
  Layout layout;
  layout.roofs = roof_shapes(scene, plot);
  layout.ridges = ridge_shapes(scene, plot);
  layout.marks = make_marks(scene.points, plot);
  layout.ghosts = ghosts_of(scene, plot);
  Obstacles obstacles = obstacles_of(layout, plot.frame);
  for (const RidgeShape& ridge : layout.ridges) layout.texts.push_back(place_ridge(ridge, obstacles));
  for (const RoofShape& roof : layout.roofs) {
    const bool topmost = !roof.slants && roof.line.a.y <= plot.y.at(top_roof(scene, plot));
    place_roof(roof, topmost, obstacles, layout);
  }
  std::size_t placed = 0;
  for (const Mark& mark : layout.marks) {
    if (placed < kMostLabels && place_mark(analysis, mark, obstacles, layout)) ++placed;
  }
  return layout;
}

}  // namespace gable::svg
