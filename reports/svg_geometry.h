// Plane geometry in px, y downwards.
#pragma once

namespace gable::svg {

struct Point {
  double x = 0;
  double y = 0;
};

struct Segment {
  Point a;
  Point b;
};

struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

struct Disc {
  Point center;
  double radius = 0;
};

/// Touching is not overlapping.
bool overlap(const Box& a, const Box& b);
bool overlap(const Disc& disc, const Box& box);
bool overlap(const Segment& segment, const Box& box);
bool overlap(const Segment& segment, const Disc& disc);
bool overlap(const Segment& a, const Segment& b);  ///< they cross
bool contains(const Box& outer, const Box& inner);

}  // namespace gable::svg
