// The sentences under a sweep: where the bottleneck changes, where time follows FLOP least and most, and why.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "analyzer/base/units.h"
#include "reports/difference.h"
#include "reports/sweep_series.h"

namespace gable {
namespace {

constexpr std::size_t kNamedSeries = 8;
constexpr std::size_t kNamedChanges = 6;

/// "bf16 B=1: time follows ..." or "Time follows ...".
std::string in_series(const SweepSeries& series, std::string_view sentence) {
  if (!series.name.empty()) return fmt::format("{}: {}", series.name, sentence);
  std::string out(sentence);
  out.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(out.front())));
  return out;
}

std::string change_text(const Sweep& sweep, const SweepRow& row) {
  return fmt::format("{} → {} at {} ({}, {})", roof_name(row.step->from), roof_name(bottleneck(row.point)),
                     innermost_value(sweep, row.index), format_si(row.point.flop.real(), "FLOP", 3),
                     format_si(row.point.time_s, "s", 3));
}

/// "launch → DRAM at T=256 (2.31 GFLOP, 1.2 ms), DRAM → vector at ..."; "" without a change.
std::string changes_of(const Sweep& sweep, const SweepSeries& series) {
  std::vector<std::string> changes;
  for (const SweepRow& row : series.rows) {
    if (row.step && row.step->bottleneck_changed) changes.push_back(change_text(sweep, row));
  }
  const std::size_t more = changes.size() - std::min(changes.size(), kNamedChanges);
  changes.resize(changes.size() - more);
  return fmt::format("{}{}", fmt::join(changes, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

void add_changes(const SweepReport& report, const std::vector<SweepSeries>& all, std::vector<std::string>& out) {
  std::size_t changing = 0;
  for (const SweepSeries& series : all) {
    const std::string changes = changes_of(report.sweep, series);
    if (changes.empty()) continue;
    if (++changing <= kNamedSeries)
      out.push_back(fmt::format("{} {}.", in_series(series, "the bottleneck changes"), changes));
  }
  if (changing > kNamedSeries) out.push_back(fmt::format("It changes in {} more series.", changing - kNamedSeries));
  if (changing > 0) return;
  const bool steps =
      std::any_of(report.rows.begin(), report.rows.end(), [](const SweepRow& r) { return r.step.has_value(); });
  if (steps) out.push_back("The bottleneck changes nowhere along the innermost axis.");
}

struct Interval {
  const SweepSeries* series = nullptr;
  const SweepRow* from = nullptr;
  const SweepRow* to = nullptr;
};

std::vector<Interval> intervals(const std::vector<SweepSeries>& all) {
  std::vector<Interval> found;
  for (const SweepSeries& series : all) {
    for (std::size_t i = 1; i < series.rows.size(); ++i) {
      const SweepRow& row = series.rows[i];
      if (row.step && row.step->elasticity) found.push_back({&series, &series.rows[i - 1], &row});
    }
  }
  return found;
}

/// Share of the time that kernel launches take, at either end.
std::string launch_shares(const SweepReport& report, const Interval& at) {
  if (!report.sweep.options_at(at.to->index).roofs.launch) return "";
  const auto share = [&](const SweepRow& row) {
    const Hardware& hw = report.sweep.hardware_at(row.index).hw;
    return 100 * row.point.launches.real() * hw.launch_latency.value / row.point.time_s;
  };
  return fmt::format("kernel launches take {:.1f} % of the time at {} and {:.1f} % at {}; ", share(*at.from),
                     innermost_value(report.sweep, at.from->index), share(*at.to),
                     innermost_value(report.sweep, at.to->index));
}

/// Why time grew as it did: what does not grow with FLOP, and what bounds the time at the end.
std::string reason(const SweepReport& report, const Interval& at) {
  const PointResult& point = at.to->point;
  const Roof roof = bottleneck(point);
  const double share = 100 * point.roof_s.at(static_cast<std::size_t>(roof)) / point.time_s;
  return fmt::format("{}{} bounds {:.1f} % of it there", launch_shares(report, at), roof_name(roof), share);
}

double bytes_ratio(const Interval& at) {
  return at.from->point.bytes == Count(0) ? 0 : at.to->point.bytes.real() / at.from->point.bytes.real();
}

std::string interval_text(const SweepReport& report, std::string_view head, const Interval& at) {
  const Step& step = *at.to->step;
  return fmt::format("{} from {} to {}: FLOP x{}, bytes x{}, time x{}, elasticity {}; {}.", in_series(*at.series, head),
                     innermost_value(report.sweep, at.from->index), innermost_value(report.sweep, at.to->index),
                     ratio_text(step.flop_ratio), ratio_text(bytes_ratio(at)), ratio_text(step.time_ratio),
                     format_significant(*step.elasticity, 3), reason(report, at));
}

void add_extremes(const SweepReport& report, const std::vector<SweepSeries>& all, std::vector<std::string>& out) {
  const std::vector<Interval> found = intervals(all);
  if (found.empty()) return;
  const auto less = [](const Interval& a, const Interval& b) {
    return *a.to->step->elasticity < *b.to->step->elasticity;
  };
  const auto [least, most] = std::minmax_element(found.begin(), found.end(), less);
  out.push_back(interval_text(report, found.size() == 1 ? "time follows FLOP" : "time follows FLOP least", *least));
  if (least != most) out.push_back(interval_text(report, "time follows FLOP most", *most));
}

void add_missing(const SweepReport& report, std::vector<std::string>& out) {
  const auto missing =
      std::count_if(report.rows.begin(), report.rows.end(), [](const SweepRow& r) { return !r.valid(); });
  if (missing > 0) {
    out.push_back(fmt::format("{} of {} without a result; the error in {} says why.", format_grouped(missing),
                              counted(std::ssize(report.rows), "point"), missing == 1 ? "its row" : "their rows"));
  }
}

}  // namespace

std::vector<std::string> sweep_findings(const SweepReport& report) {
  std::vector<std::string> out;
  const std::vector<SweepSeries> all = sweep_series(report);
  add_changes(report, all, out);
  add_extremes(report, all, out);
  add_missing(report, out);
  return out;
}

}  // namespace gable
