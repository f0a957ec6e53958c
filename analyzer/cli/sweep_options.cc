#include "analyzer/cli/sweep_options.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/load_predictor.h"
#include "analyzer/cli/model_options.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 7> kSweepOptions = {{
    {"vary", "DIM=VALUES",
     "an axis of the grid: 1,2,4 or a..b, a..b+k, a..b*k; also hw=H,..., dtype=D,..., recipe=R,... and phase=P,...; "
     "the last varies fastest",
     true},
    kCalibrationOption,
    {"format", "F", "table (default), csv, json, svg"},
    {"out", "FILE", "writes there, in the format of its ending unless --format says"},
    {"resume", "FILE", "continues a CSV that was stopped, with the same options; checks what it holds"},
    {"threads", "N", "threads that evaluate points (default: all cores)"},
    {"yes", "", "runs more than 10,000,000 points"},
}};

double parameters(const std::string& name) {
  CostedModel costed;
  cost_model(load_model(name), {}, costed);
  double sum = 0;
  for (const OpCost& op : costed.ops) sum += op.one.params.real() * static_cast<double>(op.executions);
  return sum;
}

/// The shipped models that match, smallest first: cs336-small to cs336-2.7b.
std::vector<std::string> matching_models(const std::string& pattern) {
  const std::vector<std::string> shipped = list_specs(SpecKind::kModel);
  std::vector<std::pair<double, std::string>> found;
  for (const std::string& name : shipped) {
    if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0) found.emplace_back(parameters(name), name);
  }
  if (found.empty()) {
    const std::vector<std::string_view> known(shipped.begin(), shipped.end());
    throw InputError(fmt::format("--model: no shipped model matches {}; known: {}", in_quotes(pattern), join(known)));
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (const auto& [size, name] : found) names.push_back(name);
  return names;
}

/// "cs336-*,gpt2": names, paths and patterns over the shipped models.
std::vector<std::string> model_names(const std::string& given) {
  std::vector<std::string> names;
  for (const std::string& word : split(given, ',')) {
    if (word.find_first_of("*?[") == std::string::npos) {
      names.push_back(word);
      continue;
    }
    const std::vector<std::string> matching = matching_models(word);
    names.insert(names.end(), matching.begin(), matching.end());
  }
  return names;
}

void refuse_contradiction(const Axis& axis, const Options& options) {
  const std::string flag = fmt::format("--{}", axis.name);
  if (axis.role != AxisRole::kDim && options.has(axis.name))
    throw InputError(fmt::format("--vary {} and {} contradict each other; give one of them", axis.name, flag));
  if (axis.role != AxisRole::kDim) return;
  for (const DimSetting& setting : dim_settings(options)) {
    if (setting.name != axis.name) continue;
    throw InputError(fmt::format("--vary {}={} and --set {}={} contradict each other; give one of them", axis.name,
                                 axis.spec, setting.name, setting.value));
  }
}

std::vector<Axis> axes_of(const std::vector<std::string>& models, const Options& options) {
  std::vector<Axis> axes;
  Axis model = name_axis(AxisRole::kModel, "model", "--model", models);  // checks a single one, too
  if (models.size() > 1) axes.push_back(std::move(model));
  const auto varied = options.values.find("vary");
  if (varied == options.values.end() && axes.empty())
    throw InputError("--vary is missing; write for example --vary B=1,2,4 --vary T=128..8192*2");
  if (varied == options.values.end()) return axes;
  for (const std::string& given : varied->second) {
    axes.push_back(parse_axis(given));
    refuse_contradiction(axes.back(), options);
  }
  return axes;
}

/// "--hw: no hardware 'h20x'" came from --vary hw=h20x.
InputError from_axis(const InputError& error, const std::string& axis) {
  const std::string flag = fmt::format("--{}", axis);
  const std::string what = error.what();
  if (error.where().file || !what.starts_with(flag)) return error;
  return InputError(fmt::format("--vary {}{}", axis, what.substr(flag.size())));
}

std::vector<HardwareChoice> hardware_of(const Grid& grid, const Options& options, const Machine& machine) {
  const auto axis = grid.axis_of(AxisRole::kHardware);
  if (!axis) return {choose_hardware(options.get("hw").value_or(""), machine)};
  std::vector<HardwareChoice> all;
  for (const std::string& name : grid.axes[*axis].texts) {
    try {
      all.push_back(choose_hardware(name, machine));
    } catch (const InputError& error) {
      throw from_axis(error, "hw");
    }
  }
  return all;
}

Variant variant_of(const std::string& model, const Options& options, const Grid& grid) {
  std::vector<std::string> varied;
  for (const Axis& axis : grid.axes) {
    if (axis.role == AxisRole::kDim) varied.push_back(axis.name);
  }
  Variant variant{configured_model(model, options, varied), {}, false};
  variant.options = analysis_options(variant.model, options);
  const std::vector<DimSetting> set = dim_settings(options);
  const bool past_given = std::count(varied.begin(), varied.end(), "past") > 0 ||
                          std::any_of(set.begin(), set.end(), [](const DimSetting& s) { return s.name == "past"; });
  variant.t_is_context = options.get("phase") == "decode" && !past_given;
  return variant;
}

/// Each combination of a model and the options that vary, in the order of the grid.
void add_variants(const std::string& model, Options options, const Grid& grid, std::size_t axis,
                  std::vector<Variant>& out) {
  while (axis < grid.axes.size() && grid.axes[axis].role != AxisRole::kOption) ++axis;
  if (axis == grid.axes.size()) {
    out.push_back(variant_of(model, options, grid));
    return;
  }
  const Axis& varied = grid.axes[axis];
  for (const std::string& text : varied.texts) {
    options.values[varied.name] = {text};
    try {
      add_variants(model, options, grid, axis + 1, out);
    } catch (const InputError& error) {
      throw from_axis(error, varied.name);
    }
  }
}

}  // namespace

std::vector<OptionRow> sweep_option_rows() {
  std::vector<OptionRow> rows = with_model_options(kSweepOptions);
  const auto model = std::find_if(rows.begin(), rows.end(), [](const OptionRow& row) { return row.name == "model"; });
  model->value = "M,...";
  model->help = "shipped models, patterns over them ('cs336-*') or YAML files; required";
  return rows;
}

Sweep sweep_of(const Options& options, const Io& io) {
  const auto given = options.get("model");
  if (!given) throw InputError("--model is missing; `analyze list models` names the shipped ones");
  const std::vector<std::string> names = model_names(*given);
  Sweep sweep;
  sweep.grid = make_grid(axes_of(names, options));
  for (const std::string& name : names) add_variants(name, options, sweep.grid, 0, sweep.variants);
  sweep.hardware = hardware_of(sweep.grid, options, io.machine);
  for (const HardwareChoice& choice : sweep.hardware) {
    auto found = find_predictor(options, choice.hw, io.machine, io.err);
    sweep.predictors.push_back(found ? std::optional(std::move(found->predictor)) : std::nullopt);
  }
  return sweep;
}

const SweepFormat& sweep_format_of(const Options& options) {
  const auto given = options.get("format");
  if (options.has("resume")) {
    if (options.has("out")) throw InputError("--out and --resume contradict each other; --resume names the file");
    if (given && *given != "csv")
      throw InputError(fmt::format("--format: only csv can be resumed, not {}", in_quotes(*given)));
    return find_sweep_format("csv");
  }
  const auto file = options.get("out");
  if (given || !file) return find_sweep_format(given.value_or("table"));
  for (const SweepFormat& format : sweep_format_table()) {
    if (file->ends_with(fmt::format(".{}", format.extension))) return format;
  }
  throw InputError(
      fmt::format("--out: the ending of {} names no format; add --format table, csv, json or svg", in_quotes(*file)));
}

}  // namespace gable
