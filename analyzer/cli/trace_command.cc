// `analyze trace`: a profile that the user already has, on the roofline.
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/cli/trace_input.h"
#include "reports/trace_report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 5> kTraceOptions = {{
    {"hw", "H", "device of the roofs: a name, a path or `measured`; the trace's own unless given"},
    {"reader", "R", "kineto, nsys or ncu, where the first bytes do not tell"},
    {"top", "N", "rows of each table, 15 unless given, 0 for all"},
    {"format", "F,...", "table (default), csv, json, svg, md; several only with --out"},
    {"out", "FILE|DIR",
     "a file that ends in .csv, .json, .svg, .md or .txt; else a folder for a file of each format (csv, json, svg, md "
     "unless --format says)"},
}};

std::string stem_of(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  std::string_view stem = name;
  for (const std::string_view ending : {".gz", ".json", ".sqlite", ".csv"}) {
    if (stem.ends_with(ending) && stem.size() > ending.size()) stem.remove_suffix(ending.size());
  }
  return std::string(stem);
}

}  // namespace

int trace_command(const Args& args, const Io& io) {
  const Options options = parse_options(args, kTraceOptions);
  if (options.has("help")) {
    io.out << help_text("trace", kTraceOptions);
    return 0;
  }
  if (options.words.empty())
    throw InputError(
        "trace: which file? Write for example analyze trace profile.json.gz; docs/traces.md says how to make one");
  if (options.words.size() > 1)
    throw InputError(fmt::format("trace: one file at a time, {} is a second one; `analyze compare A B` compares two",
                                 in_quotes(options.words[1])));
  TraceStudy study;
  const auto top = options.get("top");
  TraceReport report{study, top ? whole_number("top", *top, 0) : TraceReport{study}.top, io.width};
  const std::vector<StudyFormat> formats = study_formats(trace_format_table(), report);
  check_formats(options, formats);
  const std::string wanted = options.get("hw").value_or("");
  if (!wanted.empty()) static_cast<void>(choose_hardware(wanted, io.machine));  // wrong names are told before reading
  Trace trace = read_trace(options.words.front(), options.get("reader").value_or(""), io);
  HardwareChoice choice = hardware_of_trace(trace, wanted, io.machine);
  study = study_trace(std::move(trace), std::move(choice));
  write_formats(options, formats, fmt::format("{}.{}.trace", stem_of(options.words.front()), study.analysis.hw.name),
                io);
  return 0;
}

}  // namespace gable
