// JSON of a comparison. Counts are whole numbers, rates and times are in base units, what has no value is null.
#include <nlohmann/json.hpp>

#include "reports/compare_report.h"
#include "reports/insights.h"
#include "reports/report.h"

namespace gable {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

Json totals_json(const Totals& totals) {
  Json json = Json::object();
  for (const Metric& metric : compare_metrics())
    json[std::string(metric.name)] = std::visit([](const auto& value) { return Json(value); }, metric.get(totals));
  for (std::size_t i = 0; i < kBoundCount; ++i)
    json[std::string(bound_name(static_cast<Bound>(i))) + "_bound_s"] = totals.bound_s.at(i);
  const bool runs = totals.time_s > 0;
  json["bound"] = runs ? Json(bound_name(totals.bound())) : Json(nullptr);
  json["roof"] = runs ? Json(roof_name(totals.roof())) : Json(nullptr);
  return json;
}

Json ratios_json(const Totals& totals, const Totals& first) {
  Json json = Json::object();
  for (const Metric& metric : compare_metrics()) {
    const auto ratio = metric_ratio(metric, totals, first);
    json[std::string(metric.name)] = ratio ? Json(*ratio) : Json(nullptr);
  }
  return json;
}

Json subjects_json(const Comparison& all, const std::vector<Totals>& totals) {
  Json list = Json::array();
  for (std::size_t i = 0; i < totals.size(); ++i) {
    const Analysis& analysis = all.analysis_of(all.subjects[i]);
    const auto& recipe = analysis.options.step.recipe;
    list.push_back({{"name", all.subjects[i].name},
                    {"model", analysis.model.name},
                    {"hardware", analysis.hw.name},
                    {"recipe", recipe ? recipe->name : std::string(kIdealRecipe)},
                    {"dtype", describe(analysis.dtypes())},
                    {"divided_by", all.subjects[i].divided_by},
                    {"totals", totals_json(totals[i])},
                    {"ratios", ratios_json(totals[i], totals.front())}});
  }
  return list;
}

Json changes_json(const CompareReport& report) {
  const Comparison& all = report.comparison;
  Json list = Json::array();
  for (const OpLine* line : shown_changes(report)) {
    Json by_subject = Json::object();
    for (std::size_t i = 0; i < all.subjects.size(); ++i) {
      const auto& row = line->rows[i];
      by_subject[all.subjects[i].name] = row ? totals_json(all.analyses[i].rows[*row].totals) : Json(nullptr);
    }
    list.push_back({{"op", line->path}, {"subjects", std::move(by_subject)}});
  }
  return list;
}

}  // namespace

std::string render_compare_json(const CompareReport& report) {
  const Comparison& all = report.comparison;
  Json root = {{"schema_version", kSchemaVersion},
               {"study", "compare"},
               {"generator", {{"name", "gable"}, {"version", kVersion}}},
               {"kind", compare_kind_name(all.kind)},
               {"header", compare_header(report)}};
  if (all.varied.empty()) {
    root["subjects"] = subjects_json(all, compare_points(all).front().totals);
    root["bound_changes"] = changes_json(report);
  } else {
    Json points = Json::array();
    for (const ComparePoint& point : all.points) {
      Json json = {{"value", std::stoll(point.value)}, {"subjects", subjects_json(all, point.totals)}};
      json["error"] = point.error.empty() ? Json(nullptr) : Json(point.error);
      points.push_back(std::move(json));
    }
    root["varied"] = all.varied;
    root["points"] = std::move(points);
  }
  root["findings"] = compare_findings(report);
  root["notes"] = report.notes ? Json(notes(all.analyses.front())) : Json::array();
  return root.dump(2) + "\n";
}

}  // namespace gable
