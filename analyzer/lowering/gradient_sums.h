// Additions of gradients: of a tensor that is used more than once, of weights that ops share.
#pragma once

#include <vector>

#include "analyzer/lowering/lower.h"

namespace gable {

/// One kernel that adds gradients, of one micro-batch.
struct GradientSum {
  const KernelSpec* spec = nullptr;
  Pass pass = Pass::kDgrad;
  Cost one;
  std::int64_t count = 1;
  std::int64_t executions = 1;
};

/// Consumers of one tensor hand back one gradient each; all but the first are added to it, here those of the op.
std::vector<GradientSum> fan_in(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op);

/// The gradient of a matrix that ops share is the sum of what each of them makes; the owner comes last.
std::vector<GradientSum> tied_sums(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op);

}  // namespace gable
