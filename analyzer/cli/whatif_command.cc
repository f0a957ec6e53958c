#include <fmt/format.h>

#include <array>
#include <ostream>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/cli/study_io.h"
#include "reports/whatif_report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 4> kWhatIfOptions = {{
    {"change", "C",
     "DIM=v, recipe=R, fuse=NAME (or a run of ops, h/scale..h/softmax), OP.FIELD=v; OP is a path or glob, FIELD a "
     "field "
     "of the op, dtype or tokens (rows of its input kept); may be given again",
     true},
    {"top", "N", "ops named under each change, 1 unless given"},
    kStudyFormatOption,
    kStudyOutOption,
}};

constexpr std::array<std::string_view, 4> kFormats = {"table", "csv", "json", "svg"};

std::vector<Change> changes_of(const Options& options) {
  const auto given = options.values.find("change");
  if (given == options.values.end())
    throw InputError("--change is missing; write for example --change lm_head.dtype=int8 --change recipe=flash");
  std::vector<Change> changes;
  for (const std::string& text : given->second) changes.push_back(parse_change(text));
  return changes;
}

}  // namespace

int whatif_command(const Args& args, const Io& io) {
  const std::vector<OptionRow> rows = with_model_options(kWhatIfOptions);
  const Options options = parse_options(args, rows);
  if (options.has("help")) {
    io.out << help_text("whatif", rows);
    return 0;
  }
  refuse_words(options, "whatif");
  check_study_formats(options, kFormats);
  const std::vector<Change> changes = changes_of(options);
  const auto top = options.get("top");
  const std::size_t shown = top ? whole_number("top", *top, 0) : 1;
  StudyInput input = study_input(options, io);
  WhatIf study = what_if(input.base, input.hw.hw, changes);
  study.before.hw_reason = input.hw.reason;
  WhatIfReport report{study, shown, io.width, false};
  const auto render = [&report](std::string (*format)(const WhatIfReport&)) {
    return [&report, format](bool color) {
      report.color = color;
      return format(report);
    };
  };
  const std::array<StudyFormat, 4> formats = {{{kFormats[0], "txt", render(render_whatif_table)},
                                               {kFormats[1], "csv", render(render_whatif_csv)},
                                               {kFormats[2], "json", render(render_whatif_json)},
                                               {kFormats[3], "svg", render(render_whatif_svg)}}};
  write_study(options, formats, fmt::format("{}.{}.whatif", study.before.model.name, study.before.hw.name), io);
  return 0;
}

}  // namespace gable
