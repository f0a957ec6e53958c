#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "analyzer/predict/draw.h"
#include "analyzer/predict/validation.h"

namespace gable {
namespace {

// A board's power limit holds the average of some time (and its heat sink takes longer still to warm): a pass after a
// pause, as whole models are timed, begins at the clock that kernels timed one after the other for hours no longer
// see. On a T4 products run at 4.0 TFLOP/s in rows of any length, at 5.0 in a pass of 0.7 s, 4.6 in 1.5 s, 4.0 in 2.5 s
// and more.
constexpr double kRestedTime = 0.5;  // s, after which the clock has fallen by 1 - 1/e of the way

/// Seconds that kernels save by the rested clock in a case that takes `total_s` in all.
double saved_by_rest(const Predictor& predictor, const Analysis& pass, const PredictedKernels& predicted,
                     double total_s) {
  const double share = kRestedTime / total_s * (1 - std::exp(-total_s / kRestedTime));
  double saved = 0;
  for (std::size_t r = 0; r < pass.rows.size(); ++r) {
    for (std::size_t k = 0; k < pass.rows[r].kernels.size(); ++k) {
      const Kernel& kernel = pass.rows[r].kernels[k].kernel;
      const Shape shape = predictor.shape_of(kernel);
      const double faster = 1 + share * (predictor.calibration(shape.kind, shape.dtype).rested_speed() - 1);
      saved += predicted.rows[r][k].time_s * static_cast<double>(kernel.executions) * (1 - 1 / faster);
    }
  }
  return saved;
}

}  // namespace

std::vector<Shape> shapes_of(std::span<const Analysis> analyses) {
  std::vector<Shape> shapes;
  for (const Analysis& analysis : analyses) {
    for (const OpRow& row : analysis.rows) {
      for (const KernelRow& kernel : row.kernels) {
        if (kernel.kernel.shape) shapes.push_back(*kernel.kernel.shape);
      }
    }
  }
  return shapes;
}

std::vector<Timing> rows_for_fit(std::span<const Timing> rows, std::span<const Shape> left_out, std::size_t most) {
  std::map<std::pair<ShapeKind, Dtype>, std::vector<Timing>> groups;
  const std::set<Shape> out(left_out.begin(), left_out.end());
  for (const Timing& row : rows) {
    if (!out.contains(row.shape)) groups[{row.shape.kind, row.shape.dtype}].push_back(row);
  }
  std::vector<Timing> chosen;
  for (const auto& [key, group] : groups) {
    for (const std::size_t i : draw_probes(group, most, 1)) chosen.push_back(group[i]);
  }
  return chosen;
}

CheckedCase check_case(const Predictor& predictor, std::span<const Analysis> passes, double measured_s,
                       double coverage) {
  CheckedCase checked;
  checked.measured_s = measured_s;
  std::vector<ModelPrediction> predictions;
  for (const Analysis& pass : passes) {
    predictions.push_back(predict_model(predictor, pass, nullptr, false, coverage));
    const ModelPrediction& prediction = predictions.back();
    checked.predicted_s += prediction.step_s();
    checked.low_s += prediction.low_s();
    checked.high_s += prediction.high_s();
    checked.roofline_s += pass.total.time_s;
  }
  double saved = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i)
    saved += saved_by_rest(predictor, passes[i], predictions[i].kernels, checked.predicted_s);
  // How long the pause was is not known: the interval's upper end has none.
  for (double* time : {&checked.predicted_s, &checked.low_s}) *time = std::max(checked.roofline_s, *time - saved);
  return checked;
}

}  // namespace gable
