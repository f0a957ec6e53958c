// The time of a whole configuration before it runs: kernels, the CPU's clock, memory, and how sure that is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/predict/predictor.h"
#include "analyzer/roofline/clocks.h"

namespace gable {

/// Kernels of one op in one pass, all executions.
struct PredictedTerm {
  std::size_t row = 0;  ///< index into Analysis::rows
  double time_s = 0;
};

struct ModelPrediction {
  Basis basis = Basis::kDatasheet;  ///< the weakest of the classes that matter (kMattering of the time)
  PredictedKernels kernels;
  double busy_low_s = 0;  ///< interval of busy_s
  double busy_high_s = 0;
  double extrapolated_s = 0;         ///< of busy_s, in shapes beyond what was timed
  double uncalibrated_s = 0;         ///< of busy_s, in classes that nothing was timed of
  std::optional<Clocks> clocks;      ///< with a host
  std::vector<PredictedTerm> terms;  ///< ops, the longest first

  /// From the first launch to the end of the last kernel: the clocks' where there is a host, else as long as kernels
  /// run.
  [[nodiscard]] double step_s() const { return clocks ? clocks->step_s : kernels.busy_s; }
  [[nodiscard]] double low_s() const { return busy_low_s + (step_s() - kernels.busy_s); }
  [[nodiscard]] double high_s() const { return busy_high_s + (step_s() - kernels.busy_s); }
};

/// Errors of kernels of one class go together as their shapes are alike (the residual's covariance); classes err apart;
/// beside them the list of kernels itself may be wrong (kRecipeSd).
ModelPrediction predict_model(const Predictor& predictor, const Analysis& analysis, const Host* host, bool graph,
                              double coverage);

}  // namespace gable
