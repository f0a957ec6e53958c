// The options that say what is analysed: model, dims, dtype, recipe, roofs. Every command that costs a model has them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/cli/options.h"
#include "analyzer/roofline/analysis.h"

namespace gable {

/// The shared rows, then a command's own.
std::vector<OptionRow> with_model_options(std::span<const OptionRow> own);

/// Loads a model, applies --set, and for --phase decode leaves one new position. Dims in `varied` count as set: their
/// values come later. @throws InputError
Model configured_model(const std::string& name, const Options& options, std::span<const std::string> varied = {});

struct DimSetting {
  std::string name;
  std::string value;
};
/// What --set says. @throws InputError
std::vector<DimSetting> dim_settings(const Options& options);

/// What the shared options say about costing and timing. @throws InputError
AnalysisOptions analysis_options(const Model& model, const Options& options);

/// One of a few words, the first where the option is not given. @throws InputError naming the option
std::string one_of(const Options& options, std::string_view name, std::span<const std::string_view> words);

}  // namespace gable
