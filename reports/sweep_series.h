// The rows of a sweep by series: a series varies the innermost axis and nothing else.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/sweep_report.h"

namespace gable {

struct SweepSeries {
  std::string name;  ///< "cs336-small B=4"; "" where the grid has one axis
  std::span<const SweepRow> rows;
  std::string group;  ///< what series have in common: the model, else the device; "" where there is one
  std::size_t group_place = 0;
};

std::vector<SweepSeries> sweep_series(const SweepReport& report);

/// "T=512"; the name alone on the axis of models.
std::string innermost_value(const Sweep& sweep, std::int64_t point);

/// "gpt2 on a100-pcie-40 over B=1,2 x T=128..8192*2"; "5 models on ..." where there are more than three.
std::string sweep_title(const SweepReport& report);

/// Phase, dtype, recipe, roofs; said to be those of the first point where they vary.
std::string sweep_settings(const SweepReport& report);

}  // namespace gable
