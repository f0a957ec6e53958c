// Times before and after as bars: how much is saved is what a reader compares, and most changes keep the point on the
// roofline where it was.
#include <fmt/format.h>

#include "analyzer/base/units.h"
#include "reports/headings.h"
#include "reports/svg_time_bars.h"
#include "reports/whatif_report.h"

namespace gable {
namespace {

std::vector<svg::TimePiece> pieces_of(const Totals& totals) {
  std::vector<svg::TimePiece> pieces;
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    const auto bound = static_cast<Bound>(i);
    pieces.push_back({totals.bound_s.at(i), svg::bound_color(bound),
                      fmt::format("{}-bound: {}", bound_name(bound), format_si(totals.bound_s.at(i), "s"))});
  }
  return pieces;
}

std::string after_text(const Totals& before, const Totals& after) {
  const double saved = before.time_s - after.time_s;
  const double share = before.time_s > 0 ? saved / before.time_s : 0;
  const std::string time = format_si(after.time_s, "s", 3);
  if (share > -0.0005 && share < 0.0005) return fmt::format("{}, nothing saved", time);
  return fmt::format("{}, {} {} ({:.1f} %)", time, saved > 0 ? "saves" : "costs",
                     format_si(saved > 0 ? saved : -saved, "s", 3), 100 * (saved > 0 ? share : -share));
}

svg::TimeBar bar_of(const std::string& label, const Totals& before, const Totals& after, bool gap) {
  return {label, pieces_of(after), after_text(before, after), gap};
}

}  // namespace

std::string render_whatif_svg(const WhatIfReport& report) {
  const WhatIf& study = report.study;
  const Totals& before = study.before.total;
  svg::TimeBars chart;
  chart.title = fmt::format("What changes would save: {} on {}", study.before.model.name, study.before.hw.title);
  chart.subtitle = {model_line(study.before), settings_line(study.before)};
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    const auto bound = static_cast<Bound>(i);
    chart.keys.push_back({svg::bound_color(bound), fmt::format("{}-bound time", bound_name(bound))});
  }
  chart.reference = before.time_s;
  chart.bars.push_back({"as it is", pieces_of(before), format_si(before.time_s, "s", 3), false});
  for (const Outcome& outcome : study.alone)
    chart.bars.push_back(bar_of(changes_text(outcome), before, outcome.after.total, &outcome == &study.alone.front()));
  for (const Outcome& outcome : study.together) {
    const bool first = &outcome == &study.together.front();
    const std::string all = &outcome == &study.together.back() ? "all: ... and " : "... and ";
    const std::string label = first ? changes_text(outcome) : all + outcome.changes.back().text;
    chart.bars.push_back(bar_of(label, before, outcome.after.total, first));
  }
  return svg::render_time_bars(chart);
}

}  // namespace gable
