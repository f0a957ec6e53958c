// What the roofline shows, in base units and before any layout.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/measured/overlay.h"
#include "analyzer/roofline/analysis.h"

namespace gable::svg {

/// An op with a place on logarithmic axes.
struct ScenePoint {
  std::size_t row = 0;  ///< index into Analysis::rows
  double intensity = 0;
  double flop_per_s = 0;  ///< measured, with an overlay
  double time_s = 0;
  double share = 0;  ///< of the total time
  Bound bound = Bound::kMemory;
  std::optional<double> modelled = {};  ///< FLOP/s on the roofline, with an overlay
  std::string note = {};                ///< for the tooltip: what was measured
};

/// Ops without one, by reason.
struct Omitted {
  std::string reason;  ///< "no FLOP"
  std::vector<std::size_t> rows;
  double share = 0;  ///< of the total time
};

/// A roof: FLOP/s of a compute roof (horizontal), bytes/s of a memory roof (slope 1).
struct RoofLine {
  Roof roof = Roof::kVector;
  double rate = 0;
  std::string label;
  std::string tooltip;
};

/// What a launch latency leaves to a kernel of some size: attained FLOP/s < flop / latency. Each kernel size has its
/// own ceiling; this is the one of a typical kernel.
struct LaunchCeiling {
  double flop = 0;  ///< of one launch
  double flop_per_s = 0;
  bool of_launch_bound =
      true;  ///< flop is the time-weighted median of the launch-bound ops; else of the op nearest to it
  std::string label;
  std::string tooltip;
};

struct Scene {
  std::vector<ScenePoint> points;
  std::vector<Omitted> omitted;
  std::vector<RoofLine> compute;             ///< by falling rate
  std::vector<RoofLine> memory;              ///< by falling rate
  std::vector<RoofLine> sheet_compute = {};  ///< those of the datasheet beside a measured profile
  std::vector<RoofLine> sheet_memory = {};
  std::optional<LaunchCeiling> launch;

  /// The memory roof that DRAM sets; null where the term is off.
  [[nodiscard]] const RoofLine* dram() const;
  /// A ceiling above all roofs bounds nothing and is not drawn.
  [[nodiscard]] bool launch_in_plot() const;
};

/// `overlay` may be null.
Scene build_scene(const Analysis& analysis, const Overlay* overlay = nullptr);

/// The roofs that the ops' work meets, by falling rate; those of all dtypes at hand if there is no work.
std::vector<RoofLine> compute_roofs(const Analysis& analysis);
std::vector<RoofLine> memory_roofs(const Analysis& analysis);

/// Moves the points to where they were measured and adds the datasheet's roofs. What was not measured loses its place.
void lay_over(const Analysis& analysis, const Overlay& overlay, Scene& scene);

/// What colours and shapes of marks stand for: the class from the measurement, of an inefficient op its nearest roof.
Bound shown_bound(const OverlayOp& op);

/// "h/attn_qkv", or "top/h/attn_qkv" where several parts are shown.
std::string row_name(const Analysis& analysis, const OpRow& row);
double time_share(const Analysis& analysis, double time_s);
/// 0.123 -> "12 %", 0.00003 -> "<0.01 %".
std::string percent(double share, int digits = 2);
/// format_si without zeros at the end: 19.5e12 -> "19.5 TFLOP/s".
std::string short_si(double value, std::string_view unit);

}  // namespace gable::svg
