// The terminal table of a report.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "reports/cells.h"
#include "reports/headings.h"
#include "reports/insights.h"
#include "reports/text_table.h"

namespace gable {
namespace {

std::string_view row_color(const ReportRow& row) {
  constexpr std::string_view kDim = "\x1b[2m";
  if (row.measured) {
    const auto bound = bound_of(row.measured->totals.measured_class());
    return bound ? terminal_color(*bound) : std::string_view();
  }
  return row.idle() ? kDim : terminal_color(row.totals.bound());
}

/// Launches are what these groupings are asked for; the roof makes room for them, then parameters.
bool launches_matter(By by) { return by == By::kKind || by == By::kKernel || by == By::kPass || by == By::kBlock; }

std::vector<TextColumn> columns_of(const ReportOptions& options) {
  std::vector<TextColumn> columns;
  for (const ShownColumn& column : shown_columns(options)) {
    const bool painted = column.head == "bound" || column.head == "roof" || column.head == kMeasuredClassHead;
    const bool stays = launches_matter(options.by) && column.head == "launches";
    columns.push_back({head_of(column, options), column.right, stays ? 0 : column.drop, painted});
  }
  return columns;
}

std::vector<TextLine> lines_of(const Analysis& analysis, const ReportOptions& options,
                               const std::vector<TextColumn>& columns) {
  std::vector<TextLine> lines = {head_line(columns)};
  const auto add = [&](const ReportRow& row, bool strong, const std::string& indent) {
    TextLine line{{}, "", row_color(row), strong};
    for (const ShownColumn& column : shown_columns(options)) line.cells.push_back(column.show(row, options));
    line.cells.front().insert(0, indent);
    lines.push_back(std::move(line));
  };
  for (const Section& section : sections(analysis, options)) {
    add(section.total, true, "");
    for (const ReportRow& row : section.rows) add(row, false, "  ");
  }
  return lines;
}

}  // namespace

std::string render_table(const Analysis& analysis, const ReportOptions& options) {
  const std::size_t width = std::max(static_cast<std::size_t>(std::max(options.width, 0)), kLeastTableWidth);
  std::string out;
  for (const auto& text : heading_lines(analysis, options)) out += wrapped(text, width);
  out += "\n";
  const std::vector<TextColumn> columns = columns_of(options);
  const std::vector<TextLine> lines = lines_of(analysis, options, columns);
  const TextLayout layout = fit_table(columns, lines, width);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool heading = lines[i].strong && i > 1;
    if (heading && options.by != By::kPart) out += "\n";
    out += render_line(lines[i], columns, layout, options.color);
  }
  out += "\n";
  for (const std::string& text : findings(analysis, options)) out += wrapped(text, width);
  if (options.clocks) {
    for (const std::string& text : clock_findings(analysis, *options.clocks)) out += wrapped(text, width);
  }
  if (options.notes) {
    out += "\n";
    for (const std::string& text : notes(analysis)) out += wrapped("note: " + text, width);
  }
  return out;
}

}  // namespace gable
