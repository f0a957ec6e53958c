#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/model_options.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/study_io.h"
#include "reports/memory_report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 7> kMemoryOptions = {{
    {"counting", "exact|document", "what autograd keeps (default), or document 002's formula"},
    {"fit", "", "the largest batch and the largest context that the memory of --hw holds"},
    {"reserve", "SIZE", "of the memory of --hw, not to be used: 2GiB"},
    {"by", "kind|op", "rows of kept tensors"},
    {"top", "N", "only the N rows with most bytes; the rest in one row"},
    {"format", "F,...", "table (default), csv, json, svg, md; several only with --out"},
    {"out", "FILE|DIR",
     "a file that ends in .csv, .json, .svg, .md or .txt; else a folder for <model>.memory.<format> (csv, json, svg, "
     "md "
     "unless --format says)"},
}};

/// Options of time and FLOP say nothing here.
constexpr std::array<std::string_view, 3> kOfTime = {"roofs", "resident", "flops"};

constexpr std::string_view kDefaultRecipe = "pytorch-eager";

std::vector<OptionRow> memory_option_rows() {
  std::vector<OptionRow> rows = with_model_options(kMemoryOptions);
  std::erase_if(
      rows, [](const OptionRow& row) { return std::find(kOfTime.begin(), kOfTime.end(), row.name) != kOfTime.end(); });
  for (OptionRow& row : rows) {
    if (row.name == "phase") row.help = "step (default), forward, prefill, or decode";
    if (row.name == "hw") row.help = "compares with the memory of a device (analyze list hardware) or a YAML file";
    if (row.name == "recipe")
      row.help = "what is kept (analyze list recipes), or a YAML file; pytorch-eager unless given";
  }
  return rows;
}

[[noreturn]] void refuse_phase(std::string_view option, Phase phase) {
  throw InputError(fmt::format("--{} says nothing about --phase {}; add --phase step", option, phase_name(phase)));
}

/// Where nothing is said, a whole step as PyTorch runs it.
Options with_defaults(Options options, const Model& model) {
  options.values.try_emplace("phase", std::vector<std::string>{"step"});
  if (model.recipe.empty()) options.values.try_emplace("recipe", std::vector<std::string>{std::string(kDefaultRecipe)});
  return options;
}

void check_combination(const Options& options, Phase phase) {
  if (phase == Phase::kBackward || phase == Phase::kOptimizer)
    throw InputError(
        fmt::format("--phase {}: memory is followed over a whole step, forward, prefill or decode", phase_name(phase)));
  if (options.has("counting") && phase != Phase::kStep) refuse_phase("counting", phase);
  for (const auto& [name, why] : {std::pair{"fit", "the device whose memory is to be filled"},
                                  std::pair{"reserve", "the device whose memory it is taken from"}}) {
    if (options.has(name) && !options.has("hw")) throw InputError(fmt::format("--{} needs --hw: {}", name, why));
  }
}

AnalysisOptions settings_of(const Model& model, const Options& options) {
  AnalysisOptions settings = analysis_options(model, options);
  check_combination(options, settings.step.phase);
  return settings;
}

Count reserve_of(const Options& options) {
  const auto text = options.get("reserve");
  if (!text) return 0;
  try {
    return std::llround(parse_quantity(*text, Unit::kBytes));
  } catch (const QuantityError& error) {
    throw InputError(fmt::format("--reserve: {}", error.what()));
  }
}

MemoryReport report_of(const Options& options, const Io& io) {
  constexpr std::array<std::string_view, 2> kCountings = {"exact", "document"};
  constexpr std::array<std::string_view, 2> kBy = {"kind", "op"};
  MemoryReport report;
  report.document = one_of(options, "counting", kCountings) == "document";
  report.by = one_of(options, "by", kBy) == "op" ? MemoryBy::kOp : MemoryBy::kKind;
  if (const auto top = options.get("top")) report.top = whole_number("top", *top, 1);
  report.reserve = reserve_of(options);
  report.fit = options.has("fit");
  report.width = io.width;
  return report;
}

}  // namespace

int memory_command(const Args& args, const Io& io) {
  const std::vector<OptionRow> rows = memory_option_rows();
  const Options given = parse_options(args, rows);
  if (given.has("help")) {
    io.out << help_text("memory", rows);
    return 0;
  }
  refuse_words(given, "memory");
  const auto name = given.get("model");
  if (!name) throw InputError("--model is missing; `analyze list models` names the shipped ones");
  MemoryReport report = report_of(given, io);
  const std::vector<StudyFormat> formats = study_formats(memory_format_table(), report);
  check_formats(given, formats);
  Model model = configured_model(*name, given);
  const AnalysisOptions settings = settings_of(model, with_defaults(given, model));
  if (const auto hw = given.get("hw")) report.hw = choose_hardware(*hw, io.machine).hw;
  const Prepared prepared = prepare(std::move(model), settings);
  report.memory = study_memory(prepared);
  if (report.document && !report.memory.document) refuse_document_count(report.memory.model);
  if (report.fit) report.fits = fit_memory(prepared, report.capacity());
  write_formats(given, formats, fmt::format("{}.memory", report.memory.model.name), io);
  return 0;
}

}  // namespace gable
