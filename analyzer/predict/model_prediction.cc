#include "analyzer/predict/model_prediction.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace gable {
namespace {

/// Of the sum of a step's kernels: launches that a recipe lacks or has too many. Whole models of prediction.md's table
/// differ by this much where each kernel's time is known.
constexpr double kRecipeSd = 0.035;
constexpr double kMattering = 0.1;

/// All executions of kernels of one shape.
struct Weight {
  Shape shape;
  double time_s = 0;
  double log_sd = 0;
};

/// Variance, in s^2, of the sum of kernels that one calibration predicts.
double variance_of(const Calibration& calibration, const std::vector<Weight>& weights) {
  if (calibration.residual() == nullptr) {  // nothing tells their errors apart
    double sd = 0;
    for (const Weight& weight : weights) sd += weight.time_s * weight.log_sd;
    return sd * sd;
  }
  std::vector<ResidualPoint> places;
  for (const Weight& weight : weights) places.push_back(calibration.place_of(weight.shape));
  const std::vector<double> covariance = calibration.residual()->covariance(places);
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    for (std::size_t j = 0; j < weights.size(); ++j)
      sum += weights[i].time_s * weights[j].time_s * covariance[i * weights.size() + j];
  }
  const double together = std::max(0.0, sum) * calibration.stretch() * calibration.stretch();
  // What a sibling adds to a kernel's interval is common to all of them, as is what lies beyond the rows.
  double sibling = 0;
  double beyond = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (calibration.basis() == Basis::kSibling) sibling += weights[i].time_s * kSiblingSd;
    beyond += weights[i].time_s * calibration.sd_beyond(places[i].at) * calibration.stretch();
  }
  return together + sibling * sibling + beyond * beyond;
}

/// The analysis with predicted times in place of those at the roofs, for the clocks.
Analysis with_times(const Analysis& analysis, const PredictedKernels& predicted) {
  Analysis timed = analysis;
  const double latency = timed.options.roofs.launch ? timed.hw.launch_latency.value : 0;
  for (std::size_t r = 0; r < timed.rows.size(); ++r) {
    for (std::size_t k = 0; k < timed.rows[r].kernels.size(); ++k) {
      KernelRow& kernel = timed.rows[r].kernels[k];
      const double starts = (kernel.kernel.one.launches + kernel.kernel.one.memcpys).real();
      kernel.time.total_s = predicted.rows[r][k].time_s + starts * latency;
    }
  }
  return timed;
}

}  // namespace

ModelPrediction predict_model(const Predictor& predictor, const Analysis& analysis, const Host* host, bool graph,
                              double coverage) {
  ModelPrediction prediction;
  prediction.kernels = predict_kernels(predictor, analysis, coverage);
  std::map<std::pair<ShapeKind, Dtype>, std::vector<Weight>> classes;
  for (std::size_t r = 0; r < analysis.rows.size(); ++r) {
    PredictedTerm term{r, 0};
    for (std::size_t k = 0; k < analysis.rows[r].kernels.size(); ++k) {
      const Kernel& kernel = analysis.rows[r].kernels[k].kernel;
      const Prediction& one = prediction.kernels.rows[r][k];
      const double time = one.time_s * static_cast<double>(kernel.executions);
      const Shape shape = predictor.shape_of(kernel);
      const Calibration& calibration = predictor.calibration(shape.kind, shape.dtype);
      std::vector<Weight>& weights = classes[{shape.kind, shape.dtype}];
      const auto same = std::find_if(weights.begin(), weights.end(), [&](const Weight& w) { return w.shape == shape; });
      if (same == weights.end()) {
        weights.push_back({shape, time, one.log_sd});
      } else {
        same->time_s += time;
      }
      term.time_s += time;
      if (one.extrapolated) prediction.extrapolated_s += time;
      if (calibration.basis() == Basis::kDatasheet) prediction.uncalibrated_s += time;
    }
    if (term.time_s > 0) prediction.terms.push_back(term);
  }
  const double busy = prediction.kernels.busy_s;
  double variance = kRecipeSd * kRecipeSd * busy * busy;
  for (const auto& [key, weights] : classes)
    variance += variance_of(predictor.calibration(key.first, key.second), weights);
  const double wide = busy > 0 ? std::exp(normal_width(coverage) * std::sqrt(variance) / busy) : 1;
  prediction.busy_low_s = busy / wide;
  prediction.busy_high_s = busy * wide;
  for (const auto& [key, weights] : classes) {
    const Basis basis = predictor.calibration(key.first, key.second).basis();
    if (basis != Basis::kDatasheet) prediction.basis = basis;
  }
  if (prediction.uncalibrated_s > kMattering * busy) prediction.basis = Basis::kDatasheet;
  std::stable_sort(prediction.terms.begin(), prediction.terms.end(),
                   [](const PredictedTerm& a, const PredictedTerm& b) { return a.time_s > b.time_s; });
  if (host != nullptr) prediction.clocks = run_clocks(with_times(analysis, prediction.kernels), *host, graph);
  return prediction;
}

}  // namespace gable
