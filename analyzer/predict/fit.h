// Constants of a time model from timed kernels: maximum a posteriori on the logarithms of times.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "analyzer/predict/time_model.h"

namespace gable {

/// Writes log(predicted / measured) of every row for the given logarithms of the constants.
using LogErrors = std::function<void(std::span<const double> log_values, std::span<double> errors)>;

/// The logarithms of the constants that are most probable, given their priors and `rows` errors of kErrorSd each; large
/// errors count linearly (soft L1), so that a few odd rows do not move them. Levenberg-Marquardt from the prior.
std::vector<double> fit_constants(std::span<const ConstantRow> constants, std::size_t rows, const LogErrors& errors);

/// Standard deviations of the logarithms once errors with these slopes (d log time / d log constant, row by row) are
/// known; of the linearised posterior.
std::vector<double> posterior_sds(std::span<const ConstantRow> constants, std::span<const double> slopes);

}  // namespace gable
