// FLOP ratio against time ratio of two ops, and why they differ.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/base/units.h"
#include "reports/compare_report.h"
#include "reports/difference.h"

namespace gable {
namespace {

constexpr double kFollows = 0.02;  ///< a ratio this near to another follows it

bool near(std::optional<double> a, std::optional<double> b) {
  return a && b && std::fabs(std::log(*a / *b)) < kFollows;
}

std::string ratio(std::optional<double> value) { return value ? ratio_text(*value) : "undefined"; }

/// The work that a roof is about, of two ops.
std::string resource_text(Roof roof, const Totals& a, const Totals& b) {
  const auto of = [](std::string_view what, std::string_view unit, Count x, Count y) {
    return fmt::format("{} ({} against {}, ratio {})", what, format_si(x.real(), unit, 4), format_si(y.real(), unit, 4),
                       ratio(ratio_of(x.real(), y.real())));
  };
  switch (roof) {
    case Roof::kTensor:
      return of("matrix FLOP", "FLOP", a.cost.matrix_flop, b.cost.matrix_flop);
    case Roof::kVector:
      return of("FLOP", "FLOP", a.cost.flop(), b.cost.flop());
    case Roof::kDram:
      return of("DRAM bytes", "B", a.dram_bytes, b.dram_bytes);
    case Roof::kL2:
      return of("bytes touched", "B", a.cost.touched(), b.cost.touched());
    case Roof::kLaunch:
      break;
  }
  return of("launches", "", a.cost.launches, b.cost.launches);
}

/// "its 37.7 MB of DRAM traffic": what its time consists of.
std::string own_work(const Subject& subject) {
  const Totals& t = subject.totals;
  switch (t.roof()) {
    case Roof::kTensor:
    case Roof::kVector:
      return fmt::format("{} FLOP", format_si(t.cost.flop().real(), "", 4));
    case Roof::kDram:
    case Roof::kL2:
      return fmt::format("{} of {} traffic", format_si(t.dram_bytes.real(), "B", 4), roof_name(t.roof()));
    case Roof::kLaunch:
      break;
  }
  return counted(t.cost.launches.value(), "launch", "es");
}

std::string why(const Subject& a, const Subject& b) {
  const Totals& x = a.totals;
  const Totals& y = b.totals;
  const std::string intensity =
      fmt::format("{} and {} FLOP/B", format_significant(x.intensity(), 3), format_significant(y.intensity(), 3));
  if (x.roof() == y.roof()) {
    return fmt::format("Both are {}-bound ({}, {}): time follows {}.", bound_name(x.bound()), roof_name(x.roof()),
                       intensity, resource_text(x.roof(), x, y));
  }
  return fmt::format(
      "{} is {}-bound ({}), {} is {}-bound ({}), at {}: the one takes as long as its {}, the other as its {}.", a.name,
      bound_name(x.bound()), roof_name(x.roof()), b.name, bound_name(y.bound()), roof_name(y.roof()), intensity,
      own_work(a), own_work(b));
}

void add_pair(const Subject& a, const Subject& b, std::vector<std::string>& out) {
  const auto flop = ratio_of(a.totals.cost.flop().real(), b.totals.cost.flop().real());
  const auto time = ratio_of(a.totals.time_s, b.totals.time_s);
  const std::string verdict = near(flop, time) ? "time follows FLOP here" : "time does not follow FLOP here";
  out.push_back(fmt::format("{} against {}: FLOP ratio {}, time ratio {}; {}.", a.name, b.name, ratio(flop),
                            ratio(time), verdict));
  if (a.totals.time_s > 0 && b.totals.time_s > 0) out.push_back(why(a, b));
}

}  // namespace

std::vector<std::string> op_findings(const Comparison& comparison) {
  std::vector<std::string> out;
  const std::vector<Subject>& all = comparison.subjects;
  for (std::size_t i = 1; i < all.size(); ++i) add_pair(all.front(), all[i], out);
  std::vector<std::int64_t> times;
  for (const Subject& subject : all) times.push_back(subject.divided_by);
  const bool each = std::any_of(times.begin(), times.end(), [](std::int64_t n) { return n > 1; });
  out.push_back(each ? fmt::format("Of one execution each; they run {} times.", fmt::join(times, ", "))
                     : std::string("Of all their executions together."));
  return out;
}

}  // namespace gable
