// Whether a measurement is of what was analysed.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "analyzer/base/dtype_choice.h"
#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/measured/overlay.h"

namespace gable {
namespace {

constexpr std::string_view kNone = "none";

[[noreturn]] void refuse(std::string_view what, std::string_view file, std::string_view here, std::string_view advice) {
  throw InputError(fmt::format("--measured: {} is {} in the file, {} in the analysis; {} would match", what,
                               in_quotes(file), in_quotes(here), advice));
}

/// Options that change what runs, by the names that `settings:` gives them.
struct Setting {
  std::string_view name;  ///< also of the option
  std::string (*value)(const Analysis&);
};
constexpr std::array<Setting, 8> kSettings = {{
    {"mode", [](const Analysis& a) { return std::string(a.options.cost.mode == Mode::kTrain ? "train" : "eval"); }},
    {"recipe",
     [](const Analysis& a) { return a.options.step.recipe ? a.options.step.recipe->name : std::string(kIdealRecipe); }},
    {"fuse",
     [](const Analysis& a) {
       const auto& fuse = a.options.step.fuse;
       return fuse.empty() ? std::string(kNone) : fmt::format("{}", fmt::join(fuse, ","));
     }},
    {"recompute", [](const Analysis& a) { return std::string(recompute_name(a.options.step.recompute)); }},
    {"amp", [](const Analysis& a) { return std::string(a.options.step.amp ? row(*a.options.step.amp).name : kNone); }},
    {"optimizer", [](const Analysis& a) { return a.options.step.optimizer; }},
    {"clip-grad", [](const Analysis& a) { return std::string(a.options.step.clip ? "yes" : "no"); }},
    {"micro-batches", [](const Analysis& a) { return fmt::format("{}", a.options.step.micro_batches); }},
}};

void check_option(const Analysis& analysis, const std::string& name, const std::string& value) {
  std::string dashed = name;
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  const auto* setting =
      std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& s) { return s.name == dashed; });
  if (setting == kSettings.end()) return;  // threads, ...: for people
  if (setting->name == "optimizer" && !has_optimizer(analysis.options.step.phase)) return;
  const std::string file = value.empty() ? std::string(kNone) : value;
  const std::string here = setting->value(analysis);
  if (file == here) return;
  refuse(name, file, here,
         file == kNone ? fmt::format("no --{}", setting->name) : fmt::format("--{} {}", setting->name, file));
}

bool same_dtype(const Analysis& analysis, const std::string& text) {
  if (text == describe(analysis.dtypes())) return true;
  try {
    return parse_dtype_choice(text).applied_to(analysis.model.dtypes) == analysis.dtypes();
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace

void check_settings(const Analysis& analysis, const Measurement& measurement) {
  const auto advice = [](std::string_view option, const std::string& value) {
    return fmt::format("--{} {}", option, value);
  };
  if (measurement.model != analysis.model.name)
    refuse("model", measurement.model, analysis.model.name, advice("model", measurement.model));
  const std::string_view phase = phase_name(analysis.options.step.phase);
  if (measurement.phase != phase) refuse("phase", measurement.phase, phase, advice("phase", measurement.phase));
  if (!same_dtype(analysis, measurement.dtype))
    refuse("dtype", measurement.dtype, describe(analysis.dtypes()), advice("dtype", measurement.dtype));
  for (const auto& [name, value] : measurement.settings) {
    const auto dim = find_dim(analysis.model, name);
    if (!dim) {
      check_option(analysis, name, value);
      continue;
    }
    const std::string here = fmt::format("{}", analysis.costed.values[*dim]);
    if (value != here) refuse(name, value, here, fmt::format("--set {}={}", name, value));
  }
}

}  // namespace gable
