// Two traces side by side, as text, CSV, JSON and bars.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyzer/trace/trace_compare.h"
#include "reports/report_format.h"

namespace gable {

struct TraceCompareReport {
  const TraceComparison& comparison;
  std::size_t top = 10;  ///< rows of a table; 0 for all
  int width = 80;        ///< of the terminal
  bool color = false;
};

std::span<const ReportFormat<TraceCompareReport>> trace_compare_format_table();

/// Sentences, the most telling first.
std::vector<std::string> trace_compare_findings(const TraceComparison& comparison);

}  // namespace gable
