// Timed kernels as a file that calibrate and validate read.
#pragma once

#include <span>
#include <string>

#include "analyzer/predict/timings.h"

namespace gable {

/// The columns that the rows' kinds need, all of the schema's others; times in seconds. read_timings() gives the same
/// rows back.
std::string render_timings_csv(std::span<const Timing> rows);

}  // namespace gable
