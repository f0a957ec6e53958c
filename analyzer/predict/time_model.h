// THE table of time models: how long one kernel runs on a device, from its shape, the datasheet and a few constants.
// A model is one row: its constants with what is believed of them before any measurement, and its formula.
#pragma once

#include <array>
#include <limits>
#include <span>
#include <string_view>

#include "analyzer/ops/shape.h"
#include "analyzer/predict/chip_facts.h"

namespace gable {

/// A positive constant of a time model, fitted as its logarithm.
struct ConstantRow {
  std::string_view name;
  std::string_view doc;
  double prior;   ///< median of what is believed before a fit
  double log_sd;  ///< standard deviation of its logarithm
  double most = std::numeric_limits<double>::infinity();
  double other = 0;  ///< where a fit begins a second time, of constants that stand for another algorithm far off
};

/// Constants that a board's power limit sets, wherever a model has them.
inline constexpr std::string_view kPeakName = "peak";
inline constexpr std::string_view kThrottleName = "throttle";

/// Seconds of a kernel, by what takes them.
struct KernelTime {
  double total_s = 0;
  double compute_s = 0;
  double l2_s = 0;
  double dram_s = 0;
  double start_s = 0;  ///< before the kernel does anything
};

inline constexpr std::size_t kFeatures = 4;
using Features = std::array<double, kFeatures>;

struct TimeModel {
  std::string_view name;
  std::string_view doc;
  std::span<const ConstantRow> constants;
  /// Seconds of one kernel; `values` are the constants in the order of their rows.
  KernelTime (*time)(const Shape& shape, const ChipFacts& device, std::span<const double> values);
  /// Where the shape lies, in octaves: what the residual is smooth over.
  Features (*features)(const Shape& shape, const KernelTime& time);
};

/// The row for kernels of a kind on a device, which decides by its units.
const TimeModel& time_model(ShapeKind kind, const ChipFacts& device);

std::span<const TimeModel> time_models();

}  // namespace gable
