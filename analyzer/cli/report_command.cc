#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <stdexcept>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/model_options.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
#include "reports/report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 8> kReportOptions = {{
    {"host", "H", "adds the CPU's clock: dispatch beside kernels (analyze list hosts), or a YAML file"},
    {"graph", "", "with --host: the step is one CUDA graph, dispatched once"},
    {"count", "flop|mac", "1 multiply-add = 2 FLOP (default), or 1 MAC"},
    {"by", "op|kernel|block|part|kind|pass", "rows of the report"},
    {"top", "N", "only the N rows with most time in each part; the rest in one row"},
    {"format", "F,...", "table (default), csv, json, svg, md; several only with --out"},
    {"out", "DIR", "writes <model>.<hw>.<format> there (csv, json, svg, md unless --format says)"},
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
  report.color = io.color;
  return report;
}

std::vector<const Format*> formats(const Options& options) {
  const bool files = options.has("out");
  const std::vector<std::string> names =
      split(options.get("format").value_or(files ? "csv,json,svg,md" : "table"), ',');
  std::vector<const Format*> found;
  for (const std::string& name : names) {
    const Format* format = &find_format(name);
    if (std::find(found.begin(), found.end(), format) != found.end())
      throw InputError(fmt::format("--format: '{}' is given twice", name));
    found.push_back(format);
  }
  if (!files && found.size() != 1) {
    throw InputError("--format: one format goes to standard output; for several add --out DIR");
  }
  return found;
}

void write_report(const Analysis& analysis, const std::vector<const Format*>& all, ReportOptions report,
                  const std::string& folder, const Io& io) {
  report.color = false;
  std::vector<OutputFile> files;  // everything is rendered before anything is written
  for (const Format* format : all) {
    files.push_back({fmt::format("{}/{}.{}.{}", folder, analysis.model.name, analysis.hw.name, format->extension),
                     format->render(analysis, report)});
  }
  write_files(folder, files, io.err);
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
  const std::vector<const Format*> wanted = formats(options);
  if (const auto folder = options.get("out")) check_out_folder(*folder);
  ReportOptions report = report_options(options, io);
  std::optional<Host> host;
  if (const auto name_of_host = options.get("host")) host = load_host(*name_of_host);
  if (options.has("graph") && !host) throw InputError("--graph says nothing without --host");
  Model model = configured_model(*name, options);
  const AnalysisOptions settings = analysis_options(model, options);
  HardwareChoice choice = choose_hardware(options.get("hw").value_or(""), io.machine);
  Analysis analysis = analyze(std::move(model), std::move(choice.hw), settings);
  analysis.hw_reason = choice.reason;
  if (host) report.clocks = ClockReport{*host, options.has("graph"), run_clocks(analysis, *host, options.has("graph"))};
  if (const auto folder = options.get("out")) {
    write_report(analysis, wanted, report, *folder, io);
  } else {
    io.out << wanted.front()->render(analysis, report);
  }
  return 0;
}

}  // namespace gable
