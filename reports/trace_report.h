// A trace on its device, as text, CSV, JSON, Markdown and a roofline.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/trace/trace_study.h"
#include "reports/columns.h"
#include "reports/report_format.h"

namespace gable {

struct TraceReport {
  const TraceStudy& study;
  std::size_t top = 15;  ///< rows of a table; 0 for all
  int width = 80;        ///< of the terminal
  bool color = false;
};

std::string render_trace_table(const TraceReport& report);
std::string render_trace_csv(const TraceReport& report);
std::string render_trace_json(const TraceReport& report);
std::string render_trace_markdown(const TraceReport& report);

std::span<const ReportFormat<TraceReport>> trace_format_table();

/// "trace: vit.json.gz, PyTorch profiler, 156 kernels, copies and fills on 1 device, 1 step"
std::string trace_line(const TraceStudy& study);

/// Sentences, the most telling first.
std::vector<std::string> trace_findings(const TraceStudy& study);

/// A line of CSV, and an object of JSON: what is added up under a name.
struct TraceRow {
  std::string_view level;  ///< trace, device, op, family, kernel, module, annotation, unattributed
  std::string name;
  std::int64_t launches = 0;
  double time_s = 0;
  double copied_bytes = 0;
  const TraceOp* op = nullptr;
  const OverlayOp* overlay = nullptr;  ///< null without a cost
  double share = 0;                    ///< of all time on devices
};
std::vector<TraceRow> trace_rows(const TraceStudy& study);

struct TraceColumn {
  std::string_view name;
  std::string_view doc;
  Cell (*get)(const TraceRow&);  ///< an empty text where there is none
};
std::span<const TraceColumn> trace_columns();

}  // namespace gable
