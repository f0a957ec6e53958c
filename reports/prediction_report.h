// The predicted time of a configuration: how long, how sure, what bounds it, whether it fits.
#pragma once

#include <span>

#include "analyzer/predict/model_prediction.h"
#include "analyzer/study/memory.h"
#include "reports/report_format.h"

namespace gable {

struct PredictionReport {
  const Analysis& analysis;
  const ModelPrediction& prediction;
  std::string source;     ///< where the constants come from: "a100.yaml of 2026-11-21"
  double coverage = 0.9;  ///< of the intervals
  Count needed;           ///< bytes of memory at the peak; 0 where it is not followed (a backward pass alone)
  std::size_t top = 3;
  int width = 80;
  bool color = false;
};

std::span<const ReportFormat<PredictionReport>> prediction_format_table();

}  // namespace gable
