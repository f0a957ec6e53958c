#include "analyzer/cli/model_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/contradictions.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 18> kModelOptions = {{
    {"model", "M", "a shipped model (analyze list models) or a YAML file; required"},
    {"hw", "H", "a shipped device (analyze list hardware), a YAML file, or 'measured'"},
    {"set", "DIM=EXPR,...", "overrides dims of the model: --set B=8,T=1024", true},
    {"dtype", "D", "bf16, or by tensor: weights=int8,act=bf16,kv=fp8_e4m3,accum=fp32"},
    {"parts", "P,...", "parts of the model to cost, or 'all'; without it, all but the optional ones"},
    {"phase", "P", "forward (default), backward, optimizer, step (all three), prefill, or decode"},
    {"mode", "eval|train",
     "whether dropout runs, which batch statistics; eval for forward phases unless given, train (or eval) for the "
     "others"},
    {"recipe", "R", "how ops become kernels (analyze list recipes), or a YAML file; the model's own, or ideal"},
    {"fuse", "F,...",
     "merges kernels: fusions of the recipe (analyze show recipe R), or a run of ops: h/scale..h/softmax"},
    {"recompute", "none|block|attention", "what the backward pass computes again instead of keeping it"},
    {"amp", "bf16|fp16", "autocast: products in this dtype; parameters, gradients and optimizer as they are"},
    {"optimizer", "O", "of the recipe (analyze show recipe R); adamw unless given"},
    {"micro-batches", "N", "forward and backward passes whose gradients add up to one update"},
    {"clip-grad", "", "clips gradients by their norm before the update"},
    {"zero-grad", "none|keep", "gradients are freed after the update (default), or zeroed in place"},
    {"flops", "executed|model|causal-halved", "which matrix FLOP count: all; none twice (MFU); no masked half either"},
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

StepOptions step_options(const Model& model, const Options& options) {
  StepOptions step;
  if (const auto phase = options.get("phase")) step.phase = parse_phase(*phase);
  const std::string fallback = model.recipe.empty() ? std::string(kIdealRecipe) : model.recipe;
  step.recipe = std::make_shared<const Recipe>(load_recipe(options.get("recipe").value_or(fallback)));
  if (const auto fuse = options.get("fuse")) step.fuse = split(*fuse, ',');
  if (const auto recompute = options.get("recompute")) step.recompute = parse_recompute(*recompute);
  constexpr std::array<std::string_view, 2> kAmp = {"bf16", "fp16"};
  if (options.has("amp")) step.amp = find_dtype(one_of(options, "amp", kAmp));
  if (const auto optimizer = options.get("optimizer")) step.optimizer = *optimizer;
  constexpr std::array<std::string_view, 2> kZeroGrad = {"none", "keep"};
  step.keep_gradients = one_of(options, "zero-grad", kZeroGrad) == "keep";
  step.clip = options.has("clip-grad");
  if (const auto n = options.get("micro-batches"))
    step.micro_batches = static_cast<std::int64_t>(whole_number("micro-batches", *n, 1));
  return step;
}

}  // namespace

std::vector<OptionRow> with_model_options(std::span<const OptionRow> own) {
  std::vector<OptionRow> rows(kModelOptions.begin(), kModelOptions.end());
  rows.insert(rows.end(), own.begin(), own.end());
  return rows;
}

Model configured_model(const std::string& name, const Options& options, std::span<const std::string> varied) {
  Model model = load_model(name);
  std::set<std::string, std::less<>> given(varied.begin(), varied.end());
  for (const DimSetting& setting : dim_settings(options)) {
    set_dim(model, setting.name, setting.value);
    given.insert(setting.name);
  }
  if (options.get("phase") == "decode") set_decode(model, given.contains("past"), given.contains("T"));
  return model;
}

std::vector<DimSetting> dim_settings(const Options& options) {
  std::vector<DimSetting> settings;
  const auto found = options.values.find("set");
  if (found == options.values.end()) return settings;
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
      settings.push_back({std::string(name), std::string(trim(std::string_view(part).substr(equals + 1)))});
    }
  }
  return settings;
}

std::string one_of(const Options& options, std::string_view name, std::span<const std::string_view> words) {
  std::string given = options.get(name).value_or(std::string(words.front()));
  if (std::find(words.begin(), words.end(), given) == words.end()) {
    throw InputError(fmt::format("--{}: unknown value {}{}", name, in_quotes(given), suggestion(given, words)));
  }
  return given;
}

AnalysisOptions analysis_options(const Model& model, const Options& options) {
  constexpr std::array<std::string_view, 2> kModes = {"eval", "train"};
  constexpr std::array<std::string_view, 2> kResident = {"none", "l2"};
  AnalysisOptions settings;
  if (const auto dtype = options.get("dtype")) {
    try {
      settings.cost.dtype = parse_dtype_choice(*dtype);
    } catch (const std::invalid_argument& error) {
      throw InputError(fmt::format("--dtype: {}", error.what()));
    }
  }
  settings.step = step_options(model, options);
  const Phase phase = settings.step.phase;
  const bool train =
      options.has("mode") ? one_of(options, "mode", kModes) == "train" : !has_forward(phase) || has_backward(phase);
  settings.cost.mode = train ? Mode::kTrain : Mode::kEval;
  if (const auto parts = options.get("parts")) settings.cost.parts = split(*parts, ',');
  if (const auto flops = options.get("flops")) settings.flops = parse_flops(*flops);
  if (const auto roofs = options.get("roofs")) settings.roofs = parse_roofs(*roofs);
  settings.resident_l2 = one_of(options, "resident", kResident) == "l2";
  refuse_contradictions(model, options, settings);
  return settings;
}

}  // namespace gable
