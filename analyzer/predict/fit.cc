#include "analyzer/predict/fit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <unsupported/Eigen/LevenbergMarquardt>

namespace gable {
namespace {

constexpr double kErrorSd = 0.12;  // what the formulas leave unexplained, typically
constexpr double kSoft = 1.5;      // errors beyond so many of it count linearly
constexpr double kStep = 1e-4;
constexpr double kClearly = 8;  // twice the log odds by which another beginning must be better

/// A residual whose square is the soft-L1 loss of r.
double softened(double r) {
  const double z = r / kSoft;
  return std::copysign(kSoft * std::sqrt(2 * (std::sqrt(1 + z * z) - 1)), r);
}

struct Posterior : Eigen::DenseFunctor<double> {
  Posterior(std::span<const ConstantRow> constants, std::size_t rows, const LogErrors& errors)
      : DenseFunctor(static_cast<int>(constants.size()), static_cast<int>(rows + constants.size())),
        constants_(constants),
        rows_(rows),
        errors_(errors) {}

  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& f) const {
    errors_({x.data(), constants_.size()}, {f.data(), rows_});
    for (std::size_t i = 0; i < rows_; ++i) {
      double& r = f[static_cast<Eigen::Index>(i)];
      r = softened(r / kErrorSd);
    }
    for (std::size_t i = 0; i < constants_.size(); ++i) {
      const auto at = static_cast<Eigen::Index>(i);
      f[static_cast<Eigen::Index>(rows_) + at] = (x[at] - std::log(constants_[i].prior)) / constants_[i].log_sd;
    }
    return 0;
  }

  int df(const Eigen::VectorXd& x, Eigen::MatrixXd& slopes) const {
    Eigen::VectorXd at(values());
    Eigen::VectorXd moved(values());
    (*this)(x, at);
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      Eigen::VectorXd near = x;
      near[i] += kStep;
      (*this)(near, moved);
      slopes.col(i) = (moved - at) / kStep;
    }
    return 0;
  }

 private:
  std::span<const ConstantRow> constants_;
  std::size_t rows_;
  const LogErrors& errors_;
};

/// From x to the minimum near by; its loss.
double descend(Posterior& posterior, Eigen::VectorXd& x) {
  Eigen::LevenbergMarquardt<Posterior> solver(posterior);
  solver.setMaxfev(60);
  solver.setFtol(1e-6);
  solver.setXtol(1e-6);
  solver.minimize(x);
  return solver.fnorm() * solver.fnorm();
}

}  // namespace

std::vector<double> fit_constants(std::span<const ConstantRow> constants, std::size_t rows, const LogErrors& errors) {
  Posterior posterior(constants, rows, errors);
  Eigen::VectorXd x(static_cast<Eigen::Index>(constants.size()));
  for (std::size_t i = 0; i < constants.size(); ++i) x[static_cast<Eigen::Index>(i)] = std::log(constants[i].prior);
  double least = descend(posterior, x);
  for (std::size_t i = 0; i < constants.size(); ++i) {
    if (constants[i].other <= 0) continue;
    Eigen::VectorXd again = x;
    again[static_cast<Eigen::Index>(i)] = std::log(constants[i].other);
    const double loss = descend(posterior, again);
    if (loss > least - kClearly) continue;
    least = loss;
    x = again;
  }
  return {x.data(), x.data() + x.size()};
}

std::vector<double> posterior_sds(std::span<const ConstantRow> constants, std::span<const double> slopes) {
  const auto columns = static_cast<Eigen::Index>(constants.size());
  const auto rows = static_cast<Eigen::Index>(slopes.size() / constants.size());
  const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> j(slopes.data(), rows,
                                                                                                   columns);
  Eigen::MatrixXd precision = j.transpose() * j / (kErrorSd * kErrorSd);
  for (Eigen::Index i = 0; i < columns; ++i) {
    const double sd = constants[static_cast<std::size_t>(i)].log_sd;
    precision(i, i) += 1 / (sd * sd);
  }
  const Eigen::MatrixXd covariance = precision.llt().solve(Eigen::MatrixXd::Identity(columns, columns));
  std::vector<double> sds;
  for (Eigen::Index i = 0; i < columns; ++i) sds.push_back(std::sqrt(covariance(i, i)));
  return sds;
}

}  // namespace gable
