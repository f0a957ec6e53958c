#include "analyzer/study/whatif.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "analyzer/lowering/fusion.h"
#include "analyzer/study/op_groups.h"

namespace gable {
namespace {

void scale_rates(std::vector<DtypeRate>& rates, double factor) {
  for (DtypeRate& rate : rates) {
    rate.dense.value *= factor;
    if (rate.fp16_accumulate) *rate.fp16_accumulate *= factor;
  }
}

HardwareGains hardware_gains(const Configuration& configuration, const Hardware& hw, double time_s) {
  const Prepared prepared = prepare(configuration.model, configuration.options);
  Scratch scratch;
  const auto gain = [&](const Hardware& other) { return time_s - evaluate_point(prepared, other, scratch).time_s; };
  Hardware faster = hw;
  scale_rates(faster.vector, 2);
  scale_rates(faster.matrix, 2);
  Hardware wider = hw;
  wider.dram_bandwidth.value *= 2;
  Hardware sooner = hw;
  sooner.launch_latency.value = 0;
  return {gain(faster), gain(wider), gain(sooner)};
}

bool differs(const Totals& a, const Totals& b) {
  return !(a.cost == b.cost) || a.dram_bytes != b.dram_bytes || std::fabs(a.time_s - b.time_s) > 1e-9 * a.time_s;
}

std::vector<Effect> effects_of(const Analysis& before, const Analysis& after) {
  const std::array<const Analysis*, 2> both = {&before, &after};
  std::vector<Effect> effects;
  for (const OpGroup& group : op_groups(both)) {
    Effect effect{group.name, totals_of(before, group), totals_of(after, group)};
    if (differs(effect.before, effect.after)) effects.push_back(std::move(effect));
  }
  const auto moved = [](const Effect& e) { return std::fabs(e.before.time_s - e.after.time_s); };
  std::stable_sort(effects.begin(), effects.end(),
                   [&](const Effect& a, const Effect& b) { return moved(a) > moved(b); });
  return effects;
}

std::string names_of(std::span<const OpKind* const> kinds) {
  std::vector<std::string_view> names;
  for (const OpKind* kind : kinds) names.push_back(kind->name);
  return fmt::format("{}", fmt::join(names, " or "));
}

std::string links_of(const FusionSpec& fusion) {
  std::vector<std::string> links;
  for (const ChainLink& link : fusion.chain)
    links.push_back(fmt::format("{}{}", names_of(link.kinds), link.optional ? " (if any)" : ""));
  return fmt::format("{}", fmt::join(links, ", "));
}

bool has_kind(const Model& model, const std::vector<const OpKind*>& kinds) {
  return std::any_of(model.ops.begin(), model.ops.end(),
                     [&](const OpSpec& op) { return std::find(kinds.begin(), kinds.end(), op.kind) != kinds.end(); });
}

std::string why_fusion_does_nothing(const FusionSpec& fusion, const Configuration& base) {
  const StepOptions& step = base.options.step;
  if (std::find(step.recipe->fuse.begin(), step.recipe->fuse.end(), fusion.name) != step.recipe->fuse.end())
    return fmt::format("recipe {} has it in force", step.recipe->name);
  if (!fusion.one_kernel.empty()) {
    const std::string kinds = names_of(fusion.one_kernel);
    return has_kind(base.model, fusion.one_kernel)
               ? fmt::format("{} is one kernel under recipe {}", kinds, step.recipe->name)
               : fmt::format("the model has no {}", kinds);
  }
  if (!fusion.optimizer.empty()) return why_optimizer_stays(fusion, step);
  if (fusion.batched) return "every op that could be batched is one kernel already";
  if (!fusion.siblings.empty())
    return fmt::format("no {} products of one input are apart in this model", fusion.siblings.size());
  return fmt::format("no ops that are still apart follow each other as {}", links_of(fusion));
}

/// @throws nothing: the change is known to apply
std::string why_nothing(const Change& change, const Configuration& base, const Analysis& after) {
  if (change.kind == Change::Kind::kRecipe)
    return after.options.step.recipe->name == base.options.step.recipe->name
               ? fmt::format("recipe {} is in use already", change.value)
               : fmt::format("recipe {} runs these ops as recipe {} does", change.value,
                             base.options.step.recipe->name);
  if (change.kind == Change::Kind::kFuse) {
    const auto& known = base.options.step.recipe->fusions;
    const auto fusion = known.find(change.value);
    return fusion == known.end() ? "the run is fused already" : why_fusion_does_nothing(fusion->second, base);
  }
  return change.kind == Change::Kind::kDim ? "it has that value already, or nothing that is costed depends on it"
                                           : "it has that value already, or the op does nothing here";
}

/// Whether `recipe` is one of those that `of` builds on, the bottom of them apart: everything builds on that.
bool is_below(const std::string& recipe, const Recipe& of) {
  for (const Recipe* at = of.builds_on.get(); at != nullptr && at->builds_on != nullptr; at = at->builds_on.get()) {
    if (at->name == recipe) return true;
  }
  return false;
}

std::optional<Foundation> foundation_of(const Configuration& base, const Configuration& then, const Hardware& hw) {
  const std::string& baseline = base.options.step.recipe->name;
  const auto& below = then.options.step.recipe->builds_on;
  if (below == nullptr || below->name == baseline || is_below(baseline, *below)) return std::nullopt;
  Configuration on = then;
  on.options.step.recipe = below;
  return Foundation{below->name, analyze(on.model, hw, on.options).total.time_s};
}

Outcome outcome_of(const Configuration& base, const Analysis& before, const Hardware& hw,
                   std::span<const Change> changes) {
  Outcome outcome;
  outcome.changes.assign(changes.begin(), changes.end());
  const Configuration then = changed(base, changes);
  outcome.after = analyze(then.model, hw, then.options);
  outcome.effects = effects_of(before, outcome.after);
  outcome.gains = hardware_gains(then, hw, outcome.after.total.time_s);
  if (outcome.effects.empty() && changes.size() == 1)
    outcome.why_nothing = why_nothing(changes.front(), base, outcome.after);
  if (changes.size() == 1 && changes.front().kind == Change::Kind::kRecipe)
    outcome.foundation = foundation_of(base, then, hw);
  return outcome;
}

/// "--change T=2048: dim 'T' is ..." without the flag, which stands beside it.
std::string reason_of(const InputError& error) {
  const std::string what = error.what();
  const std::size_t colon = what.find(": ");
  return what.starts_with("--change ") && colon != std::string::npos ? what.substr(colon + 2) : what;
}

/// Some of the changes; refused where they need the others.
Outcome outcome_of_some(const Configuration& base, const Analysis& before, const Hardware& hw,
                        std::span<const Change> changes) {
  try {
    return outcome_of(base, before, hw, changes);
  } catch (const InputError& error) {
    Outcome outcome;
    outcome.changes.assign(changes.begin(), changes.end());
    outcome.refusal = reason_of(error);
    return outcome;
  }
}

}  // namespace

WhatIf what_if(const Configuration& base, const Hardware& hw, const std::vector<Change>& changes) {
  WhatIf result;
  result.base = base;
  result.before = analyze(base.model, hw, base.options);
  result.gains = hardware_gains(base, hw, result.before.total.time_s);
  const std::span<const Change> all(changes);
  Outcome last = outcome_of(base, result.before, hw, all);  // first: what is wrong with all of them is wrong
  if (all.size() == 1) {
    result.alone.push_back(std::move(last));
    return result;
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    result.alone.push_back(outcome_of_some(base, result.before, hw, all.subspan(i, 1)));
  for (std::size_t n = 2; n < all.size(); ++n)
    result.together.push_back(outcome_of_some(base, result.before, hw, all.first(n)));
  result.together.push_back(std::move(last));
  return result;
}

}  // namespace gable
