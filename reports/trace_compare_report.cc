#include "reports/trace_compare_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/csv.h"
#include "reports/kernel_name.h"
#include "reports/report.h"
#include "reports/svg_bars.h"
#include "reports/text_table.h"
#include "reports/trace_report.h"

namespace gable {
namespace {

std::string time_text(double seconds) { return seconds == 0 ? "-" : format_si(seconds, "s", 3); }

/// Of a step, which may hold a part of one.
std::string count_text(double launches) {
  return std::round(launches) == launches ? format_grouped(std::llround(launches)) : format_significant(launches, 3);
}

/// "48", "48 → 24"; "" for what is no launch.
std::string launches_text(const TracePair& pair) {
  if (pair.before_launches == 0 && pair.after_launches == 0) return "";
  const std::string before = count_text(pair.before_launches);
  return pair.before_launches == pair.after_launches ? before
                                                     : fmt::format("{} → {}", before, count_text(pair.after_launches));
}

/// "+12.3 us", "-1.2 ms".
std::string difference_text(double seconds) {
  return seconds == 0 ? "0" : fmt::format("{}{}", seconds > 0 ? "+" : "-", format_si(std::fabs(seconds), "s", 3));
}

std::string factor_text(const TracePair& pair) {
  if (pair.before_s() == 0) return pair.after_s() == 0 ? "" : "new";
  if (pair.after_s() == 0) return "gone";
  return fmt::format("x{}", format_significant(pair.after_s() / pair.before_s(), 3));
}

/// The four tables, in the order in which they are shown; levels are those of the CSV.
struct Section {
  std::string_view level;
  std::string_view head;
  const std::vector<TracePair>* pairs;
};
std::array<Section, 4> sections(const TraceComparison& comparison) {
  return {{{"total", "all devices", &comparison.totals},
           {"family", "family", &comparison.families},
           {"op", "op", &comparison.ops},
           {"kernel", "kernel", &comparison.kernels}}};
}

std::string shown_name(const Section& section, const std::string& name) {
  return section.level == "kernel" ? short_kernel_name(name) : name;
}

std::string subject(const TraceStudy& study) {
  return fmt::format("{} on {}", study.analysis.model.name, study.analysis.hw.name);
}

std::string heading(const TraceComparison& comparison) {
  const bool steps = comparison.before_steps > 1 || comparison.after_steps > 1;
  return fmt::format(
      "before: {}; after: {}{}", subject(comparison.before), subject(comparison.after),
      steps ? fmt::format("; times of one step, of {} and {}", comparison.before_steps, comparison.after_steps) : "");
}

std::string table_of(const Section& section, const TraceCompareReport& report, std::size_t width) {
  if (section.pairs->empty()) return "";
  const std::vector<TextColumn> columns = {{std::string(section.head), false, 0, false},
                                           {"before", true, 0, false},
                                           {"after", true, 0, false},
                                           {"difference", true, 0, false},
                                           {"", true, 1, false},
                                           {"launches", true, 2, false}};
  std::vector<TextLine> lines = {head_line(columns)};
  const bool all = report.top == 0 || section.level == "total" || section.pairs->size() <= report.top;
  const std::size_t count = all ? section.pairs->size() : report.top;
  const auto add = [&](const std::string& name, const TracePair& pair) {
    lines.push_back({{name, time_text(pair.before_s()), time_text(pair.after_s()), difference_text(pair.difference_s()),
                      factor_text(pair), launches_text(pair)},
                     "",
                     "",
                     false});
  };
  for (std::size_t i = 0; i < count; ++i) add(shown_name(section, (*section.pairs)[i].name), (*section.pairs)[i]);
  TracePair rest;
  for (std::size_t i = count; i < section.pairs->size(); ++i) {
    const TracePair& pair = (*section.pairs)[i];
    rest.before_ns += pair.before_ns;
    rest.after_ns += pair.after_ns;
    rest.before_launches += pair.before_launches;
    rest.after_launches += pair.after_launches;
  }
  if (!all) add(fmt::format("({} more)", section.pairs->size() - count), rest);
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out = "\n";
  for (const TextLine& line : lines) out += render_line(line, columns, layout, report.color);
  return out;
}

std::string render_table(const TraceCompareReport& report) {
  const auto width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  std::string out = wrapped(heading(report.comparison), width);
  for (const Section& section : sections(report.comparison)) out += table_of(section, report, width);
  out += "\n";
  for (const std::string& text : trace_compare_findings(report.comparison)) out += wrapped(text, width);
  return out;
}

std::string render_csv(const TraceCompareReport& report) {
  std::string out = "before,after,level,name,before_launches,after_launches,before_s,after_s,difference_s";
  out += kCsvEnd;
  const TraceComparison& comparison = report.comparison;
  const std::string lead = fmt::format("{},{}", csv_field(comparison.before.analysis.model.name),
                                       csv_field(comparison.after.analysis.model.name));
  for (const Section& section : sections(comparison)) {
    for (const TracePair& pair : *section.pairs) {
      out += fmt::format("{},{}", lead, section.level);
      for (const Cell& cell : {Cell(pair.name), Cell(pair.before_launches), Cell(pair.after_launches),
                               Cell(pair.before_s()), Cell(pair.after_s()), Cell(pair.difference_s())}) {
        out += ',';
        append_csv(cell, out);
      }
      out += kCsvEnd;
    }
  }
  return out;
}

std::string render_json(const TraceCompareReport& report) {
  using Json = nlohmann::ordered_json;
  const TraceComparison& comparison = report.comparison;
  Json rows = Json::array();
  for (const Section& section : sections(comparison)) {
    for (const TracePair& pair : *section.pairs) {
      rows.push_back({{"level", section.level},
                      {"name", pair.name},
                      {"before_launches", pair.before_launches},
                      {"after_launches", pair.after_launches},
                      {"before_s", pair.before_s()},
                      {"after_s", pair.after_s()},
                      {"difference_s", pair.difference_s()}});
    }
  }
  const auto side = [](const TraceStudy& study, std::int64_t steps) {
    return Json{{"trace", study.analysis.model.name}, {"hardware", study.analysis.hw.name}, {"steps", steps}};
  };
  const Json root = {{"schema_version", 1},
                     {"generator", {{"name", "gable"}, {"version", kVersion}}},
                     {"study", "trace comparison"},
                     {"before", side(comparison.before, comparison.before_steps)},
                     {"after", side(comparison.after, comparison.after_steps)},
                     {"rows", std::move(rows)},
                     {"findings", trace_compare_findings(comparison)}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

svg::BarGroup bar_group(const Section& section, std::size_t most) {
  constexpr std::string_view kBefore = "#9aa5b1";
  constexpr std::string_view kAfter = "#2f6db5";
  svg::BarGroup group{std::string(section.head), {}};
  for (std::size_t i = 0; i < std::min(most, section.pairs->size()); ++i) {
    const TracePair& pair = (*section.pairs)[i];
    const std::string name = shown_name(section, pair.name);
    const std::string before = time_text(pair.before_s());
    const std::string after =
        fmt::format("{}, {} {}", time_text(pair.after_s()), difference_text(pair.difference_s()), factor_text(pair));
    group.bars.push_back({name, {{pair.before_s(), kBefore, fmt::format("before: {}", before)}}, before});
    group.bars.push_back({"", {{pair.after_s(), kAfter, fmt::format("after: {}", after)}}, after});
  }
  return group;
}

std::string render_svg(const TraceCompareReport& report) {
  constexpr std::size_t kBars = 8;
  const TraceComparison& comparison = report.comparison;
  svg::BarPicture picture{
      "Time on devices before and after", {heading(comparison)}, {{"#9aa5b1", "before"}, {"#2f6db5", "after"}}, {}};
  for (const Section& section : sections(comparison)) picture.groups.push_back(bar_group(section, kBars));
  return svg::draw_bars(picture);
}

constexpr std::array<ReportFormat<TraceCompareReport>, 4> kFormats = {{
    {"table", "txt", "tables for the terminal, with the findings", render_table},
    {"csv", "csv", "one row an op, kernel, ... (RFC 4180)", render_csv},
    {"json", "json", "everything", render_json},
    {"svg", "svg", "times as bars", render_svg},
}};

/// "aten::addmm 788x768x768 bf16 -12 us".
std::string largest(const std::vector<TracePair>& pairs) {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> pieces;
  for (const TracePair& pair : pairs) {
    if (pieces.size() == kNamed || pair.difference_s() == 0) break;
    pieces.push_back(fmt::format("{} {}", pair.name, difference_text(pair.difference_s())));
  }
  return fmt::format("{}", fmt::join(pieces, ", "));
}

}  // namespace

std::span<const ReportFormat<TraceCompareReport>> trace_compare_format_table() { return kFormats; }

std::vector<std::string> trace_compare_findings(const TraceComparison& comparison) {
  std::vector<std::string> out;
  for (const TracePair& pair : comparison.totals) {
    if (pair.before_s() == 0 && pair.after_s() == 0) continue;
    if (pair.name != "wall" && pair.name != "busy") continue;
    out.push_back(fmt::format("{} {} before, {} after: {} ({}).", pair.name == "wall" ? "Wall time" : "Busy",
                              time_text(pair.before_s()), time_text(pair.after_s()),
                              difference_text(pair.difference_s()), factor_text(pair)));
  }
  if (const std::string ops = largest(comparison.ops); !ops.empty())
    out.push_back(fmt::format("By op most of the difference is {}.", ops));
  const auto only = [&](bool before) {
    return std::count_if(comparison.ops.begin(), comparison.ops.end(), [&](const TracePair& pair) {
      return before ? pair.before && !pair.after : pair.after && !pair.before;
    });
  };
  if (only(true) + only(false) > 0)
    out.push_back(fmt::format("{} only before, {} only after: another shape is another op.", counted(only(true), "op"),
                              counted(only(false), "op")));
  if (comparison.before.analysis.hw.name != comparison.after.analysis.hw.name) out.push_back("The devices differ.");
  return out;
}

}  // namespace gable
