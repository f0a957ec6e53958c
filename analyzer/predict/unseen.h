// Constants for a device that nobody timed a kernel on: from what other chips of its kind turned out to have.
#pragma once

#include <span>
#include <vector>

#include "analyzer/predict/time_model.h"
#include "analyzer/predict/timings.h"

namespace gable {

/// Rows of one kind and dtype that one library ran on another device.
struct OtherDevice {
  ChipFacts facts;
  std::span<const Timing> rows;
  double share = 1;  ///< of the device's weight: libraries of one device have a part each
};

/// Each constant's prior and its fitted values, as a weighted geometric mean: a device counts half of the prior, so
/// that two other chips weigh as much as what was believed before.
std::vector<double> pooled_constants(const TimeModel& model, std::span<const OtherDevice> others);

}  // namespace gable
