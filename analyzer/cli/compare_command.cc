#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ostream>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/compare_words.h"
#include "analyzer/cli/model_options.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/cli/trace_input.h"
#include "analyzer/spec/hardware_choice.h"
#include "analyzer/study/grid.h"
#include "reports/compare_report.h"
#include "reports/trace_compare_report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 6> kCompareOptions = {{
    {"ops", "P,Q", "of --model: FLOP ratio against time ratio; with A B ... only these ops are counted"},
    {"vary", "DIM=VALUES", "ratios over a dim: 1,2,4 or a..b, a..b+k, a..b*k"},
    {"top", "N", "ops shown that change their bound (10 unless given), 0 for all"},
    kStudyFormatOption,
    kStudyOutOption,
    {"notes", "", "adds the notes of the (first) model"},
}};
constexpr std::int64_t kMostPoints = 1000;

std::string model_name(const Options& options) {
  const auto name = options.get("model");
  if (!name) throw InputError("--model is missing; `analyze list models` names the shipped ones");
  return *name;
}

/// What the options name, analysed.
Analysis analysis_of(const Options& options, const Machine& machine) {
  Model model = configured_model(model_name(options), options);
  const AnalysisOptions settings = analysis_options(model, options);
  HardwareChoice choice = choose_hardware(options.get("hw").value_or(""), machine);
  Analysis analysis = analyze(std::move(model), std::move(choice.hw), settings);
  analysis.hw_reason = std::move(choice.reason);
  return analysis;
}

/// The options with a word in place of the option it stands for.
Options with_word(Options options, CompareKind kind, const std::string& word) {
  options.values[std::string(option_of(kind))] = {word};
  return options;
}

Comparison variants_of(const Options& options, CompareKind kind, const Machine& machine) {
  std::vector<Analysis> analyses;
  for (const std::string& word : options.words)
    analyses.push_back(analysis_of(with_word(options, kind, word), machine));
  const auto only = options.get("ops");
  return compare_variants(kind, options.words, std::move(analyses),
                          only ? split(*only, ',') : std::vector<std::string>());
}

/// "--set T=..." came from --vary.
InputError from_vary(const InputError& error) {
  const std::string what = error.what();
  if (!what.starts_with("--set")) return error;
  return InputError(fmt::format("--vary{}", what.substr(std::string_view("--set").size())));
}

Axis axis_of(const Options& options) {
  Axis axis = parse_axis(*options.get("vary"));
  if (axis.role != AxisRole::kDim)
    throw InputError(fmt::format("--vary {}: compare varies a dim; give the {} as words", axis.name, axis.name));
  for (const DimSetting& setting : dim_settings(options)) {
    if (setting.name == axis.name)
      throw InputError(fmt::format("--vary {0} and --set {0}={1} contradict each other; give one of them", axis.name,
                                   setting.value));
  }
  if (axis.size() > kMostPoints)
    throw InputError(fmt::format("--vary {}: compare takes at most {} values; analyze sweep takes any number",
                                 axis.name, kMostPoints));
  return axis;
}

/// Each value of the dim: what it gives, or why it gives nothing. The first that has a result stands for all.
Comparison variants_over(const Options& options, CompareKind kind, const Machine& machine) {
  const Axis axis = axis_of(options);
  Comparison result;
  std::vector<ComparePoint> points;
  std::optional<InputError> first_error;
  for (std::int64_t i = 0; i < axis.size(); ++i) {
    ComparePoint point{axis.text(i), {}, ""};
    Options set = options;
    set.values["set"].push_back(fmt::format("{}={}", axis.name, point.value));
    try {
      Comparison one = variants_of(set, kind, machine);
      for (const Subject& subject : one.subjects) point.totals.push_back(subject.totals);
      if (result.analyses.empty()) result = std::move(one);
    } catch (const InputError& error) {
      if (!first_error) first_error = from_vary(error);
      point.error = from_vary(error).what();
    }
    points.push_back(std::move(point));
  }
  if (result.analyses.empty()) throw InputError(*first_error);
  result.varied = axis.name;
  result.points = std::move(points);
  return result;
}

Comparison comparison_of(const Options& options, const Machine& machine) {
  if (options.words.empty() && options.has("ops")) {
    if (options.has("vary")) throw InputError("--vary: ops of one model are compared at one point");
    const std::vector<std::string> patterns = split(*options.get("ops"), ',');
    if (patterns.size() < 2)
      throw InputError("--ops: it takes two or more ops; write for example --ops values,softmax");
    return compare_ops(analysis_of(options, machine), patterns);
  }
  const CompareKind kind = kind_of_words(options.words);
  if (options.has(option_of(kind)))
    throw InputError(fmt::format("--{} and {} contradict each other; give one of them", option_of(kind),
                                 in_quotes(options.words.front())));
  return options.has("vary") ? variants_over(options, kind, machine) : variants_of(options, kind, machine);
}

/// The names of what is compared, as far as a file's name can hold them.
std::string file_stem(const Comparison& comparison) {
  std::vector<std::string> names;
  for (const Subject& subject : comparison.subjects) names.push_back(subject.name);
  std::string stem = fmt::format("{}", fmt::join(names, "."));
  const auto unusual = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '.'; };
  std::replace_if(stem.begin(), stem.end(), unusual, '_');
  constexpr std::size_t kMost = 100;
  return stem.substr(0, kMost);
}

/// By what it begins with, or is called: a trace that cannot be read is to be told as such.
bool is_trace_word(const std::string& word) {
  constexpr std::array<std::string_view, 4> kEndings = {".json", ".json.gz", ".sqlite", ".csv"};
  return is_trace_file(word) ||
         std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return word.ends_with(ending); });
}

/// Words that are files of traces. @throws InputError: only some are, or they are not two
bool are_traces(const std::vector<std::string>& words) {
  const auto traces = std::count_if(words.begin(), words.end(), is_trace_word);
  if (traces == 0) return false;
  if (words.size() != 2 || traces != 2)
    throw InputError(
        fmt::format("compare: traces are compared two at a time, before and after; {} of {} words are traces", traces,
                    words.size()));
  return true;
}

int compare_two_traces(const Options& options, const Io& io) {
  for (const auto& [name, values] : options.values) {
    if (name != "hw" && name != "top" && name != "format" && name != "out")
      throw InputError(fmt::format("--{} says nothing of traces; --hw, --top, --format and --out do", name));
  }
  TraceComparison comparison;
  TraceCompareReport report{comparison, TraceCompareReport{comparison}.top, io.width};
  if (const auto top = options.get("top")) report.top = whole_number("top", *top, 0);
  const std::vector<StudyFormat> formats = study_formats(trace_compare_format_table(), report);
  check_formats(options, formats);
  const auto study = [&](const std::string& path) {
    Trace trace = read_trace(path, "", io);
    HardwareChoice choice = hardware_of_trace(trace, options.get("hw").value_or(""), io.machine);
    return study_trace(std::move(trace), std::move(choice));
  };
  TraceStudy before = study(options.words.front());
  comparison = compare_traces(std::move(before), study(options.words.back()));
  write_formats(options, formats, "traces.compare", io);
  return 0;
}

}  // namespace

int compare_command(const Args& args, const Io& io) {
  const std::vector<OptionRow> rows = with_model_options(kCompareOptions);
  const Options options = parse_options(args, rows);
  if (options.has("help")) {
    io.out << help_text("compare", rows);
    return 0;
  }
  if (are_traces(options.words)) return compare_two_traces(options, io);
  CompareReport report;
  const std::vector<StudyFormat> formats = study_formats(compare_format_table(), report);
  check_formats(options, formats);
  report.width = io.width;
  report.notes = options.has("notes");
  if (const auto top = options.get("top")) report.top = whole_number("top", *top, 0);
  report.comparison = comparison_of(options, io.machine);
  write_formats(options, formats, fmt::format("{}.compare", file_stem(report.comparison)), io);
  return 0;
}

}  // namespace gable
