#include "analyzer/predict/predictor.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"

namespace gable {
namespace {

/// Bandwidth does not ask for the dtype: rows of any serve kinds that only move bytes.
bool is_bytes_only(ShapeKind kind) {
  return kind == ShapeKind::kStream || kind == ShapeKind::kReduce || kind == ShapeKind::kGather ||
         kind == ShapeKind::kLayerNorm || kind == ShapeKind::kSoftmax;
}

constexpr std::size_t kRemembered = 4096;

/// FNV-1a over kind, dtype and dims.
std::size_t hash_of(const Shape& shape) {
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 1099511628211U; };
  add(static_cast<std::uint64_t>(shape.kind));
  add(static_cast<std::uint64_t>(shape.dtype));
  for (const std::int64_t dim : shape.dims) add(static_cast<std::uint64_t>(dim));
  return hash ^ (hash >> 32U);
}

std::int64_t starts_of(const Kernel& kernel) {
  return std::max<std::int64_t>(1, (kernel.one.launches + kernel.one.memcpys).value());
}

/// How often the time of a kernel's shape goes into one execution.
double times_of(const Kernel& kernel) { return static_cast<double>(starts_of(kernel)) * kernel.shape_times; }

}  // namespace

Predictor::Predictor(Hardware hw, std::span<const Timing> rows) : hw_(std::move(hw)) {
  std::map<std::pair<ShapeKind, Dtype>, std::vector<Timing>> groups;
  for (const Timing& row : rows) groups[{row.shape.kind, row.shape.dtype}].push_back(row);
  for (auto& [key, group] : groups) {
    const ChipFacts facts = facts_of(hw_, key.second);
    calibrations_.emplace(key, Calibration(time_model(key.first, facts), facts, std::move(group)));
  }
}

Predictor::Predictor(Hardware hw, const CalibrationFile& file, const Hardware* fitted_on) : hw_(std::move(hw)) {
  for (const CalibratedClass& one : file.classes) {
    const ChipFacts facts = facts_of(fitted_on != nullptr ? *fitted_on : hw_, one.dtype);
    const TimeModel& model = time_model(one.kind, facts);
    if (model.name != one.formula)
      throw InputError(fmt::format("{} {} of {} was fitted to formula {}, which is {} now; calibrate again",
                                   row(one.kind).name, row(one.dtype).name, file.hardware, in_quotes(one.formula),
                                   in_quotes(model.name)));
    const Calibration fitted(model, facts, one.fit);
    calibrations_.emplace(std::pair{one.kind, one.dtype},
                          fitted_on != nullptr ? fitted.for_sibling(facts_of(hw_, one.dtype)) : fitted);
  }
}

const Calibration& Predictor::calibration(ShapeKind kind, Dtype dtype) const {
  if (const auto found = calibrations_.find({kind, dtype}); found != calibrations_.end()) return found->second;
  if (is_bytes_only(kind)) {
    for (const auto& [key, calibration] : calibrations_) {
      if (key.first == kind) return calibration;
    }
  }
  // Streams count bytes: any dtype that the device has serves.
  const Dtype known = is_bytes_only(kind) ? Dtype::kFp32 : dtype;
  const ChipFacts facts = facts_of(hw_, known);
  return calibrations_.emplace(std::pair{kind, dtype}, Calibration(time_model(kind, facts), facts)).first->second;
}

bool Predictor::has_rows_of(ShapeKind kind) const {
  return std::any_of(calibrations_.begin(), calibrations_.end(), [&](const auto& one) {
    return one.first.first == kind && one.second.basis() != Basis::kDatasheet;
  });
}

Shape Predictor::shape_of(const Kernel& kernel) const {
  if (!kernel.shape) return stream_shape(std::max<std::int64_t>(1, kernel.one.touched().value() / starts_of(kernel)));
  const ShapeKind kind = kernel.shape->kind;
  const bool like_stream = kind == ShapeKind::kReduce || kind == ShapeKind::kGather;
  if (!like_stream || has_rows_of(kind) || !has_rows_of(ShapeKind::kStream)) return *kernel.shape;
  return stream_shape(static_cast<std::int64_t>(work_of(*kernel.shape).bytes));
}

Prediction Predictor::predict(const Kernel& kernel, double coverage) const {
  const Shape shape = shape_of(kernel);
  Prediction one = calibration(shape.kind, shape.dtype).predict(shape, Timer::kDevice, coverage);
  const double times = times_of(kernel);
  for (double* time : {&one.time_s, &one.low_s, &one.high_s}) *time *= times;
  return one;
}

double Predictor::time_of(const Kernel& kernel) const {
  const Shape shape = shape_of(kernel);
  if (remembered_.empty()) remembered_.resize(kRemembered);
  Remembered& place = remembered_[hash_of(shape) % kRemembered];
  if (place.time_s == 0 || !(place.shape == shape))
    place = {shape, calibration(shape.kind, shape.dtype).time_of(shape)};
  return place.time_s * times_of(kernel);
}

void put_predictions(const Predictor& predictor, Analysis& analysis) {
  for (OpRow& row : analysis.rows) {
    for (KernelRow& kernel : row.kernels) kernel.predicted_s = predictor.time_of(kernel.kernel);
  }
  sum_beside(analysis);
}

PredictedKernels predict_kernels(const Predictor& predictor, const Analysis& analysis, double coverage) {
  PredictedKernels predicted;
  for (const OpRow& row : analysis.rows) {
    std::vector<Prediction> kernels;
    for (const KernelRow& kernel : row.kernels) {
      kernels.push_back(predictor.predict(kernel.kernel, coverage));
      predicted.busy_s += kernels.back().time_s * static_cast<double>(kernel.kernel.executions);
    }
    predicted.rows.push_back(std::move(kernels));
  }
  return predicted;
}

}  // namespace gable
