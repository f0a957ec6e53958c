#include "reports/memory_chart.h"

#include <array>
#include <cmath>

namespace gable::svg {
namespace {

constexpr Box kFrame = Chart::kFrame;
constexpr double kUpdateWidth = 36;  ///< the update is one event among thousands, and must be seen
constexpr std::size_t kMostColumns = 180;

/// 1, 2 or 5 x 10^n of the unit, for 4 to 10 ticks.
double tick_step(double largest) {
  const double rough = largest / 6;
  const double decade = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= rough) return factor * decade;
  }
  return 10 * decade;
}

std::vector<Stretch> stretches_of(const Timeline& timeline) {
  const auto& events = timeline.events;
  const auto starts = [&](auto wanted) {
    return static_cast<std::size_t>(std::find_if(events.begin(), events.end(), wanted) - events.begin());
  };
  const std::size_t backward = starts([](const MemoryEvent& e) { return e.pass != Pass::kForward; });
  const std::size_t update = starts([](const MemoryEvent& e) { return e.pass == Pass::kOptimizer; });
  const std::array<std::pair<std::string_view, std::pair<std::size_t, std::size_t>>, 3> passes = {
      {{"forward", {0, backward}}, {"backward", {backward, update}}, {"update", {update, events.size()}}}};
  const double updates = update < events.size() ? kUpdateWidth : 0;
  const double width = kFrame.right - kFrame.left - updates;
  std::vector<Stretch> stretches;
  double left = kFrame.left;
  for (const auto& [title, range] : passes) {
    const auto count = static_cast<double>(range.second - range.first);
    if (count == 0) continue;
    const double share = title == "update" ? updates : width * count / static_cast<double>(update);
    stretches.push_back({title, left, left + share, outline(timeline, range.first, range.second, kMostColumns)});
    left += share;
  }
  return stretches;
}

}  // namespace

Chart make_chart(const MemoryReport& report) {
  Chart chart{report, size_unit(report), 1, 1, stretches_of(report.memory.timeline)};
  double largest = report.memory.needed().real();
  const double capacity = report.capacity().real();
  if (report.hw && capacity < 2 * largest) largest = std::max(largest, capacity);  // else the picture would be flat
  chart.tick = tick_step(largest * 1.08 / chart.unit.bytes) * chart.unit.bytes;
  chart.top = chart.tick * std::ceil(largest * 1.08 / chart.tick);
  return chart;
}

double Chart::x(std::size_t event) const {
  for (const Stretch& stretch : stretches) {
    const auto found = std::find(stretch.events.begin(), stretch.events.end(), event);
    if (found == stretch.events.end()) continue;
    return stretch.left + stretch.column() * (static_cast<double>(found - stretch.events.begin()) + 0.5);
  }
  return kFrame.left;
}

}  // namespace gable::svg
