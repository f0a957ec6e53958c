#include "reports/svg_plot.h"

#include <algorithm>

namespace gable::svg {
namespace {

constexpr double kPointRoom = 1.25;  ///< factor of room around points, before marks are measured
constexpr double kMarkRoom = 6;      ///< px around marks
constexpr double kLeftRoom = 4;      ///< factor of room before the first ridge,
constexpr double kRightRoom = 6;     ///< and after the last, so that a bend is seen as one and labels find room
constexpr double kTopRoom = 1.8;     ///< above the highest roof, for its label
constexpr double kBottomRoom = 8;    ///< below the lowest compute roof
constexpr Range kDefaultX = {0.1, 1000};
constexpr Range kDefaultY = {1e9, 1e13};

Extent intensities(const Scene& scene) {
  Extent extent;
  for (const ScenePoint& point : scene.points) {
    extent.add(point.intensity / kPointRoom);
    extent.add(point.intensity * kPointRoom);
  }
  for (const RoofLine& compute : scene.compute) {
    for (const RoofLine& memory : scene.memory) {
      const double ridge = compute.rate / memory.rate;
      extent.add(memory.roof == Roof::kDram ? ridge / kLeftRoom : ridge / 2);
      extent.add(ridge * kRightRoom);
    }
  }
  return extent;
}

Extent rates(const Scene& scene, double most_intensity) {
  Extent extent;
  for (const ScenePoint& point : scene.points) {
    extent.add(point.flop_per_s / kPointRoom);
    extent.add(point.flop_per_s * kPointRoom);
    if (point.modelled) extent.add(*point.modelled);
  }
  for (const RoofLine& roof : scene.sheet_compute) extent.add(roof.rate * kTopRoom);
  for (const RoofLine& roof : scene.compute) {
    extent.add(roof.rate * kTopRoom);
    extent.add(roof.rate / kBottomRoom);
  }
  if (scene.launch_in_plot()) {
    extent.add(scene.launch->flop_per_s / kTopRoom);
    extent.add(scene.launch->flop_per_s * kTopRoom);
  }
  for (const RoofLine& roof : scene.memory) {
    if (scene.compute.empty()) extent.add(roof.rate * most_intensity);
  }
  return extent;
}

}  // namespace

Plot make_plot(const Scene& scene, const Box& frame) {
  Extent x = intensities(scene);
  Extent y = rates(scene, x.range(kDefaultX).high);
  const auto plot = [&] {
    return Plot{frame, LogScale(x.range(kDefaultX), frame.left, frame.right),
                LogScale(y.range(kDefaultY), frame.bottom, frame.top)};
  };
  const Plot first = plot();
  for (const Mark& mark : make_marks(scene.points, first)) {
    const double reach = mark.disc().radius + kMarkRoom;
    for (const double side : {-reach, reach}) {
      x.add(first.x.value(mark.center.x + side));
      y.add(first.y.value(mark.center.y + side));
    }
  }
  return plot();
}

double top_roof(const Scene& scene, const Plot& plot) {
  return scene.compute.empty() ? plot.y.range().high : scene.compute.front().rate;
}

std::optional<Segment> slanted(const Plot& plot, double bytes_per_s, double top_flop_per_s) {
  const double from = std::max(plot.x.range().low, plot.y.range().low / bytes_per_s);
  const double to = std::min(plot.x.range().high, top_flop_per_s / bytes_per_s);
  if (!(from < to)) return std::nullopt;
  return Segment{plot.at(from, from * bytes_per_s), plot.at(to, to * bytes_per_s)};
}

std::optional<Segment> horizontal(const Plot& plot, const Scene& scene, double flop_per_s) {
  const Range& x = plot.x.range();
  const Range& y = plot.y.range();
  if (!(flop_per_s >= y.low && flop_per_s <= y.high)) return std::nullopt;
  const double from = scene.memory.empty() ? x.low : std::max(x.low, flop_per_s / scene.memory.front().rate);
  if (!(from < x.high)) return std::nullopt;
  return Segment{plot.at(from, flop_per_s), plot.at(x.high, flop_per_s)};
}

}  // namespace gable::svg
