#include <fmt/format.h>

#include "analyzer/base/units.h"
#include "reports/headings.h"
#include "reports/headroom_report.h"
#include "reports/svg_time_bars.h"

namespace gable {
namespace {

constexpr std::string_view kKept = "#c9ced6";         ///< stays
constexpr std::string_view kRecoverable = "#D55E00";  ///< Okabe-Ito vermillion: no bound class has it
constexpr std::size_t kMostBars = 25;

svg::TimeBar bar_of(const Headroom& study, const HeadroomRow& row) {
  const double best = time_with(study, row);
  const std::string& change = study.candidates[row.candidate].text;
  return {row.name,
          {{best, kKept, fmt::format("with {}: {}", change, format_si(best, "s"))},
           {row.recoverable_s, kRecoverable, fmt::format("recoverable: {}", format_si(row.recoverable_s, "s"))}},
          fmt::format("{} by {}", format_si(row.recoverable_s, "s", 3), change),
          false};
}

}  // namespace

std::string render_headroom_svg(const HeadroomReport& report) {
  const Headroom& study = report.study;
  svg::TimeBars chart;
  chart.title = fmt::format("Recoverable time: {} on {}", study.before.model.name, study.before.hw.title);
  chart.subtitle = {model_line(study.before), settings_line(study.before)};
  chart.keys = {{kKept, "at best"}, {kRecoverable, "recoverable by the change named"}};
  HeadroomReport some = report;
  if (some.top == 0 || some.top > kMostBars) some.top = kMostBars;
  for (const HeadroomRow& row : shown_rows(some)) chart.bars.push_back(bar_of(study, row));
  if (study.rows.size() > chart.bars.size())
    chart.subtitle.push_back(fmt::format("{} more ops are in the table", study.rows.size() - chart.bars.size()));
  return svg::render_time_bars(chart);
}

}  // namespace gable
