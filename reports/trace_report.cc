#include "reports/trace_report.h"

#include <fmt/format.h>

#include <array>

#include "reports/svg.h"

namespace gable {
namespace {

std::string render_svg(const TraceReport& report) {
  const TraceStudy& study = report.study;
  const std::vector<std::string> findings = trace_findings(study);
  return render_trace_svg(study.analysis, study.overlay, {trace_line(study), findings.empty() ? "" : findings.front()});
}

constexpr std::array<ReportFormat<TraceReport>, 5> kFormats = {{
    {"table", "txt", "tables for the terminal, with the findings", render_trace_table},
    {"csv", "csv", "one row an op, kernel, module, ... (RFC 4180)", render_trace_csv},
    {"json", "json", "everything", render_trace_json},
    {"svg", "svg", "the ops on the roofline", render_svg},
    {"md", "md", "a Markdown report", render_trace_markdown},
}};

}  // namespace

std::span<const ReportFormat<TraceReport>> trace_format_table() { return kFormats; }

std::string render_trace_markdown(const TraceReport& report) {
  // The tables as the terminal has them, wide enough for every column.
  constexpr int kWide = 160;
  const TraceReport wide{report.study, report.top, kWide, false};
  return fmt::format("# {} on {}\n\n```text\n{}```\n", report.study.analysis.model.name, report.study.analysis.hw.name,
                     render_trace_table(wide));
}

}  // namespace gable
