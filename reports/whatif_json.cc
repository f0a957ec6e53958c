#include <nlohmann/json.hpp>

#include "reports/headings.h"
#include "reports/report.h"
#include "reports/whatif_report.h"

namespace gable {
namespace {

using Json = nlohmann::ordered_json;

Json row_json(const WhatIfRow& row) {
  Json json = Json::object();
  for (const WhatIfColumn& column : whatif_columns())
    json[std::string(column.name)] = column.has_value(row)
                                         ? std::visit([](const auto& value) { return Json(value); }, column.get(row))
                                         : Json(nullptr);
  return json;
}

Json gains_json(const HardwareGains& gains) {
  return {{"twice_compute_s", gains.compute_s},
          {"twice_dram_bandwidth_s", gains.bandwidth_s},
          {"no_launch_latency_s", gains.launch_s}};
}

Json hardware_gains_json(const WhatIf& study) {
  Json json = {{"baseline", gains_json(study.gains)}};
  for (const auto* outcomes : {&study.alone, &study.together}) {
    for (const Outcome& outcome : *outcomes) {
      if (outcome.refusal.empty()) json[changes_text(outcome)] = gains_json(outcome.gains);
    }
  }
  return json;
}

}  // namespace

std::string render_whatif_json(const WhatIfReport& report) {
  const Analysis& before = report.study.before;
  Json rows = Json::array();
  for (const WhatIfRow& row : whatif_rows(report.study)) rows.push_back(row_json(row));
  const Json root = {{"schema_version", 1},
                     {"generator", {{"name", "gable"}, {"version", kVersion}}},
                     {"study", "whatif"},
                     {"model", before.model.name},
                     {"hardware", before.hw.name},
                     {"settings", settings_line(before)},
                     {"rows", std::move(rows)},
                     {"saved_by_hardware", hardware_gains_json(report.study)},
                     {"findings", whatif_findings(report.study)}};
  return root.dump(2) + "\n";
}

}  // namespace gable
