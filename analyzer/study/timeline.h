// What lies in memory while a step runs, event by event.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "analyzer/study/held.h"
#include "analyzer/study/saved.h"
#include "analyzer/study/transient.h"

namespace gable {

/// One op in one pass, while it runs.
struct MemoryEvent {
  std::size_t op = 0;
  std::uint32_t turn = 0;  ///< of the block around it, from 0
  Pass pass = Pass::kForward;
  HeldBytes held;
};

struct Timeline {
  std::vector<MemoryEvent> events;
  std::size_t peak = 0;               ///< of the forward and backward passes
  std::optional<std::size_t> update;  ///< largest of the optimizer

  [[nodiscard]] std::size_t most() const;  ///< the larger of the two; the peak where they are equal
};

/// At most `most` of the events [first, last), the fullest of each stretch; the peak of a stretch is never lost.
std::vector<std::size_t> outline(const Timeline& timeline, std::size_t first, std::size_t last, std::size_t most);

/// What a tensor that is kept counts as.
Held held_as(const Model& model, const Tape& tape, const Kept& kept);

/// Follows the phase of the plan. `always` is what lies in memory all the time: parameters, states, the cache, and
/// gradients where they stay allocated.
Timeline follow(const Model& model, const Plan& plan, const CostedModel& costed, const Tape& tape,
                std::span<const Kept> kept, std::span<const Transient> transients, const HeldBytes& always);

}  // namespace gable
