// The formats a comparison is written in: one row each, one renderer each.
//
// Adding a format: a renderer in a file of its own, its row in reports/compare_report.cc, a test.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/study/compare.h"
#include "reports/columns.h"
#include "reports/report_format.h"

namespace gable {

struct CompareReport {
  Comparison comparison;
  std::size_t top = 10;  ///< ops shown that change their bound, 0 = all
  bool notes = false;
  int width = 80;  ///< of the terminal
  bool color = false;
};

using CompareFormat = ReportFormat<CompareReport>;
std::span<const CompareFormat> compare_format_table();

std::string render_compare_table(const CompareReport& report);
std::string render_compare_csv(const CompareReport& report);
std::string render_compare_json(const CompareReport& report);
std::string render_compare_svg(const CompareReport& report);

/// A number that is compared: whole numbers stay whole.
struct Metric {
  std::string_view name;   ///< in CSV and JSON; its ratio is called name_ratio
  std::string_view head;   ///< in the table
  std::string_view title;  ///< in the picture
  std::string_view unit;
  std::string_view doc;
  Cell (*get)(const Totals&);
  int drop = 0;  ///< see TextColumn
};
std::span<const Metric> compare_metrics();
double value_of(const Metric& metric, const Totals& totals);
/// "3.21 ms", "463 M", "21.3"; "-" for nothing.
std::string value_text(const Metric& metric, const Totals& totals);
/// Against the first subject; nothing where that is 0.
std::optional<double> metric_ratio(const Metric& metric, const Totals& totals, const Totals& first);
/// "x2.17"; "-" for 0; "" for nothing.
std::string factor_text(std::optional<double> ratio);

/// "gpt2, cs336-small on a100-pcie-40" and the like.
std::string compare_title(const CompareReport& report);

/// The points to show: those of --vary, or the subjects themselves as the only one.
std::vector<ComparePoint> compare_points(const Comparison& comparison);

/// The ops whose bound changes, those with most time first, at most report.top.
std::vector<const OpLine*> shown_changes(const CompareReport& report);
std::size_t count_changes(const Comparison& comparison);

/// Without the part where but one of each model is costed.
std::string shown_path(const Comparison& comparison, const std::string& path);

/// What differs, why, and what follows from it.
std::vector<std::string> compare_findings(const CompareReport& report);

/// Why the time of an op is what it is against that of another; part of the findings where ops are compared.
std::vector<std::string> op_findings(const Comparison& comparison);

/// Which kernels run several ops, where only some ops are counted.
std::vector<std::string> merged_findings(const Comparison& comparison);

/// The shared settings of what is compared: device, model, phase, whatever does not differ.
std::vector<std::string> compare_header(const CompareReport& report);

}  // namespace gable
