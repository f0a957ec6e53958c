// How long kernels, and whole analyses, take on a device.
#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "analyzer/predict/calibration_file.h"
#include "analyzer/roofline/analysis.h"

namespace gable {

class Predictor {
 public:
  /// From the datasheet alone.
  explicit Predictor(Hardware hw) : hw_(std::move(hw)) {}
  /// Fits a calibration for each kind and dtype of the rows.
  Predictor(Hardware hw, std::span<const Timing> rows);
  /// As fitted before, on this device or, with `fitted_on`, on a sibling of it.
  Predictor(Hardware hw, const CalibrationFile& file, const Hardware* fitted_on = nullptr);

  [[nodiscard]] const Calibration& calibration(ShapeKind kind, Dtype dtype) const;
  /// What the time models see of a kernel: the shape of one launch, or its bytes. Sums and gathers count as streams
  /// where only those were timed.
  [[nodiscard]] Shape shape_of(const Kernel& kernel) const;
  /// One execution of a kernel.
  [[nodiscard]] Prediction predict(const Kernel& kernel, double coverage = 0.9) const;
  /// Its time alone.
  [[nodiscard]] double time_of(const Kernel& kernel) const;

 private:
  [[nodiscard]] bool has_rows_of(ShapeKind kind) const;

  Hardware hw_;
  mutable std::map<std::pair<ShapeKind, Dtype>, Calibration> calibrations_;
  /// Models run the same shapes again and again, sweeps in every point: the last time of each, by a hash of the shape.
  struct Remembered {
    Shape shape;
    double time_s = 0;
  };
  mutable std::vector<Remembered> remembered_;
};

/// The kernels of an analysis with the sum of their times: how long the device is busy.
struct PredictedKernels {
  std::vector<std::vector<Prediction>> rows;  ///< parallel to Analysis::rows and their kernels; of one execution
  double busy_s = 0;
};
/// Lays predicted times beside those at the roofs: in every kernel's row, in all totals.
void put_predictions(const Predictor& predictor, Analysis& analysis);

PredictedKernels predict_kernels(const Predictor& predictor, const Analysis& analysis, double coverage = 0.9);

}  // namespace gable
