// A sweep as a picture: time against FLOP in log-log axes, a line a series, a mark a point with the shape and colour of
// its bottleneck. A line of slope 1 is time proportional to FLOP.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/base/units.h"
#include "reports/svg_labels.h"
#include "reports/sweep_plot.h"
#include "reports/sweep_series.h"

namespace gable {
namespace svg {
namespace {

constexpr double kNameLine = 13;
constexpr std::size_t kMarkedPoints = 600;  ///< of more points only changes of the bottleneck are marked
constexpr std::size_t kLabelledChanges = 16;
constexpr double kFine = 2;     ///< px between points of a line as drawn
constexpr double kCoarse = 24;  ///< and as labels avoid it: each piece that a label covers counts
constexpr double kLabelSize = 11;
constexpr double kMarkRadius = 4.5;

std::vector<Tick> time_ticks(const Range& range) {
  std::vector<Tick> ticks = log_ticks(range, false);
  for (Tick& tick : ticks) {
    if (!tick.label.empty()) tick.label = format_si(tick.value, "s", 1);
  }
  return ticks;
}

void draw_head(const SweepReport& report, Canvas& canvas) {
  const double width = kRight - kLeft;
  draw_title(fmt::format("Time against FLOP: {}", sweep_title(report)), kLeft, width, canvas);
  const std::vector<std::string> found = sweep_findings(report);
  const std::string first = found.empty() ? "" : found.front();
  canvas.text({kLeft, 56}, fit_text(first, 13, width), {.size = 13});
  canvas.text({kLeft, 75}, fit_text(sweep_settings(report), 11, width), {.size = 11, .fill = "#555"});
  double x = kLeft + 7;
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    const auto bound = static_cast<Bound>(i);
    canvas.open("g", fmt::format("fill=\"{}\"", bound_color(bound)));
    canvas.mark(bound, {x, kTop - 24}, 6.5);
    canvas.close();
    const std::string text = fmt::format("most time {}-bound", bound_name(bound));
    canvas.text({x + 13, kTop - 20}, text, {.size = 12});
    x += 13 + text_width(text, 12) + 16;
  }
}

void draw_best_rate(const std::vector<SweepLine>& lines, const Plot& plot, Obstacles& obstacles, Canvas& canvas) {
  const double rate = best_rate(lines);
  const auto segment = rate > 0 ? proportional(plot, rate) : std::nullopt;
  if (!segment) return;
  canvas.open("g", R"(class="guide" fill="none" stroke="#777" stroke-width="1" stroke-dasharray="7 4")");
  canvas.title("time proportional to FLOP, at the highest rate of this sweep");
  canvas.line(*segment);
  canvas.close();
  obstacles.lines.push_back(*segment);
  const std::string text = fmt::format("time ∝ FLOP at {}", format_si(rate, "FLOP/s", 3));
  const double angle = std::atan2(segment->a.y - segment->b.y, segment->b.x - segment->a.x);
  const LineLabel below = {{segment->a.x + 14 * std::cos(angle), segment->a.y - 14 * std::sin(angle)},
                           angle,
                           text_width(text, kLabelSize),
                           -kLineGap};
  const double down = kLineGap + kLabelSize * 0.75;
  canvas.text({below.start.x + std::sin(angle) * down, below.start.y + std::cos(angle) * down}, text,
              {.size = kLabelSize, .fill = "#555", .angle = -angle * 57.29577951308232, .halo = true});
  for (const Box& box : cover(below, kLabelSize)) obstacles.labels.push_back(box);
}

void draw_lines(const std::vector<SweepLine>& lines, const Plot& plot, Obstacles& obstacles, Canvas& canvas) {
  canvas.open("g", R"(class="series" fill="none" stroke-width="1.25")");
  for (const SweepLine& line : lines) {
    canvas.open("g", fmt::format(R"(class="line" stroke="{}" stroke-dasharray="{}")", line.color, line.dashes));
    if (!line.name.empty()) canvas.title(line.name);
    for (const Segment& segment : segments_of(plot, line, kFine)) canvas.line(segment);
    for (const Segment& segment : segments_of(plot, line, kCoarse)) obstacles.lines.push_back(segment);
    canvas.close();
  }
  canvas.close();
}

std::string tooltip(const SweepReport& report, const SweepLine& line, const SweepRow& row) {
  const std::string step = row.step && row.step->elasticity
                               ? fmt::format("\nelasticity {}", format_significant(*row.step->elasticity, 3))
                               : "";
  return fmt::format("{}{}{}: {}, {}\nmost time: {}{}", line.name, line.name.empty() ? "" : " ",
                     innermost_value(report.sweep, row.index), format_si(row.point.flop.real(), "FLOP", 3),
                     format_si(row.point.time_s, "s", 3), roof_name(bottleneck(row.point)), step);
}

bool changes(const SweepRow& row) { return row.step && row.step->bottleneck_changed; }

void draw_marks(const SweepReport& report, const std::vector<SweepLine>& lines, const Plot& plot, Obstacles& obstacles,
                Canvas& canvas) {
  std::size_t points = 0;
  for (const SweepLine& line : lines) points += line.rows.size();
  canvas.open("g", R"(class="points" stroke="#fff" stroke-width="1")");
  for (const SweepLine& line : lines) {
    for (const SweepRow* row : line.rows) {
      const bool end = row == line.rows.front() || row == line.rows.back();
      if (points > kMarkedPoints && !changes(*row) && !end) continue;
      const Bound bound = class_of(bottleneck(row->point));
      const double radius = changes(*row) ? kMarkRadius * 1.4 : kMarkRadius;
      canvas.open("g", fmt::format(R"(class="{}" fill="{}")", bound_name(bound), bound_color(bound)));
      canvas.title(tooltip(report, line, *row));
      canvas.mark(bound, place_of(plot, *row), radius);
      canvas.close();
      obstacles.marks.push_back({place_of(plot, *row), radius + 1.5});
    }
  }
  canvas.close();
}

void draw_change(const SweepReport& report, const SweepRow& row, const Plot& plot, Obstacles& obstacles,
                 Canvas& canvas) {
  constexpr double kWorst = 110;  ///< px; a label further away would not be seen to belong to its mark
  const std::string text = fmt::format("{} → {} at {}", roof_name(row.step->from), roof_name(bottleneck(row.point)),
                                       innermost_value(report.sweep, row.index));
  const Disc mark = {place_of(plot, row), kMarkRadius * 1.4 + 1.5};
  const auto spot = place_label(mark, text_width(text, kLabelSize), 14, obstacles, kWorst);
  if (!spot) return;
  const Box& box = spot->box;
  obstacles.labels.push_back(box);
  if (spot->leader) {
    canvas.open("g", R"(fill="none" stroke="#444" stroke-width="0.75")");
    canvas.line(*spot->leader);
    canvas.close();
    obstacles.leaders.push_back(*spot->leader);
  }
  const bool left_of = box.right <= mark.center.x;
  canvas.text({left_of ? box.right : box.left, box.bottom - 3}, text,
              {.size = kLabelSize, .fill = "#111", .anchor = left_of ? "end" : "start", .halo = true});
}

void draw_changes(const SweepReport& report, const std::vector<SweepLine>& lines, const Plot& plot,
                  Obstacles& obstacles, Canvas& canvas) {
  std::size_t drawn = 0;
  for (const SweepLine& line : lines) {
    for (const SweepRow* row : line.rows) {
      if (changes(*row) && drawn++ < kLabelledChanges) draw_change(report, *row, plot, obstacles, canvas);
    }
  }
}

/// Names beside the ends of their lines, pushed apart.
void draw_names(const std::vector<SweepLine>& lines, const Plot& plot, Canvas& canvas) {
  std::vector<std::pair<double, LineName>> names;
  for (const LineName& name : line_names(lines)) names.emplace_back(place_of(plot, *name.line->rows.back()).y, name);
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  double least = plot.frame.top + 4;
  for (auto& [y, name] : names) least = (y = std::max(y, least)) + kNameLine;
  double most = plot.frame.bottom - 4;
  for (std::size_t i = names.size(); i-- > 0;) most = (names[i].first = std::min(names[i].first, most)) - kNameLine;
  for (const auto& [y, name] : names) {
    const Point end = place_of(plot, *name.line->rows.back());
    canvas.open("g", R"(fill="none" stroke="#aaa" stroke-width="0.75")");
    canvas.line({{end.x + kMarkRadius + 2, end.y}, {plot.frame.right + 8, y}});
    canvas.close();
    canvas.text({plot.frame.right + 10, y + 4}, fit_text(name.text, kNameSize, kNameRoom),
                {.size = kNameSize, .fill = name.line->group.empty() ? "#333" : name.line->color});
  }
}

std::string draw(const SweepReport& report) {
  const std::vector<SweepLine> lines = sweep_lines(report);
  const Plot plot = sweep_plot(lines);
  Obstacles obstacles;
  obstacles.frame = {plot.frame.left + 3, plot.frame.top + 3, plot.frame.right - 3, plot.frame.bottom - 3};
  Canvas canvas;
  open_page(fmt::format("Time against FLOP: {}", sweep_title(report)), canvas);
  draw_head(report, canvas);
  draw_log_axes(plot, {log_ticks(plot.x.range(), true), "FLOP (matrix and vector)"},
                {time_ticks(plot.y.range()), "Time"}, canvas);
  draw_best_rate(lines, plot, obstacles, canvas);
  draw_lines(lines, plot, obstacles, canvas);
  draw_marks(report, lines, plot, obstacles, canvas);
  draw_changes(report, lines, plot, obstacles, canvas);
  draw_names(lines, plot, canvas);
  if (lines.empty()) canvas.text({kPageWidth / 2, 340}, "no point has FLOP and time", {.anchor = "middle"});
  canvas.close();
  return canvas.take();
}

}  // namespace
}  // namespace svg

std::string render_sweep_svg(const SweepReport& report) { return svg::draw(report); }

}  // namespace gable
