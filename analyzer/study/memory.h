// Memory of a training or inference step: what it is for, which tensors the backward pass keeps, and when most of it
// is needed.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/roofline/analysis.h"
#include "analyzer/study/document_count.h"
#include "analyzer/study/timeline.h"

namespace gable {

/// A tensor that the backward pass needs, all executions of the op that keeps it.
struct SavedRow {
  std::size_t op = 0;  ///< index into Model::ops
  std::string_view name;
  SavedSpec::Role role = SavedSpec::Role::kInside;
  Held held = Held::kSaved;
  bool again = false;  ///< dropped and computed again, one block (or one attention) at a time
  Count steps;         ///< executions that keep it
  Count elements;
  Count bytes;
};

struct Memory {
  Model model;
  AnalysisOptions options;
  CostedModel costed;
  Parameters parameters;
  HeldBytes sums;  ///< each category at its fullest, were all there at once; nothing for what only passes
  std::vector<SavedRow> saved;
  Count saved_elements;  ///< activations and logits, without statistics and the loss
  Count saved_bytes;
  Timeline timeline;
  std::optional<DocumentCount> document;  ///< of a training step

  /// Of the forward and backward passes.
  [[nodiscard]] const MemoryEvent& peak() const { return timeline.events[timeline.peak]; }
  /// Of the whole step: of the passes, or the optimizer's.
  [[nodiscard]] const MemoryEvent& most() const { return timeline.events[timeline.most()]; }
  /// Parameters, gradients, states, kept activations and logits added up.
  [[nodiscard]] Count added_up() const;
  /// The most that lies in memory at any time.
  [[nodiscard]] Count needed() const { return most().held.total(); }
};

/// @throws InputError: what cost_model, lower and record_tape throw
Memory study_memory(const Prepared& prepared);

/// What most() holds, alone.
HeldBytes most_memory(const Prepared& prepared);

}  // namespace gable
