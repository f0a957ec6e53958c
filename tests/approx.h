// Comparing floating-point results: doctest's own tolerance (1.2e-5) would let a wrong constant pass.
#pragma once

#include <doctest/doctest.h>

namespace gable {

/// Equal within 1e-12 of the value: the rounding of a few operations.
inline doctest::Approx rel(double value, double tolerance = 1e-12) {
  return doctest::Approx(value).epsilon(tolerance).scale(0);
}

}  // namespace gable
