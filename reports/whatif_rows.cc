// The columns of the machine-readable formats.
#include <fmt/format.h>

#include <array>

#include "reports/whatif_report.h"

namespace gable {
namespace {

Cell seconds(double before, double after) { return before - after; }

constexpr std::array<WhatIfColumn, 23> kColumns = {{
    {"set", "baseline, alone (one change) or together (this and all changes before it)",
     [](const WhatIfRow& r) -> Cell { return r.set; }, true},
    {"changes", "as given, with \", \" between", [](const WhatIfRow& r) -> Cell { return r.changes; }, true},
    {"level", "model, or op: ops that run as one before or after", [](const WhatIfRow& r) -> Cell { return r.level; },
     true},
    {"name", "of the model or the ops", [](const WhatIfRow& r) -> Cell { return r.name; }, true},
    {"matrix_flop_before", "2 x multiply-adds",
     [](const WhatIfRow& r) -> Cell { return r.before->cost.matrix_flop.value(); }},
    {"matrix_flop_after", "2 x multiply-adds",
     [](const WhatIfRow& r) -> Cell { return r.after->cost.matrix_flop.value(); }},
    {"vector_flop_before", "FLOP of everything else",
     [](const WhatIfRow& r) -> Cell { return r.before->cost.vector_flop.value(); }},
    {"vector_flop_after", "FLOP of everything else",
     [](const WhatIfRow& r) -> Cell { return r.after->cost.vector_flop.value(); }},
    {"dram_bytes_before", "bytes that cross DRAM",
     [](const WhatIfRow& r) -> Cell { return r.before->dram_bytes.value(); }},
    {"dram_bytes_after", "bytes that cross DRAM",
     [](const WhatIfRow& r) -> Cell { return r.after->dram_bytes.value(); }},
    {"launches_before", "kernels launched", [](const WhatIfRow& r) -> Cell { return r.before->cost.launches.value(); }},
    {"launches_after", "kernels launched", [](const WhatIfRow& r) -> Cell { return r.after->cost.launches.value(); }},
    {"time_s_before", "time on the roofline", [](const WhatIfRow& r) -> Cell { return r.before->time_s; }},
    {"time_s_after", "time on the roofline", [](const WhatIfRow& r) -> Cell { return r.after->time_s; }},
    {"saved_s", "time_s_before - time_s_after",
     [](const WhatIfRow& r) -> Cell { return seconds(r.before->time_s, r.after->time_s); }},
    {"bound_before", "compute, memory or launch: the class with most time",
     [](const WhatIfRow& r) -> Cell { return std::string(bound_name(r.before->bound())); }},
    {"bound_after", "compute, memory or launch: the class with most time",
     [](const WhatIfRow& r) -> Cell { return std::string(bound_name(r.after->bound())); }},
    {"roof_after", "the roof with most time",
     [](const WhatIfRow& r) -> Cell { return std::string(roof_name(r.after->roof())); }},
    {"intensity_before_flop_per_byte", "x of the point on the roofline",
     [](const WhatIfRow& r) -> Cell { return r.before->intensity(); }},
    {"intensity_after_flop_per_byte", "x of the point on the roofline",
     [](const WhatIfRow& r) -> Cell { return r.after->intensity(); }},
    {"attained_before_flop_per_s", "y of the point on the roofline",
     [](const WhatIfRow& r) -> Cell { return r.before->flop_per_s(); }},
    {"attained_after_flop_per_s", "y of the point on the roofline",
     [](const WhatIfRow& r) -> Cell { return r.after->flop_per_s(); }},
    {"error", "why the changes hold only with others", [](const WhatIfRow& r) -> Cell { return r.refusal; }, true},
}};

}  // namespace

std::span<const WhatIfColumn> whatif_columns() { return kColumns; }

std::string changes_text(const Outcome& outcome) {
  std::string text;
  for (const Change& change : outcome.changes) text += fmt::format("{}{}", text.empty() ? "" : ", ", change.text);
  return text;
}

std::vector<WhatIfRow> whatif_rows(const WhatIf& study) {
  const Totals& before = study.before.total;
  const std::string& model = study.before.model.name;
  std::vector<WhatIfRow> rows = {{"baseline", "", "model", model, &before, &before, ""}};
  const auto add = [&](const std::string& set, const Outcome& outcome) {
    const std::string changes = changes_text(outcome);
    const Totals* after = outcome.refusal.empty() ? &outcome.after.total : nullptr;
    rows.push_back({set, changes, "model", model, &before, after, outcome.refusal});
    for (const Effect& effect : outcome.effects)
      rows.push_back({set, changes, "op", effect.name, &effect.before, &effect.after, ""});
  };
  for (const Outcome& outcome : study.alone) add("alone", outcome);
  for (const Outcome& outcome : study.together) add("together", outcome);
  return rows;
}

}  // namespace gable
