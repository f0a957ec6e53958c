// JSON of a co-location; all times in seconds.
#include <nlohmann/json.hpp>

#include "reports/colocate_report.h"
#include "reports/report.h"

namespace gable {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

Json busy_json(const BusyTime& busy) {
  Json json = Json::object();
  for (std::size_t i = 0; i < busy.size(); ++i) json[std::string(roof_name(static_cast<Roof>(i)))] = busy.at(i);
  return json;
}

Json job_json(const Job& job) {
  Json kernels = Json::array();
  for (const JobKernel& kernel : job.kernels) {
    kernels.push_back({{"name", kernel.name},
                       {"class", kernel_class_name(kernel.kernel)},
                       {"executions", kernel.executions},
                       {"serial_s", kernel.serial_s},
                       {"bound", bound_name(kernel.bound)},
                       {"busy_s", busy_json(kernel.busy_s)}});
  }
  return {{"name", job.name},
          {"serial_s", job.serial_s},
          {"busy_s", busy_json(job.busy_s)},
          {"kernels", std::move(kernels)}};
}

Json pair_json(const Colocation& all, const KernelPair& pair) {
  return {{"first", all.high.kernels[pair.first].name},
          {"second", all.second().kernels[pair.second].name},
          {"serial_s", pair.serial_s},
          {"overlapped_s", pair.overlapped_s},
          {"speedup", pair.speedup()}};
}

}  // namespace

std::string render_colocate_json(const ColocateReport& report) {
  const Colocation& all = report.colocation;
  Json root = {{"schema_version", kSchemaVersion},
               {"study", "colocate"},
               {"generator", {{"name", "gable"}, {"version", kVersion}}},
               {"header", colocate_header(report)},
               {"high_priority", job_json(all.high)},
               {"best_effort", all.best_effort ? job_json(*all.best_effort) : Json(nullptr)},
               {"serial_s", all.serial_s},
               {"overlapped_s", all.overlapped_s},
               {"speedup", all.speedup()},
               {"limit", all.limit ? Json(roof_name(*all.limit)) : Json(nullptr)},
               {"worth_scheduling", all.speedup() >= kWorthScheduling}};
  Json pairs = Json::array();
  for (const KernelPair& pair : all.pairs) pairs.push_back(pair_json(all, pair));
  root["pairs"] = std::move(pairs);
  root["findings"] = colocate_findings(report);
  return root.dump(2) + "\n";
}

}  // namespace gable
