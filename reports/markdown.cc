// Markdown: the same columns as the table, all of them.
#include <fmt/format.h>

#include "reports/cells.h"
#include "reports/headings.h"
#include "reports/insights.h"

namespace gable {
namespace {

/// A '|' would end the cell.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string cells(const ReportRow& row, const ReportOptions& options, bool strong) {
  std::string out = "|";
  bool first = true;
  for (const ShownColumn& column : shown_columns(options)) {
    const std::string text = escaped(column.show(row, options));
    out += first && strong ? fmt::format(" **{}** |", text) : fmt::format(" {} |", text);
    first = false;
  }
  return out + "\n";
}

}  // namespace

std::string render_markdown(const Analysis& analysis, const ReportOptions& options) {
  std::string out = fmt::format("# {} on {}\n\n", analysis.model.name, analysis.hw.name);
  for (const auto& text : heading_lines(analysis, options)) out += fmt::format("- {}\n", text);
  out += "\n|";
  std::string rule = "|";
  for (const ShownColumn& column : shown_columns(options)) {
    out += fmt::format(" {} |", head_of(column, options));
    rule += column.right ? " ---: |" : " --- |";
  }
  out += "\n" + rule + "\n";
  for (const Section& section : sections(analysis, options)) {
    out += cells(section.total, options, true);
    for (const ReportRow& row : section.rows) out += cells(row, options, false);
  }
  out += "\n";
  for (const std::string& text : findings(analysis, options)) out += fmt::format("- {}\n", text);
  if (options.clocks) {
    for (const std::string& text : clock_findings(analysis, *options.clocks)) out += fmt::format("- {}\n", text);
  }
  if (options.notes) {
    out += "\n## Notes\n\n";
    for (const std::string& text : notes(analysis)) out += fmt::format("- {}\n", text);
  }
  return out;
}

}  // namespace gable
