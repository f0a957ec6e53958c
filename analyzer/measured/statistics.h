// Statistics of repeated measurements, as pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace gable {

struct Summary {
  std::size_t n = 0;
  double mean = 0;
  double median = 0;
  double std = 0;  ///< of the sample, over n - 1; 0 for a single value
  double min = 0;
  double max = 0;
  double q1 = 0;  ///< quartiles, linear between order statistics (Hyndman and Fan 1996, type 7)
  double q3 = 0;

  /// Coefficient of variation, std / mean; 0 where the mean is.
  [[nodiscard]] double cv() const { return mean > 0 ? std / mean : 0; }
  /// Interquartile range over the median; 0 where the median is.
  [[nodiscard]] double spread() const { return median > 0 ? (q3 - q1) / median : 0; }
};

/// All zeros for no samples.
Summary summarize(std::span<const double> samples);

/// Indices of samples outside [q1 - 1.5 IQR, q3 + 1.5 IQR] (Tukey 1977, Exploratory Data Analysis, section 2), in
/// order; none for fewer than four samples.
std::vector<std::size_t> outliers(std::span<const double> samples);

}  // namespace gable
