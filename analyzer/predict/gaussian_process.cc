#include "analyzer/predict/gaussian_process.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace gable {
namespace {

struct Prior {
  double median;
  double log_sd;
};
// Signal, noise, then the lengths in octaves.
constexpr std::array<Prior, kHyperCount> kPriors = {{{0.10, 0.7}, {0.05, 0.5}, {4, 0.6}, {4, 0.6}, {4, 0.6}, {4, 0.6}}};
using Hyper = Eigen::Matrix<double, 2 + kFeatures, 1>;  // logarithms

// Hyper-parameters come from so many points: their search costs the cube of these dozens of times over, and
// more points hardly move it.
constexpr std::size_t kMostSettled = 256;

/// So many points, evenly from all in the order of their features: whatever order they came in.
std::vector<ResidualPoint> some_of(std::vector<ResidualPoint> points) {
  std::stable_sort(points.begin(), points.end(),
                   [](const ResidualPoint& a, const ResidualPoint& b) { return a.at < b.at; });
  std::vector<ResidualPoint> some;
  for (std::size_t i = 0; i < kMostSettled; ++i) some.push_back(points[i * points.size() / kMostSettled]);
  return some;
}

double matern(double squared) {
  const double r = std::sqrt(5 * squared);
  return (1 + r + r * r / 3) * std::exp(-r);
}

constexpr double kHostNoise = 0.015;  // of the time that a host takes from one event to the next

/// Variance that repeats do not share, of a time whose part `share` is the kernel's.
double noise_of(double variance, double share) {
  const double host = kHostNoise * (1 - share);
  return variance * share * share + host * host;
}

Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

/// The Matern part of the kernel, for one choice of hyper-parameters.
struct Nearness {
  explicit Nearness(const Hyper& h) : signal(std::exp(2 * h[0])) {
    for (std::size_t d = 0; d < kFeatures; ++d) scale.at(d) = std::exp(-h[index(2 + d)]);
  }

  double operator()(const Features& a, const Features& b) const {
    double squared = 0;
    for (std::size_t d = 0; d < kFeatures; ++d) {
      const double apart = (a[d] - b[d]) * scale[d];  // NOLINT(*-constant-array-index): the inner loop of every fit
      squared += apart * apart;
    }
    return signal * matern(squared);
  }

  double signal;
  Features scale{};
};

}  // namespace

struct GaussianProcess::State {
  std::vector<ResidualPoint> points;
  Eigen::VectorXd constant_sd;
  Eigen::MatrixXd slopes;
  Eigen::VectorXd y;
  Eigen::MatrixXd linear;
  Hyper hyper;
  Eigen::LLT<Eigen::MatrixXd> factor;
  Eigen::VectorXd weights;
  std::vector<double> drift;
  Nearness near{Hyper::Zero()};  // with the hyper-parameters that were settled

  [[nodiscard]] Eigen::MatrixXd covariance(const Hyper& h) const {
    Eigen::MatrixXd k = linear;
    const double noise = std::exp(2 * h[1]);
    const Nearness nearness(h);
    for (std::size_t i = 0; i < points.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j)
        k(index(i), index(j)) += points[i].share * points[j].share * nearness(points[i].at, points[j].at);
      k(index(i), index(i)) += noise_of(noise, points[i].share);
    }
    return k;
  }

  /// Negative log of the posterior of the hyper-parameters.
  [[nodiscard]] double loss(const Hyper& h) const {
    const Eigen::LLT<Eigen::MatrixXd> l(covariance(h).selfadjointView<Eigen::Lower>());
    if (l.info() != Eigen::Success) return std::numeric_limits<double>::infinity();
    double loss = 0.5 * y.dot(l.solve(y));
    const Eigen::MatrixXd& lower = l.matrixLLT();
    for (Eigen::Index i = 0; i < lower.rows(); ++i) loss += std::log(lower(i, i));
    for (std::size_t i = 0; i < kPriors.size(); ++i) {
      const double z = (h[index(i)] - std::log(kPriors.at(i).median)) / kPriors.at(i).log_sd;
      loss += 0.5 * z * z;
    }
    return loss;
  }

  [[nodiscard]] Hyper slope(const Hyper& h, double here) const {
    constexpr double kStep = 1e-4;
    Hyper g;
    for (Eigen::Index i = 0; i < h.size(); ++i) {
      Hyper moved = h;
      moved[i] += kStep;
      g[i] = (loss(moved) - here) / kStep;
    }
    return g;
  }

  /// BFGS with backtracking.
  void settle() {
    Hyper h;
    for (std::size_t i = 0; i < kPriors.size(); ++i) h[index(i)] = std::log(kPriors.at(i).median);
    using Square = Eigen::Matrix<double, 2 + kFeatures, 2 + kFeatures>;
    Square inverse = Square::Identity() * 0.1;
    double here = loss(h);
    Hyper g = slope(h, here);
    for (int round = 0; round < 40; ++round) {
      Hyper step = -(inverse * g);
      if (step.norm() > 1) step *= 1 / step.norm();
      double there = loss(h + step);
      int halved = 0;
      for (; there > here + 1e-4 * g.dot(step) && halved < 20; ++halved) {
        step *= 0.5;
        there = loss(h + step);
      }
      if (halved == 20) break;
      const Hyper h2 = h + step;
      const Hyper g2 = slope(h2, there);
      const Hyper change = g2 - g;
      const double along = change.dot(step);
      if (along > 1e-12) {
        const double rho = 1 / along;
        const Square left = Square::Identity() - rho * step * change.transpose();
        inverse = left * inverse * left.transpose() + rho * step * step.transpose();
      }
      const bool done = here - there < 1e-5;
      h = h2;
      g = g2;
      here = there;
      if (done) break;
    }
    hyper = h;
  }
};

GaussianProcess::GaussianProcess(std::vector<ResidualPoint> points, std::span<const ConstantRow> constants,
                                 std::span<const double> hyper)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.points = std::move(points);
  const Eigen::Index n = index(s.points.size());
  const Eigen::Index p = index(constants.size());
  s.constant_sd.resize(p);
  for (Eigen::Index c = 0; c < p; ++c) s.constant_sd[c] = constants[static_cast<std::size_t>(c)].log_sd;
  s.slopes.resize(n, p);
  s.y.resize(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const ResidualPoint& point = s.points[static_cast<std::size_t>(i)];
    for (Eigen::Index c = 0; c < p; ++c) s.slopes(i, c) = point.slopes[static_cast<std::size_t>(c)] * s.constant_sd[c];
    s.y[i] = point.error;
  }
  s.linear = s.slopes * s.slopes.transpose();
  if (hyper.size() == kPriors.size()) {
    for (std::size_t i = 0; i < hyper.size(); ++i) s.hyper[index(i)] = hyper[i];
  } else if (s.points.size() > kMostSettled) {
    const GaussianProcess some(some_of(s.points), constants);
    s.hyper = some.state_->hyper;
  } else {
    s.settle();
  }
  s.factor.compute(s.covariance(s.hyper).selfadjointView<Eigen::Lower>());
  s.weights = s.factor.solve(s.y);
  s.near = Nearness(s.hyper);
  const Eigen::VectorXd drift = s.constant_sd.asDiagonal() * (s.slopes.transpose() * s.weights);
  s.drift.assign(drift.begin(), drift.end());
}

GaussianProcess::~GaussianProcess() = default;
GaussianProcess::GaussianProcess(GaussianProcess&&) noexcept = default;
GaussianProcess& GaussianProcess::operator=(GaussianProcess&&) noexcept = default;

std::span<const double> GaussianProcess::drift() const { return state_->drift; }

double GaussianProcess::mean(const Features& features, double drifted, double share) const {
  const State& s = *state_;
  double mean = 0;
  for (std::size_t i = 0; i < s.points.size(); ++i)
    mean += s.weights[index(i)] * s.points[i].share * s.near(s.points[i].at, features);
  return drifted + share * mean;
}

Guess GaussianProcess::at(const Features& features, std::span<const double> slopes, double share) const {
  const State& s = *state_;
  Eigen::VectorXd mine(s.constant_sd.size());
  for (Eigen::Index c = 0; c < mine.size(); ++c) mine[c] = slopes[static_cast<std::size_t>(c)] * s.constant_sd[c];
  Eigen::VectorXd k = s.slopes * mine;
  for (std::size_t i = 0; i < s.points.size(); ++i)
    k[index(i)] += share * s.points[i].share * s.near(s.points[i].at, features);
  const double own =
      mine.squaredNorm() + share * share * std::exp(2 * s.hyper[0]) + noise_of(std::exp(2 * s.hyper[1]), share);
  const double variance = own - k.dot(s.factor.solve(k));
  return {k.dot(s.weights), std::sqrt(std::max(variance, 1e-8))};
}

std::vector<double> GaussianProcess::covariance(std::span<const ResidualPoint> places) const {
  const State& s = *state_;
  const Eigen::Index n = index(places.size());
  Eigen::MatrixXd known(s.y.size(), n);  // covariance of points and places
  Eigen::MatrixXd scaled(n, s.constant_sd.size());
  for (Eigen::Index j = 0; j < n; ++j) {
    const ResidualPoint& place = places[static_cast<std::size_t>(j)];
    for (Eigen::Index c = 0; c < s.constant_sd.size(); ++c)
      scaled(j, c) = place.slopes[static_cast<std::size_t>(c)] * s.constant_sd[c];
    for (std::size_t i = 0; i < s.points.size(); ++i)
      known(index(i), j) = s.points[i].share * s.near(s.points[i].at, place.at);
  }
  known += s.slopes * scaled.transpose();
  Eigen::MatrixXd all = scaled * scaled.transpose();
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j)
      all(i, j) += s.near(places[static_cast<std::size_t>(i)].at, places[static_cast<std::size_t>(j)].at);
  }
  all -= known.transpose() * s.factor.solve(known);
  all.diagonal().array() += std::exp(2 * s.hyper[1]);
  return {all.data(), all.data() + all.size()};  // symmetric
}

std::vector<Guess> GaussianProcess::leave_one_out() const {
  const State& s = *state_;
  const Eigen::MatrixXd inverse = s.factor.solve(Eigen::MatrixXd::Identity(s.y.size(), s.y.size()));
  std::vector<Guess> guesses;
  for (Eigen::Index i = 0; i < s.y.size(); ++i)
    guesses.push_back({s.y[i] - s.weights[i] / inverse(i, i), 1 / std::sqrt(inverse(i, i))});
  return guesses;
}

std::span<const double> GaussianProcess::hyper() const {
  return {state_->hyper.data(), static_cast<std::size_t>(state_->hyper.size())};
}

}  // namespace gable
