// The cost of one kernel of a recipe, and the values its expressions are evaluated over.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analyzer/lowering/lower.h"

namespace gable {

/// @throws InputError at the expression: not an integer, negative; CountOverflow
Cost kernel_cost(const KernelSpec& spec, std::span<const std::int64_t> values, const Dtypes& dtypes);

/// What a kernel costs of an op: parameters and elements belong to the op, not to its kernels.
Cost without_parameters(Cost cost);

/// The op whose output `ref` is in the first pass; nothing for the model's input.
std::optional<std::size_t> producer_of(const Model& model, const TensorRef& ref);

/// What one of `instances` instances of a consumer gets of the producer's output.
struct HandedOn {
  Count tensors;   ///< those of several instances of the producer, where the consumer's run as one
  Count elements;  ///< of all of them; of pieces, the consumer's share
};
HandedOn handed_on(const Model& model, const Plan& plan, const CostedModel& costed, const TensorRef& ref,
                   std::int64_t instances);

}  // namespace gable
