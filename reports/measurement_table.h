// What a run measured, for the terminal: no model is needed to read it.
#pragma once

#include <span>
#include <string>

#include "analyzer/measured/measurement.h"

namespace gable {

struct MeasurementTableOptions {
  int width = 80;
  bool color = false;
};

/// A line an op and pass with statistics over the steps, a line a part, the whole step, and sentences: the cold step,
/// what no op has, outliers, dropped records.
std::string render_measurement(const Measurement& measurement, const MeasurementTableOptions& options);

/// One row of the warm-up study: so many steps run before those that are timed.
struct WarmupRow {
  std::int64_t warmup = 0;
  std::vector<double> step_s;
};
/// Document 002's table: mean, standard deviation, least and most of a step by the number of warm-up steps.
std::string render_warmup_study(std::span<const WarmupRow> rows, const MeasurementTableOptions& options);

}  // namespace gable
