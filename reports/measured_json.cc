#include "reports/measured_json.h"

#include <array>

#include "reports/columns.h"
#include "reports/measured_rows.h"

namespace gable {
namespace {

std::string path_of(const Analysis& analysis, std::size_t row) {
  return analysis.model.full_path(analysis.spec(analysis.rows[row]));
}

std::string_view kind_of(LedgerEntry::Kind kind) {
  constexpr std::array<std::string_view, 6> kNames = {"ops", "other_ops", "overlapped", "unattributed", "gaps", "rest"};
  return kNames.at(static_cast<std::size_t>(kind));
}

Json step_json(const Summary& step, double cold_s) {
  return {{"steps", step.n},   {"mean_s", step.mean}, {"median_s", step.median},
          {"std_s", step.std}, {"min_s", step.min},   {"max_s", step.max},
          {"q1_s", step.q1},   {"q3_s", step.q3},     {"cold_s", cold_s > 0 ? Json(cold_s) : Json()}};
}

Json ledger_json(const Ledger& ledger) {
  Json entries = Json::array();
  for (const LedgerEntry& entry : ledger.entries) {
    entries.push_back({{"kind", kind_of(entry.kind)},
                       {"name", entry.name},
                       {"launches", entry.launches},
                       {"time_s", entry.time_s},
                       {"share", ledger.wall_s > 0 ? entry.time_s / ledger.wall_s : 0}});
  }
  return {{"wall_s", ledger.wall_s}, {"entries", entries}};
}

Json op_json(const Analysis& analysis, const Overlay& overlay, const OverlayOp& op) {
  const MeasuredOp& measured = overlay.measurement.ops[op.measured];
  Json roofs = Json::object();
  for (std::size_t i = 0; i < kRoofCount; ++i) {
    if (op.totals.by_roof.at(i) > 0) roofs[std::string(roof_name(static_cast<Roof>(i)))] = op.totals.by_roof.at(i);
  }
  Json diagnosis = Json::array();
  for (const Diagnosis& one : op.diagnoses) diagnosis.push_back(diagnosis_text(analysis, one));
  Json json = {{"op", path_of(analysis, op.row)},
               {"pass", pass_name(op.pass)},
               {"executions", measured.executions},
               {"measured_s", op.totals.time.mean},
               {"measured_median_s", op.totals.time.median},
               {"cold_s", measured.cold_s > 0 ? Json(measured.cold_s) : Json()},
               {"roof_time_s", op.totals.roof_s},
               {"roofs_s", roofs},
               {"efficiency", op.totals.efficiency()},
               {"recoverable_s", op.totals.recoverable_s()},
               {"measured_class", class_name(op.measured_class)},
               {"nearest_roof", op.margin > 0 ? Json(roof_name(op.nearest)) : Json()},
               {"margin", op.margin > 0 ? Json(op.margin) : Json()},
               {"diagnosis", diagnosis}};
  if (op.totals.datasheet_s) json["datasheet_roof_time_s"] = *op.totals.datasheet_s;
  if (!measured.note.empty()) json["note"] = measured.note;
  return json;
}

Json pairs_json(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json json = Json::object();
  for (const auto& [name, value] : pairs) json[name] = value;
  return json;
}

}  // namespace

void add_measured_columns(const ReportRow& row, Json& json) {
  for (const Column& column : measured_columns()) {
    if (column.name == "diagnosis") continue;
    const Cell cell = column.get(row);
    const auto* text = std::get_if<std::string>(&cell);
    if (text != nullptr && text->empty()) continue;
    json[std::string(column.name)] = std::visit([](const auto& value) { return Json(value); }, cell);
  }
  if (row.level == Level::kOp || row.level == Level::kKernel) json["diagnosis"] = row.measured->diagnosis;
}

Json measured_json(const Analysis& analysis, const Overlay& overlay) {
  const Measurement& measurement = overlay.measurement;
  Json outliers = Json::array();
  for (const std::size_t i : overlay.outlier_steps)
    outliers.push_back({{"step", i}, {"time_s", measurement.step_s[i]}});
  Json ops = Json::array();
  for (const OverlayOp& op : overlay.ops) ops.push_back(op_json(analysis, overlay, op));
  Json recoverable = Json::array();
  for (const std::size_t i : overlay.recoverable) {
    const OverlayOp& op = overlay.ops[i];
    recoverable.push_back({{"op", path_of(analysis, op.row)},
                           {"pass", pass_name(op.pass)},
                           {"recoverable_s", op.totals.recoverable_s()}});
  }
  Json not_measured = Json::array();
  for (const NotMeasured& missing : overlay.not_measured) {
    not_measured.push_back(
        {{"op", path_of(analysis, missing.row)}, {"pass", pass_name(missing.pass)}, {"time_s", missing.roof_s}});
  }
  Json not_in_model = Json::array();
  for (const std::size_t i : overlay.not_in_model) {
    const MeasuredOp& op = measurement.ops[i];
    not_in_model.push_back({{"op", op.op}, {"pass", pass_name(op.pass)}, {"measured_s", summarize(op.samples_s).mean}});
  }
  return {{"device", measurement.device},
          {"backend", measurement.backend},
          {"seed", measurement.seed},
          {"warmup", measurement.warmup},
          {"settings", pairs_json(measurement.settings)},
          {"environment", pairs_json(measurement.environment)},
          {"datasheet", overlay.datasheet ? Json(overlay.datasheet->name) : Json()},
          {"step", step_json(overlay.step, measurement.cold_step_s)},
          {"outlier_steps", outliers},
          {"dropped", measurement.dropped},
          {"ledger", ledger_json(overlay.ledger)},
          {"ops", ops},
          {"recoverable", recoverable},
          {"not_measured", not_measured},
          {"not_in_model", not_in_model}};
}

Json kernels_json(const Overlay& overlay) {
  double all_s = 0;
  for (const KernelSum& kernel : overlay.kernels) all_s += kernel.time_s;
  Json kernels = Json::array();
  for (const KernelSum& kernel : overlay.kernels) {
    kernels.push_back({{"name", kernel.name},
                       {"launches", kernel.launches},
                       {"time_s", kernel.time_s},
                       {"share", all_s > 0 ? kernel.time_s / all_s : 0},
                       {"gemm", kernel.gemm}});
  }
  return kernels;
}

}  // namespace gable
