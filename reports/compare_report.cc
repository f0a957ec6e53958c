#include "reports/compare_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

#include "analyzer/base/units.h"
#include "reports/difference.h"
#include "reports/headings.h"

namespace gable {
namespace {

constexpr std::array<CompareFormat, 4> kFormats = {{
    {"table", "txt", "a table for the terminal, with the findings", render_compare_table},
    {"csv", "csv", "one row a subject, and one for each op that changes its bound (RFC 4180)", render_compare_csv},
    {"json", "json", "subjects, ops that change their bound, findings", render_compare_json},
    {"svg", "svg", "bars of what is compared; with --vary, ratios over the dim", render_compare_svg},
}};

using T = const Totals&;

constexpr std::array<Metric, 8> kMetrics = {{
    {"params", "params", "Parameters", "", "parameters", [](T t) -> Cell { return t.cost.params.value(); }, 3},
    {"matrix_flop", "FLOP", "Matrix FLOP", "", "2 x multiply-adds of linear, matmul, conv and attention products",
     [](T t) -> Cell { return t.cost.matrix_flop.value(); }},
    {"vector_flop", "vector FLOP", "Vector FLOP", "", "FLOP of everything else",
     [](T t) -> Cell { return t.cost.vector_flop.value(); }, 2},
    {"unique_bytes", "bytes", "Compulsory bytes", "", "compulsory bytes: each distinct byte once",
     [](T t) -> Cell { return t.cost.unique.value(); }},
    {"dram_bytes", "DRAM bytes", "Bytes that cross DRAM", "", "bytes that cross DRAM",
     [](T t) -> Cell { return t.dram_bytes.value(); }, 6},
    {"intensity_flop_per_byte", "FLOP/B", "Intensity: FLOP of both kinds for each byte", "",
     "(matrix + vector FLOP) / unique_bytes", [](T t) -> Cell { return t.intensity(); }},
    {"launches", "launches", "Kernels launched", "", "kernels launched",
     [](T t) -> Cell { return t.cost.launches.value(); }, 4},
    {"time_s", "time", "Time", "s", "time on the roofline", [](T t) -> Cell { return t.time_s; }},
}};

double most_time(const Comparison& comparison, const OpLine& line) {
  double most = 0;
  for (std::size_t i = 0; i < line.rows.size(); ++i) {
    if (line.rows[i]) most = std::max(most, comparison.analyses[i].rows[*line.rows[i]].totals.time_s);
  }
  return most;
}

std::string names_of(const Comparison& comparison) {
  constexpr std::size_t kNamed = 4;
  if (comparison.subjects.size() > kNamed)
    return fmt::format("{} {}", comparison.subjects.size(), compare_kind_name(comparison.kind));
  std::vector<std::string> names;
  for (const Subject& subject : comparison.subjects) names.push_back(subject.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::span<const CompareFormat> compare_format_table() { return kFormats; }

std::span<const Metric> compare_metrics() { return kMetrics; }

double value_of(const Metric& metric, const Totals& totals) {
  const Cell cell = metric.get(totals);
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*whole);
  return std::get<double>(cell);
}

std::string value_text(const Metric& metric, const Totals& totals) {
  const double value = value_of(metric, totals);
  if (value == 0) return "-";
  if (metric.name == "intensity_flop_per_byte") return format_significant(value, 3);
  if (metric.name == "launches") return format_grouped(totals.cost.launches.value());
  return format_si(value, metric.unit, 3);
}

std::optional<double> metric_ratio(const Metric& metric, const Totals& totals, const Totals& first) {
  return ratio_of(value_of(metric, totals), value_of(metric, first));
}

std::string factor_text(std::optional<double> ratio) {
  if (ratio && *ratio == 0) return "-";
  return ratio ? fmt::format("x{}", ratio_text(*ratio)) : "";
}

std::string compare_title(const CompareReport& report) {
  const Comparison& all = report.comparison;
  const Analysis& first = all.analyses.front();
  std::string out = names_of(all);
  if (all.kind == CompareKind::kOps) {
    out += fmt::format(" of {}", first.model.name);
  } else if (!all.only.empty()) {
    out += fmt::format(": {}", fmt::join(all.only, ", "));
  }
  if (all.kind == CompareKind::kRecipes || all.kind == CompareKind::kDtypes || all.kind == CompareKind::kHardware)
    out += fmt::format("{}{}", all.only.empty() ? ": " : " of ", first.model.name);
  if (all.kind != CompareKind::kHardware) out += fmt::format(" on {}", first.hw.name);
  return all.varied.empty() ? out : fmt::format("{} over {}", out, all.varied);
}

std::vector<ComparePoint> compare_points(const Comparison& comparison) {
  if (!comparison.varied.empty()) return comparison.points;
  ComparePoint point;
  for (const Subject& subject : comparison.subjects) point.totals.push_back(subject.totals);
  return {point};
}

std::size_t count_changes(const Comparison& comparison) {
  return static_cast<std::size_t>(std::count_if(comparison.ops.begin(), comparison.ops.end(),
                                                [&](const OpLine& line) { return bound_changes(comparison, line); }));
}

std::vector<const OpLine*> shown_changes(const CompareReport& report) {
  std::vector<const OpLine*> lines;
  for (const OpLine& line : report.comparison.ops) {
    if (bound_changes(report.comparison, line)) lines.push_back(&line);
  }
  std::stable_sort(lines.begin(), lines.end(), [&](const OpLine* a, const OpLine* b) {
    return most_time(report.comparison, *a) > most_time(report.comparison, *b);
  });
  if (report.top > 0) lines.resize(std::min(lines.size(), report.top));
  return lines;
}

std::string shown_path(const Comparison& all, const std::string& path) {
  const bool one_part =
      std::all_of(all.analyses.begin(), all.analyses.end(), [](const Analysis& a) { return a.parts.size() == 1; });
  return one_part ? path.substr(path.find('/') + 1) : path;
}

std::vector<std::string> compare_header(const CompareReport& report) {
  const Comparison& all = report.comparison;
  const Analysis& first = all.analyses.front();
  const bool same_model = all.kind != CompareKind::kModels;
  std::vector<std::string> out = {fmt::format("compare: {}", compare_title(report))};
  if (all.kind != CompareKind::kHardware) out.push_back(hardware_line(first));
  if (same_model && all.varied.empty()) out.push_back(model_line(first));
  const bool differ = all.kind == CompareKind::kRecipes || all.kind == CompareKind::kDtypes;
  out.push_back((differ ? fmt::format("{}: ", all.subjects.front().name) : "") + settings_line(first));
  return out;
}

}  // namespace gable
