#include "reports/svg_labels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace gable::svg {
namespace {

constexpr std::array<double, 8> kGaps = {3, 12, 22, 34, 48, 64, 84, 110};  ///< px between mark and label
constexpr double kNear = 8;                                                ///< up to this gap no leader is needed
constexpr double kNearOther = 48;  ///< a label that may be read as another mark's
constexpr double kMargin = 12;     ///< px by which its own mark should be nearer
constexpr double kInside =
    0.6;  ///< of the radius, where leaders start: on the mark, so that it is plain whose they are
constexpr double kBlocked = std::numeric_limits<double>::infinity();
constexpr int kDirections = 16;
constexpr double kLineCost = 20;    ///< px of distance that one line under a label is worth
constexpr double kLeaderCost = 40;  ///< the same for a mark or a leader crossed by a leader

template <typename Shape, typename Other>
int count_overlaps(const std::vector<Shape>& shapes, const Other& other) {
  return static_cast<int>(
      std::count_if(shapes.begin(), shapes.end(), [&](const Shape& shape) { return overlap(shape, other); }));
}

/// Right of the mark reads best, then left, above, below, then the rest.
double direction_cost(double angle) {
  const double c = std::cos(angle);
  return c > 0.99 ? 0 : std::fabs(c) > 0.99 ? 2 : std::fabs(c) < 0.01 ? 4 : c > 0 ? 3 : 5;
}

/// The box whose nearest point to the mark lies in that direction at that distance.
Box box_towards(const Disc& mark, double angle, double gap, double width, double height) {
  const double c = std::cos(angle);
  const double s = std::sin(angle);
  const double x = mark.center.x + c * (mark.radius + gap);
  const double y = mark.center.y - s * (mark.radius + gap);
  const double left = c > 0.3 ? x : c < -0.3 ? x - width : x - width / 2;
  const double top = s > 0.3 ? y - height : s < -0.3 ? y : y - height / 2;
  return {left, top, left + width, top + height};
}

Segment leader_between(const Disc& mark, const Box& box) {
  const Point end = {std::clamp(mark.center.x, box.left, box.right), std::clamp(mark.center.y, box.top, box.bottom)};
  const double distance = std::hypot(end.x - mark.center.x, end.y - mark.center.y);
  const double t = distance > 0 ? kInside * mark.radius / distance : 0;
  return {{mark.center.x + t * (end.x - mark.center.x), mark.center.y + t * (end.y - mark.center.y)}, end};
}

bool blocked(const Box& box, const Obstacles& obstacles) {
  return !contains(obstacles.frame, box) || count_overlaps(obstacles.marks, box) > 0 ||
         count_overlaps(obstacles.labels, box) > 0 || count_overlaps(obstacles.leaders, box) > 0;
}

/// What the leader crosses, in px of distance that it is worth.
double leader_cost(const Segment& leader, const Disc& mark, const Obstacles& obstacles) {
  const auto hits = [&](const Box& label) { return overlap(leader, label); };
  if (std::any_of(obstacles.labels.begin(), obstacles.labels.end(), hits)) return kBlocked;
  double cost = kLeaderCost * count_overlaps(obstacles.leaders, leader);
  for (const Disc& disc : obstacles.marks) {
    if (!on(disc, mark) && overlap(leader, disc)) cost += kLeaderCost;
  }
  return cost;
}

/// A label that is as near to another mark as to its own would be read as the other's, the more so without a leader.
double ambiguity_cost(const LabelSpot& spot, const Disc& mark, double gap, const Obstacles& obstacles) {
  double cost = 0;
  for (const Disc& disc : obstacles.marks) {
    if (on(disc, mark) || !overlap(Disc{disc.center, disc.radius + gap + kMargin}, spot.box)) continue;
    cost += spot.leader ? kNearOther / 12 : kNearOther;
  }
  return cost;
}

/// kBlocked for what must not be covered.
double spot_cost(const LabelSpot& spot, const Disc& mark, double gap, const Obstacles& obstacles) {
  if (blocked(spot.box, obstacles)) return kBlocked;
  const double leader = spot.leader ? leader_cost(*spot.leader, mark, obstacles) : 0;
  return gap + kLineCost * count_overlaps(obstacles.lines, spot.box) + leader +
         ambiguity_cost(spot, mark, std::min(gap, kNear), obstacles);
}

}  // namespace

bool on(const Disc& disc, const Disc& mark) {
  return std::hypot(disc.center.x - mark.center.x, disc.center.y - mark.center.y) <= disc.radius;
}

std::optional<LabelSpot> place_label(const Disc& mark, double width, double height, const Obstacles& obstacles,
                                     double worst) {
  std::optional<LabelSpot> best;
  for (const double gap : kGaps) {
    for (int i = 0; i < kDirections; ++i) {
      const double angle = 2 * std::numbers::pi * i / kDirections;
      LabelSpot spot{box_towards(mark, angle, gap, width, height), std::nullopt, 0};
      if (gap > kNear) spot.leader = leader_between(mark, spot.box);
      spot.cost = direction_cost(angle) + spot_cost(spot, mark, gap, obstacles);
      if (spot.cost >= (best ? best->cost : worst)) continue;
      best = spot;
    }
  }
  return best;
}

std::vector<Box> cover(const LineLabel& label, double size) {
  const Point along = {std::cos(label.angle), -std::sin(label.angle)};
  const double offset = label.gap + (label.gap > 0 ? size : -size) / 2;
  const Point normal = {-std::sin(label.angle) * offset, -std::cos(label.angle) * offset};
  const int steps = std::max(1, static_cast<int>(std::ceil(label.length / (size / 2))));
  std::vector<Box> boxes;
  for (int i = 0; i <= steps; ++i) {
    const double t = label.length * i / steps;
    const Point center = {label.start.x + t * along.x + normal.x, label.start.y + t * along.y + normal.y};
    boxes.push_back({center.x - size / 2, center.y - size / 2, center.x + size / 2, center.y + size / 2});
  }
  return boxes;
}

double cover_cost(const std::vector<Box>& boxes, const Obstacles& obstacles) {
  const auto covered = [&](const auto& shape) {
    return std::any_of(boxes.begin(), boxes.end(), [&](const Box& box) { return overlap(shape, box); });
  };
  const auto count = [&](const auto& shapes) {
    return static_cast<double>(std::count_if(shapes.begin(), shapes.end(), covered));
  };
  const bool inside =
      std::all_of(boxes.begin(), boxes.end(), [&](const Box& box) { return contains(obstacles.frame, box); });
  const bool label = std::any_of(obstacles.labels.begin(), obstacles.labels.end(), covered);
  return kCovered * (count(obstacles.marks) + (label ? 2 : 0) + (inside ? 0 : 2)) + 3 * count(obstacles.lines);
}

LineLabel best_line_label(const std::vector<LineLabel>& candidates, double size, const Obstacles& obstacles) {
  double least = std::numeric_limits<double>::infinity();
  const LineLabel* best = &candidates.front();
  for (const LineLabel& candidate : candidates) {
    const double cost = cover_cost(cover(candidate, size), obstacles);
    if (cost >= least) continue;
    least = cost;
    best = &candidate;
  }
  return *best;
}

}  // namespace gable::svg
