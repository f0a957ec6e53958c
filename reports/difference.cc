#include "reports/difference.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "analyzer/base/units.h"

namespace gable {

std::string work_change(const Totals& before, const Totals& after) {
  std::vector<std::string> parts;
  const auto add = [&](const std::string& was, const std::string& is, std::string_view shown) {
    if (was != is) parts.push_back(fmt::format(fmt::runtime(shown), is, was));  // what rounds to the same says nothing
  };
  const auto bytes = [](const Totals& t) { return format_si(t.dram_bytes.real(), "B", 3); };
  const auto flop = [](const Totals& t) { return format_si(t.cost.flop().real(), "FLOP", 3); };
  const auto launches = [](const Totals& t) { return format_grouped((t.cost.launches + t.cost.memcpys).value()); };
  add(bytes(before), bytes(after), "{} moved instead of {}");
  add(flop(before), flop(after), "{} instead of {}");
  const bool one = (before.cost.launches + before.cost.memcpys) == Count(1);
  add(launches(before), launches(after), one ? "{} instead of {} launch" : "{} instead of {} launches");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string instead_of(double now_s, double before_s) {
  const auto [now, before] = format_si_apart(now_s, before_s, "s");
  return fmt::format("{} instead of {}", now, before);
}

std::string ratio_text(double ratio) {
  constexpr double kSame = 5e-5;
  if (std::fabs(ratio - 1) < kSame) return "1";
  return format_significant(ratio, std::fabs(ratio - 1) < 0.1 ? 5 : 3);
}

}  // namespace gable
