#include "analyzer/cli/case_models.h"

#include <fmt/format.h>

#include "analyzer/base/text.h"
#include "analyzer/cli/model_options.h"
#include "analyzer/spec/field_reader.h"
#include "analyzer/spec/library.h"

namespace gable {

std::map<std::string, ModelAlias> load_aliases() {
  std::map<std::string, ModelAlias> aliases;
  constexpr std::array<std::string_view, 3> kKeys = {"model", "inf", "train"};
  const YamlNode root = load_yaml(data_root() + "/models/aliases.yaml");
  for (const YamlEntry& entry : read_entries(root, "aliases")) {
    check_keys(entry.value, "an alias", kKeys);
    ModelAlias& alias = aliases[entry.key.text];
    alias.model = read_name(require(entry.value, "model", "an alias"), "model");
    for (const std::string_view mode : {"inf", "train"}) {
      if (const YamlNode* parts = entry.value.find(mode)) alias.parts[std::string(mode)] = read_text(*parts, "parts");
    }
  }
  return aliases;
}

std::vector<Analysis> analyses_of(const MeasuredCase& one, const std::map<std::string, ModelAlias>& aliases,
                                  const Hardware& hw) {
  const auto alias = aliases.find(one.model);
  if (alias == aliases.end()) {
    std::vector<std::string_view> known;
    for (const auto& [name, unused] : aliases) known.push_back(name);
    throw InputError(one.where, fmt::format("models/aliases.yaml has no model {}{}", in_quotes(one.model),
                                            suggestion(one.model, known)));
  }
  if (one.mode != "inf" && one.mode != "train")
    throw InputError(one.where, fmt::format("unknown mode {}; known: inf, train", in_quotes(one.mode)));
  std::vector<Analysis> passes;
  for (const std::string_view phase : {"forward", "backward"}) {
    if (phase == "backward" && one.mode == "inf") break;
    Options options;
    options.values["set"] = {fmt::format("B={},T={}", one.batch, one.positions)};
    options.values["recipe"] = {"pytorch-eager"};
    options.values["phase"] = {std::string(phase)};
    options.values["mode"] = {one.mode == "train" ? "train" : "eval"};
    if (const auto parts = alias->second.parts.find(one.mode); parts != alias->second.parts.end())
      options.values["parts"] = {parts->second};
    Model model = configured_model(alias->second.model, options);
    const AnalysisOptions settings = analysis_options(model, options);
    passes.push_back(analyze(std::move(model), hw, settings));
  }
  return passes;
}

}  // namespace gable
