// The columns of the machine-readable formats (CSV, JSON): one table, stable names with units.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reports/report.h"

namespace gable {

/// Whole numbers stay whole.
using Cell = std::variant<std::int64_t, double, std::string>;

struct Column {
  std::string_view name;
  std::string_view doc;
  Cell (*get)(const ReportRow&);
  bool text = false;  ///< identifies the row: CSV only leads with it, JSON leaves it out of sums where it is empty
};

/// `mac` shows multiply-adds (`matrix_mac`) in place of `matrix_flop`.
std::span<const Column> columns(bool mac);

/// Those that --measured adds. Empty texts where a row was not measured; JSON leaves these out.
std::span<const Column> measured_columns();

/// All columns of a report.
std::vector<Column> columns(const ReportOptions& options);

}  // namespace gable
