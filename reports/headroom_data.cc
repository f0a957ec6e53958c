// CSV and JSON: one table of columns.
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "reports/columns.h"
#include "reports/csv.h"
#include "reports/headings.h"
#include "reports/headroom_report.h"
#include "reports/report.h"

namespace gable {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kKinds = {"fusion", "recipe", "dtype", "batch"};

struct HeadroomColumn {
  std::string_view name;
  Cell (*get)(const Headroom&, const HeadroomRow&);
};

const Candidate& of(const Headroom& study, const HeadroomRow& row) { return study.candidates.at(row.candidate); }

constexpr std::array<HeadroomColumn, 14> kColumns = {{
    {"op", [](const Headroom&, const HeadroomRow& r) -> Cell { return r.name; }},
    {"bound", [](const Headroom&, const HeadroomRow& r) -> Cell { return std::string(bound_name(r.before.bound())); }},
    {"time_s", [](const Headroom&, const HeadroomRow& r) -> Cell { return r.before.time_s; }},
    {"best_time_s", [](const Headroom& h, const HeadroomRow& r) -> Cell { return time_with(h, r); }},
    {"recoverable_s", [](const Headroom&, const HeadroomRow& r) -> Cell { return r.recoverable_s; }},
    {"recoverable_share_of_model",
     [](const Headroom& h, const HeadroomRow& r) -> Cell { return r.recoverable_s / h.before.total.time_s; }},
    {"change", [](const Headroom& h, const HeadroomRow& r) -> Cell { return of(h, r).text; }},
    {"change_kind",
     [](const Headroom& h, const HeadroomRow& r) -> Cell {
       return std::string(kKinds.at(static_cast<std::size_t>(of(h, r).kind)));
     }},
    {"samples_factor", [](const Headroom& h, const HeadroomRow& r) -> Cell { return of(h, r).work; }},
    {"dram_bytes", [](const Headroom&, const HeadroomRow& r) -> Cell { return r.before.dram_bytes.value(); }},
    {"best_dram_bytes", [](const Headroom&, const HeadroomRow& r) -> Cell { return r.after.dram_bytes.value(); }},
    {"launches", [](const Headroom&, const HeadroomRow& r) -> Cell { return r.before.cost.launches.value(); }},
    {"best_launches", [](const Headroom&, const HeadroomRow& r) -> Cell { return r.after.cost.launches.value(); }},
    {"why", [](const Headroom& h, const HeadroomRow& r) -> Cell { return headroom_reason(h, r); }},
}};

Json candidates_json(const Headroom& study) {
  Json all = Json::array();
  for (const Candidate& candidate : study.candidates) {
    all.push_back({{"change", candidate.text},
                   {"kind", kKinds.at(static_cast<std::size_t>(candidate.kind))},
                   {"samples_factor", candidate.work},
                   {"time_s", candidate.total.time_s}});
  }
  return all;
}

}  // namespace

std::string render_headroom_csv(const HeadroomReport& report) {
  const Analysis& before = report.study.before;
  std::string out = "model,hardware";
  for (const HeadroomColumn& column : kColumns) out += fmt::format(",{}", column.name);
  out += kCsvEnd;
  const std::string lead = fmt::format("{},{}", csv_field(before.model.name), csv_field(before.hw.name));
  for (const HeadroomRow& row : shown_rows(report)) {
    out += lead;
    for (const HeadroomColumn& column : kColumns) {
      out += ',';
      append_csv(column.get(report.study, row), out);
    }
    out += kCsvEnd;
  }
  return out;
}

std::string render_headroom_json(const HeadroomReport& report) {
  const Analysis& before = report.study.before;
  Json rows = Json::array();
  for (const HeadroomRow& row : shown_rows(report)) {
    Json json = Json::object();
    for (const HeadroomColumn& column : kColumns)
      json[std::string(column.name)] =
          std::visit([](const auto& value) { return Json(value); }, column.get(report.study, row));
    rows.push_back(std::move(json));
  }
  const Json root = {{"schema_version", 1},
                     {"generator", {{"name", "gable"}, {"version", kVersion}}},
                     {"study", "headroom"},
                     {"model", before.model.name},
                     {"hardware", before.hw.name},
                     {"settings", settings_line(before)},
                     {"time_s", before.total.time_s},
                     {"at_best_s", report.study.at_best_s},
                     {"rows", std::move(rows)},
                     {"candidates", candidates_json(report.study)},
                     {"findings", headroom_findings(report.study)}};
  return root.dump(2) + "\n";
}

}  // namespace gable
