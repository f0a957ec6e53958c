#include "analyzer/measured/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gable {
namespace {

/// `sorted` is not empty.
double quantile(std::span<const double> sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

}  // namespace

Summary summarize(std::span<const double> samples) {
  if (samples.empty()) return {};
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  const double mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / n;
  const double squares = std::accumulate(sorted.begin(), sorted.end(), 0.0,
                                         [&](double sum, double x) { return sum + (x - mean) * (x - mean); });
  Summary summary;
  summary.n = sorted.size();
  summary.mean = mean;
  summary.median = quantile(sorted, 0.5);
  summary.std = sorted.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
  summary.min = sorted.front();
  summary.max = sorted.back();
  summary.q1 = quantile(sorted, 0.25);
  summary.q3 = quantile(sorted, 0.75);
  return summary;
}

std::vector<std::size_t> outliers(std::span<const double> samples) {
  std::vector<std::size_t> found;
  if (samples.size() < 4) return found;
  const Summary summary = summarize(samples);
  const double reach = 1.5 * (summary.q3 - summary.q1);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i] < summary.q1 - reach || samples[i] > summary.q3 + reach) found.push_back(i);
  }
  return found;
}

}  // namespace gable
