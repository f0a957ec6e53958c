#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/model_options.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/spec/hardware_choice.h"
#include "reports/colocate_report.h"

namespace gable {
namespace {

constexpr std::string_view kMemcpy = "memcpy:";
constexpr std::string_view kBestEffort = "be-";

constexpr std::array<OptionRow, 8> kColocateOptions = {{
    {"hp", "M", "the high-priority job: a model; alone, its own kernels beside each other. --set and the rest are its"},
    {"be", "M|memcpy:SIZE", "the best-effort job: a model, or a copy of SIZE within DRAM (memcpy:1GB)"},
    {"be-set", "DIM=EXPR,...", "dims of the best-effort model", true},
    {"be-dtype", "D", "its dtype; that of --dtype unless given"},
    {"be-phase", "P", "its phase; that of --phase unless given"},
    {"top", "N", "pairs of kernels shown (10 unless given)"},
    kStudyFormatOption,
    kStudyOutOption,
}};

std::vector<OptionRow> option_rows() {
  std::vector<OptionRow> rows = with_model_options(kColocateOptions);
  std::erase_if(rows, [](const OptionRow& row) { return row.name == "model"; });
  return rows;
}

bool is_memcpy(const std::string& job) { return job.starts_with(kMemcpy); }

Count memcpy_bytes(const std::string& job) {
  try {
    return static_cast<std::int64_t>(std::llround(parse_quantity(job.substr(kMemcpy.size()), Unit::kBytes)));
  } catch (const QuantityError& error) {
    throw InputError(fmt::format("--be {}: {}", job, error.what()));
  }
}

/// The options of the best-effort model: its own --be- ones in place of those it does not share.
Options best_effort_options(Options options) {
  options.values.erase("set");
  for (const OptionRow& row : kColocateOptions) {
    if (!row.name.starts_with(kBestEffort)) continue;
    const auto own = options.values.find(row.name);
    if (own != options.values.end()) options.values[std::string(row.name.substr(kBestEffort.size()))] = own->second;
  }
  return options;
}

/// "--set ...", "--model ..." came from the option of a job.
InputError renamed(const InputError& error, std::string_view model_option, std::string_view prefix) {
  std::string what = error.what();
  if (what.starts_with("--model:")) {
    what = fmt::format("--{}{}", model_option, what.substr(std::string_view("--model").size()));
  } else if (what.starts_with("--set") || what.starts_with("--dtype") || what.starts_with("--phase")) {
    what.insert(2, prefix);
  }
  return InputError(what);
}

Analysis analysis_of(const std::string& name, const Options& options, const HardwareChoice& choice) {
  Model model = configured_model(name, options);
  const AnalysisOptions settings = analysis_options(model, options);
  Analysis analysis = analyze(std::move(model), choice.hw, settings);
  analysis.hw_reason = choice.reason;
  return analysis;
}

Analysis high_priority(const Options& options, const HardwareChoice& choice) {
  const auto name = options.get("hp");
  if (!name) throw InputError("--hp is missing; `analyze list models` names the shipped ones");
  if (is_memcpy(*name)) throw InputError("--hp: a copy can only be --be; the high-priority job is a model");
  try {
    return analysis_of(*name, options, choice);
  } catch (const InputError& error) {
    throw renamed(error, "hp", "");
  }
}

/// The best-effort job; its analysis, where it is a model, goes to the report.
Job best_effort(const std::string& job, const Options& options, const HardwareChoice& choice, ColocateReport& report) {
  if (is_memcpy(job)) return memcpy_job(job, memcpy_bytes(job), choice.hw, report.analysis().options.roofs);
  try {
    report.analyses.push_back(analysis_of(job, best_effort_options(options), choice));
  } catch (const InputError& error) {
    throw renamed(error, "be", kBestEffort);
  }
  return job_of(report.analyses.back());
}

void refuse_what_says_nothing(const Options& options) {
  const auto job = options.get("be");
  for (const OptionRow& row : kColocateOptions) {
    if (!row.name.starts_with(kBestEffort) || !options.has(row.name)) continue;
    if (!job || is_memcpy(*job))
      throw InputError(fmt::format("--{} says something about a best-effort model; add --be M", row.name));
  }
}

}  // namespace

int colocate_command(const Args& args, const Io& io) {
  const std::vector<OptionRow> rows = option_rows();
  const Options options = parse_options(args, rows);
  if (options.has("help")) {
    io.out << help_text("colocate", rows);
    return 0;
  }
  refuse_words(options, "colocate");
  ColocateReport report;
  const std::vector<StudyFormat> formats = study_formats(colocate_format_table(), report);
  check_formats(options, formats);
  refuse_what_says_nothing(options);
  const auto top = options.get("top");
  const std::size_t pairs = top ? whole_number("top", *top, 1) : 10;
  const HardwareChoice choice = choose_hardware(options.get("hw").value_or(""), io.machine);
  report.width = io.width;
  report.analyses.push_back(high_priority(options, choice));
  std::optional<Job> other;
  if (const auto job = options.get("be")) other = best_effort(*job, options, choice, report);
  report.colocation = colocate(job_of(report.analysis()), std::move(other), pairs);
  write_formats(options, formats, fmt::format("{}.colocate", report.analysis().model.name), io);
  return 0;
}

}  // namespace gable
