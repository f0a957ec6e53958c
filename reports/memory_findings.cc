// The sentences of a memory report: each total with the reason why it is not another one.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "analyzer/base/units.h"
#include "reports/memory_text.h"

namespace gable {
namespace {

/// Whether everything that is added up is there at once; without parameters nothing is freed early.
bool all_meet(const Memory& memory) {
  const StepOptions& step = memory.options.step;
  return step.keep_gradients || step.micro_batches > 1 || memory.sums[Held::kGradients] == Count(0);
}

/// Why gradients and kept activations meet, or do not.
std::string_view gradients_text(const Memory& memory) {
  const StepOptions& step = memory.options.step;
  if (memory.sums[Held::kGradients] == Count(0)) return "the model has no parameters";
  if (step.keep_gradients) return "gradients stay allocated from step to step, so that they meet all kept activations";
  if (step.micro_batches > 1)
    return "gradients stay allocated from micro-batch to micro-batch, so that they meet all kept activations";
  return "gradients are freed after the update (--zero-grad none), so that they grow while kept activations shrink";
}

/// "at the start of the backward pass", "62 % into it", "at its end"
std::string place_text(const Memory& memory) {
  const auto& events = memory.timeline.events;
  const auto begins = [&](bool update) {
    return std::find_if(events.begin(), events.end(), [&](const MemoryEvent& e) {
      return update ? e.pass == Pass::kOptimizer : e.pass != Pass::kForward;
    });
  };
  const auto first = begins(false) - events.begin();
  const auto at = static_cast<std::ptrdiff_t>(memory.timeline.peak);
  if (at < first) return "";
  constexpr double kEdge = 0.05;
  const double share = static_cast<double>(at + 1 - first) / static_cast<double>(begins(true) - events.begin() - first);
  if (share < kEdge) return " at the start of the backward pass";
  if (share > 1 - kEdge) return " at the end of the backward pass";
  return fmt::format(" {:.0f} % into the backward pass", 100 * share);
}

std::string peak_finding(const Memory& memory, const SizeUnit& unit) {
  const std::string peak = unit.text(memory.peak().held.total());
  const std::string event = event_text(memory, memory.peak());
  if (!has_backward(memory.options.step.phase)) return fmt::format("{} at the peak: {}.", peak, event);
  const std::string_view whole = memory.timeline.most() == memory.timeline.peak ? ", and the most of the step" : "";
  return fmt::format("{} is the peak of the forward and backward passes{}: {},{}; {}.", peak, whole, event,
                     place_text(memory), gradients_text(memory));
}

/// "apart from 0.0188 GiB of row statistics, indices and masks and 0.0381 GiB kept by the loss".
std::string apart_text(const Memory& memory, const SizeUnit& unit) {
  constexpr std::array<std::pair<Held, std::string_view>, 4> kApart = {
      {{Held::kInput, "of the model's input"},
       {Held::kWeightCopies, "of narrow copies of weights"},
       {Held::kStatistics, "of row statistics, indices and masks"},
       {Held::kLoss, "kept by the loss"}}};
  std::vector<std::string> parts;
  for (const auto& [held, words] : kApart) {
    if (memory.sums[held] > Count(0)) parts.push_back(fmt::format("{} {}", unit.text(memory.sums[held]), words));
  }
  if (parts.empty()) return "";
  const std::string last = std::move(parts.back());
  parts.pop_back();
  return fmt::format(", apart from {}{}{}", fmt::join(parts, ", "), parts.empty() ? "" : " and ", last);
}

std::string sum_finding(const Memory& memory, const SizeUnit& unit) {
  return fmt::format(
      "{} are parameters, gradients, optimizer states, kept activations and logits ({} elements) added up{}{}.",
      unit.text(memory.added_up()), format_grouped(memory.saved_elements.value()), apart_text(memory, unit),
      all_meet(memory) ? ": they do meet, at the end of the forward pass"
                       : "; they meet only where gradients stay allocated (--zero-grad keep)");
}

std::string document_finding(const DocumentCount& count, const SizeUnit& unit) {
  const std::string rows = count.rows() == count.total()
                               ? "Its own rows add up to the same: there is one layer."
                               : fmt::format("Its own rows add up to {} only: they show one layer, {} elements or {}.",
                                             unit.text(count.rows()), format_grouped(count.layer_elements.value()),
                                             unit.text(count.layer_bytes));
  return fmt::format(
      "{} by document 002's counting: two states and a gradient a parameter and N + L*(7*N + S) + B*T*V = {} elements "
      "of activations. {}",
      unit.text(count.total()), format_grouped(count.all_elements.value()), rows);
}

void add_update(const Memory& memory, const SizeUnit& unit, std::vector<std::string>& out) {
  if (!memory.timeline.update) return;
  const MemoryEvent& event = memory.timeline.events[*memory.timeline.update];
  const Count workspace = event.held[Held::kWorkspace];
  if (workspace == Count(0)) return;
  const OptimizerSpec* spec = memory.options.step.recipe->find_optimizer(memory.model.ops[event.op].name);
  const bool most = memory.timeline.most() == *memory.timeline.update;
  out.push_back(fmt::format("{} is {}: {} needs {} for the moment to update the parameters.",
                            unit.text(event.held.total()), most ? "the most of the step" : "the most of the update",
                            spec == nullptr ? "the optimizer" : spec->name, unit.text(workspace)));
}

std::string capacity_finding(const MemoryReport& report, const SizeUnit& unit) {
  const Count needed = report.memory.needed();
  const Count capacity = report.capacity();
  const std::string of = fmt::format(
      "{} of {} ({}{})", unit.text(needed), unit.text(capacity), format_si(report.hw->dram_capacity.value, "B"),
      report.reserve > Count(0) ? fmt::format(" less {}", unit.text(report.reserve)) : "");
  const bool fits = needed <= capacity;
  return fmt::format("{} {}: {}, {} {}. The framework's context and the allocator's gaps are not counted.",
                     fits ? "Fits" : "Does not fit", report.hw->name, of, fits ? "leaves" : "lacks",
                     unit.text(fits ? capacity - needed : needed - capacity));
}

/// "Largest cache that fits: past = 50,375 with B = 1, 14.9009 GiB, 4.6128 GiB of it key/value cache; past = 50,376
/// ..."
std::string fit_finding(const MemoryFit& fit, const SizeUnit& unit) {
  const std::string next = fmt::format("{} = {}", fit.dim, format_grouped(fit.largest + 1));
  const std::string beyond = fit.refusal.empty() ? fmt::format("{} needs {}", next, unit.text(fit.beyond))
                                                 : fmt::format("the model allows no more ({}: {})", next, fit.refusal);
  const std::string others = fit.others.empty() ? "" : fmt::format(" with {}", fit.others);
  if (fit.largest == 0) return fmt::format("No {} fits{}: {}.", fit.what, others, beyond);
  const std::string cache =
      fit.cache == Count(0) ? "" : fmt::format(", {} of it key/value cache", unit.text(fit.cache));
  return fmt::format("Largest {} that fits: {} = {}{}, {}{}; {}.", fit.what, fit.dim, format_grouped(fit.largest),
                     others, unit.text(fit.needed), cache, beyond);
}

/// A model that is not decoded may have neither of the dims that are searched.
std::string no_fit_finding(const Memory& memory) {
  return fmt::format("--fit has nothing to search: {} has neither a dim B (batch) nor a dim T (context).",
                     memory.model.name);
}

}  // namespace

std::vector<std::string> memory_findings(const MemoryReport& report) {
  const Memory& memory = report.memory;
  const SizeUnit unit = size_unit(report);
  std::vector<std::string> out;
  const bool trains = has_backward(memory.options.step.phase);
  out.push_back(peak_finding(memory, unit));
  add_update(memory, unit, out);
  if (trains) out.push_back(sum_finding(memory, unit));
  if (memory.document) out.push_back(document_finding(*memory.document, unit));
  if (report.hw) out.push_back(capacity_finding(report, unit));
  for (const MemoryFit& fit : report.fits) out.push_back(fit_finding(fit, unit));
  if (report.fit && report.fits.empty()) out.push_back(no_fit_finding(memory));
  return out;
}

}  // namespace gable
