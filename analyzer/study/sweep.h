// A sweep: the time and the bottleneck of every point of a grid, and how they change from one point to the next.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/predict/predictor.h"
#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/hardware_choice.h"
#include "analyzer/study/grid.h"

namespace gable {

/// A model with the options it is costed and timed with.
struct Variant {
  Model model;
  AnalysisOptions options;
  /// An axis of T is the context of a decode step: past = T - 1, and one new position.
  bool t_is_context = false;
};

/// What is swept.
struct Sweep {
  Grid grid;
  std::vector<Variant> variants;         ///< one for each combination of values of the axes of models and options
  std::vector<HardwareChoice> hardware;  ///< one for each value of the axis of devices
  std::vector<std::optional<Predictor>> predictors = {};  ///< of each device that has constants; empty: of none

  [[nodiscard]] std::size_t variant_of(std::int64_t point) const;
  [[nodiscard]] const Model& model_at(std::int64_t point) const { return variants[variant_of(point)].model; }
  [[nodiscard]] const AnalysisOptions& options_at(std::int64_t point) const {
    return variants[variant_of(point)].options;
  }
  [[nodiscard]] std::size_t device_of(std::int64_t point) const;
  [[nodiscard]] const HardwareChoice& hardware_at(std::int64_t point) const { return hardware[device_of(point)]; }
  [[nodiscard]] bool predicts() const;  ///< for any device
};

/// The bottleneck: the roof with most time.
Roof bottleneck(const PointResult& point);
/// The class that a roof belongs to.
Bound class_of(Roof roof);
/// The bound class with most time.
Bound bound_of(const PointResult& point);
/// FLOP (matrix and vector) per compulsory byte; 0 without bytes.
double intensity(const PointResult& point);

/// From a point's neighbour before it on the innermost axis to the point.
struct Step {
  double flop_ratio = 1;
  double time_ratio = 1;
  std::optional<double>
      elasticity;           ///< d ln time / d ln FLOP = ln time_ratio / ln flop_ratio; nothing if FLOP is equal
  Roof from = Roof::kDram;  ///< bottleneck before
  bool bottleneck_changed = false;
};
/// Nothing where a ratio has no value: no FLOP or no time.
std::optional<Step> step_between(const PointResult& before, const PointResult& after);

struct SweepRow {
  std::int64_t index = 0;  ///< of the point
  PointResult point;
  std::string error;  ///< why there is no result; "" if there is one
  std::optional<Step> step;

  [[nodiscard]] bool valid() const { return error.empty(); }
};

/// Evaluates points, one after the other; each thread has its own, since a model is changed for each point.
class Evaluator {
 public:
  /// @throws InputError naming --vary: a model has no such dim; what prepare throws
  explicit Evaluator(const Sweep& sweep);

  /// Points [first, last), in order.
  std::vector<SweepRow> evaluate(std::int64_t first, std::int64_t last);
  SweepRow evaluate(std::int64_t point);
  /// The point in full, op by op. @throws InputError where the point has no result
  [[nodiscard]] Analysis analysis(std::int64_t point);

 private:
  /// What an axis sets: slot = value + offset.
  struct Target {
    std::size_t slot = 0;
    std::int64_t offset = 0;
  };
  /// A variant, made ready once.
  struct Subject {
    Prepared prepared;
    std::vector<Target> targets;  ///< of each axis; that of a name axis is unused
  };
  static Target target_of(const Axis& axis, const Variant& variant);
  /// The model and options of a point, its dims filled in.
  Prepared& prepared_at(std::int64_t point);

  const Sweep* sweep_;
  std::vector<Subject> subjects_;                     ///< parallel to Sweep::variants
  std::vector<std::optional<Predictor>> predictors_;  ///< of its own: they remember what they were asked
  Scratch scratch_;
};

/// The first point that has a result, or that was looked at before a stop. @throws InputError if none has: why the
/// first of all has none
std::int64_t first_valid(const Sweep& sweep, const std::function<bool()>& stop);

struct SweepRun {
  std::int64_t first = 0;  ///< point to begin with
  std::size_t threads = 1;
  std::function<bool()> stop = [] { return false; };  ///< asked between chunks, from any thread
};

/// A chunk's text, made by the thread that evaluated it.
using FormatRows = std::function<std::string(std::span<const SweepRow>)>;
/// Takes a chunk; called in the order of the points, never twice at a time.
using TakeRows = std::function<void(std::vector<SweepRow>&&, const std::string& text)>;

/// Evaluates the grid on several threads, holding a chunk of points for each. Returns the point after the last one
/// taken: the size of the grid unless it was stopped. What a thread throws stops all and is thrown here.
std::int64_t run_sweep(const Sweep& sweep, const SweepRun& run, const FormatRows& format, const TakeRows& take);

}  // namespace gable
