#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/headings.h"
#include "reports/headroom_report.h"
#include "reports/text_table.h"

namespace gable {
namespace {

const std::vector<TextColumn>& headroom_columns() {
  static const std::vector<TextColumn> kColumns = {{"", false, 0, false},           {"bound", false, 1, true},
                                                   {"time", true, 0, false},        {"at best", true, 0, false},
                                                   {"recoverable", true, 0, false}, {"", true, 2, false},
                                                   {"what to do", false, 0, false}, {"why", false, 3, false}};
  return kColumns;
}

TextLine line_of(const HeadroomReport& report, const HeadroomRow& row) {
  const double time = report.study.before.total.time_s;
  TextLine line;
  line.cells = {row.name,
                std::string(bound_name(row.before.bound())),
                format_si(row.before.time_s, "s", 3),
                format_si(time_with(report.study, row), "s", 3),
                format_si(row.recoverable_s, "s", 3),
                fmt::format("{:.1f} %", 100 * row.recoverable_s / time),
                report.study.candidates[row.candidate].text,
                headroom_reason(report.study, row)};
  line.paint = terminal_color(row.before.bound());
  return line;
}

}  // namespace

std::string render_headroom_table(const HeadroomReport& report) {
  const auto width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  const Analysis& before = report.study.before;
  std::string out;
  for (const auto& text : {hardware_line(before), model_line(before), settings_line(before)})
    out += wrapped(text, width);
  out += "\n";
  if (!report.study.rows.empty()) {
    std::vector<TextLine> lines = {head_line(headroom_columns())};
    for (const HeadroomRow& row : shown_rows(report)) lines.push_back(line_of(report, row));
    const TextLayout layout = fit_table(headroom_columns(), lines, width);
    for (const TextLine& line : lines) out += render_line(line, headroom_columns(), layout, report.color);
    out += "\n";
  }
  for (const std::string& text : headroom_findings(report.study)) out += wrapped(text, width);
  return out;
}

}  // namespace gable
