#include <fmt/format.h>

#include <array>
#include <optional>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/load_predictor.h"
#include "analyzer/cli/model_options.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/cli/trace_input.h"
#include "analyzer/measured/overlay.h"
#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
#include "analyzer/trace/trace_join.h"
#include "reports/report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 10> kReportOptions = {{
    {"host", "H", "adds the CPU's clock: dispatch beside kernels (analyze list hosts), or a YAML file"},
    {"graph", "", "with --host: the step is one CUDA graph, dispatched once"},
    kCalibrationOption,
    {"measured", "FILE", "lays a measurement (docs/measurements.md) or a trace (docs/traces.md) over the roofline"},
    {"count", "flop|mac", "1 multiply-add = 2 FLOP (default), or 1 MAC"},
    {"by", "op|kernel|block|part|kind|pass", "rows of the report"},
    {"top", "N", "only the N rows with most time in each part; the rest in one row"},
    {"format", "F,...", "table (default), csv, json, svg, md; several only with --out"},
    {"out", "FILE|DIR",
     "a file that ends in .csv, .json, .svg or .md; else a folder for <model>.<hw>.<format> (all of them unless "
     "--format says)"},
    {"notes", "", "adds where analyses made by hand differ"},
}};

ReportOptions report_options(const Options& options, const Io& io) {
  constexpr std::array<std::string_view, 2> kCounts = {"flop", "mac"};
  ReportOptions report;
  if (const auto by = options.get("by")) report.by = parse_by(*by);
  if (const auto top = options.get("top")) report.top = whole_number("top", *top, 1);
  report.mac = one_of(options, "count", kCounts) == "mac";
  report.notes = options.has("notes");
  report.width = io.width;
  return report;
}

/// The rows of the table of formats over what `analysis` and `report` hold when they are rendered.
std::vector<StudyFormat> formats_of(const Analysis& analysis, ReportOptions& report) {
  std::vector<StudyFormat> formats;
  for (const Format& format : format_table()) {
    const auto render = [&analysis, &report, format](bool color) {
      report.color = color;
      return format.render(analysis, report);
    };
    formats.push_back({format.name, format.extension, render});
  }
  return formats;
}

/// The datasheet of the product that a measured profile is of. Nothing for what is a datasheet itself.
std::optional<Hardware> datasheet_of(const Hardware& hw) {
  if (!hw.profile || hw.profile->datasheet.empty()) return std::nullopt;
  return load_hardware(hw.profile->datasheet);
}

/// What --measured names: a measurement, or a trace that becomes one.
struct Measured {
  std::optional<Measurement> measurement;
  std::optional<Trace> trace;
};

Measured load_measured(const Options& options, const Io& io) {
  Measured measured;
  const auto file = options.get("measured");
  if (!file) return measured;
  if (is_trace_file(*file)) {
    measured.trace = read_trace(*file, "", io);
  } else {
    measured.measurement = load_measurement(*file);
  }
  return measured;
}

std::optional<Measurement> joined(Measured measured, const Analysis& analysis, HardwareChoice choice) {
  if (!measured.trace) return std::move(measured.measurement);
  return join_trace(study_trace(std::move(*measured.trace), std::move(choice)), analysis);
}

/// Wherever the device has constants: their times beside those at its roofs and, where those were measured, at the
/// datasheet's.
void add_predictions(const Options& options, const Model& model, const std::optional<Hardware>& datasheet, const Io& io,
                     Analysis& analysis, ReportOptions& report) {
  auto found = find_predictor(options, analysis.hw, io.machine, io.err);
  if (!found) return;
  put_predictions(found->predictor, analysis);
  report.predicted = std::move(found->source);
  if (!datasheet) return;
  put_datasheet_times(analyze(model, *datasheet, analysis.options), analysis);
  report.datasheet_times = true;
}

}  // namespace

int report_command(const Args& args, const Io& io) {
  const std::vector<OptionRow> rows = with_model_options(kReportOptions);
  const Options options = parse_options(args, rows);
  if (options.has("help")) {
    io.out << help_text("", rows);
    return 0;
  }
  if (!options.words.empty())
    throw InputError(
        fmt::format("unexpected {}; every input is an option, see analyze --help", in_quotes(options.words.front())));
  const auto name = options.get("model");
  if (!name) throw InputError("--model is missing; `analyze list models` names the shipped ones");
  ReportOptions report = report_options(options, io);
  Analysis analysis;
  const std::vector<StudyFormat> formats = formats_of(analysis, report);
  check_formats(options, formats);
  std::optional<Host> host;
  if (const auto name_of_host = options.get("host")) host = load_host(*name_of_host);
  if (options.has("graph") && !host) throw InputError("--graph says nothing without --host");
  Measured measured = load_measured(options, io);
  const Model model = configured_model(*name, options);
  AnalysisOptions settings = analysis_options(model, options);
  // Durations on a device begin when the launch is over.
  if (measured.trace && !options.has("roofs")) settings.roofs.launch = false;
  const std::string wanted = options.get("hw").value_or("");
  HardwareChoice choice =
      measured.trace ? hardware_of_trace(*measured.trace, wanted, io.machine) : choose_hardware(wanted, io.machine);
  analysis = analyze(model, choice.hw, settings);
  analysis.hw_reason = choice.reason;
  const std::optional<Hardware> datasheet = datasheet_of(analysis.hw);
  add_predictions(options, model, datasheet, io, analysis, report);
  if (const auto measurement = joined(std::move(measured), analysis, std::move(choice)))
    report.overlay = make_overlay(analysis, datasheet, *measurement);
  if (host) report.clocks = ClockReport{*host, options.has("graph"), run_clocks(analysis, *host, options.has("graph"))};
  write_formats(options, formats, fmt::format("{}.{}", analysis.model.name, analysis.hw.name), io);
  return 0;
}

}  // namespace gable
