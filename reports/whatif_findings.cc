// The sentences: what helps, what does not, and why.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/base/units.h"
#include "reports/difference.h"
#include "reports/insights.h"
#include "reports/whatif_report.h"

namespace gable {
namespace {

constexpr double kNoticeable = 0.005;  ///< of the time; less is called nothing

std::string time_text(double seconds) { return format_si(seconds, "s", 3); }

/// "31.7 ms -> 27.1 ms"
std::string change_of(double before_s, double after_s) {
  const auto [before, after] = format_si_apart(before_s, after_s, "s");
  return fmt::format("{} -> {}", before, after);
}

std::string bound_text(const Totals& totals) {
  if (totals.bound() == Bound::kLaunch) return "launch-bound";
  return fmt::format("{}-bound ({})", bound_name(totals.bound()), roof_name(totals.roof()));
}

std::string bound_change(const Totals& before, const Totals& after) {
  if (after.time_s == 0) return "nothing of it is left";
  const std::string was = bound_text(before);
  const std::string is = bound_text(after);
  return was == is ? fmt::format("it stays {}", is) : fmt::format("it was {} and is {}", was, is);
}

std::string largest_effect(const Outcome& outcome) {
  const Effect& effect = outcome.effects.front();
  const std::string why = work_change(effect.before, effect.after);
  return fmt::format("{} {}{}{}; {}", effect.name, change_of(effect.before.time_s, effect.after.time_s),
                     why.empty() ? "" : ", ", why, bound_change(effect.before, effect.after));
}

bool launches_counted(const WhatIf& study) { return study.before.options.roofs.launch; }

/// Something is less, and yet the time is the same.
std::string no_time(const WhatIf& study, const Outcome& outcome) {
  const Totals& before = study.before.total;
  const Totals& after = outcome.after.total;
  const std::string why = work_change(before, after);
  const bool launches_only = before.dram_bytes == after.dram_bytes && before.cost.flop() == after.cost.flop();
  const std::string because = launches_only && !launches_counted(study)
                                  ? "launches are not among the roofs of this run (--roofs)"
                                  : fmt::format("the model is {}", bound_text(before));
  return fmt::format("gains nothing{}{}: {}", why.empty() ? "" : ", for all that there is ", why, because);
}

/// Advice that takes FLOP away from where bytes are the bound.
std::string idle_flop(const Effect& effect) {
  const bool fewer = effect.after.cost.flop().real() < 0.7 * effect.before.cost.flop().real();
  const bool as_long = effect.after.time_s > 0.9 * effect.before.time_s;
  if (!fewer || !as_long || effect.before.bound() != Bound::kMemory) return "";
  return fmt::format(" Fewer FLOP help little where {} is the bound.", roof_name(effect.before.roof()));
}

/// Of a changed batch, what a sequence takes.
std::string per_sequence(const WhatIf& study, const Outcome& outcome) {
  const auto batch = [](const Analysis& analysis) {
    const auto slot = find_dim(analysis.model, "B");
    return slot ? analysis.costed.values[*slot] : 0;
  };
  const std::int64_t before = batch(study.before);
  const std::int64_t after = batch(outcome.after);
  if (before == after) return "";
  return fmt::format(" A sequence takes {}.", instead_of(outcome.after.total.time_s / static_cast<double>(after),
                                                         study.before.total.time_s / static_cast<double>(before)));
}

/// Of a recipe that builds on another than the baseline's.
std::string foundation_text(const WhatIf& study, const Outcome& outcome) {
  if (!outcome.foundation) return "";
  const double below = outcome.foundation->time_s;
  const double saved = below - outcome.after.total.time_s;
  const std::string& recipe = outcome.after.options.step.recipe->name;
  return fmt::format(
      " {0} builds on {1}, not on {2}, so that other ops change, too: {1} takes {3}, of which {0} {4} {5} "
      "(--recipe {1} makes it the baseline).",
      recipe, outcome.foundation->recipe, study.before.options.step.recipe->name, time_text(below),
      saved < 0 ? "makes more," : "saves", time_text(std::fabs(saved)));
}

std::string change_sentence(const WhatIf& study, const Outcome& outcome) {
  const std::string name = changes_text(outcome);
  if (!outcome.refusal.empty()) return fmt::format("{} holds only with others: {}.", name, outcome.refusal);
  if (!outcome.why_nothing.empty()) return fmt::format("{} changes nothing: {}.", name, outcome.why_nothing);
  const double before = study.before.total.time_s;
  const double saved = before - outcome.after.total.time_s;
  if (outcome.effects.empty() || std::fabs(saved) <= 1e-9 * before)
    return fmt::format("{} {}.{}", name, no_time(study, outcome), per_sequence(study, outcome));
  const std::string verdict =
      saved > 0 ? fmt::format("saves {} of {} ({:.1f} %)", time_text(saved), time_text(before), 100 * saved / before)
                : fmt::format("adds {} to {}", time_text(-saved), time_text(before));
  return fmt::format("{} {}: {}.{}{}{}", name, verdict, largest_effect(outcome), idle_flop(outcome.effects.front()),
                     per_sequence(study, outcome), foundation_text(study, outcome));
}

/// How what all changes save together compares with the sum of what each saves; "" where one holds only with others.
std::string overlap_text(const WhatIf& study, double saved) {
  const double before = study.before.total.time_s;
  double apart = 0;
  for (const Outcome& outcome : study.alone) {
    if (!outcome.refusal.empty()) return "";
    apart += before - outcome.after.total.time_s;
  }
  if (std::fabs(apart - saved) <= kNoticeable * before) return ", as much as they save apart";
  return fmt::format(", {} than the {} that they save one by one: {}", saved < apart ? "less" : "more",
                     time_text(apart), saved < apart ? "they work on the same time" : "each makes room for another");
}

std::string together_sentence(const WhatIf& study) {
  const Outcome& all = study.together.back();
  const double before = study.before.total.time_s;
  const double saved = before - all.after.total.time_s;
  const std::string work = work_change(study.before.total, all.after.total);
  return fmt::format("All together: {}, {}{}{} {}{}.", change_of(before, all.after.total.time_s), work,
                     work.empty() ? "" : ", ", time_text(std::fabs(saved)), saved < 0 ? "more" : "saved",
                     saved < 0 ? "" : overlap_text(study, saved));
}

/// Runs of several products as one kernel, which no compiler makes.
void add_caveats(const WhatIf& study, const Analysis& last, std::vector<std::string>& out) {
  for (const Outcome& outcome : study.alone) {
    const Change& change = outcome.changes.front();
    if (change.kind == Change::Kind::kFuse) out.push_back(products_caveat(last, change.value, change.text));
  }
}

std::string gain_text(double gain, double time) {
  return gain <= kNoticeable * time ? "gains nothing" : fmt::format("gains {}", time_text(gain));
}

/// "As it is (7.85 ms), twice the compute rate (a faster BLAS) gains nothing: DRAM-bound; twice the DRAM bandwidth ..."
/// Says nothing about roofs that are not in this run.
std::string hardware_sentence(std::string_view when, const Analysis& analysis, const HardwareGains& gains) {
  const Totals& totals = analysis.total;
  const RoofSet& roofs = analysis.options.roofs;
  std::vector<std::string> parts;
  if (roofs.compute && gains.compute_s <= kNoticeable * totals.time_s)
    parts.push_back(fmt::format("twice the compute rate (a faster BLAS) gains nothing: {}-bound",
                                totals.bound() == Bound::kLaunch ? "launch" : roof_name(totals.roof())));
  else if (roofs.compute)
    parts.push_back(fmt::format("twice the compute rate {}", gain_text(gains.compute_s, totals.time_s)));
  if (roofs.dram)
    parts.push_back(fmt::format("twice the DRAM bandwidth {}", gain_text(gains.bandwidth_s, totals.time_s)));
  if (roofs.launch) parts.push_back(fmt::format("no launch latency {}", gain_text(gains.launch_s, totals.time_s)));
  if (parts.empty()) return "";
  return fmt::format("{} ({}), {}.", when, time_text(totals.time_s), fmt::join(parts, "; "));
}

}  // namespace

std::vector<std::string> whatif_findings(const WhatIf& study) {
  std::vector<std::string> out;
  for (const Outcome& outcome : study.alone) out.push_back(change_sentence(study, outcome));
  if (!study.together.empty()) out.push_back(together_sentence(study));
  const Outcome& last = study.together.empty() ? study.alone.back() : study.together.back();
  add_caveats(study, last.after, out);
  out.push_back(hardware_sentence("As it is", study.before, study.gains));
  if (!last.effects.empty())
    out.push_back(hardware_sentence(study.together.empty() ? "With it" : "With all changes", last.after, last.gains));
  std::erase(out, "");
  return out;
}

}  // namespace gable
