// Marks of a memory picture and their labels.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "reports/memory_chart.h"
#include "reports/svg_labels.h"

namespace gable::svg {
namespace {

constexpr Box kFrame = Chart::kFrame;
constexpr double kSmall = 11;
constexpr double kMedium = 13;
constexpr double kLeading = 1.3;
constexpr double kRadius = 5;
constexpr double kMostWidth = 290;  ///< px: fits to one side of any mark
constexpr double kGap = 4;          ///< px between a mark and its label
constexpr double kNear = 24;        ///< px: up to this distance no leader is needed

struct Label {
  std::vector<std::string> lines;
  double size = kSmall;
  bool bold = false;
  std::string_view fill = "#111";

  [[nodiscard]] double width() const {
    double width = 0;
    for (const std::string& line : lines) width = std::max(width, text_width(line, size));
    return width * (bold ? 1.15 : 1);
  }
  [[nodiscard]] double height() const { return kLeading * size * static_cast<double>(lines.size()); }
};

bool is_free(const Box& box, const Obstacles& obstacles) {
  const auto hit = [&](const auto& shape) { return overlap(shape, box); };
  return contains(obstacles.frame, box) && std::none_of(obstacles.labels.begin(), obstacles.labels.end(), hit) &&
         std::none_of(obstacles.marks.begin(), obstacles.marks.end(), hit) &&
         std::none_of(obstacles.lines.begin(), obstacles.lines.end(), hit);
}

/// To the side of the mark with more room first, then to the other; nearer first, above before below: there is white.
Box free_box(Point mark, const Label& label, const Obstacles& obstacles) {
  constexpr int kSteps = 76;
  constexpr double kStep = 6;  ///< px; all steps reach over the height of the frame
  const double width = label.width();
  const double height = label.height();
  const bool right_half = mark.x > (kFrame.left + kFrame.right) / 2;
  const std::array<double, 3> lefts = {right_half ? mark.x - kGap - width : mark.x + kGap,
                                       right_half ? mark.x + kGap : mark.x - kGap - width,
                                       right_half ? obstacles.frame.right - width : obstacles.frame.left};
  for (int step = 0; step < kSteps; ++step) {
    const double away = kRadius + kGap + kStep * step;
    for (const double top : {mark.y - away - height, mark.y + away}) {
      for (const double left : lefts) {
        const Box box = {left, top, left + width, top + height};
        if (is_free(box, obstacles)) return box;
      }
    }
  }
  return {obstacles.frame.left, obstacles.frame.top, obstacles.frame.left + width, obstacles.frame.top + height};
}

void draw_label(const Label& label, const Box& box, bool right, Obstacles& obstacles, Canvas& canvas) {
  double y = box.top + label.size;
  for (const std::string& line : label.lines) {
    canvas.text(
        {right ? box.right : box.left, y}, line,
        {.size = label.size, .fill = label.fill, .anchor = right ? "end" : "start", .bold = label.bold, .halo = true});
    y += kLeading * label.size;
  }
  obstacles.labels.push_back(box);
}

void draw_beside(Point mark, const Label& label, Obstacles& obstacles, Canvas& canvas) {
  const Box box = free_box(mark, label, obstacles);
  const Point end = {std::clamp(mark.x, box.left, box.right), std::clamp(mark.y, box.top, box.bottom)};
  if (std::hypot(end.x - mark.x, end.y - mark.y) > kNear) {
    canvas.open("g", R"(fill="none" stroke="#444" stroke-width="0.75")");
    canvas.line({mark, end});
    canvas.close();
  }
  draw_label(label, box, box.right < mark.x, obstacles, canvas);
}

/// The line of the device's memory; its label at one of its ends, where no mark is.
void draw_capacity(const Chart& chart, Obstacles& obstacles, Canvas& canvas) {
  const MemoryReport& report = chart.report;
  if (!report.hw || report.capacity().real() > chart.top) return;
  const double y = chart.y(report.capacity().real());
  canvas.open("g", R"(fill="none" stroke="#c00" stroke-width="1.5" stroke-dasharray="7 4")");
  canvas.line({{kFrame.left, y}, {kFrame.right, y}});
  canvas.close();
  const std::string text = fmt::format("{}: {}", report.hw->name, chart.unit.text(report.capacity()));
  const Label label{{fit_text(text, kSmall, kMostWidth)}, kSmall, false, "#c00"};
  const auto at = [&](double left, double top) { return Box{left, top, left + label.width(), top + label.height()}; };
  const double right = obstacles.frame.right - label.width();
  Box box = at(obstacles.frame.left + kGap, y - 2 - label.height());
  for (const double left : {obstacles.frame.left + kGap, right}) {
    for (const double top : {y - 2 - label.height(), y + 2}) {
      if (!is_free(box, obstacles)) box = at(left, top);
    }
  }
  draw_label(label, box, false, obstacles, canvas);
  obstacles.lines.push_back({{kFrame.left, y}, {kFrame.right, y}});
}

Label peak_label(const Chart& chart) {
  const Memory& memory = chart.report.memory;
  const double most = kMostWidth / 1.15;
  Label label{{}, kMedium, true};
  label.lines.push_back(fmt::format("{} {}:", peak_name(memory), chart.unit.text(memory.peak().held.total())));
  label.lines.push_back(fit_text(event_text(memory, memory.peak()), kMedium, most));
  return label;
}

}  // namespace

void draw_marks(const Chart& chart, Canvas& canvas) {
  const Memory& memory = chart.report.memory;
  const auto place = [&](std::size_t event) {
    return Point{chart.x(event), chart.y(memory.timeline.events[event].held.total().real())};
  };
  const bool update = memory.timeline.most() != memory.timeline.peak;
  std::vector<std::size_t> events = {memory.timeline.peak};
  if (update) events.push_back(memory.timeline.most());
  Obstacles obstacles;
  obstacles.frame = {kFrame.left + 3, kFrame.top + 3, kFrame.right - 3, kFrame.bottom - 3};
  canvas.open("g", R"(fill="#fff" stroke="#111" stroke-width="1.5")");
  for (const std::size_t event : events) {
    canvas.open("g", "class=\"mark\"");
    canvas.title(event_text(memory, memory.timeline.events[event]));
    canvas.diamond(place(event), kRadius);
    canvas.close();
    obstacles.marks.push_back({place(event), kRadius + 1});
  }
  canvas.close();
  draw_capacity(chart, obstacles, canvas);
  if (update) {  // first: at the edge it has fewer places to go
    const Label label{{"most of the step:", fmt::format("update {}", chart.unit.text(memory.needed()))}};
    draw_beside(place(memory.timeline.most()), label, obstacles, canvas);
  }
  draw_beside(place(memory.timeline.peak), peak_label(chart), obstacles, canvas);
}

}  // namespace gable::svg
