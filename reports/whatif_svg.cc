// Times before and after as bars: how much is saved is what a reader compares, and most changes keep the point on the
// roofline where it was.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/units.h"
#include "reports/headings.h"
#include "reports/svg_bars.h"
#include "reports/whatif_report.h"

namespace gable {
namespace {

std::string after_text(const Totals& before, const Totals& after) {
  const double saved = before.time_s - after.time_s;
  const double share = before.time_s > 0 ? saved / before.time_s : 0;
  const std::string time = format_si(after.time_s, "s", 3);
  if (share > -0.0005 && share < 0.0005) return fmt::format("{}, nothing saved", time);
  return fmt::format("{}, {} {} ({:.1f} %)", time, saved > 0 ? "saves" : "costs",
                     format_si(saved > 0 ? saved : -saved, "s", 3), 100 * (saved > 0 ? share : -share));
}

svg::Bar bar_of(const WhatIf& study, const Outcome& outcome, const std::string& label) {
  if (!outcome.refusal.empty()) return {label, {}, "only with others"};
  const Totals& after = outcome.after.total;
  return {label, svg::bound_pieces(after.bound_s), after_text(study.before.total, after)};
}

svg::BarGroup alone_group(const WhatIf& study) {
  svg::BarGroup group{"Each by itself", {}};
  for (const Outcome& outcome : study.alone) group.bars.push_back(bar_of(study, outcome, changes_text(outcome)));
  return group;
}

svg::BarGroup together_group(const WhatIf& study) {
  svg::BarGroup group{"One after the other", {bar_of(study, study.alone.front(), changes_text(study.alone.front()))}};
  for (const Outcome& outcome : study.together)
    group.bars.push_back(bar_of(study, outcome, "and " + outcome.changes.back().text));
  return group;
}

}  // namespace

std::string render_whatif_svg(const WhatIfReport& report) {
  const WhatIf& study = report.study;
  const Totals& before = study.before.total;
  svg::BarPicture picture{
      fmt::format("What changes would save: {} on {}", study.before.model.name, study.before.hw.title),
      {model_line(study.before), settings_line(study.before)},
      svg::bound_legend(),
      {{"", {{"as it is", svg::bound_pieces(before.bound_s), format_si(before.time_s, "s", 3)}}}, alone_group(study)}};
  if (!study.together.empty()) picture.groups.push_back(together_group(study));
  double longest = before.time_s;
  for (const auto* outcomes : {&study.alone, &study.together}) {
    for (const Outcome& outcome : *outcomes) longest = std::max(longest, outcome.after.total.time_s);
  }
  for (svg::BarGroup& group : picture.groups) {
    group.full = longest;
    group.reference = before.time_s;
  }
  return svg::draw_bars(picture);
}

}  // namespace gable
