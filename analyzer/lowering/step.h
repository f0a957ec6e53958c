// What part of a training or inference step is asked for, and how it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/dtype.h"
#include "analyzer/spec/recipe.h"

namespace gable {

enum class Phase : std::uint8_t {
  kForward,
  kBackward,
  kOptimizer,
  kStep,     ///< forward, backward, optimizer
  kPrefill,  ///< forward over a prompt
  kDecode,   ///< forward of one new position for each sequence, against a key/value cache
};
inline constexpr std::size_t kPhaseCount = 6;
std::string_view phase_name(Phase phase);
/// @throws InputError naming --phase
Phase parse_phase(std::string_view text);
bool has_forward(Phase phase);
bool has_backward(Phase phase);
bool has_optimizer(Phase phase);

/// What is computed a second time in the backward pass instead of being kept.
enum class Recompute : std::uint8_t { kNone, kBlock, kAttention };
std::string_view recompute_name(Recompute recompute);
/// @throws InputError naming --recompute
Recompute parse_recompute(std::string_view text);

struct StepOptions {
  Phase phase = Phase::kForward;
  std::shared_ptr<const Recipe> recipe;  ///< null: every op as its own kernel, forward only
  std::vector<std::string> fuse;         ///< fusions beside the recipe's own; "a..b" is a run of neighbouring ops
  Recompute recompute = Recompute::kNone;
  std::optional<Dtype> amp;  ///< autocast to this dtype; parameters, gradients and optimizer keep theirs
  std::string optimizer = "adamw";
  std::int64_t micro_batches = 1;  ///< forward and backward passes whose gradients add up to one update
  bool clip = false;               ///< gradients are clipped by their norm
  bool keep_gradients = false;     ///< zeroed in place after the update instead of freed
};

}  // namespace gable
