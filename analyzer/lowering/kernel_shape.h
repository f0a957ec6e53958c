// What the time models see of kernels whose shape no recipe states: the product inside them.
#pragma once

#include "analyzer/lowering/lower.h"

namespace gable {

/// The forward kernel of a fused run of ops: attention, where two products stand around a softmax; else its first
/// product. Nothing without a product.
std::optional<Shape> chain_shape(const Model& model, const Plan& plan, const CostedModel& costed, const OpPlan& how);

/// A kernel with products takes as long as the forward kernel of `shape`, times what it computes over `forward_flop`:
/// the backward kernels of convolutions and fused attention. Kernels without products keep their bytes.
void shape_as(const std::optional<Shape>& shape, Count forward_flop, Kernel& kernel);

}  // namespace gable
