// JSON after reports/schema.json. Counts are whole numbers, rates and times are in base units.
#include "reports/columns.h"
#include "reports/headings.h"
#include "reports/insights.h"
#include "reports/measured_json.h"
#include "reports/measured_rows.h"
#include "reports/report.h"

namespace gable {
namespace {

constexpr int kSchemaVersion = 1;

Json to_json(const Cell& cell) {
  return std::visit([](const auto& value) { return Json(value); }, cell);
}

/// `sums` leaves out what identifies an op.
Json row_json(const ReportRow& row, const ReportOptions& options, bool sums) {
  Json json = Json::object();
  for (const Column& column : columns(options.mac)) {
    const Cell cell = column.get(row);
    const auto* text = std::get_if<std::string>(&cell);
    const bool identifies = column.name == "level" || column.name == "pass" || column.name == "near_ridge" ||
                            column.name == "name" || column.name == "executions";
    if (text != nullptr && text->empty()) {
      if (!sums && (column.name == "bound" || column.name == "roof")) json[std::string(column.name)] = nullptr;
    } else if (column.name == "near_ridge") {
      if (!sums) json["near_ridge"] = row.near_ridge;
    } else if (!sums || !identifies) {
      json[std::string(column.name)] = to_json(cell);
    }
  }
  if (!options.predicted.empty()) json["predicted_s"] = row.totals.predicted_s;
  if (options.datasheet_times) json["datasheet_s"] = row.totals.datasheet_s;
  if (row.measured) add_measured_columns(row, json);
  return json;
}

Json model_json(const Analysis& analysis) {
  const Model& model = analysis.model;
  Json dims = Json::object();
  for (std::size_t i = kFirstDim; i < kFirstDim + model.dim_count; ++i)
    dims[model.slots[i].name] = analysis.costed.values[i];
  return {{"name", model.name}, {"title", model.title}, {"source", model.source}, {"dims", dims}};
}

Json hardware_json(const Analysis& analysis) {
  const Hardware& hw = analysis.hw;
  Json ridge_list = Json::array();
  for (const Ridge& ridge : ridges(hw)) {
    ridge_list.push_back({{"dtype", row(ridge.dtype).name},
                          {"roof", roof_name(ridge.roof)},
                          {"peak_flop_per_s", ridge.flop_per_s},
                          {"ridge_flop_per_byte", ridge.flop_per_byte}});
  }
  return {{"name", hw.name},
          {"title", hw.title},
          {"reason", analysis.hw_reason},
          {"dram_bytes_per_s", hw.dram_bandwidth.value},
          {"dram_capacity_bytes", hw.dram_capacity.value},
          {"l2_bytes_per_s", hw.l2_bandwidth.value},
          {"l2_capacity_bytes", hw.l2_capacity.value},
          {"launch_latency_s", hw.launch_latency.value},
          {"ridges", ridge_list}};
}

Json settings_json(const Analysis& analysis, const ReportOptions& options) {
  const AnalysisOptions& settings = analysis.options;
  return {{"phase", phase_name(settings.step.phase)},
          {"mode", mode_name(settings.cost.mode)},
          {"dtype", describe(analysis.dtypes())},
          {"recipe", settings.step.recipe ? settings.step.recipe->name : std::string(kIdealRecipe)},
          {"recompute", recompute_name(settings.step.recompute)},
          {"amp", settings.step.amp ? Json(row(*settings.step.amp).name) : Json()},
          {"micro_batches", settings.step.micro_batches},
          {"fuse", settings.step.fuse},
          {"flops", flops_name(settings.flops)},
          {"roofs", describe(settings.roofs)},
          {"resident", settings.resident_l2 ? "l2" : "none"},
          {"count", options.mac ? "mac" : "flop"}};
}

Json clocks_json(const Totals& total, const ClockReport& report) {
  const auto share = [&](double peak_s) { return report.clocks.step_s > 0 ? peak_s / report.clocks.step_s : 0; };
  Json spans = Json::array();
  for (const ClockSpan& span : report.clocks.spans) {
    spans.push_back({{"name", span.name},
                     {"pass", span.pass},
                     {"launches", span.launches},
                     {"cpu_s", span.cpu_s},
                     {"gpu_s", span.gpu_s},
                     {"idle_s", span.idle_s},
                     {"bound", span.cpu_bound() ? "cpu" : "gpu"}});
  }
  return {{"host", report.host.name},
          {"graph", report.graph},
          {"step_s", report.clocks.step_s},
          {"cpu_s", report.clocks.cpu_s},
          {"gpu_s", report.clocks.gpu_s},
          {"idle_s", report.clocks.idle_s},
          {"syncs", report.clocks.syncs},
          {"wait_s", report.clocks.wait_s},
          {"bound", report.clocks.cpu_bound() ? "cpu" : "gpu"},
          {"mfu", share(total.model_peak_s)},
          {"hfu", share(total.peak_s)},
          {"spans", spans}};
}

/// Kernels by class: gemm, stream, ...
Json class_json(const Totals& total) {
  Json json = Json::object();
  for (std::size_t i = 0; i < total.classes.size(); ++i) {
    const ClassTotals& sum = total.classes.at(i);
    if (sum.launches > Count(0))
      json[std::string(kernel_class_name(static_cast<KernelClass>(i)))] = {{"launches", sum.launches.value()},
                                                                           {"time_s", sum.time_s}};
  }
  return json;
}

/// The model's totals, with those of each part under its name.
Json totals_json(const Analysis& analysis, const ReportOptions& options) {
  Json totals = row_json(with_measured(analysis, options, model_row(analysis)), options, true);
  for (const PartRow& part : analysis.parts) {
    std::string name = analysis.model.parts[part.part].name;
    if (totals.contains(name)) name += " (part)";  // a part called like a column
    totals[name] = row_json(with_measured(analysis, options, part_row(analysis, part)), options, true);
  }
  return totals;
}

}  // namespace

std::string render_json(const Analysis& analysis, const ReportOptions& options) {
  Json root = {{"schema_version", kSchemaVersion},
               {"generator", {{"name", "gable"}, {"version", kVersion}}},
               {"model", model_json(analysis)},
               {"hardware", hardware_json(analysis)},
               {"settings", settings_json(analysis, options)},
               {"totals", totals_json(analysis, options)}};
  Json rows = Json::array();
  for (const PartRow& part : analysis.parts) {
    const By inside = options.by == By::kBlock || options.by == By::kKernel ? options.by : By::kOp;
    for (const ReportRow& row :
         top_rows(with_measured(analysis, options, rows_of_part(analysis, part, inside)), options.top)) {
      rows.push_back(row_json(row, options, false));
    }
  }
  root["rows"] = std::move(rows);
  Json by_kind = Json::object();
  for (const ReportRow& row : with_measured(analysis, options, kind_rows(analysis)))
    by_kind[row.name] = row_json(row, options, true);
  root["by_kind"] = std::move(by_kind);
  Json by_pass = Json::object();
  for (const ReportRow& row : with_measured(analysis, options, pass_rows(analysis)))
    by_pass[row.name] = row_json(row, options, true);
  root["by_pass"] = std::move(by_pass);
  root["by_class"] = class_json(analysis.total);
  if (options.clocks) root["clocks"] = clocks_json(analysis.total, *options.clocks);
  if (options.overlay) {
    root["measured"] = measured_json(analysis, *options.overlay);
    root["kernels"] = kernels_json(*options.overlay);
  }
  root["findings"] = findings(analysis, options);
  root["notes"] = options.notes ? Json(notes(analysis)) : Json::array();
  return root.dump(2) + "\n";
}

}  // namespace gable
