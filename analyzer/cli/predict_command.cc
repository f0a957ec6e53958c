// `analyze predict`: the time of a configuration before it runs.
#include <fmt/format.h>

#include <array>
#include <optional>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/load_predictor.h"
#include "analyzer/cli/model_options.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/spec/library.h"
#include "analyzer/study/memory.h"
#include "reports/prediction_report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 7> kPredictOptions = {{
    kCalibrationOption,
    {"host", "H", "adds the CPU's clock: dispatch beside kernels (analyze list hosts), or a YAML file"},
    {"graph", "", "with --host: the step is one CUDA graph, dispatched once"},
    {"interval", "PERCENT", "how sure the interval is; 90 unless given"},
    {"top", "N", "ops named, 3 unless given"},
    {"format", "F,...", "table (default), csv, json; several only with --out"},
    {"out", "FILE|DIR", "a file that ends in .txt, .csv or .json; else a folder"},
}};

/// Memory is followed over whole steps and forward passes only.
Count needed_memory(const Prepared& prepared) {
  const Phase phase = prepared.plan.options.phase;
  if (phase == Phase::kBackward || phase == Phase::kOptimizer) return 0;
  return study_memory(prepared).needed();
}

}  // namespace

int predict_command(const Args& args, const Io& io) {
  const std::vector<OptionRow> rows = with_model_options(kPredictOptions);
  const Options options = parse_options(args, rows);
  if (options.has("help")) {
    io.out << help_text("predict", rows);
    return 0;
  }
  refuse_words(options, "predict");
  const auto name = options.get("model");
  if (!name) throw InputError("--model is missing; `analyze list models` names the shipped ones");
  Analysis analysis;
  ModelPrediction prediction;
  PredictionReport report{analysis, prediction, "", 0.9, 0};
  report.width = io.width;
  if (const auto top = options.get("top")) report.top = whole_number("top", *top, 1);
  if (const auto interval = options.get("interval")) {
    const std::size_t percent = whole_number("interval", *interval, 1);
    if (percent > 99) throw InputError("--interval: a share from 1 to 99 %");
    report.coverage = static_cast<double>(percent) / 100;
  }
  const std::vector<StudyFormat> formats = study_formats(prediction_format_table(), report);
  check_formats(options, formats);
  std::optional<Host> host;
  if (const auto name_of_host = options.get("host")) host = load_host(*name_of_host);
  if (options.has("graph") && !host) throw InputError("--graph says nothing without --host");
  HardwareChoice choice = choose_hardware(options.get("hw").value_or(""), io.machine);
  Options chosen = options;
  // What analyze measure runs on a CPU are the ops as they are.
  if (!chosen.has("recipe")) chosen.values["recipe"] = {choice.hw.kind == "cpu" ? "ideal" : "pytorch-eager"};
  Model model = configured_model(*name, chosen);
  const AnalysisOptions settings = analysis_options(model, chosen);
  auto found = find_predictor(options, choice.hw, io.machine, io.err);
  if (found) report.source = std::move(found->source);
  const Predictor predictor = found ? std::move(found->predictor) : Predictor(choice.hw);
  report.needed = needed_memory(prepare(model, settings));
  analysis = analyze(std::move(model), std::move(choice.hw), settings);
  analysis.hw_reason = choice.reason;
  prediction = predict_model(predictor, analysis, host ? &*host : nullptr, options.has("graph"), report.coverage);
  write_formats(options, formats, fmt::format("{}.{}.prediction", analysis.model.name, analysis.hw.name), io);
  return 0;
}

}  // namespace gable
