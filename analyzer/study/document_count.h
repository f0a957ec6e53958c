// Memory of a training step by the formula of document 002, which reports compare with the exact count.
#pragma once

#include <optional>

#include "analyzer/spec/model.h"

namespace gable {

/// With N = B*T*D and S = B*H*T*T: one layer keeps 7*N + S elements, the input N and the logits B*T*V once.
struct DocumentCount {
  Count parameter_bytes;
  Count gradient_bytes;
  Count state_bytes;     ///< two states a parameter
  Count layer_elements;  ///< N + (7*N + S) + B*T*V: the document's row "activations", one layer
  Count layer_bytes;
  Count all_elements;  ///< N + L*(7*N + S) + B*T*V, what its total takes
  Count all_bytes;
  [[nodiscard]] Count total() const { return parameter_bytes + gradient_bytes + state_bytes + all_bytes; }
  [[nodiscard]] Count rows() const { return parameter_bytes + gradient_bytes + state_bytes + layer_bytes; }
};

/// Nothing where the model lacks one of the dims B, T, D, H, L, V.
std::optional<DocumentCount> document_count(const Model& model, const CostedModel& costed, Count parameter_bytes);

/// @throws InputError naming --counting and the dim that the model lacks
[[noreturn]] void refuse_document_count(const Model& model);

}  // namespace gable
