#include "reports/memory_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "analyzer/base/units.h"
#include "reports/headings.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, kPassCount> kPassWords = {"forward", "recomputation", "backward", "backward",
                                                                 "update"};

std::string optimizer_text(const StepOptions& step) {
  if (!has_optimizer(step.phase)) return "";
  return fmt::format(", optimizer {}{}, gradients {}", step.optimizer,
                     step.micro_batches > 1 ? fmt::format(", last of {} micro-batches", step.micro_batches) : "",
                     step.keep_gradients ? "stay allocated" : "freed after the update");
}

std::string settings_text(const Memory& memory) {
  const StepOptions& step = memory.options.step;
  return fmt::format(
      "{}, {}, {}{}, recipe {}{}{}{}", phase_name(step.phase), mode_name(memory.options.cost.mode),
      describe(memory.costed.base), step.amp ? fmt::format(", autocast to {}", row(*step.amp).name) : "",
      step.recipe->name, step.fuse.empty() ? "" : fmt::format(", fused {}", fmt::join(step.fuse, ", ")),
      step.recompute == Recompute::kNone ? "" : fmt::format(", {} recomputed", recompute_name(step.recompute)),
      optimizer_text(step));
}

/// Categories as the sums and as the peak hold them; those that nothing is in are left out.
MemoryTable totals_table(const MemoryReport& report, const SizeUnit& unit) {
  const Memory& memory = report.memory;
  const HeldBytes& peak = memory.peak().held;
  const HeldBytes& most = memory.most().held;
  const bool update = memory.timeline.most() != memory.timeline.peak;
  MemoryTable table{
      "", {"what", "elements", "all at once", memory.timeline.update ? "peak of passes" : "at the peak"}, {}, true};
  if (update) table.heads.emplace_back("update");
  const auto row = [&](std::string title, std::string elements, Count all, Count at_peak, Count at_most) {
    table.rows.push_back({std::move(title), std::move(elements), unit.number(all), unit.number(at_peak)});
    if (update) table.rows.back().push_back(unit.number(at_most));
  };
  for (std::size_t i = 0; i < kHeldCount; ++i) {
    const auto held = static_cast<Held>(i);
    if (memory.sums[held] + peak[held] + most[held] == Count(0)) continue;
    const Count elements = held == Held::kParameters ? memory.parameters.elements : Count(0);
    row(std::string(held_row(held).title), elements == Count(0) ? "-" : format_grouped(elements.value()),
        memory.sums[held], peak[held], most[held]);
  }
  row("total", "", memory.sums.total(), peak.total(), most.total());
  return table;
}

MemoryTable document_table(const DocumentCount& count, const SizeUnit& unit) {
  MemoryTable table{"document 002's counting", {"what", "elements", std::string(unit.name)}, {}, true};
  table.rows = {{"parameters", "", unit.number(count.parameter_bytes)},
                {"gradients", "", unit.number(count.gradient_bytes)},
                {"optimizer states, 2 a parameter", "", unit.number(count.state_bytes)},
                {"activations of one layer: the document's row", format_grouped(count.layer_elements.value()),
                 unit.number(count.layer_bytes)},
                {"activations of all layers: in its total", format_grouped(count.all_elements.value()),
                 unit.number(count.all_bytes)},
                {"total, without the row of one layer", "", unit.number(count.total())}};
  return table;
}

std::string kept_name(const KeptRow& row) {
  return fmt::format("{} {}{}", row.name, row.tensor, row.again ? " (computed again)" : "");
}

MemoryTable kept_table(const MemoryReport& report, const SizeUnit& unit) {
  MemoryTable table{fmt::format("kept for the backward pass, recipe {}", report.memory.options.step.recipe->name),
                    {"op, tensor", "executions", "elements", std::string(unit.name)},
                    {},
                    false};
  for (const KeptRow& row : kept_rows(report)) {
    table.rows.push_back({kept_name(row), format_grouped(row.steps.value()), format_grouped(row.elements.value()),
                          unit.number(row.bytes)});
  }
  return table;
}

MemoryTable moments_table(const Memory& memory, const SizeUnit& unit) {
  MemoryTable table{"over the step", {"moment", std::string(unit.name)}, {}, false};
  std::vector<std::size_t> shown;
  const auto& events = memory.timeline.events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const bool first = i == 0;
    const bool last_of_pass = i + 1 == events.size() || kPassWords.at(static_cast<std::size_t>(events[i].pass)) !=
                                                            kPassWords.at(static_cast<std::size_t>(events[i + 1].pass));
    const bool inner = events[i].pass == Pass::kRecompute ||
                       (last_of_pass && i + 1 < events.size() && events[i + 1].pass == Pass::kRecompute &&
                        events[i].pass == Pass::kDgrad);
    const bool named = i == memory.timeline.peak || i == memory.timeline.update;
    if (first || named || (last_of_pass && !inner)) shown.push_back(i);
  }
  for (const std::size_t i : shown) {
    const bool most = i == memory.timeline.most() && i != memory.timeline.peak;
    const std::string_view mark = i == memory.timeline.peak ? peak_name(memory) : most ? "most of the step" : "";
    table.rows.push_back({fmt::format("{}{}{}", mark, mark.empty() ? "" : ": ", event_text(memory, events[i])),
                          unit.number(events[i].held.total())});
  }
  return table;
}

}  // namespace

std::string SizeUnit::number(Count size) const {
  if (size == Count(0)) return "-";
  return bytes == 1 ? format_grouped(size.value()) : fmt::format("{:.4f}", size.real() / bytes);
}

std::string SizeUnit::text(Count size) const {
  return size == Count(0) ? fmt::format("0 {}", name) : fmt::format("{} {}", number(size), name);
}

SizeUnit size_unit(const MemoryReport& report) {
  constexpr std::array<SizeUnit, 3> kUnits = {{{"GiB", 1073741824.0}, {"MiB", 1048576.0}, {"KiB", 1024.0}}};
  const double largest = report.memory.needed().real();
  for (const SizeUnit& unit : kUnits) {
    if (largest >= 0.1 * unit.bytes) return unit;
  }
  return {};
}

std::string event_text(const Memory& memory, const MemoryEvent& event) {
  const OpSpec& op = memory.model.ops[event.op];
  std::string text = fmt::format("{} of {}", kPassWords.at(static_cast<std::size_t>(event.pass)), op.path);
  if (event.pass == Pass::kOptimizer) text = fmt::format("update by {}", op.path);
  if (op.group < 0) return text;
  const std::int64_t repeats = memory.costed.repeats[static_cast<std::size_t>(op.group)];
  return repeats == 1 ? text : fmt::format("{}, block {} of {}", text, event.turn + 1, repeats);
}

std::string_view peak_name(const Memory& memory) { return memory.timeline.update ? "peak of the passes" : "peak"; }

std::vector<KeptRow> kept_rows(const MemoryReport& report) {
  std::vector<KeptRow> rows;
  for (const SavedRow& saved : report.memory.saved) {
    const OpSpec& op = report.memory.model.ops[saved.op];
    const std::string kind =
        op.form.empty() ? std::string(op.kind->name) : fmt::format("{}.{}", op.kind->name, op.form);
    KeptRow row{report.by == MemoryBy::kKind ? kind : op.path,
                std::string(saved.name),
                saved.held,
                saved.again,
                saved.steps,
                saved.elements,
                saved.bytes};
    const auto same = [&](const KeptRow& other) {
      return other.name == row.name && other.tensor == row.tensor && other.held == row.held && other.again == row.again;
    };
    const auto found = std::find_if(rows.begin(), rows.end(), same);
    if (found == rows.end()) {
      rows.push_back(std::move(row));
      continue;
    }
    found->steps += row.steps;
    found->elements += row.elements;
    found->bytes += row.bytes;
  }
  std::stable_sort(rows.begin(), rows.end(), [](const KeptRow& a, const KeptRow& b) { return a.bytes > b.bytes; });
  if (report.top == 0 || rows.size() <= report.top) return rows;
  KeptRow rest{fmt::format("{} more", rows.size() - report.top), "", Held::kSaved, false, 0, 0, 0};
  for (std::size_t i = report.top; i < rows.size(); ++i) {
    rest.steps += rows[i].steps;
    rest.elements += rows[i].elements;
    rest.bytes += rows[i].bytes;
  }
  rows.resize(report.top);
  rows.push_back(std::move(rest));
  return rows;
}

std::vector<std::string> memory_head(const MemoryReport& report) {
  const Memory& memory = report.memory;
  std::string dims;
  for (std::size_t i = kFirstDim; i < kFirstDim + memory.model.dim_count; ++i)
    dims += fmt::format(" {}={}", memory.model.slots[i].name, memory.costed.values[i]);
  std::vector<std::string> lines = {
      fmt::format("model: {} ({}){}", memory.model.name, memory.model.title, dims.empty() ? "" : "," + dims),
      settings_text(memory)};
  if (report.hw) {
    lines.push_back(fmt::format("device: {}, {} = {}", report.hw->title, format_si(report.hw->dram_capacity.value, "B"),
                                format_binary_bytes(report.hw->dram_capacity.value)));
  }
  lines.push_back(
      fmt::format("sizes in {}: KiB, MiB and GiB are 2^10, 2^20 and 2^30 bytes, GB is 10^9", size_unit(report).name));
  return lines;
}

std::vector<MemoryTable> memory_tables(const MemoryReport& report) {
  const SizeUnit unit = size_unit(report);
  if (report.document && report.memory.document) return {document_table(*report.memory.document, unit)};
  std::vector<MemoryTable> tables = {totals_table(report, unit)};
  if (!report.memory.saved.empty()) tables.push_back(kept_table(report, unit));
  tables.push_back(moments_table(report.memory, unit));
  return tables;
}

}  // namespace gable
