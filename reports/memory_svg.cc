// The timeline of a memory report as a stacked area: what lies in memory while the step runs, with its peak.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "reports/memory_text.h"
#include "reports/svg_axes.h"

namespace gable {
namespace svg {
namespace {

constexpr Box kFrame = {84, 96, 690, 560};
constexpr double kLegendLeft = 712;
constexpr double kUpdateWidth = 36;  ///< the update is one event among thousands, and must be seen
constexpr std::size_t kMostColumns = 180;
constexpr double kSmall = 11;
constexpr double kMedium = 13;

// What stays is dark, what passes is light; Okabe-Ito and Tol's bright colours.
constexpr std::array<std::string_view, kHeldCount> kColors = {"#0072B2", "#004D7A", "#56B4E9", "#117733", "#999933",
                                                              "#E69F00", "#F0D48A", "#44AA99", "#CC79A7", "#882255",
                                                              "#BBBBBB", "#D55E00", "#666666"};

/// A stretch of the time axis.
struct Stretch {
  std::string_view title;
  double left = 0;
  double right = 0;
  std::vector<std::size_t> events;
};

struct Chart {
  const MemoryReport& report;
  SizeUnit unit;
  double top = 1;  ///< bytes at the upper edge
  double tick = 1;
  std::vector<Stretch> stretches;

  [[nodiscard]] double y(double bytes) const {
    return kFrame.bottom - (kFrame.bottom - kFrame.top) * std::min(1.0, bytes / top);
  }
};

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

Chart make_chart(const MemoryReport& report) {
  Chart chart{report, size_unit(report), 1, 1, stretches_of(report.memory.timeline)};
  double largest = report.memory.needed().real();
  const double capacity = report.capacity().real();
  if (report.hw && capacity < 2 * largest) largest = std::max(largest, capacity);  // else the picture would be flat
  chart.tick = tick_step(largest * 1.08 / chart.unit.bytes) * chart.unit.bytes;
  chart.top = chart.tick * std::ceil(largest * 1.08 / chart.tick);
  return chart;
}

double column_width(const Stretch& stretch) {
  return (stretch.right - stretch.left) / static_cast<double>(stretch.events.size());
}

/// The outline of one category, on top of those before it.
std::string area(const Chart& chart, std::size_t held) {
  std::string upper;
  std::string lower;
  for (const Stretch& stretch : chart.stretches) {
    const double step = column_width(stretch);
    for (std::size_t i = 0; i < stretch.events.size(); ++i) {
      const HeldBytes& bytes = chart.report.memory.timeline.events[stretch.events[i]].held;
      double below = 0;
      for (std::size_t other = 0; other < held; ++other) below += bytes.bytes.at(other).real();
      const double above = below + bytes.bytes.at(held).real();
      const std::string left = px(stretch.left + step * static_cast<double>(i));
      const std::string right = px(stretch.left + step * static_cast<double>(i + 1));
      fmt::format_to(std::back_inserter(upper), "L{0} {2}L{1} {2}", left, right, px(chart.y(above)));
      lower.insert(0, fmt::format("L{1} {2}L{0} {2}", left, right, px(chart.y(below))));
    }
  }
  upper.front() = 'M';
  return upper + lower + "Z";
}

void draw_areas(const Chart& chart, Canvas& canvas) {
  for (std::size_t held = 0; held < kHeldCount; ++held) {
    const auto& events = chart.report.memory.timeline.events;
    if (std::all_of(events.begin(), events.end(), [&](const auto& e) { return e.held.bytes.at(held) == Count(0); }))
      continue;
    canvas.open("path", fmt::format(R"(d="{}" fill="{}")", area(chart, held), kColors.at(held)));
    canvas.title(held_row(static_cast<Held>(held)).title);
    canvas.close();
  }
}

void draw_axes(const Chart& chart, Canvas& canvas) {
  canvas.open("g", R"(fill="none" stroke="#999" stroke-width="1")");
  canvas.rect(kFrame);
  for (const Stretch& stretch : chart.stretches) {
    if (stretch.left > kFrame.left) canvas.line({{stretch.left, kFrame.top}, {stretch.left, kFrame.bottom}});
  }
  canvas.close();
  const auto ticks = std::lround(chart.top / chart.tick);
  for (long i = 0; i <= ticks; ++i) {
    const double at = chart.tick * static_cast<double>(i);
    canvas.open("g", R"(fill="none" stroke="#999" stroke-width="1")");
    canvas.line({{kFrame.left - 5, chart.y(at)}, {kFrame.left, chart.y(at)}});
    canvas.close();
    canvas.text({kFrame.left - 9, chart.y(at) + 4}, fmt::format("{:g}", at / chart.unit.bytes),
                {.size = kSmall, .anchor = "end"});
  }
  for (const Stretch& stretch : chart.stretches)
    canvas.text({(stretch.left + stretch.right) / 2, kFrame.bottom + 18}, stretch.title,
                {.size = stretch.title == "update" ? kSmall : kMedium, .anchor = "middle"});
  canvas.text({(kFrame.left + kFrame.right) / 2, kFrame.bottom + 40}, "op after op, in the order they run",
              {.size = kMedium, .anchor = "middle"});
  canvas.text({28, (kFrame.top + kFrame.bottom) / 2}, fmt::format("memory, {}", chart.unit.name),
              {.size = kMedium, .anchor = "middle", .angle = -90});
}

void draw_capacity(const Chart& chart, Canvas& canvas) {
  const MemoryReport& report = chart.report;
  if (!report.hw || report.capacity().real() > chart.top) return;
  const double y = chart.y(report.capacity().real());
  canvas.open("g", R"(fill="none" stroke="#c00" stroke-width="1.5" stroke-dasharray="7 4")");
  canvas.line({{kFrame.left, y}, {kFrame.right, y}});
  canvas.close();
  canvas.text({kFrame.left + 8, y - 5}, fmt::format("{}: {}", report.hw->name, chart.unit.text(report.capacity())),
              {.size = kSmall, .fill = "#c00", .halo = true});
}

/// Where an event is drawn: the middle of the column that holds it.
double x_of(const Chart& chart, std::size_t event) {
  for (const Stretch& stretch : chart.stretches) {
    const auto found = std::find(stretch.events.begin(), stretch.events.end(), event);
    if (found == stretch.events.end()) continue;
    return stretch.left + column_width(stretch) * (static_cast<double>(found - stretch.events.begin()) + 0.5);
  }
  return kFrame.left;
}

void draw_peak(const Chart& chart, Canvas& canvas) {
  const Memory& memory = chart.report.memory;
  const double total = memory.peak().held.total().real();
  const Point at = {x_of(chart, memory.timeline.peak), chart.y(total)};
  canvas.open("g", R"(fill="#fff" stroke="#111" stroke-width="1.5")");
  canvas.title(event_text(memory, memory.peak()));
  canvas.diamond(at, 5);
  canvas.close();
  const bool right_half = at.x > (kFrame.left + kFrame.right) / 2;
  canvas.text({at.x + (right_half ? -4 : 4), at.y - 12},
              fmt::format("{} {}: {}", peak_name(memory), chart.unit.text(memory.peak().held.total()),
                          event_text(memory, memory.peak())),
              {.size = kMedium, .fill = "#111", .anchor = right_half ? "end" : "start", .bold = true, .halo = true});
}

/// The update is labelled where it needs more than the passes do.
void draw_update(const Chart& chart, Canvas& canvas) {
  const Memory& memory = chart.report.memory;
  if (memory.timeline.most() == memory.timeline.peak) return;
  const double y = chart.y(memory.needed().real());
  canvas.text({kFrame.right - 2, y - 7}, fmt::format("most of the step: update {}", chart.unit.text(memory.needed())),
              {.size = kSmall, .fill = "#111", .anchor = "end", .halo = true});
}

void draw_legend(const Chart& chart, Canvas& canvas) {
  const HeldBytes& peak = chart.report.memory.peak().held;
  double y = kFrame.top + 4;
  canvas.text({kLegendLeft, y}, fmt::format("at the {}", peak_name(chart.report.memory)),
              {.size = kMedium, .bold = true});
  for (std::size_t i = kHeldCount; i-- > 0;) {  // from the top of the stack down
    const auto held = static_cast<Held>(i);
    if (peak[held] == Count(0) && chart.report.memory.sums[held] == Count(0)) continue;
    y += 34;
    canvas.open("g", fmt::format(R"(fill="{}")", kColors.at(i)));
    canvas.rect({kLegendLeft, y - 10, kLegendLeft + 12, y + 2});
    canvas.close();
    canvas.text({kLegendLeft + 18, y}, held_row(held).title, {.size = kSmall});
    canvas.text({kLegendLeft + 18, y + 14}, chart.unit.text(peak[held]), {.size = kSmall, .fill = "#666"});
  }
}

std::string draw(const MemoryReport& report) {
  const Chart chart = make_chart(report);
  const Memory& memory = report.memory;
  Canvas canvas;
  open_page(fmt::format("Memory of {} over a {}", memory.model.name, phase_name(memory.options.step.phase)), canvas);
  draw_title(fmt::format("Memory of {}", memory.model.name), kFrame.left, kPageWidth - kFrame.left - 24, canvas);
  const std::vector<std::string> head = memory_head(report);
  canvas.text({kFrame.left, 56}, fit_text(head.at(0), kSmall, kPageWidth - kFrame.left - 24), {.size = kSmall});
  canvas.text({kFrame.left, 74}, fit_text(head.at(1), kSmall, kPageWidth - kFrame.left - 24), {.size = kSmall});
  draw_areas(chart, canvas);
  draw_axes(chart, canvas);
  draw_capacity(chart, canvas);
  draw_peak(chart, canvas);
  draw_update(chart, canvas);
  draw_legend(chart, canvas);
  canvas.close();
  return canvas.take();
}

}  // namespace
}  // namespace svg

std::string render_memory_svg(const MemoryReport& report) { return svg::draw(report); }

}  // namespace gable
