#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/headings.h"
#include "reports/text_table.h"
#include "reports/whatif_report.h"

namespace gable {
namespace {

const std::vector<TextColumn>& whatif_text_columns() {
  static const std::vector<TextColumn> kColumns = {
      {"", false, 0, false},        {"FLOP", true, 0, false}, {"bytes", true, 0, false}, {"FLOP/B", true, 3, false},
      {"launches", true, 1, false}, {"time", true, 0, false}, {"saved", true, 0, false}, {"", true, 4, false},
      {"bound", false, 0, true},    {"roof", false, 2, true}};
  return kColumns;
}

std::string shown(double value, std::string_view unit) { return value == 0 ? "-" : format_si(value, unit, 3); }

/// Rounding leaves less than a part in 1e9.
bool same_time(double before, double after) { return before - after < 1e-9 * before && after - before < 1e-9 * before; }

std::string saved_text(double before, double after) {
  if (same_time(before, after)) return "0";
  return format_si(before - after, "s", 3);
}

std::string share_text(double before, double after) {
  return before == 0 || same_time(before, after) ? "" : fmt::format("{:.1f} %", 100 * (before - after) / before);
}

TextLine line_of(const std::string& name, const Totals& totals, const Totals* before, bool strong) {
  TextLine line;
  line.cells = {name,
                shown(totals.cost.flop().real(), ""),
                shown(totals.dram_bytes.real(), "B"),
                totals.intensity() == 0 ? "-" : format_significant(totals.intensity(), 3),
                format_grouped((totals.cost.launches + totals.cost.memcpys).value()),
                shown(totals.time_s, "s"),
                before == nullptr ? "" : saved_text(before->time_s, totals.time_s),
                before == nullptr ? "" : share_text(before->time_s, totals.time_s),
                totals.time_s == 0 ? "-" : std::string(bound_name(totals.bound())),
                totals.time_s == 0 ? "-" : std::string(roof_name(totals.roof()))};
  line.paint = terminal_color(totals.bound());
  line.strong = strong;
  return line;
}

/// One of the changes, or of their first few.
TextLine outcome_line(const WhatIf& study, const Outcome& outcome, const std::string& name, bool strong) {
  if (outcome.refusal.empty()) return line_of(name, outcome.after.total, &study.before.total, strong);
  TextLine line;
  line.cells = {name};
  line.rest = fmt::format("only with others: {}", outcome.refusal);
  line.strong = strong;
  return line;
}

void add_outcome(const WhatIf& study, const Outcome& outcome, const std::string& name, std::size_t top,
                 std::vector<TextLine>& lines) {
  lines.push_back(outcome_line(study, outcome, name, true));
  for (std::size_t i = 0; i < std::min(top, outcome.effects.size()); ++i) {
    const Effect& effect = outcome.effects[i];
    lines.push_back(line_of("  " + effect.name, effect.before, nullptr, false));
    lines.push_back(line_of("    becomes", effect.after, &effect.before, false));
  }
}

/// Blank lines stand before the sections.
struct Lines {
  std::vector<TextLine> all;
  std::vector<std::size_t> sections;
};

Lines lines_of(const WhatIfReport& report) {
  const WhatIf& study = report.study;
  Lines lines;
  lines.all.push_back(head_line(whatif_text_columns()));
  lines.all.push_back(line_of(study.before.model.name, study.before.total, nullptr, true));
  for (const Outcome& outcome : study.alone) {
    lines.sections.push_back(lines.all.size());
    add_outcome(study, outcome, outcome.changes.front().text, report.top, lines.all);
  }
  if (study.together.empty()) return lines;
  lines.sections.push_back(lines.all.size());
  lines.all.push_back(line_of("one after the other", study.before.total, nullptr, true));
  const auto add = [&](const Outcome& outcome) {
    lines.all.push_back(outcome_line(study, outcome, "+ " + outcome.changes.back().text, false));
  };
  add(study.alone.front());
  std::for_each(study.together.begin(), study.together.end(), add);
  return lines;
}

}  // namespace

std::string render_whatif_table(const WhatIfReport& report) {
  const auto width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  const Analysis& before = report.study.before;
  std::string out;
  for (const auto& text : {hardware_line(before), model_line(before), settings_line(before)})
    out += wrapped(text, width);
  out += "\n";
  const Lines lines = lines_of(report);
  const TextLayout layout = fit_table(whatif_text_columns(), lines.all, width);
  for (std::size_t i = 0; i < lines.all.size(); ++i) {
    if (std::find(lines.sections.begin(), lines.sections.end(), i) != lines.sections.end()) out += "\n";
    out += render_line(lines.all[i], whatif_text_columns(), layout, report.color);
  }
  out += "\n";
  for (const std::string& text : whatif_findings(report.study)) out += wrapped(text, width);
  return out;
}

}  // namespace gable
