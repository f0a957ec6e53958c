#include "analyzer/study/document_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/error.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 6> kDims = {"B", "T", "D", "H", "L", "V"};

}  // namespace

std::optional<DocumentCount> document_count(const Model& model, const CostedModel& costed, Count parameter_bytes) {
  std::array<Count, kDims.size()> dims;
  for (std::size_t i = 0; i < kDims.size(); ++i) {
    const auto slot = find_dim(model, kDims.at(i));
    if (!slot) return std::nullopt;
    dims.at(i) = costed.values[*slot];
  }
  const auto [batch, positions, width, heads, layers, vocabulary] = dims;
  const Count n = batch * positions * width;
  const Count s = batch * heads * positions * positions;
  const Count layer = 7 * n + s;
  const Count logits = batch * positions * vocabulary;
  DocumentCount count;
  count.parameter_bytes = count.gradient_bytes = parameter_bytes;
  count.state_bytes = 2 * parameter_bytes;
  count.layer_elements = n + layer + logits;
  count.all_elements = n + layers * layer + logits;
  count.layer_bytes = tensor_bytes(count.layer_elements, costed.base.act);
  count.all_bytes = tensor_bytes(count.all_elements, costed.base.act);
  return count;
}

void refuse_document_count(const Model& model) {
  const auto* missing = std::find_if(kDims.begin(), kDims.end(), [&](auto name) { return !find_dim(model, name); });
  throw InputError(
      fmt::format("--counting document: model '{}' has no dim '{}'; document 002 counts by B, T, D, H, L "
                  "and V",
                  model.name, missing == kDims.end() ? "" : *missing));
}

}  // namespace gable
