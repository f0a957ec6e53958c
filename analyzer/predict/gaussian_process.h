// A Gaussian process over what a time model leaves unexplained: a mean and a spread for every shape.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "analyzer/predict/time_model.h"

namespace gable {

/// A timed kernel as the process sees it.
struct ResidualPoint {
  Features at{};
  std::vector<double> slopes;  ///< d log time / d log constant
  double error = 0;            ///< log(measured / predicted)
  double share = 1;            ///< d log time / d log kernel's time: small where the host sets the time
};

/// Signal, noise and a length for each feature.
inline constexpr std::size_t kHyperCount = 2 + kFeatures;

struct Guess {
  double mean = 0;
  double sd = 0;
};

/// Kernel: slopes' diag(sd^2) slopes (the constants' own uncertainty) + Matern-5/2 with a length for each feature +
/// noise. The six hyper-parameters are those most probable under log-normal priors (Rasmussen, Williams 2006, chapter
/// 5).
class GaussianProcess {
 public:
  /// Settles the hyper-parameters, by a part of many points, or takes `hyper`, those of an earlier fit to the same
  /// ones.
  GaussianProcess(std::vector<ResidualPoint> points, std::span<const ConstantRow> constants,
                  std::span<const double> hyper = {});
  ~GaussianProcess();
  GaussianProcess(GaussianProcess&&) noexcept;
  GaussianProcess& operator=(GaussianProcess&&) noexcept;

  /// The direction, in logarithms of the constants, in which the points' errors move them: the slopes' share of a mean
  /// is slopes . drift(). It spares the slopes where only a mean is asked for.
  [[nodiscard]] std::span<const double> drift() const;
  /// Of Guess; `drifted` is slopes . drift().
  [[nodiscard]] double mean(const Features& features, double drifted, double share = 1) const;
  [[nodiscard]] Guess at(const Features& features, std::span<const double> slopes, double share = 1) const;
  /// Covariance of what is left to guess at each pair of places, row by row: errors of like shapes go together; what no
  /// two shapes share stands on the diagonal.
  [[nodiscard]] std::vector<double> covariance(std::span<const ResidualPoint> places) const;
  /// What each point would be guessed to be from all others; in closed form.
  [[nodiscard]] std::vector<Guess> leave_one_out() const;
  /// Logarithms of signal, noise and lengths.
  [[nodiscard]] std::span<const double> hyper() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gable
