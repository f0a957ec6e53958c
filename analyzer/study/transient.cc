#include "analyzer/study/transient.h"

#include <algorithm>

#include "analyzer/lowering/kernel_cost.h"

namespace gable {
namespace {

/// What one op's kernels of one pass write, each launch by itself.
struct Written {
  std::vector<Count> tensors;

  void remove(Count bytes) {
    const auto found = std::find(tensors.begin(), tensors.end(), bytes);
    if (found != tensors.end()) tensors.erase(found);
  }
  /// A kernel writes one while it reads the one before.
  [[nodiscard]] Count largest_pair() const {
    Count largest;
    for (std::size_t i = 0; i < tensors.size(); ++i)
      largest = std::max(largest, i == 0 ? tensors[i] : tensors[i - 1] + tensors[i]);
    return largest;
  }
};

Count a_launch(const Kernel& kernel) {
  const std::int64_t times = std::max<std::int64_t>(1, (kernel.one.launches + kernel.one.memcpys).value());
  return kernel.one.written.value() / times;
}

bool adds_gradients(const Plan& plan, const Kernel& kernel) {
  const Recipe* recipe = plan.options.recipe.get();
  if (recipe == nullptr) return false;
  return (recipe->fan_in && kernel.name == recipe->fan_in->name) ||
         (recipe->accumulate && kernel.name == recipe->accumulate->name);
}

/// Kept tensors are no workspace; the last kernel writes the result.
Count forward_workspace(Written written, const std::vector<SavedTensor>& saves, Count instances) {
  if (!written.tensors.empty()) written.tensors.pop_back();
  for (const SavedTensor& saved : saves) written.remove(saved.bytes.value() / instances.value());
  return written.largest_pair();
}

/// Neither are the gradients of inputs and parameters.
Count backward_workspace(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op,
                         Written written, Count instances) {
  if (written.tensors.size() < 2) return 0;
  for (const TensorRef& input : model.ops[op].inputs) {
    const auto producer = producer_of(model, input);
    if (!producer) continue;
    const OpCost& cost = costed.ops[*producer];
    const Count one = tensor_bytes(cost.one.output, cost.dtypes.act);
    // Instances that share an input have a gradient of all of it each.
    written.remove(cost.count == 1 ? one : Count((one * Count(cost.count)).value() / instances.value()));
  }
  written.remove(parameter_bytes(model, plan, costed, op).value() / instances.value());
  return written.largest_pair();
}

}  // namespace

std::vector<Transient> transients(const Model& model, const Plan& plan, const CostedModel& costed,
                                  std::span<const Kernel> kernels) {
  std::vector<Written> forward(model.ops.size());
  std::vector<Written> backward(model.ops.size());
  std::vector<Transient> found(model.ops.size());
  for (const Kernel& kernel : kernels) {
    if (kernel.pass == Pass::kForward) forward[kernel.op].tensors.push_back(a_launch(kernel));
    if ((kernel.pass != Pass::kDgrad && kernel.pass != Pass::kWgrad) || adds_gradients(plan, kernel)) continue;
    backward[kernel.op].tensors.push_back(a_launch(kernel));
    if (kernel.pass == Pass::kDgrad) found[kernel.op].gradients += kernel.one.written * Count(kernel.count);
  }
  for (std::size_t op = 0; op < model.ops.size(); ++op) {
    if (!costed.ops[op].selected || plan.ops[op].merged_into || plan.ops[op].update != nullptr) continue;
    const Count instances = lowered_op(model, plan, costed, op).count;
    const auto saves =
        has_backward(plan.options.phase) ? saved_by(model, plan, costed, op) : std::vector<SavedTensor>{};
    found[op].forward = forward_workspace(std::move(forward[op]), saves, instances);
    found[op].backward = backward_workspace(model, plan, costed, op, std::move(backward[op]), instances);
  }
  return found;
}

Count parameter_bytes(const Model& model, const Plan& plan, const CostedModel& costed, std::size_t op) {
  Count bytes;
  const std::vector<std::size_t> alone = {op};
  for (const std::size_t member : plan.ops[op].members.empty() ? alone : plan.ops[op].members) {
    const OpCost& cost = costed.ops[member];
    if (!cost.selected) continue;
    const Dtype stored = model.ops[member].dtype.applied_to(costed.base).weights;
    bytes += tensor_bytes(cost.one.params, stored) * Count(cost.count);
  }
  return bytes;
}

}  // namespace gable
