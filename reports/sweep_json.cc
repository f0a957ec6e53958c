// JSON of a sweep. Counts are whole numbers, rates and times are in base units, what has no value is null.
#include <nlohmann/json.hpp>

#include "reports/report.h"
#include "reports/sweep_series.h"

namespace gable {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

Json cell_json(const Cell& cell) {
  return std::visit([](const auto& value) { return Json(value); }, cell);
}

Json axes_json(const Grid& grid) {
  Json axes = Json::array();
  for (const Axis& axis : grid.axes) {
    Json values = Json::array();
    for (std::int64_t i = 0; i < axis.size(); ++i) {
      values.push_back(axis.role == AxisRole::kDim ? Json(axis.number(i)) : Json(axis.text(i)));
    }
    axes.push_back({{"name", axis.name}, {"values", std::move(values)}});
  }
  return axes;
}

Json row_json(const Sweep& sweep, const SweepRow& row) {
  Json json = {{"model", sweep.model_at(row.index).name},
               {"hardware", sweep.hardware_at(row.index).hw.name},
               {"dtype", dtype_name(sweep, row.index)}};
  for (const std::size_t axis : option_axes(sweep.grid))
    json[sweep.grid.axes[axis].name] = sweep.grid.axes[axis].text(sweep.grid.place(axis, row.index));
  Json dims = Json::object();
  for (std::size_t i = 0; i < sweep.grid.axes.size(); ++i) {
    const Axis& axis = sweep.grid.axes[i];
    if (axis.role == AxisRole::kDim) dims[axis.name] = axis.number(sweep.grid.place(i, row.index));
  }
  json["dims"] = std::move(dims);
  for (const SweepColumn& column : sweep_columns(sweep)) {
    const Cell cell = column.get(row);
    const auto* text = std::get_if<std::string>(&cell);
    json[std::string(column.name)] = text != nullptr && text->empty() ? Json(nullptr) : cell_json(cell);
  }
  json["bottleneck_changed"] = row.step ? Json(row.step->bottleneck_changed) : Json(nullptr);
  return json;
}

}  // namespace

std::string render_sweep_json(const SweepReport& report) {
  const Sweep& sweep = report.sweep;
  Json root = {{"schema_version", kSchemaVersion},
               {"study", "sweep"},
               {"generator", {{"name", "gable"}, {"version", kVersion}}},
               {"settings", sweep_settings(report)},
               {"axes", axes_json(sweep.grid)},
               {"points", sweep.grid.size},
               {"complete", static_cast<std::int64_t>(report.rows.size()) == sweep.grid.size}};
  Json rows = Json::array();
  for (const SweepRow& row : report.rows) rows.push_back(row_json(sweep, row));
  root["rows"] = std::move(rows);
  root["findings"] = sweep_findings(report);
  return root.dump(2) + "\n";
}

}  // namespace gable
