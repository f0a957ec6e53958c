// What a comparison says in sentences: ratios, bounds, and which op or rate they come from.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/base/units.h"
#include "reports/compare_report.h"
#include "reports/difference.h"
#include "reports/insights.h"

namespace gable {
namespace {

constexpr std::size_t kNamedOps = 3;

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

double share_of_bound(const Totals& totals) {
  return totals.time_s > 0 ? totals.bound_s.at(static_cast<std::size_t>(totals.bound())) / totals.time_s : 0;
}

/// "memory (DRAM), 88 % of its time".
std::string bound_text(const Totals& totals) {
  return fmt::format("{} ({}), {} of its time", bound_name(totals.bound()), roof_name(totals.roof()),
                     percent(share_of_bound(totals)));
}

/// "2.38 times as fast", "1.2 times as long", "as long".
std::string speed_text(double ratio) {
  const std::string text = ratio_text(std::max(ratio, 1 / ratio));
  if (text == "1") return "takes as long";
  return ratio < 1 ? fmt::format("is {} times as fast", text) : fmt::format("takes {} times as long", text);
}

std::string work_text(const Totals& now, const Totals& first) {
  if (now.cost == first.cost) return "the same work";
  const auto factor = [](Count a, Count b) {
    const std::string text = factor_text(ratio_of(a.real(), b.real()));
    return text.empty() ? std::string("new") : text;
  };
  return fmt::format("matrix FLOP {}, vector FLOP {}, bytes {}, launches {}",
                     factor(now.cost.matrix_flop, first.cost.matrix_flop),
                     factor(now.cost.vector_flop, first.cost.vector_flop), factor(now.cost.unique, first.cost.unique),
                     factor(now.cost.launches, first.cost.launches));
}

void add_subject(const Comparison& all, std::size_t i, std::vector<std::string>& out) {
  const Totals& first = all.subjects.front().totals;
  const Totals& now = all.subjects[i].totals;
  if (first.time_s <= 0 || now.time_s <= 0) return;
  out.push_back(fmt::format("{} {} as {}: {}.", all.subjects[i].name, speed_text(now.time_s / first.time_s),
                            all.subjects.front().name, work_text(now, first)));
  out.back() += now.bound() == first.bound()
                    ? fmt::format(" Both are bound by {}: {} and {} of the time.", bound_name(now.bound()),
                                  percent(share_of_bound(first)), percent(share_of_bound(now)))
                    : fmt::format(" The bound goes from {} to {}.", bound_text(first), bound_text(now));
}

/// What the devices' rates would make of the time, where only the device differs.
void add_rates(const Comparison& all, std::size_t i, std::vector<std::string>& out) {
  if (all.kind != CompareKind::kHardware) return;
  const Analysis& a = all.analyses.front();
  const Analysis& b = all.analyses[i];
  const auto matrix = [](const Analysis& analysis) {
    const auto row = std::find_if(analysis.rows.begin(), analysis.rows.end(),
                                  [](const OpRow& r) { return r.totals.cost.matrix_flop > Count(0); });
    return row == analysis.rows.end() ? 0.0 : row->rates.matrix_flop_per_s;
  };
  const auto peak = ratio_of(matrix(b), matrix(a));
  out.push_back(fmt::format("Its rates: {}DRAM bandwidth {}, L2 bandwidth {}, launch latency {}.",
                            peak ? fmt::format("peak of products {}, ", factor_text(peak)) : "",
                            factor_text(ratio_of(b.hw.dram_bandwidth.value, a.hw.dram_bandwidth.value)),
                            factor_text(ratio_of(b.hw.l2_bandwidth.value, a.hw.l2_bandwidth.value)),
                            factor_text(ratio_of(b.hw.launch_latency.value, a.hw.launch_latency.value))));
}

std::string signed_time(double seconds) {
  return fmt::format("{}{}", seconds < 0 ? "-" : "+", format_si(std::fabs(seconds), "s", 3));
}

/// Which ops the difference comes from.
void add_differences(const Comparison& all, std::size_t i, std::vector<std::string>& out) {
  const double whole = all.subjects[i].totals.time_s - all.subjects.front().totals.time_s;
  const std::vector<TimeDifference> differences = time_differences(all, i);
  double shared = 0;
  for (const TimeDifference& difference : differences) shared += difference.seconds;
  // Of unlike models the ops they share by chance explain nothing.
  constexpr double kExplains = 0.1;
  if (whole == 0 || differences.size() < 2 || std::fabs(whole - shared) > kExplains * std::fabs(whole)) return;
  std::vector<std::string> pieces;
  for (std::size_t k = 0; k < std::min(kNamedOps, differences.size()); ++k)
    pieces.push_back(fmt::format("{} {}", shown_path(all, differences[k].path), signed_time(differences[k].seconds)));
  out.push_back(fmt::format("Of the {} between them: {}.", signed_time(whole), fmt::join(pieces, ", ")));
}

void add_changes(const Comparison& all, std::vector<std::string>& out) {
  const auto matched = std::count_if(all.ops.begin(), all.ops.end(), [](const OpLine& line) {
    return std::count_if(line.rows.begin(), line.rows.end(), [](const auto& row) { return row.has_value(); }) > 1;
  });
  if (matched == 0) {
    out.emplace_back("They share no op path, so that no op can be compared.");
    return;
  }
  const std::size_t changed = count_changes(all);
  if (matched == 1) {
    out.push_back(fmt::format("The one op they share {} its bound.", changed == 0 ? "keeps" : "changes"));
    return;
  }
  out.push_back(changed == 0 ? fmt::format("None of the {} ops they share changes its bound.", matched)
                             : fmt::format("{} of the {} ops they share change{} bound.", changed, matched,
                                           changed == 1 ? "s its" : " their"));
}

void add_point(const Comparison& all, const ComparePoint& point, std::vector<std::string>& out) {
  const Totals& first = point.totals.front();
  for (std::size_t i = 1; i < point.totals.size(); ++i) {
    const Totals& now = point.totals[i];
    if (first.time_s <= 0 || now.time_s <= 0) continue;
    out.push_back(fmt::format("At {}={} {} {} as {}: {}, FLOP/B {}.", all.varied, point.value, all.subjects[i].name,
                              speed_text(now.time_s / first.time_s), all.subjects.front().name, work_text(now, first),
                              factor_text(ratio_of(now.intensity(), first.intensity()))));
  }
}

/// Where the bound of a subject changes on the way.
void add_bounds_over(const Comparison& all, std::vector<std::string>& out) {
  for (std::size_t i = 0; i < all.subjects.size(); ++i) {
    const ComparePoint* before = nullptr;
    for (const ComparePoint& point : all.points) {
      if (!point.error.empty()) continue;
      if (before != nullptr && before->totals[i].bound() != point.totals[i].bound()) {
        out.push_back(fmt::format("{}: most time {}-bound up to {}={}, {}-bound from {}={} on.", all.subjects[i].name,
                                  bound_name(before->totals[i].bound()), all.varied, before->value,
                                  bound_name(point.totals[i].bound()), all.varied, point.value));
      }
      before = &point;
    }
  }
}

void add_points(const Comparison& all, std::vector<std::string>& out) {
  std::vector<const ComparePoint*> valid;
  for (const ComparePoint& point : all.points) {
    if (point.error.empty()) valid.push_back(&point);
  }
  if (valid.empty()) return;
  add_point(all, *valid.front(), out);
  if (valid.size() > 1) add_point(all, *valid.back(), out);
  add_bounds_over(all, out);
}

void add_subjects(const Comparison& all, std::vector<std::string>& out) {
  for (std::size_t i = 1; i < all.subjects.size(); ++i) {
    add_subject(all, i, out);
    add_rates(all, i, out);
    add_differences(all, i, out);
  }
  add_changes(all, out);
}

/// What the model's notes say about two or more of the ops compared; --notes shows all notes anyway.
void add_notes(const CompareReport& report, std::vector<std::string>& out) {
  if (report.notes) return;
  const Analysis& analysis = report.comparison.analyses.front();
  std::vector<std::string> paths;
  for (const Subject& subject : report.comparison.subjects) {
    for (const std::size_t row : subject.rows)
      if (!analysis.rows[row].idle()) paths.push_back(analysis.model.full_path(analysis.spec(analysis.rows[row])));
  }
  for (std::string& text : notes_on(analysis, paths)) out.push_back(std::move(text));
}

}  // namespace

std::vector<std::string> compare_findings(const CompareReport& report) {
  const Comparison& all = report.comparison;
  std::vector<std::string> out;
  if (all.kind == CompareKind::kOps) {
    out = op_findings(all);
  } else if (!all.varied.empty()) {
    add_points(all, out);
  } else {
    add_subjects(all, out);
  }
  for (std::string& text : merged_findings(all)) out.push_back(std::move(text));
  if (all.kind == CompareKind::kOps) add_notes(report, out);
  return out;
}

}  // namespace gable
