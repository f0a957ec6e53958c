// A memory report as JSON. Sizes are bytes, as whole numbers.
#include <nlohmann/json.hpp>

#include "reports/headings.h"
#include "reports/memory_text.h"
#include "reports/report.h"

namespace gable {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;
constexpr std::size_t kMostEvents = 512;

Json held_json(const HeldBytes& bytes) {
  Json json = Json::object();
  for (std::size_t i = 0; i < kHeldCount; ++i) {
    const auto held = static_cast<Held>(i);
    if (bytes[held] > Count(0)) json[std::string(held_row(held).name)] = bytes[held].value();
  }
  json["total"] = bytes.total().value();
  return json;
}

Json event_json(const Memory& memory, const MemoryEvent& event) {
  return {{"pass", pass_name(event.pass)},
          {"op", memory.model.full_path(memory.model.ops[event.op])},
          {"block_pass", event.turn + 1},
          {"bytes", held_json(event.held)}};
}

Json timeline_json(const Memory& memory) {
  Json events = Json::array();
  const std::vector<MemoryEvent>& all = memory.timeline.events;
  for (const std::size_t i : outline(memory.timeline, 0, all.size(), kMostEvents)) {
    Json event = event_json(memory, all[i]);
    event["at"] = i;
    events.push_back(std::move(event));
  }
  return {{"events", all.size()}, {"shown", std::move(events)}};
}

Json kept_json(const Memory& memory) {
  Json rows = Json::array();
  for (const SavedRow& row : memory.saved) {
    const OpSpec& op = memory.model.ops[row.op];
    rows.push_back({{"op", memory.model.full_path(op)},
                    {"kind", op.kind->name},
                    {"form", op.form},
                    {"tensor", row.name},
                    {"category", held_row(row.held).name},
                    {"computed_again", row.again},
                    {"executions", row.steps.value()},
                    {"elements", row.elements.value()},
                    {"bytes", row.bytes.value()}});
  }
  return rows;
}

Json document_json(const DocumentCount& count) {
  return {{"total_bytes", count.total().value()},
          {"rows_bytes", count.rows().value()},
          {"layer_elements", count.layer_elements.value()},
          {"layer_bytes", count.layer_bytes.value()},
          {"activation_elements", count.all_elements.value()},
          {"activation_bytes", count.all_bytes.value()}};
}

Json totals_json(const Memory& memory) {
  Json json = {{"needed_bytes", memory.needed().value()}, {"peak", event_json(memory, memory.peak())}};
  if (memory.timeline.update) json["update"] = event_json(memory, memory.timeline.events[*memory.timeline.update]);
  if (has_backward(memory.options.step.phase)) {
    json["added_up_bytes"] = memory.added_up().value();
    json["kept_elements"] = memory.saved_elements.value();
    json["kept_bytes"] = memory.saved_bytes.value();
  }
  if (memory.document) json["document"] = document_json(*memory.document);
  return json;
}

Json settings_json(const Memory& memory) {
  const StepOptions& step = memory.options.step;
  Json json = {{"phase", phase_name(step.phase)},
               {"mode", mode_name(memory.options.cost.mode)},
               {"dtype", describe(memory.costed.base)},
               {"amp", step.amp ? Json(row(*step.amp).name) : Json()},
               {"recipe", step.recipe->name},
               {"fuse", step.fuse},
               {"recompute", recompute_name(step.recompute)}};
  if (has_optimizer(step.phase)) {
    json["optimizer"] = step.optimizer;
    json["zero_grad"] = step.keep_gradients ? "keep" : "none";
    json["micro_batches"] = step.micro_batches;
  }
  return json;
}

Json fits_json(const MemoryReport& report) {
  Json fits = Json::array();
  for (const MemoryFit& fit : report.fits) {
    fits.push_back({{"what", fit.what},
                    {"dim", fit.dim},
                    {"largest", fit.largest},
                    {"needed_bytes", fit.needed.value()},
                    {"kv_cache_bytes", fit.cache.value()},
                    {"next_needs_bytes", fit.refusal.empty() ? Json(fit.beyond.value()) : Json()},
                    {"refusal", fit.refusal}});
  }
  return fits;
}

}  // namespace

std::string render_memory_json(const MemoryReport& report) {
  const Memory& memory = report.memory;
  Json dims = Json::object();
  for (std::size_t i = kFirstDim; i < kFirstDim + memory.model.dim_count; ++i)
    dims[memory.model.slots[i].name] = memory.costed.values[i];
  Json root = {{"schema_version", kSchemaVersion},
               {"generator", {{"name", "gable"}, {"version", kVersion}}},
               {"report", "memory"},
               {"model", {{"name", memory.model.name}, {"title", memory.model.title}, {"dims", dims}}},
               {"settings", settings_json(memory)},
               {"parameters", memory.parameters.elements.value()},
               {"all_at_once", held_json(memory.sums)},
               {"totals", totals_json(memory)},
               {"kept", kept_json(memory)}};
  if (report.hw) {
    root["hardware"] = {{"name", report.hw->name},
                        {"dram_capacity_bytes", report.hw->dram_capacity.value},
                        {"reserve_bytes", report.reserve.value()},
                        {"usable_bytes", report.capacity().value()},
                        {"fits", memory.needed() <= report.capacity()}};
    root["fit"] = fits_json(report);
  }
  root["timeline"] = timeline_json(memory);
  root["findings"] = memory_findings(report);
  return root.dump(2) + "\n";
}

}  // namespace gable
