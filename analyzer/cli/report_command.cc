#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <stdexcept>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
#include "reports/report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 15> kOptions = {{
    {"model", "M", "a shipped model (analyze list models) or a YAML file; required"},
    {"hw", "H", "a shipped device (analyze list hardware), a YAML file, or 'measured'"},
    {"set", "DIM=EXPR,...", "overrides dims of the model: --set B=8,T=1024", true},
    {"dtype", "D", "bf16, or by tensor: weights=int8,act=bf16,kv=fp8_e4m3,accum=fp32"},
    {"parts", "P,...", "parts of the model to cost, or 'all'; without it, all but the optional ones"},
    {"mode", "eval|train", "evaluation (default) or training: whether dropout runs, which batch statistics"},
    {"recipe", "R", "how ops become kernels: ideal (one kernel an op, each tensor moved once)"},
    {"roofs", "R,...", "terms of the time: compute,dram,l2,launch (default all)"},
    {"resident", "l2", "bytes stay in L2 where all that is touched between two uses fits"},
    {"count", "flop|mac", "1 multiply-add = 2 FLOP (default), or 1 MAC"},
    {"by", "op|block|part|kind", "rows of the report"},
    {"top", "N", "only the N rows with most time in each part; the rest in one row"},
    {"format", "F,...", "table (default), csv, json, svg, md; several only with --out"},
    {"out", "DIR", "writes <model>.<hw>.<format> there (csv, json, svg, md unless --format says)"},
    {"notes", "", "adds where analyses made by hand differ"},
}};

/// "B=8,F=max(T,128)" at the commas outside parentheses.
std::vector<std::string> split_settings(std::string_view text) {
  std::vector<std::string> parts(1);
  int open = 0;
  for (const char c : text) {
    open += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && open <= 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

void set_dims(Model& model, const Options& options) {
  const auto found = options.values.find("set");
  if (found == options.values.end()) return;
  std::set<std::string, std::less<>> names;
  for (const std::string& given : found->second) {
    for (const std::string& part : split_settings(given)) {
      const std::size_t equals = part.find('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == part.size()) {
        throw InputError(
            fmt::format("--set: {} is not DIM=VALUE; write for example --set B=8,T=1024", in_quotes(part)));
      }
      const std::string_view name = trim(std::string_view(part).substr(0, equals));
      if (!names.emplace(name).second) throw InputError(fmt::format("--set: dim {} is given twice", in_quotes(name)));
      set_dim(model, name, trim(std::string_view(part).substr(equals + 1)));
    }
  }
}

/// One of a few words. @throws InputError naming the option
std::string one_of(const Options& options, std::string_view name, std::span<const std::string_view> words) {
  std::string given = options.get(name).value_or(std::string(words.front()));
  if (std::find(words.begin(), words.end(), given) == words.end()) {
    throw InputError(fmt::format("--{}: unknown value {}{}", name, in_quotes(given), suggestion(given, words)));
  }
  return given;
}

AnalysisOptions analysis_options(const Options& options) {
  constexpr std::array<std::string_view, 2> kModes = {"eval", "train"};
  constexpr std::array<std::string_view, 1> kRecipes = {"ideal"};
  constexpr std::array<std::string_view, 2> kResident = {"none", "l2"};
  AnalysisOptions settings;
  if (const auto dtype = options.get("dtype")) {
    try {
      settings.cost.dtype = parse_dtype_choice(*dtype);
    } catch (const std::invalid_argument& error) {
      throw InputError(fmt::format("--dtype: {}", error.what()));
    }
  }
  settings.cost.mode = one_of(options, "mode", kModes) == "train" ? Mode::kTrain : Mode::kEval;
  if (const auto parts = options.get("parts")) settings.cost.parts = split(*parts, ',');
  one_of(options, "recipe", kRecipes);
  if (const auto roofs = options.get("roofs")) settings.roofs = parse_roofs(*roofs);
  settings.resident_l2 = one_of(options, "resident", kResident) == "l2";
  return settings;
}

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

void write_files(const Analysis& analysis, const std::vector<const Format*>& all, ReportOptions report,
                 const std::string& folder, const Io& io) {
  report.color = false;
  std::vector<std::pair<std::string, std::string>> files;  // everything is rendered before anything is written
  for (const Format* format : all) {
    files.emplace_back(fmt::format("{}/{}.{}.{}", folder, analysis.model.name, analysis.hw.name, format->extension),
                       format->render(analysis, report));
  }
  make_folder(folder);
  for (const auto& [path, text] : files) {
    write_file(path, text);
    io.err << "wrote " << path << "\n";
  }
}

}  // namespace

int report_command(const Args& args, const Io& io) {
  const Options options = parse_options(args, kOptions);
  if (options.has("help")) {
    io.out << help_text("", kOptions);
    return 0;
  }
  if (!options.words.empty())
    throw InputError(
        fmt::format("unexpected {}; every input is an option, see analyze --help", in_quotes(options.words.front())));
  const auto name = options.get("model");
  if (!name) throw InputError("--model is missing; `analyze list models` names the shipped ones");
  const std::vector<const Format*> wanted = formats(options);
  const ReportOptions report = report_options(options, io);
  Model model = load_model(*name);
  set_dims(model, options);
  HardwareChoice choice = choose_hardware(options.get("hw").value_or(""), io.machine);
  Analysis analysis = analyze(std::move(model), std::move(choice.hw), analysis_options(options));
  analysis.hw_reason = choice.reason;
  if (const auto folder = options.get("out")) {
    write_files(analysis, wanted, report, *folder, io);
  } else {
    io.out << wanted.front()->render(analysis, report);
  }
  return 0;
}

}  // namespace gable
