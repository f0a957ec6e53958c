#include "analyzer/cli/measure_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/spec/library.h"
#include "probes/runner/program.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 8> kShared = {"model", "set",  "dtype",     "parts",
                                                     "phase", "mode", "optimizer", "clip-grad"};
constexpr std::array<OptionRow, 9> kOwn = {{
    {"device", "cpu|cuda:N|recorded:FILE",
     "where it runs: the first CUDA device that works, else the CPU, unless given; a measurement stands for its "
     "device"},
    {"forward-only", "", "the same as --phase forward"},
    {"warmup", "N", "steps before those that are timed; 5 unless given"},
    {"steps", "N", "steps that are timed; 10 unless given"},
    {"seed", "N", "of the random values; 1 unless given"},
    {"warmup-study", "", "the step's time after 0, 1, 2 and 5 warm-ups, each in a process of its own"},
    {"counters", "", "also what each op moves and computes, by the hardware's counters, in passes of their own"},
    {"out", "FILE", "writes the measurement there, for analyze --measured"},
    {"rows", "FILE", "writes the kernels whose shapes are known, a CSV for analyze calibrate and validate"},
}};

Analysis analysed(const Options& options) {
  const auto name = options.get("model");
  if (!name) throw InputError("--model is missing; `analyze list models` names the shipped ones");
  Options settings = options;
  settings.values["recipe"] = {std::string(kIdealRecipe)};
  Model model = configured_model(*name, settings);
  const AnalysisOptions analysis = analysis_options(model, settings);
  return analyze(std::move(model), load_hardware(std::string(kReferenceDevice)), analysis);
}

/// The bytes with a dim set to another value; nothing where the model does not allow it.
std::optional<std::int64_t> bytes_with(const Options& options, std::string_view dim, std::int64_t value) {
  Options changed = options;
  auto& settings = changed.values["set"];
  std::vector<std::string> kept;
  for (const DimSetting& setting : dim_settings(options)) {
    if (setting.name != dim) kept.push_back(fmt::format("{}={}", setting.name, setting.value));
  }
  kept.push_back(fmt::format("{}={}", dim, value));
  settings = kept;
  try {
    return program_bytes(analysed(changed));
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace

const std::vector<OptionRow>& measure_option_rows() {
  static const std::vector<OptionRow> kRows = [] {
    std::vector<OptionRow> rows;
    for (const OptionRow& row : with_model_options({})) {
      if (std::find(kShared.begin(), kShared.end(), row.name) != kShared.end()) rows.push_back(row);
    }
    rows.insert(rows.end(), kOwn.begin(), kOwn.end());
    return rows;
  }();
  return kRows;
}

Analysis analysis_to_run(const Options& options) {
  Options settings = options;
  if (options.has("forward-only")) {
    if (options.has("phase")) throw InputError("--forward-only and --phase exclude each other");
    settings.values["phase"] = {"forward"};
  }
  return analysed(settings);
}

std::string out_of_memory_line(const Options& options, std::int64_t needed, const DeviceFacts& facts) {
  const std::string line =
      fmt::format("{}: {} are needed, {} are free", facts.name, format_binary_bytes(static_cast<double>(needed), 3),
                  format_binary_bytes(static_cast<double>(facts.free_bytes), 3));
  const Analysis analysis = analysis_to_run(options);
  for (const std::string_view dim : {"B", "T"}) {
    const auto slot = find_dim(analysis.model, dim);
    if (!slot) continue;
    for (std::int64_t value = analysis.costed.values[*slot] / 2; value >= 1; value /= 2) {
      const auto bytes = bytes_with(options, dim, value);
      if (bytes && *bytes <= facts.free_bytes) return fmt::format("{}; --set {}={} fits", line, dim, value);
    }
  }
  return line + "; no smaller batch or context of this model fits";
}

std::vector<std::string> words_of(const Options& options, const std::vector<std::string>& without) {
  std::vector<std::string> words;
  for (const auto& [name, values] : options.values) {
    if (std::find(without.begin(), without.end(), name) != without.end()) continue;
    if (values.empty()) words.push_back("--" + name);
    for (const std::string& value : values) words.insert(words.end(), {"--" + name, value});
  }
  return words;
}

std::string command_of(const Options& options) {
  return fmt::format("analyze measure {}", fmt::join(words_of(options, {"out", "rows"}), " "));
}

}  // namespace gable
