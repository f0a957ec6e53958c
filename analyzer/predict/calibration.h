// Time models with the constants of one device: from its datasheet alone, or fitted to kernels that were timed on it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/predict/gaussian_process.h"
#include "analyzer/predict/time_model.h"
#include "analyzer/predict/timings.h"

namespace gable {

/// What a prediction rests on.
enum class Basis : std::uint8_t { kDatasheet, kSibling, kCalibrated };
std::string_view basis_name(Basis basis);

struct Prediction {
  double time_s = 0;
  double low_s = 0;  ///< of the interval
  double high_s = 0;
  double log_sd = 0;          ///< standard deviation of log(measured / predicted)
  bool extrapolated = false;  ///< the shape lies outside of what was timed
  KernelTime terms;           ///< of the formula, before the residual
};

/// Standard deviation of log(measured / predicted) that a sibling's constants bring, beside the residual's.
inline constexpr double kSiblingSd = 0.06;

/// Two-sided quantile of the standard normal distribution: P(|z| < normal_width(p)) = p.
double normal_width(double p);

/// Constants that rows timed by events add to a model's: the host's.
inline constexpr std::size_t kHostConstants = 2;

/// All that a fit found: enough to predict without fitting again.
struct CalibrationFit {
  std::vector<double> values;  ///< of the constants
  std::vector<double> hyper;   ///< of the residual
  double stretch = 1;          ///< of the normal interval, so that it covers what was left out
  std::vector<Timing> rows;
};

/// One class of kernels (kind and dtype) on one device.
class Calibration {
 public:
  /// The medians of the constants' priors; intervals from their spread and kUnfittedSd.
  Calibration(const TimeModel& model, const ChipFacts& device);
  /// Fitted. `rows` are of one kind and dtype.
  Calibration(const TimeModel& model, const ChipFacts& device, std::vector<Timing> rows);
  /// As fitted before; without rows, with constants that something else says.
  Calibration(const TimeModel& model, const ChipFacts& device, CalibrationFit fit);

  /// For another device of the same generation and library: its datasheet, these constants, a part of this residual,
  /// and wider intervals. A board with a higher power limit computes nearer to its peak: the clock that a limit allows
  /// goes with its cube root (power is voltage^2 x clock, and voltage goes with the clock).
  [[nodiscard]] Calibration for_sibling(const ChipFacts& sibling) const;

  /// With an interval that holds a `coverage` share of what will be measured.
  [[nodiscard]] Prediction predict(const Shape& shape, Timer timer = Timer::kDevice, double coverage = 0.9) const;

  /// The time alone, of a kernel by itself: what predict() says, an order of magnitude faster.
  [[nodiscard]] double time_of(const Shape& shape) const;

  [[nodiscard]] Basis basis() const {
    return !residual_ ? Basis::kDatasheet : sibling_ ? Basis::kSibling : Basis::kCalibrated;
  }
  [[nodiscard]] const TimeModel& model() const { return *model_; }
  [[nodiscard]] std::span<const ConstantRow> constants() const { return constants_; }
  [[nodiscard]] std::span<const double> values() const { return values_; }
  [[nodiscard]] CalibrationFit fit() const;
  /// Standard deviations of the constants' logarithms once the rows are known.
  [[nodiscard]] std::vector<double> value_sds() const;
  /// A kernel's place in the residual: features and slopes; `error` is not set.
  [[nodiscard]] ResidualPoint place_of(const Shape& shape) const;
  /// Standard deviation that a shape's distance from all that was timed adds to the residual's; 0 inside.
  [[nodiscard]] double sd_beyond(const Features& features) const;
  /// Null without rows.
  [[nodiscard]] const GaussianProcess* residual() const { return residual_.get(); }
  [[nodiscard]] double stretch() const { return stretch_; }
  /// How much faster kernels run before the board's power limit slows them: at least 1.
  [[nodiscard]] double rested_speed() const;
  /// |predicted / measured - 1| of each row, predicted from all the others.
  [[nodiscard]] std::vector<double> leave_one_out_errors() const;

 private:
  /// How far a shape lies outside of what was timed; 0 inside.
  [[nodiscard]] double octaves_beyond(const Features& features) const;
  [[nodiscard]] KernelTime timed(const Shape& shape, Timer timer, std::span<const double> values) const;
  /// d log time / d log kernel's time: 1 but for rows timed by events.
  [[nodiscard]] double kernel_share(const Shape& shape, Timer timer) const;
  [[nodiscard]] std::vector<double> slopes_at(const Shape& shape, Timer timer) const;
  /// Of the residual at a shape, by two more evaluations of the formula.
  [[nodiscard]] double mean_at(const Shape& shape, const Features& features, Timer timer) const;
  /// Not below what was measured at best, or the datasheet has.
  [[nodiscard]] double above_roof(const Shape& shape, double time_s) const;
  void adopt_rows(std::vector<Timing> rows);
  void fit_values();
  void fit_residual(std::span<const double> hyper);

  const TimeModel* model_;
  ChipFacts device_;
  std::vector<ConstantRow> constants_;  ///< the model's, then the host's where rows are timed by events
  std::vector<double> values_;
  std::vector<Timing> rows_;
  std::vector<double> errors_;  ///< log(measured / formula), clipped
  std::shared_ptr<const GaussianProcess> residual_;
  std::optional<ChipFacts> sibling_;  ///< that times are predicted of, in place of device_
  std::vector<double> sibling_values_;
  std::array<std::vector<double>, 2> drifted_;  ///< values a small step before and behind, along the residual's drift
  double flop_per_s_ = 0;                       ///< the most that a row has
  double bytes_per_s_ = 0;                      ///< the same of what L2 cannot hold
  Features lowest_{};
  Features highest_{};
  double stretch_ = 1;
};

}  // namespace gable
