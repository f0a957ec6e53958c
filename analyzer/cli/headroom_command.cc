#include <fmt/format.h>

#include <array>
#include <ostream>
#include <stdexcept>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/study_io.h"
#include "reports/headroom_report.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 5> kHeadroomOptions = {{
    {"dtypes", "D,...", "dtypes tried where the device has them; tf32,bf16 unless given"},
    {"batches", "N,...", "factors of dim B tried, time taken per sample; 2,4 unless given"},
    {"top", "N", "only the N ops with most to recover"},
    kStudyFormatOption,
    kStudyOutOption,
}};

constexpr std::array<ReportFormat<HeadroomReport>, 4> kFormats = {{
    {"table", "txt", "a table for the terminal, with the findings", render_headroom_table},
    {"csv", "csv", "one row a line of the table (RFC 4180)", render_headroom_csv},
    {"json", "json", "everything", render_headroom_json},
    {"svg", "svg", "times as bars", render_headroom_svg},
}};

HeadroomOptions headroom_options(const Options& options) {
  HeadroomOptions wanted;
  for (const std::string& name : split(options.get("dtypes").value_or("tf32,bf16"), ',')) {
    try {
      wanted.dtypes.push_back(parse_dtype(name));
    } catch (const std::invalid_argument& error) {
      throw InputError(fmt::format("--dtypes: {}", error.what()));
    }
  }
  for (const std::string& factor : split(options.get("batches").value_or("2,4"), ','))
    wanted.batches.push_back(static_cast<std::int64_t>(whole_number("batches", factor, 2)));
  return wanted;
}

}  // namespace

int headroom_command(const Args& args, const Io& io) {
  const std::vector<OptionRow> rows = with_model_options(kHeadroomOptions);
  const Options options = parse_options(args, rows);
  if (options.has("help")) {
    io.out << help_text("headroom", rows);
    return 0;
  }
  refuse_words(options, "headroom");
  const auto top = options.get("top");
  const std::size_t shown = top ? whole_number("top", *top, 1) : 0;
  Headroom study;
  HeadroomReport report = {study, shown, io.width};
  const std::vector<StudyFormat> formats = study_formats<HeadroomReport>(kFormats, report);
  check_formats(options, formats);
  const HeadroomOptions wanted = headroom_options(options);
  const StudyInput input = study_input(options, io);
  study = find_headroom(input.base, input.hw.hw, wanted);
  study.before.hw_reason = input.hw.reason;
  write_formats(options, formats, fmt::format("{}.{}.headroom", study.before.model.name, study.before.hw.name), io);
  return 0;
}

}  // namespace gable
