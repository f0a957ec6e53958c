// Which rows of a file are measured, so to say, before the others are predicted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/predict/timings.h"

namespace gable {

/// Indices of `count` rows, spread over the logarithms of the dims by a Sobol sequence with a random digital shift
/// (Joe, Kuo 2008; Cranley, Patterson 1976): each point takes the nearest row that is left. Tensors of
/// models are aligned, and libraries have kernels of their own for those: such rows are drawn before others.
std::vector<std::size_t> draw_probes(std::span<const Timing> rows, std::size_t count, std::uint32_t seed);

/// Which of `count` folds each row is in; as many rows in each as can be.
std::vector<std::size_t> draw_folds(std::size_t rows, std::size_t count, std::uint32_t seed);

}  // namespace gable
