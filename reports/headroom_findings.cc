#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/units.h"
#include "reports/difference.h"
#include "reports/headroom_report.h"

namespace gable {
namespace {

std::string time_text(double seconds) { return format_si(seconds, "s", 3); }

std::string dtype_reason(const HeadroomRow& row) {
  std::string moved = work_change(row.before, row.after);
  if (row.before.bound() != Bound::kCompute) return moved;
  const std::string faster =
      row.after.compute_s > 0 && row.after.compute_s < row.before.compute_s
          ? fmt::format("computed {} times as fast", format_significant(row.before.compute_s / row.after.compute_s, 3))
          : "";
  return faster.empty() || moved.empty() ? faster + moved : fmt::format("{}, {}", faster, moved);
}

std::string batch_reason(const Candidate& candidate, const HeadroomRow& row) {
  const bool weights = 2 * row.before.cost.param_bytes > row.before.cost.unique;
  return fmt::format("{} for {:g} times the samples", weights ? "weights are read once" : "one launch", candidate.work);
}

}  // namespace

double time_with(const Headroom& study, const HeadroomRow& row) {
  return row.after.time_s / study.candidates.at(row.candidate).work;
}

std::string headroom_reason(const Headroom& study, const HeadroomRow& row) {
  const Candidate& candidate = study.candidates.at(row.candidate);
  switch (candidate.kind) {
    case Candidate::Kind::kDtype:
      return dtype_reason(row);
    case Candidate::Kind::kBatch:
      return batch_reason(candidate, row);
    case Candidate::Kind::kFusion:
    case Candidate::Kind::kRecipe:
      break;
  }
  return work_change(row.before, row.after);
}

std::vector<HeadroomRow> shown_rows(const HeadroomReport& report) {
  const std::vector<HeadroomRow>& rows = report.study.rows;
  const std::size_t shown = report.top == 0 ? rows.size() : std::min(report.top, rows.size());
  return {rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(shown)};
}

std::vector<std::string> headroom_findings(const Headroom& study) {
  const double time = study.before.total.time_s;
  if (study.rows.empty())
    return {
        fmt::format("No op gets faster by a recipe, fusion, dtype or batch that was tried: all {} are at their best.",
                    time_text(time))};
  std::vector<std::string> out;
  const HeadroomRow& first = study.rows.front();
  out.push_back(fmt::format("Fix this first: {} takes {} of {}, with {} {}: {}.", first.name,
                            time_text(first.before.time_s), time_text(time), study.candidates[first.candidate].text,
                            time_text(time_with(study, first)), headroom_reason(study, first)));
  double all = 0;
  for (const HeadroomRow& row : study.rows) all += row.recoverable_s;
  out.push_back(
      fmt::format("Each op at its best single change would take {} less ({:.1f} %); one change for one op may "
                  "slow another, `analyze whatif` tells what it does to the whole.",
                  time_text(all), 100 * all / time));
  const auto best = std::min_element(
      study.candidates.begin(), study.candidates.end(),
      [](const Candidate& a, const Candidate& b) { return a.total.time_s / a.work < b.total.time_s / b.work; });
  out.push_back(fmt::format("The best single change for the whole is {}: {}{}.", best->text,
                            instead_of(best->total.time_s / best->work, time),
                            best->kind == Candidate::Kind::kBatch ? " for as many samples" : ""));
  if (study.at_best_s > 0)
    out.push_back(fmt::format("{} ({:.1f} %) is in ops that none of the {} makes faster.", time_text(study.at_best_s),
                              100 * study.at_best_s / time, counted(std::ssize(study.candidates), "candidate")));
  const bool narrows = std::any_of(study.rows.begin(), study.rows.end(), [&](const HeadroomRow& row) {
    return study.candidates[row.candidate].kind == Candidate::Kind::kDtype;
  });
  if (narrows)
    out.emplace_back("A narrower dtype changes results: whether they are still good enough, no roofline says.");
  return out;
}

}  // namespace gable
