#include "reports/svg_geometry.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gable::svg {

bool overlap(const Box& a, const Box& b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

bool overlap(const Disc& disc, const Box& box) {
  const double dx = disc.center.x - std::clamp(disc.center.x, box.left, box.right);
  const double dy = disc.center.y - std::clamp(disc.center.y, box.top, box.bottom);
  return dx * dx + dy * dy < disc.radius * disc.radius;
}

// Liang and Barsky 1984: the part of the segment between each pair of parallel sides.
bool overlap(const Segment& segment, const Box& box) {
  const double dx = segment.b.x - segment.a.x;
  const double dy = segment.b.y - segment.a.y;
  const std::array<std::pair<double, double>, 4> sides = {{{-dx, segment.a.x - box.left},
                                                           {dx, box.right - segment.a.x},
                                                           {-dy, segment.a.y - box.top},
                                                           {dy, box.bottom - segment.a.y}}};
  double enter = 0;
  double leave = 1;
  for (const auto& [step, room] : sides) {
    if (step == 0) {
      if (room <= 0) return false;
    } else if (step < 0) {
      enter = std::max(enter, room / step);
    } else {
      leave = std::min(leave, room / step);
    }
  }
  return enter < leave;
}

bool overlap(const Segment& segment, const Disc& disc) {
  const double dx = segment.b.x - segment.a.x;
  const double dy = segment.b.y - segment.a.y;
  const double px = disc.center.x - segment.a.x;
  const double py = disc.center.y - segment.a.y;
  const double length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp((px * dx + py * dy) / length, 0.0, 1.0) : 0;
  const double ex = px - t * dx;
  const double ey = py - t * dy;
  return ex * ex + ey * ey < disc.radius * disc.radius;
}

bool overlap(const Segment& a, const Segment& b) {
  const auto side = [](const Segment& s, Point p) {
    const double turn = (s.b.x - s.a.x) * (p.y - s.a.y) - (s.b.y - s.a.y) * (p.x - s.a.x);
    return turn > 0 ? 1 : turn < 0 ? -1 : 0;
  };
  return side(a, b.a) * side(a, b.b) < 0 && side(b, a.a) * side(b, a.b) < 0;
}

bool contains(const Box& outer, const Box& inner) {
  return outer.left <= inner.left && outer.top <= inner.top && inner.right <= outer.right &&
         inner.bottom <= outer.bottom;
}

}  // namespace gable::svg
