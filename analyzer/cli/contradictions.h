// Options that are right by themselves and make no sense together.
#pragma once

#include "analyzer/cli/options.h"
#include "analyzer/roofline/analysis.h"

namespace gable {

/// @throws InputError naming the option, what it contradicts, and what would be right
void refuse_contradictions(const Model& model, const Options& given, const AnalysisOptions& settings);

}  // namespace gable
