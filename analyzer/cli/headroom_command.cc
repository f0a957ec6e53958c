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

constexpr std::array<std::string_view, 4> kFormats = {"table", "csv", "json", "svg"};

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
  check_study_formats(options, kFormats);
  const auto top = options.get("top");
  const std::size_t shown = top ? whole_number("top", *top, 1) : 0;
  const HeadroomOptions wanted = headroom_options(options);
  const StudyInput input = study_input(options, io);
  Headroom study = find_headroom(input.base, input.hw.hw, wanted);
  study.before.hw_reason = input.hw.reason;
  HeadroomReport report{study, shown, io.width, false};
  const auto render = [&report](std::string (*format)(const HeadroomReport&)) {
    return [&report, format](bool color) {
      report.color = color;
      return format(report);
    };
  };
  const std::array<StudyFormat, 4> formats = {{{kFormats[0], "txt", render(render_headroom_table)},
                                               {kFormats[1], "csv", render(render_headroom_csv)},
                                               {kFormats[2], "json", render(render_headroom_json)},
                                               {kFormats[3], "svg", render(render_headroom_svg)}}};
  write_study(options, formats, fmt::format("{}.{}.headroom", study.before.model.name, study.before.hw.name), io);
  return 0;
}

}  // namespace gable
