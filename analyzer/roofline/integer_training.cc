#include "analyzer/roofline/integer_training.h"

#include <fmt/format.h>

#include "analyzer/base/error.h"

namespace gable {
namespace {

/// "int8 weights"; empty where both have gradients.
std::string integers_in(const Dtypes& dtypes) {
  if (is_integer(dtypes.weights)) return fmt::format("{} weights", row(dtypes.weights).name);
  return is_integer(dtypes.act) ? fmt::format("{} activations", row(dtypes.act).name) : "";
}

}  // namespace

void refuse_integer_training(const Model& model, const AnalysisOptions& options) {
  const Phase phase = options.step.phase;
  const bool gradients = has_backward(phase) || has_optimizer(phase);
  if (!gradients && options.cost.mode != Mode::kTrain) return;
  const std::string why =
      fmt::format(" have no gradient, which --{} needs; give a floating-point dtype, or --phase forward in evaluation",
                  gradients ? fmt::format("phase {}", phase_name(phase)) : "mode train");
  const Dtypes base = options.cost.dtype.applied_to(model.dtypes);
  if (const std::string integers = integers_in(base); !integers.empty())
    throw InputError(fmt::format("--dtype: {}{}", integers, why));
  for (const OpSpec& op : model.ops) {
    if (const std::string integers = integers_in(op.dtype.applied_to(base)); !integers.empty())
      throw InputError(op.where, fmt::format("op '{}': {}{}", op.path, integers, why));
  }
}

}  // namespace gable
