#include "analyzer/predict/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/predict/fit.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 3> kBases = {"datasheet", "sibling", "calibrated"};

/// What an event before and one after a call see of the host.
constexpr std::array<ConstantRow, kHostConstants> kHost = {{
    {"gap", "seconds from the first event to the kernel's start, on an idle device", 10e-6, 0.7},
    {"floor", "seconds that the host takes from one event to the next at the least", 30e-6, 0.5},
}};
constexpr double kHostBlend = 8;  // p of the norm that joins floor and kernel

constexpr double kClip = 3;          // robust standard deviations
constexpr double kUnfittedSd = 0.2;  // of log(measured / predicted) with a datasheet alone, beside the constants'
constexpr double kSlope = 1e-4;
constexpr double kDriftStep = 1e-3;  // of the residual's drift, either way
constexpr double kQuantile = 0.9;
constexpr double kTransferred = 0.5;  // share of the residual that a sibling has, too
constexpr double kMostOfPeak = 0.96;  // what products reach on boards that no power limit holds back
constexpr double kSafety = 1.1;       // leave-one-out errors are a little smaller than those of new shapes
// Kernels of boards with power to spare reach the share of the peak that is believed of them, within so many standard
// deviations (P100 1.2, V100 and A100 less); what is missing beyond is the clock's.
constexpr double kPlain = 2;
constexpr double kMargin = 0.5;  // octaves beyond the range that was timed
// What the formulas miss changes by about a tenth over four octaves (the residual's priors in gaussian_process.cc).
// Inside of the range rows bound it; beyond, nothing does, so that the interval grows with the distance.
constexpr double kBeyondSd = 0.025;  // of log(measured / predicted), an octave

double quantile(std::vector<double> values, double q) {
  const auto at = static_cast<std::size_t>(std::lround(q * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

std::vector<double> exponentials(std::span<const double> logs) {
  std::vector<double> values;
  values.reserve(logs.size());
  for (const double log : logs) values.push_back(std::exp(log));
  return values;
}

}  // namespace

double normal_width(double p) {  // by bisection of erf
  double low = 0;
  double high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::erf(middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return low;
}

std::string_view basis_name(Basis basis) { return kBases.at(static_cast<std::size_t>(basis)); }

Calibration::Calibration(const TimeModel& model, const ChipFacts& device)
    : model_(&model), device_(device), constants_(model.constants.begin(), model.constants.end()) {
  constants_.insert(constants_.end(), kHost.begin(), kHost.end());
  for (const ConstantRow& constant : constants_) values_.push_back(constant.prior);
}

Calibration::Calibration(const TimeModel& model, const ChipFacts& device, std::vector<Timing> rows)
    : Calibration(model, device) {
  adopt_rows(std::move(rows));
  if (rows_.empty()) return;
  fit_values();
  fit_residual({});
  std::vector<double> z;
  const std::vector<Guess> guesses = residual_->leave_one_out();
  for (std::size_t i = 0; i < guesses.size(); ++i) z.push_back(std::fabs(errors_[i] - guesses[i].mean) / guesses[i].sd);
  stretch_ = kSafety * std::max(1.0, quantile(z, kQuantile) / normal_width(kQuantile));
}

Calibration::Calibration(const TimeModel& model, const ChipFacts& device, CalibrationFit fit)
    : Calibration(model, device) {
  adopt_rows(std::move(fit.rows));
  values_ = std::move(fit.values);
  if (rows_.empty()) return;
  stretch_ = fit.stretch;
  fit_residual(fit.hyper);
}

void Calibration::adopt_rows(std::vector<Timing> rows) {
  rows_ = std::move(rows);
  if (std::any_of(rows_.begin(), rows_.end(), [](const Timing& row) { return row.timer == Timer::kEvents; })) return;
  constants_.resize(model_->constants.size());
  values_.resize(model_->constants.size());
}

CalibrationFit Calibration::fit() const {
  CalibrationFit fit{values_, {}, stretch_, rows_};
  if (residual_) fit.hyper.assign(residual_->hyper().begin(), residual_->hyper().end());
  return fit;
}

ResidualPoint Calibration::place_of(const Shape& shape) const {
  const KernelTime time = timed(shape, Timer::kDevice, values_);
  return {model_->features(shape, time), slopes_at(shape, Timer::kDevice), 0, 1};
}

KernelTime Calibration::timed(const Shape& shape, Timer timer, std::span<const double> values) const {
  KernelTime time = model_->time(shape, device_, values.first(model_->constants.size()));
  if (timer == Timer::kDevice || values.size() == model_->constants.size()) return time;
  const double run = values[values.size() - 2] + time.total_s;
  const double floor = values.back();
  const double most = std::max(run, floor);
  time.start_s += values[values.size() - 2];
  time.total_s = most * std::pow(std::pow(run / most, kHostBlend) + std::pow(floor / most, kHostBlend), 1 / kHostBlend);
  return time;
}

double Calibration::kernel_share(const Shape& shape, Timer timer) const {
  if (timer == Timer::kDevice) return 1;
  const double alone = timed(shape, Timer::kDevice, values_).total_s;
  const double whole = timed(shape, timer, values_).total_s;
  if (whole <= alone) return 1;
  return alone / whole * std::pow((alone + values_[values_.size() - 2]) / whole, kHostBlend - 1);
}

std::vector<double> Calibration::slopes_at(const Shape& shape, Timer timer) const {
  std::vector<double> slopes;
  std::vector<double> near(values_);
  const double here = timed(shape, timer, values_).total_s;
  for (std::size_t i = 0; i < near.size(); ++i) {
    near[i] = values_[i] * (1 + kSlope);
    slopes.push_back((timed(shape, timer, near).total_s / here - 1) / kSlope);
    near[i] = values_[i];
  }
  return slopes;
}

void Calibration::fit_values() {
  const LogErrors errors = [this](std::span<const double> logs, std::span<double> out) {
    const std::vector<double> values = exponentials(logs);
    for (std::size_t i = 0; i < rows_.size(); ++i)
      out[i] = std::log(timed(rows_[i].shape, rows_[i].timer, values).total_s / rows_[i].time_s);
  };
  values_ = exponentials(fit_constants(constants_, rows_.size(), errors));
}

void Calibration::fit_residual(std::span<const double> hyper) {
  std::vector<ResidualPoint> points;
  std::vector<double> sizes;
  for (const Timing& row : rows_) {
    const KernelTime time = timed(row.shape, row.timer, values_);
    points.push_back({model_->features(row.shape, time), slopes_at(row.shape, row.timer),
                      std::log(row.time_s / time.total_s), kernel_share(row.shape, row.timer)});
    sizes.push_back(std::fabs(points.back().error));
  }
  const double most = kClip * 1.4826 * quantile(sizes, 0.5);
  lowest_ = highest_ = points.front().at;
  for (ResidualPoint& point : points) {
    point.error = std::clamp(point.error, -most, most);
    errors_.push_back(point.error);
    for (std::size_t d = 0; d < kFeatures; ++d) {
      lowest_.at(d) = std::min(lowest_.at(d), point.at.at(d));
      highest_.at(d) = std::max(highest_.at(d), point.at.at(d));
    }
  }
  residual_ = std::make_shared<GaussianProcess>(std::move(points), constants_, hyper);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const double step = kDriftStep * residual_->drift()[i];
    drifted_[0].push_back(values_[i] * std::exp(-step));
    drifted_[1].push_back(values_[i] * std::exp(step));
  }
  for (const Timing& row : rows_) {
    const ShapeWork work = work_of(row.shape);
    flop_per_s_ = std::max(flop_per_s_, work.flop / row.time_s);
    bytes_per_s_ = std::max(bytes_per_s_, (work.bytes - device_.l2_bytes) / row.time_s);
  }
}

double Calibration::mean_at(const Shape& shape, const Features& features, Timer timer) const {
  const double before = timed(shape, timer, drifted_[0]).total_s;
  const double behind = timed(shape, timer, drifted_[1]).total_s;
  return residual_->mean(features, std::log(behind / before) / (2 * kDriftStep), kernel_share(shape, timer));
}

double Calibration::above_roof(const Shape& shape, double time_s) const {
  const ChipFacts& device = sibling_ ? *sibling_ : device_;
  const ShapeWork work = work_of(shape);
  const double far = std::max(0.0, work.bytes - device.l2_bytes);
  return std::max(
      {time_s, work.flop / std::max(flop_per_s_, device.flop_per_s), far / std::max(bytes_per_s_, device.bytes_per_s)});
}

double Calibration::time_of(const Shape& shape) const {
  const KernelTime time = timed(shape, Timer::kDevice, values_);
  if (!residual_) return above_roof(shape, time.total_s);
  const double mean = mean_at(shape, model_->features(shape, time), Timer::kDevice);
  if (!sibling_) return above_roof(shape, time.total_s * std::exp(mean));
  const auto values = std::span(sibling_values_).first(model_->constants.size());
  return above_roof(shape, model_->time(shape, *sibling_, values).total_s * std::exp(kTransferred * mean));
}

double Calibration::sd_beyond(const Features& features) const { return kBeyondSd * octaves_beyond(features); }

double Calibration::octaves_beyond(const Features& features) const {
  double squared = 0;
  for (std::size_t d = 0; d < kFeatures; ++d) {
    const double apart = std::max({0.0, lowest_.at(d) - features.at(d), features.at(d) - highest_.at(d)});
    squared += apart * apart;
  }
  return std::sqrt(squared);
}

Calibration Calibration::for_sibling(const ChipFacts& sibling) const {
  Calibration other = *this;
  other.sibling_ = sibling;
  other.sibling_values_ = values_;
  if (sibling.power_w <= 0 || device_.power_w <= 0) return other;
  const double clock = std::cbrt(sibling.power_w / device_.power_w);
  for (std::size_t i = 0; i < constants_.size(); ++i) {
    double& value = other.sibling_values_[i];
    if (constants_[i].name == kPeakName)
      value = clock > 1 ? std::max(value, std::min(kMostOfPeak, value * clock)) : value * clock;
    if (constants_[i].name == kThrottleName) value /= clock * clock * clock;
  }
  return other;
}

Prediction Calibration::predict(const Shape& shape, Timer timer, double coverage) const {
  Prediction prediction;
  prediction.terms = timed(shape, timer, values_);
  const Features features = model_->features(shape, prediction.terms);
  const std::vector<double> slopes = slopes_at(shape, timer);
  Guess guess;
  if (residual_) {
    guess = residual_->at(features, slopes, kernel_share(shape, timer));
    guess.mean = mean_at(shape, features, timer);
    const double beyond = octaves_beyond(features);
    prediction.extrapolated = beyond > kMargin;
    guess.sd = std::hypot(guess.sd, kBeyondSd * beyond);
  } else {
    double variance = kUnfittedSd * kUnfittedSd;
    for (std::size_t i = 0; i < slopes.size(); ++i) {
      const double part = slopes[i] * constants_[i].log_sd;
      variance += part * part;
    }
    guess.sd = std::sqrt(variance);
  }
  if (sibling_) {
    prediction.terms = model_->time(shape, *sibling_, std::span(sibling_values_).first(model_->constants.size()));
    guess.mean *= kTransferred;
    guess.sd = std::hypot(guess.sd, kSiblingSd);
  }
  prediction.time_s = above_roof(shape, prediction.terms.total_s * std::exp(guess.mean));
  prediction.log_sd = guess.sd * stretch_;
  const double wide = std::exp(normal_width(coverage) * prediction.log_sd);
  prediction.low_s = prediction.time_s / wide;
  prediction.high_s = prediction.time_s * wide;
  return prediction;
}

double Calibration::rested_speed() const {
  if (!residual_ || sibling_) return 1;
  for (std::size_t i = 0; i < constants_.size(); ++i) {
    const ConstantRow& constant = constants_[i];
    if (constant.name == kPeakName)
      return std::max(1.0, constant.prior * std::exp(-kPlain * constant.log_sd) / values_[i]);
  }
  return 1;
}

std::vector<double> Calibration::value_sds() const {
  std::vector<double> slopes;
  for (const Timing& row : rows_) {
    const std::vector<double> mine = slopes_at(row.shape, row.timer);
    slopes.insert(slopes.end(), mine.begin(), mine.end());
  }
  return posterior_sds(constants_, slopes);
}

std::vector<double> Calibration::leave_one_out_errors() const {
  std::vector<double> errors;
  if (!residual_) return errors;
  const std::vector<Guess> guesses = residual_->leave_one_out();
  for (std::size_t i = 0; i < guesses.size(); ++i) {
    const double formula = timed(rows_[i].shape, rows_[i].timer, values_).total_s;
    errors.push_back(std::fabs(formula * std::exp(guesses[i].mean) / rows_[i].time_s - 1));
  }
  return errors;
}

}  // namespace gable
