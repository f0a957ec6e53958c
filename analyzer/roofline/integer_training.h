// Training in integers is refused, whoever asks for it: options, changes, points of a sweep.
#pragma once

#include "analyzer/roofline/analysis.h"

namespace gable {

/// Integers have no gradient. @throws InputError naming --dtype, or at the op whose dtype it is
void refuse_integer_training(const Model& model, const AnalysisOptions& options);

}  // namespace gable
