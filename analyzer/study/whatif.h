// What changes would save: each alone, and one after the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/study/change.h"

namespace gable {

/// What faster hardware would save, in seconds: which of its rates is worth paying for.
struct HardwareGains {
  double compute_s = 0;    ///< twice the rate of every unit
  double bandwidth_s = 0;  ///< twice the DRAM bandwidth
  double launch_s = 0;     ///< no launch latency
};

/// What a change does to ops that run together before it or after.
struct Effect {
  std::string name;  ///< "top/lm_head", "h/scores..h/values"
  Totals before;
  Totals after;
};

/// What a recipe builds on, where that is not the baseline's: then the rest is not as in the baseline either.
struct Foundation {
  std::string recipe;
  double time_s = 0;  ///< with it in place of the recipe that builds on it
};

struct Outcome {
  std::vector<Change> changes;
  std::string refusal;  ///< why they do not hold without the other changes; "" where they do, else all below is empty
  Analysis after;
  std::vector<Effect> effects;  ///< of ops that cost or take something else than before, most time gained or lost first
  HardwareGains gains;
  std::optional<Foundation> foundation;  ///< of a single change of the recipe
  std::string why_nothing;               ///< why a single change does nothing at all; "" where it does something
};

struct WhatIf {
  Configuration base;
  Analysis before;
  HardwareGains gains;
  std::vector<Outcome> alone;     ///< a change each, in the order given
  std::vector<Outcome> together;  ///< the first two, the first three, ... all; empty for a single change
};

/// A change that only others make possible is an outcome with a refusal.
/// @throws InputError: what changed() and analyze() throw for all changes together
WhatIf what_if(const Configuration& base, const Hardware& hw, const std::vector<Change>& changes);

}  // namespace gable
