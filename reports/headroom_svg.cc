#include <fmt/format.h>

#include "analyzer/base/units.h"
#include "reports/headings.h"
#include "reports/headroom_report.h"
#include "reports/svg_bars.h"

namespace gable {
namespace {

constexpr std::string_view kKept = "#c9ced6";         ///< stays
constexpr std::string_view kRecoverable = "#D55E00";  ///< Okabe-Ito vermillion: no bound class has it
constexpr std::size_t kMostBars = 25;

svg::Bar bar_of(const Headroom& study, const HeadroomRow& row) {
  const double best = time_with(study, row);
  const std::string& change = study.candidates[row.candidate].text;
  return {row.name,
          {{best, kKept, fmt::format("with {}: {}", change, format_si(best, "s"))},
           {row.recoverable_s, kRecoverable, fmt::format("recoverable: {}", format_si(row.recoverable_s, "s"))}},
          fmt::format("{} by {}", format_si(row.recoverable_s, "s", 3), change)};
}

}  // namespace

std::string render_headroom_svg(const HeadroomReport& report) {
  const Headroom& study = report.study;
  svg::BarGroup ops;
  HeadroomReport some = report;
  if (some.top == 0 || some.top > kMostBars) some.top = kMostBars;
  for (const HeadroomRow& row : shown_rows(some)) ops.bars.push_back(bar_of(study, row));
  svg::BarPicture picture{fmt::format("Recoverable time: {} on {}", study.before.model.name, study.before.hw.title),
                          {model_line(study.before), settings_line(study.before)},
                          {{kKept, "at best"}, {kRecoverable, "recoverable by the change named"}},
                          {}};
  if (study.rows.size() > ops.bars.size())
    picture.lines.push_back(fmt::format("{} more ops are in the table", study.rows.size() - ops.bars.size()));
  picture.groups.push_back(std::move(ops));
  return svg::draw_bars(picture);
}

}  // namespace gable
