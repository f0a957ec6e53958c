// What the studies have in common on the command line: what is analysed, and where results go.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/cli/model_options.h"
#include "analyzer/study/change.h"
#include "reports/report_format.h"

namespace gable {

struct StudyInput {
  Configuration base;
  HardwareChoice hw;
};

/// What --model, --hw and the other shared options say. @throws InputError
StudyInput study_input(const Options& options, const Io& io);

/// Refuses words that are no options. @throws InputError
void refuse_words(const Options& options, std::string_view command);

/// A format of a study; `color` says whether the text goes to a terminal that shows colours.
struct StudyFormat {
  std::string_view name;
  std::string_view extension;
  std::function<std::string(bool color)> render;
};

/// The rows of a study's table; `report` is rendered as it is then, and must outlive what is returned.
template <typename Report>
std::vector<StudyFormat> study_formats(std::span<const ReportFormat<Report>> rows, Report& report) {
  std::vector<StudyFormat> formats;
  for (const ReportFormat<Report>& row : rows) {
    const auto render = [&report, row](bool color) {
      report.color = color;
      return row.render(report);
    };
    formats.push_back({row.name, row.extension, render});
  }
  return formats;
}

/// Where --format and --out send a study: the format named (the first unless given) to standard output; with --out FILE
/// that ends in a format's extension to that file; with --out DIR the named ones, or all but the first, to
/// DIR/<stem>.<extension>.
/// @throws InputError, OutputError
void write_formats(const Options& options, std::span<const StudyFormat> formats, const std::string& stem, const Io& io);

/// What is wrong with --format and --out is told before anything is computed. @throws InputError
void check_formats(const Options& options, std::span<const StudyFormat> formats);

inline constexpr OptionRow kStudyFormatOption = {"format", "F,...",
                                                 "table (default), csv, json, svg; several only with --out"};
inline constexpr OptionRow kStudyOutOption = {
    "out", "FILE|DIR",
    "a file that ends in .csv, .json, .svg or .txt; else a folder for a file of each format (csv, json, svg unless "
    "--format says)"};

}  // namespace gable
