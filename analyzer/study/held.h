// What lies in memory, sorted by what it is for.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "analyzer/base/count.h"

namespace gable {

enum class Held : std::uint8_t {
  kParameters,
  kStates,        ///< of the optimizer
  kGradients,     ///< of parameters
  kCache,         ///< keys and values of earlier positions
  kWeightCopies,  ///< narrow weights of autocast
  kSaved,         ///< activations kept for the backward pass
  kStatistics,    ///< kept, too: row statistics, index tensors, constant masks
  kInput,         ///< what enters a model that starts from no token ids; in training it is among kSaved
  kOutput,        ///< the model's result: logits
  kLoss,          ///< kept by the loss
  kActivations,   ///< between ops, not kept
  kGradientsOfActivations,
  kWorkspace,
};
inline constexpr std::size_t kHeldCount = 13;

struct HeldRow {
  std::string_view name;  ///< in CSV and JSON
  std::string_view title;
};
const HeldRow& held_row(Held held);

/// Bytes of each.
struct HeldBytes {
  std::array<Count, kHeldCount> bytes{};

  Count& operator[](Held held) { return bytes.at(static_cast<std::size_t>(held)); }
  Count operator[](Held held) const { return bytes.at(static_cast<std::size_t>(held)); }
  [[nodiscard]] Count total() const;
};

}  // namespace gable
