// The formats a sweep is written in: one row each. CSV streams row by row; the others need all rows at once.
//
// Adding a format: a renderer in a file of its own, its row in reports/sweep_report.cc, a test.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/study/sweep.h"
#include "reports/columns.h"

namespace gable {

struct SweepReport {
  const Sweep& sweep;
  Analysis first;              ///< of the first point that has a result: which device, which settings
  std::vector<SweepRow> rows;  ///< from the first point on; fewer than the grid has if the sweep was stopped
  int width = 80;              ///< of the terminal
  bool color = false;
};

struct SweepFormat {
  std::string_view name;
  std::string_view extension;
  std::string_view summary;
  std::int64_t most_points;                   ///< that it can show
  std::string (*render)(const SweepReport&);  ///< null: streams, see append_sweep_csv
};

std::span<const SweepFormat> sweep_format_table();
/// @throws InputError naming --format
const SweepFormat& find_sweep_format(std::string_view name);

/// A column of CSV and JSON, after those of the axes. Empty text: there is no value.
struct SweepColumn {
  std::string_view name;
  std::string_view doc;
  Cell (*get)(const SweepRow&);
};
/// predicted_s only where the sweep has predictions.
std::vector<SweepColumn> sweep_columns(const Sweep& sweep);

std::string sweep_csv_header(const Sweep& sweep);
/// "model,hardware,dtype", the options and the dims of a point.
std::string sweep_csv_lead(const Sweep& sweep, std::int64_t point);
std::string sweep_csv(const Sweep& sweep, std::span<const SweepRow> rows);

std::string render_sweep_table(const SweepReport& report);
std::string render_sweep_json(const SweepReport& report);
std::string render_sweep_svg(const SweepReport& report);

/// Where the bottleneck changes, where time follows FLOP least and most, and why.
std::vector<std::string> sweep_findings(const SweepReport& report);

/// What a point is costed in: "fp32", "weights int8, act bf16, ...".
std::string dtype_name(const Sweep& sweep, std::int64_t point);

/// The axes of options but dtype, which has a column anyway.
std::vector<std::size_t> option_axes(const Grid& grid);

}  // namespace gable
