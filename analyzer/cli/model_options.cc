#include "analyzer/cli/model_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 9> kModelOptions = {{
    {"model", "M", "a shipped model (analyze list models) or a YAML file; required"},
    {"hw", "H", "a shipped device (analyze list hardware), a YAML file, or 'measured'"},
    {"set", "DIM=EXPR,...", "overrides dims of the model: --set B=8,T=1024", true},
    {"dtype", "D", "bf16, or by tensor: weights=int8,act=bf16,kv=fp8_e4m3,accum=fp32"},
    {"parts", "P,...", "parts of the model to cost, or 'all'; without it, all but the optional ones"},
    {"mode", "eval|train", "evaluation (default) or training: whether dropout runs, which batch statistics"},
    {"recipe", "R", "how ops become kernels: ideal (one kernel an op, each tensor moved once)"},
    {"roofs", "R,...", "terms of the time: compute,dram,l2,launch (default all)"},
    {"resident", "l2", "bytes stay in L2 where all that is touched between two uses fits"},
}};

/// "B=8,F=max(T,128)" at the commas outside parentheses.
std::vector<std::string> split_settings(std::string_view text) {
  std::vector<std::string> parts(1);
  int open = 0;
  for (const char c : text) {
    open += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && open <= 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

std::vector<OptionRow> with_model_options(std::span<const OptionRow> own) {
  std::vector<OptionRow> rows(kModelOptions.begin(), kModelOptions.end());
  rows.insert(rows.end(), own.begin(), own.end());
  return rows;
}

Model configured_model(const std::string& name, const Options& options) {
  Model model = load_model(name);
  set_dims(model, options);
  return model;
}

void set_dims(Model& model, const Options& options) {
  const auto found = options.values.find("set");
  if (found == options.values.end()) return;
  std::set<std::string, std::less<>> names;
  for (const std::string& given : found->second) {
    for (const std::string& part : split_settings(given)) {
      const std::size_t equals = part.find('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == part.size()) {
        throw InputError(
            fmt::format("--set: {} is not DIM=VALUE; write for example --set B=8,T=1024", in_quotes(part)));
      }
      const std::string_view name = trim(std::string_view(part).substr(0, equals));
      if (!names.emplace(name).second) throw InputError(fmt::format("--set: dim {} is given twice", in_quotes(name)));
      set_dim(model, name, trim(std::string_view(part).substr(equals + 1)));
    }
  }
}

std::string one_of(const Options& options, std::string_view name, std::span<const std::string_view> words) {
  std::string given = options.get(name).value_or(std::string(words.front()));
  if (std::find(words.begin(), words.end(), given) == words.end()) {
    throw InputError(fmt::format("--{}: unknown value {}{}", name, in_quotes(given), suggestion(given, words)));
  }
  return given;
}

AnalysisOptions analysis_options(const Options& options) {
  constexpr std::array<std::string_view, 2> kModes = {"eval", "train"};
  constexpr std::array<std::string_view, 1> kRecipes = {"ideal"};
  constexpr std::array<std::string_view, 2> kResident = {"none", "l2"};
  AnalysisOptions settings;
  if (const auto dtype = options.get("dtype")) {
    try {
      settings.cost.dtype = parse_dtype_choice(*dtype);
    } catch (const std::invalid_argument& error) {
      throw InputError(fmt::format("--dtype: {}", error.what()));
    }
  }
  settings.cost.mode = one_of(options, "mode", kModes) == "train" ? Mode::kTrain : Mode::kEval;
  if (const auto parts = options.get("parts")) settings.cost.parts = split(*parts, ',');
  one_of(options, "recipe", kRecipes);
  if (const auto roofs = options.get("roofs")) settings.roofs = parse_roofs(*roofs);
  settings.resident_l2 = one_of(options, "resident", kResident) == "l2";
  return settings;
}

}  // namespace gable
