// The scene laid out: axes in px, roofs as segments, marks, labels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/svg_labels.h"
#include "reports/svg_scale.h"
#include "reports/svg_scene.h"

namespace gable::svg {

struct Plot {
  Box frame;
  LogScale x;  ///< FLOP per DRAM byte
  LogScale y;  ///< attained FLOP/s

  [[nodiscard]] Point at(double intensity, double flop_per_s) const { return {x.at(intensity), y.at(flop_per_s)}; }
};

/// Axes that show all marks whole, and every roof to both sides of its ridge.
Plot make_plot(const Scene& scene, const Box& frame);

/// FLOP/s of the highest compute roof; the top of the plot without one.
double top_roof(const Scene& scene, const Plot& plot);

/// A memory roof within the frame, up to the highest compute roof. Nothing if no part of it is in the frame.
std::optional<Segment> slanted(const Plot& plot, double bytes_per_s, double top_flop_per_s);

/// From where the uppermost memory roof reaches that rate, to the right edge. Nothing above the frame.
std::optional<Segment> horizontal(const Plot& plot, const Scene& scene, double flop_per_s);

/// One mark: the ops of a bound class at (nearly) the same place.
struct Mark {
  Point center;
  double radius = 0;  ///< of a circle of the mark's area
  Bound bound = Bound::kMemory;
  double share = 0;                     ///< of the total time
  std::vector<std::size_t> rows;        ///< indices into Analysis::rows, most time first
  std::vector<std::string> notes = {};  ///< of the rows

  /// What labels keep clear of: reaches beyond the corners of squares and triangles.
  [[nodiscard]] Disc disc() const;
};

/// px: area is proportional to share, down to the smallest mark that is still seen.
double mark_radius(double share);
inline constexpr double kSmallestShare = 0.01;

/// Largest first, so that small marks are drawn on top.
std::vector<Mark> make_marks(const std::vector<ScenePoint>& points, const Plot& plot);

/// "wte", "ln_1, ln_2" or "ln_1 + 5 more".
std::string mark_label(const Analysis& analysis, const Mark& mark);
std::string mark_tooltip(const Analysis& analysis, const Mark& mark);

}  // namespace gable::svg
