#include <fmt/format.h>

#include <array>
#include <ostream>

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

constexpr std::array<ReportFormat<WhatIfReport>, 4> kFormats = {{
    {"table", "txt", "a table for the terminal, with the findings", render_whatif_table},
    {"csv", "csv", "one row a line of the table (RFC 4180)", render_whatif_csv},
    {"json", "json", "everything", render_whatif_json},
    {"svg", "svg", "times as bars", render_whatif_svg},
}};

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
  const auto top = options.get("top");
  const std::size_t shown = top ? whole_number("top", *top, 0) : 1;
  WhatIf study;
  WhatIfReport report = {study, shown, io.width};
  const std::vector<StudyFormat> formats = study_formats<WhatIfReport>(kFormats, report);
  check_formats(options, formats);
  const std::vector<Change> changes = changes_of(options);
  const StudyInput input = study_input(options, io);
  study = what_if(input.base, input.hw.hw, changes);
  study.before.hw_reason = input.hw.reason;
  write_formats(options, formats, fmt::format("{}.{}.whatif", study.before.model.name, study.before.hw.name), io);
  return 0;
}

}  // namespace gable
