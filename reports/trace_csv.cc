#include <fmt/format.h>

#include "reports/csv.h"
#include "reports/trace_report.h"

namespace gable {

std::string render_trace_csv(const TraceReport& report) {
  std::string out = "trace,hardware";
  for (const TraceColumn& column : trace_columns()) out += fmt::format(",{}", column.name);
  out += kCsvEnd;
  const Analysis& analysis = report.study.analysis;
  const std::string lead = fmt::format("{},{}", csv_field(analysis.model.name), csv_field(analysis.hw.name));
  for (const TraceRow& row : trace_rows(report.study)) {
    out += lead;
    for (const TraceColumn& column : trace_columns()) {
      out += ',';
      append_csv(column.get(row), out);
    }
    out += kCsvEnd;
  }
  return out;
}

}  // namespace gable
