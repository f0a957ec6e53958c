// CSV of a comparison: a row a subject (at every value of --vary), then a row for each op that changes its bound.
#include <fmt/format.h>

#include "reports/compare_report.h"
#include "reports/csv.h"
#include "reports/insights.h"

namespace gable {
namespace {

struct CsvRow {
  std::string_view level;
  std::size_t subject = 0;
  std::string name;
  std::string value;  ///< of the dim that is varied
  const Totals* totals = nullptr;
  const Totals* first = nullptr;
  std::string error;
};

std::string header(const Comparison& all) {
  std::string out = "level,subject,name,model,hardware,recipe,dtype";
  if (!all.varied.empty()) out += fmt::format(",{}", csv_field(all.varied));
  for (const Metric& metric : compare_metrics()) out += fmt::format(",{}", metric.name);
  for (std::size_t i = 0; i < kBoundCount; ++i) out += fmt::format(",{}_bound_s", bound_name(static_cast<Bound>(i)));
  out += ",bound,roof";
  for (const Metric& metric : compare_metrics()) out += fmt::format(",{}_ratio", metric.name);
  return out + ",error" + std::string(kCsvEnd);
}

/// Empty fields for what has no value.
void append_totals(const Totals* totals, const Totals* first, std::string& out) {
  const bool runs = totals != nullptr && totals->time_s > 0;
  for (const Metric& metric : compare_metrics()) {
    out += ',';
    if (totals != nullptr) append_csv(metric.get(*totals), out);
  }
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    out += ',';
    if (totals != nullptr) append_csv(totals->bound_s.at(i), out);
  }
  out += fmt::format(",{},{}", runs ? bound_name(totals->bound()) : "", runs ? roof_name(totals->roof()) : "");
  for (const Metric& metric : compare_metrics()) {
    out += ',';
    if (totals == nullptr || first == nullptr) continue;
    if (const auto ratio = metric_ratio(metric, *totals, *first)) append_csv(*ratio, out);
  }
}

void append(const Comparison& all, const CsvRow& row, std::string& out) {
  const Analysis& analysis = all.analysis_of(all.subjects[row.subject]);
  const auto& recipe = analysis.options.step.recipe;
  out +=
      fmt::format("{},{},{},{},{},{},{}", row.level, csv_field(all.subjects[row.subject].name), csv_field(row.name),
                  csv_field(analysis.model.name), csv_field(analysis.hw.name),
                  csv_field(recipe ? recipe->name : std::string(kIdealRecipe)), csv_field(describe(analysis.dtypes())));
  if (!all.varied.empty()) out += "," + row.value;
  append_totals(row.totals, row.first, out);
  out += "," + csv_field(row.error);
  out += kCsvEnd;
}

}  // namespace

std::string render_compare_csv(const CompareReport& report) {
  const Comparison& all = report.comparison;
  std::string out = header(all);
  for (const ComparePoint& point : compare_points(all)) {
    for (std::size_t i = 0; i < all.subjects.size(); ++i) {
      const bool valid = point.error.empty();
      append(all,
             {"subject", i, all.subjects[i].name, point.value, valid ? &point.totals[i] : nullptr,
              valid ? &point.totals.front() : nullptr, point.error},
             out);
    }
  }
  if (!all.varied.empty()) return out;
  for (const OpLine* line : shown_changes(report)) {
    const Totals* first = line->rows.front() ? &all.analyses.front().rows[*line->rows.front()].totals : nullptr;
    for (std::size_t i = 0; i < all.subjects.size(); ++i) {
      if (line->rows[i])
        append(all, {"op", i, line->path, "", &all.analyses[i].rows[*line->rows[i]].totals, first, ""}, out);
    }
  }
  return out;
}

}  // namespace gable
