#include <array>
#include <nlohmann/json.hpp>

#include "reports/report.h"
#include "reports/trace_report.h"

namespace gable {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNsPerSecond = 1e9;

double seconds(std::int64_t ns) { return static_cast<double>(ns) / kNsPerSecond; }

/// Columns that a row has nothing for are left out.
Json row_json(const TraceRow& row) {
  Json json = Json::object();
  for (const TraceColumn& column : trace_columns()) {
    const Cell cell = column.get(row);
    const auto* text = std::get_if<std::string>(&cell);
    if (text != nullptr && text->empty()) continue;
    json[std::string(column.name)] = std::visit([](const auto& value) { return Json(value); }, cell);
  }
  return json;
}

Json device_json(const DeviceTime& device) {
  const auto work = [&](const std::int64_t* ns, DeviceWork which) {
    return seconds(ns[static_cast<std::size_t>(which)]);
  };
  return {{"device", device.device},
          {"events", device.events},
          {"wall_s", seconds(device.wall_ns)},
          {"busy_s", seconds(device.busy_ns)},
          {"idle_s", seconds(device.idle_ns)},
          {"overlapped_s", seconds(device.overlapped_ns)},
          {"waited_for_launches_s", seconds(device.waited_ns)},
          {"compute_s", work(device.total_ns, DeviceWork::kCompute)},
          {"communication_s", work(device.total_ns, DeviceWork::kCommunication)},
          {"exposed_communication_s", work(device.exposed_ns, DeviceWork::kCommunication)},
          {"copies_s", work(device.total_ns, DeviceWork::kCopy)},
          {"exposed_copies_s", work(device.exposed_ns, DeviceWork::kCopy)}};
}

Json stretches_json(const TraceStudy& study) {
  constexpr std::size_t kMost = 20;
  Json stretches = Json::array();
  for (const LaunchStretch& stretch : study.timeline.stretches) {
    if (stretches.size() == kMost) break;
    stretches.push_back({{"start_s", seconds(stretch.start_ns)},
                         {"end_s", seconds(stretch.end_ns)},
                         {"events", stretch.events},
                         {"busy_s", seconds(stretch.busy_ns)},
                         {"waited_s", seconds(stretch.waited_ns)}});
  }
  return stretches;
}

Json recoverable_json(const TraceStudy& study) {
  constexpr std::array<std::string_view, 4> kKinds = {"op", "launches", "copies", "communication"};
  Json list = Json::array();
  for (const Recoverable& what : study.recoverable) {
    Json entry = {{"kind", kKinds.at(static_cast<std::size_t>(what.kind))}, {"time_s", what.time_s}};
    if (what.kind == Recoverable::Kind::kOp) {
      entry["op"] = study.sums.ops[what.op].name;
      entry["shape"] = study.sums.ops[what.op].shape;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

std::string render_trace_json(const TraceReport& report) {
  const TraceStudy& study = report.study;
  Json rows = Json::array();
  for (const TraceRow& row : trace_rows(study)) rows.push_back(row_json(row));
  Json devices = Json::array();
  for (const DeviceTime& device : study.timeline.devices) devices.push_back(device_json(device));
  Json environment = Json::object();
  for (const auto& [name, value] : study.trace.environment) environment[name] = value;
  const Json root = {{"schema_version", 1},
                     {"generator", {{"name", "gable"}, {"version", kVersion}}},
                     {"study", "trace"},
                     {"trace", study.analysis.model.name},
                     {"format", study.trace.format},
                     {"device", study.trace.device},
                     {"environment", std::move(environment)},
                     {"hardware", study.analysis.hw.name},
                     {"steps", study.step_starts_ns.size()},
                     {"dropped", study.trace.dropped},
                     {"timeline", std::move(devices)},
                     {"launch_bound_stretches", stretches_json(study)},
                     {"recoverable", recoverable_json(study)},
                     {"rows", std::move(rows)},
                     {"missing", study.trace.missing},
                     {"findings", trace_findings(study)}};
  // Names of kernels may hold bytes that are no UTF-8.
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gable
