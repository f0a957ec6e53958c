#include "analyzer/spec/recipe.h"

#include <array>
#include <utility>

namespace gable {

std::string_view pass_name(Pass pass) {
  constexpr std::array<std::string_view, kPassCount> kNames = {"forward", "recompute", "dgrad", "wgrad", "optimizer"};
  return kNames.at(static_cast<std::size_t>(pass));
}

std::string_view tensor_name(Tensor tensor) {
  constexpr std::array<std::string_view, kTensorCount> kNames = {"act", "weights", "kv", "accum", "index", "byte"};
  return kNames.at(static_cast<std::size_t>(tensor));
}

Count operand_bytes(Tensor tensor, Count n, const Dtypes& dtypes) {
  switch (tensor) {
    case Tensor::kAct:
      return tensor_bytes(n, dtypes.act);
    case Tensor::kWeights:
      return tensor_bytes(n, dtypes.weights);
    case Tensor::kKv:
      return tensor_bytes(n, dtypes.kv);
    case Tensor::kAccum:
      return tensor_bytes(n, dtypes.accum);
    case Tensor::kIndex:
      return n * kIndexBytes;
    case Tensor::kByte:
      break;
  }
  return n;
}

std::string_view option_that_adds(std::string_view optimizer) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOptions = {
      {{kUnscale, "--amp fp16"}, {kFoundInf, "--amp fp16"}, {kClip, "--clip-grad"}, {kZeroGrad, "--zero-grad keep"}}};
  for (const auto& [name, option] : kOptions) {
    if (name == optimizer) return option;
  }
  return "";
}

const OpRecipe* Recipe::find(const OpKind& kind, std::string_view form) const {
  if (!form.empty()) {
    const auto found = ops.find(std::string(kind.name) + "." + std::string(form));
    if (found != ops.end()) return &found->second;
  }
  const auto found = ops.find(kind.name);
  return found == ops.end() ? nullptr : &found->second;
}

const OptimizerSpec* Recipe::find_optimizer(std::string_view wanted) const {
  const auto form = optimizer_forms.find(wanted);
  const auto found = optimizers.find(form == optimizer_forms.end() ? wanted : std::string_view(form->second));
  return found == optimizers.end() ? nullptr : &found->second;
}

}  // namespace gable
