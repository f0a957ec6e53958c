// The timeline of a memory report as a stacked area: what lies in memory while the step runs, with its peak.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "reports/memory_chart.h"
#include "reports/svg_axes.h"

namespace gable {
namespace svg {
namespace {

constexpr Box kFrame = Chart::kFrame;
constexpr double kLegendLeft = 712;
constexpr double kSmall = 11;
constexpr double kMedium = 13;

// What stays is dark, what passes is light; Okabe-Ito and Tol's bright colours.
constexpr std::array<std::string_view, kHeldCount> kColors = {"#0072B2", "#004D7A", "#56B4E9", "#117733", "#999933",
                                                              "#E69F00", "#F0D48A", "#44AA99", "#CC79A7", "#882255",
                                                              "#BBBBBB", "#D55E00", "#666666"};

/// The outline of one category, on top of those before it.
std::string area(const Chart& chart, std::size_t held) {
  std::string upper;
  std::string lower;
  for (const Stretch& stretch : chart.stretches) {
    const double step = stretch.column();
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
  draw_marks(chart, canvas);
  draw_legend(chart, canvas);
  canvas.close();
  return canvas.take();
}

}  // namespace
}  // namespace svg

std::string render_memory_svg(const MemoryReport& report) { return svg::draw(report); }

}  // namespace gable
