// What torch.autocast converts before a product, and back behind it.
#pragma once

#include <vector>

#include "analyzer/lowering/plan.h"

namespace gable {

/// Elements of the copy in the narrow dtype that autocast makes of the weights of one instance; 0 if it makes none.
Count narrow_weights(const Model& model, const CostedModel& costed, std::size_t op);

/// A tensor that autocast converts: an input or the weights.
struct CastedTensor {
  Count n;  ///< elements of all `tensors` together
  Dtype from;
  Dtype to;
  Count tensors;
  bool weights = false;
  bool inside = false;  ///< the op's kernel converts it as it reads; only its gradient is converted by a kernel
};
/// Bytes that an op reads less than its cost says: of inputs narrower than the widest, in which it computes.
Count narrow_input_bytes(const std::vector<CastedTensor>& casts);

/// For each of the instances that LoweredOp counts.
std::vector<CastedTensor> casts_of(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op);

}  // namespace gable
