// The total time of a configuration, the way a sweep gets it.
#pragma once

#include "analyzer/roofline/analysis.h"

namespace gable {

inline double time_of(const Model& model, const Hardware& hw, const AnalysisOptions& options = {}) {
  Scratch scratch;
  return evaluate_point(prepare(model, options), hw, scratch).time_s;
}

}  // namespace gable
