// The terminal table of a comparison: values, ratios to the first, then the ops whose bound changes.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/compare_report.h"
#include "reports/insights.h"
#include "reports/text_table.h"

namespace gable {
namespace {

std::string share_text(double part, double whole) {
  return fmt::format("{:.0f} %", whole > 0 ? 100 * part / whole : 0);
}

std::string bound_cell(const Totals& totals) {
  if (totals.time_s == 0) return "-";
  const Bound bound = totals.bound();
  return fmt::format("{} {}", bound_name(bound),
                     share_text(totals.bound_s.at(static_cast<std::size_t>(bound)), totals.time_s));
}

std::string roof_cell(const Totals& totals) { return totals.time_s == 0 ? "-" : std::string(roof_name(totals.roof())); }

std::string render(const std::vector<TextColumn>& columns, const std::vector<TextLine>& lines, std::size_t width,
                   bool color) {
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out;
  for (const TextLine& line : lines) out += line.cells.empty() ? "\n" : render_line(line, columns, layout, color);
  return out;
}

std::vector<TextColumn> subject_columns(const Comparison& all) {
  std::vector<TextColumn> columns = {{"", false}};
  for (const Metric& metric : compare_metrics()) columns.push_back({std::string(metric.head), true, metric.drop});
  columns.push_back({"bound", false, 1, true});
  columns.push_back({"roof", false, 0, true});
  // DRAM bytes differ from the compulsory ones only where some of them stay in the cache.
  if (!all.analyses.front().options.resident_l2)
    std::erase_if(columns, [](const TextColumn& c) { return c.drop == 6; });
  return columns;
}

std::vector<const Metric*> metrics_of(const std::vector<TextColumn>& columns) {
  std::vector<const Metric*> metrics;
  for (const Metric& metric : compare_metrics()) {
    if (std::any_of(columns.begin(), columns.end(), [&](const TextColumn& c) { return c.head == metric.head; }))
      metrics.push_back(&metric);
  }
  return metrics;
}

std::string subjects_table(const CompareReport& report, std::size_t width) {
  const Comparison& all = report.comparison;
  const std::vector<TextColumn> columns = subject_columns(all);
  const std::vector<const Metric*> metrics = metrics_of(columns);
  std::vector<TextLine> lines = {head_line(columns)};
  for (const Subject& subject : all.subjects) {
    TextLine line{{subject.name}, "", terminal_color(subject.totals.bound())};
    for (const Metric* metric : metrics) line.cells.push_back(value_text(*metric, subject.totals));
    line.cells.push_back(bound_cell(subject.totals));
    line.cells.push_back(roof_cell(subject.totals));
    lines.push_back(std::move(line));
  }
  lines.push_back({});
  for (std::size_t i = 1; i < all.subjects.size(); ++i) {
    TextLine line{{all.subjects[i].name}, "", ""};
    for (const Metric* metric : metrics)
      line.cells.push_back(factor_text(metric_ratio(*metric, all.subjects[i].totals, all.subjects[0].totals)));
    lines.push_back(std::move(line));
  }
  return render(columns, lines, width, report.color) + fmt::format("x: against {}.\n", all.subjects.front().name);
}

/// How a subject runs an op: "DRAM 3.21 ms", "DRAM 3.21 ms for 6 ops", where it runs, or that it does not.
std::string op_cell(const Analysis& analysis, const std::optional<std::size_t>& index) {
  if (!index) return "none";
  const OpRow& row = analysis.rows[*index];
  const std::size_t ops = analysis.plan.ops[row.op].members.size();
  if (!row.idle())
    return fmt::format("{} {}{}", roof_name(row.totals.roof()), format_si(row.totals.time_s, "s", 3),
                       ops > 1 ? fmt::format(" for {} ops", ops) : "");
  const auto inside = analysis.plan.ops[row.op].merged_into;
  return inside ? fmt::format("in {}", analysis.model.ops[*inside].name) : "-";
}

std::string changes_table(const CompareReport& report, std::size_t width) {
  const Comparison& all = report.comparison;
  const std::vector<const OpLine*> changes = shown_changes(report);
  if (changes.empty()) return "";
  std::vector<TextColumn> columns = {{"bound changes", false}};
  constexpr int kAlwaysShown = 3;
  for (std::size_t i = 0; i < all.subjects.size(); ++i)
    columns.push_back({all.subjects[i].name, true, std::max(0, static_cast<int>(i) - kAlwaysShown + 1)});
  std::vector<TextLine> lines = {head_line(columns)};
  for (const OpLine* change : changes) {
    TextLine line{{shown_path(all, change->path)}, "", ""};
    for (std::size_t i = 0; i < all.subjects.size(); ++i)
      line.cells.push_back(op_cell(all.analyses[i], change->rows[i]));
    lines.push_back(std::move(line));
  }
  std::string out = "\n" + render(columns, lines, width, report.color);
  const std::size_t more = count_changes(all) - changes.size();
  if (more > 0) out += fmt::format("({} more; --top 0 shows all)\n", more);
  return out;
}

std::vector<TextColumn> point_columns(const Comparison& all) {
  const std::string first = all.subjects.front().name;
  const bool pair = all.subjects.size() == 2;
  std::vector<TextColumn> columns = {{all.varied, true}, {pair ? "" : "of", false}};
  columns.push_back({"x FLOP"});
  columns.push_back({"x bytes"});
  columns.push_back({"x FLOP/B", true, 2});
  columns.push_back({"x time"});
  columns.push_back({first, true, 1});
  columns.push_back({"its roof", false, 3});
  columns.push_back({pair ? all.subjects[1].name : "time"});
  columns.push_back({"roof", false, 0, true});
  if (pair) columns.erase(columns.begin() + 1);
  return columns;
}

TextLine point_line(const Comparison& all, const ComparePoint& point, std::size_t subject) {
  TextLine line{{point.value}, "", ""};
  if (!point.error.empty()) {
    line.rest = point.error;
    return line;
  }
  const Totals& first = point.totals.front();
  const Totals& now = point.totals[subject];
  if (all.subjects.size() > 2) line.cells.push_back(all.subjects[subject].name);
  line.cells.push_back(factor_text(ratio_of(now.cost.flop().real(), first.cost.flop().real())));
  line.cells.push_back(factor_text(ratio_of(now.cost.unique.real(), first.cost.unique.real())));
  line.cells.push_back(factor_text(ratio_of(now.intensity(), first.intensity())));
  line.cells.push_back(factor_text(ratio_of(now.time_s, first.time_s)));
  line.cells.push_back(format_si(first.time_s, "s", 3));
  line.cells.push_back(roof_cell(first));
  line.cells.push_back(format_si(now.time_s, "s", 3));
  line.cells.push_back(roof_cell(now));
  line.paint = terminal_color(now.bound());
  return line;
}

std::string points_table(const CompareReport& report, std::size_t width) {
  const Comparison& all = report.comparison;
  const std::vector<TextColumn> columns = point_columns(all);
  std::vector<TextLine> lines = {head_line(columns)};
  for (const ComparePoint& point : all.points) {
    const std::size_t subjects = point.error.empty() ? all.subjects.size() : 2;
    for (std::size_t i = 1; i < subjects; ++i) lines.push_back(point_line(all, point, i));
  }
  return render(columns, lines, width, report.color) +
         wrapped(fmt::format("x: against {}. FLOP: matrix and vector. Roof: the one with most time.",
                             all.subjects.front().name),
                 width);
}

}  // namespace

std::string render_compare_table(const CompareReport& report) {
  const std::size_t width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  std::string out;
  for (const std::string& text : compare_header(report)) out += wrapped(text, width);
  out += "\n";
  if (report.comparison.varied.empty()) {
    out += subjects_table(report, width) + changes_table(report, width) + "\n";
  } else {
    out += points_table(report, width) + "\n";
  }
  for (const std::string& text : compare_findings(report)) out += wrapped(text, width);
  if (!report.notes) return out;
  out += "\n";
  for (const std::string& text : notes(report.comparison.analyses.front())) out += wrapped("note: " + text, width);
  return out;
}

}  // namespace gable
