// A comparison as a picture: bars of each number; with --vary, ratios to the first over the dim in log-log axes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "analyzer/base/units.h"
#include "reports/compare_report.h"
#include "reports/insights.h"
#include "reports/svg_axes.h"
#include "reports/svg_bars.h"

namespace gable {
namespace svg {
namespace {

constexpr std::string_view kPlainFill = "#8da0b3";
constexpr std::size_t kRatioLines = 4;
constexpr double kLeft = 24;
constexpr double kWidth = 912;

std::string with_factor(const Metric& metric, const Comparison& all, std::size_t i) {
  const Totals& totals = all.subjects[i].totals;
  const std::string value = value_text(metric, totals);
  const std::string factor = i == 0 ? "" : factor_text(metric_ratio(metric, totals, all.subjects.front().totals));
  return factor.empty() || value == "-" ? value : fmt::format("{}, {}", value, factor);
}

BarGroup group_of(const Metric& metric, const Comparison& all) {
  BarGroup group{std::string(metric.title), {}};
  for (std::size_t i = 0; i < all.subjects.size(); ++i) {
    const Totals& totals = all.subjects[i].totals;
    Bar bar{all.subjects[i].name, {}, with_factor(metric, all, i)};
    if (metric.name == "time_s") {
      bar.pieces = bound_pieces(totals.bound_s);
    } else {
      bar.pieces.push_back({value_of(metric, totals), kPlainFill, bar.text});
    }
    group.bars.push_back(std::move(bar));
  }
  return group;
}

/// Numbers that do not differ say nothing in a picture.
bool shown(const Metric& metric, const Comparison& all) {
  const double first = value_of(metric, all.subjects.front().totals);
  const bool differs = std::any_of(all.subjects.begin(), all.subjects.end(),
                                   [&](const Subject& subject) { return value_of(metric, subject.totals) != first; });
  const bool crosses = metric.name != "dram_bytes" || all.analyses.front().options.resident_l2;
  return metric.name == "time_s" || (differs && crosses);
}

std::vector<std::string> head_lines(const CompareReport& report) {
  std::vector<std::string> lines;
  const std::vector<std::string> found = compare_findings(report);
  if (!found.empty()) lines.push_back(found.front());
  lines.push_back(compare_header(report).back());
  return lines;
}

std::string bars(const CompareReport& report) {
  const Comparison& all = report.comparison;
  BarPicture picture{compare_title(report), head_lines(report), bound_legend(), {}};
  const std::span<const Metric> metrics = compare_metrics();
  for (auto metric = metrics.rbegin(); metric != metrics.rend(); ++metric) {  // time first
    if (shown(*metric, all)) picture.groups.push_back(group_of(*metric, all));
  }
  return draw_bars(picture);
}

/// A ratio over the dim.
struct RatioLine {
  std::string name;
  std::string_view stroke;
  std::string_view dash;
  std::vector<Point> points;  ///< value of the dim, ratio
};

struct RatioKind {
  std::string_view name;
  std::string_view stroke;
  double (*get)(const Totals&);
};
constexpr std::array<RatioKind, kRatioLines> kRatios = {{
    {"time", "#111", [](const Totals& t) { return t.time_s; }},
    {"FLOP", "#0072B2", [](const Totals& t) { return t.cost.flop().real(); }},
    {"bytes", "#E69F00", [](const Totals& t) { return t.cost.unique.real(); }},
    {"FLOP/B", "#009E73", [](const Totals& t) { return t.intensity(); }},
}};
constexpr std::array<std::string_view, 4> kDashes = {"", "7 4", "2 3", "9 3 2 3"};

double number_of(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<double>(value);
}

std::vector<RatioLine> ratio_lines(const Comparison& all) {
  std::vector<RatioLine> lines;
  for (std::size_t i = 1; i < all.subjects.size(); ++i) {
    for (const RatioKind& kind : kRatios) {
      RatioLine line{std::string(kind.name), kind.stroke, kDashes.at((i - 1) % kDashes.size()), {}};
      if (all.subjects.size() > 2) line.name += " of " + all.subjects[i].name;
      for (const ComparePoint& point : all.points) {
        if (!point.error.empty()) continue;
        const auto ratio = ratio_of(kind.get(point.totals[i]), kind.get(point.totals.front()));
        if (ratio && *ratio > 0) line.points.push_back({number_of(point.value), *ratio});
      }
      if (!line.points.empty()) lines.push_back(std::move(line));
    }
  }
  return lines;
}

Plot ratio_plot(const std::vector<RatioLine>& lines, double names, double top) {
  constexpr double kRoom = 1.1;
  Extent x;
  Extent y;
  y.add(1);
  for (const RatioLine& line : lines) {
    for (const Point& point : line.points) {
      x.add(point.x / kRoom);
      x.add(point.x * kRoom);
      y.add(point.y / kRoom);
      y.add(point.y * kRoom);
    }
  }
  const Box frame = {84, top, kLeft + kWidth - names, kPageHeight - 54};
  return {frame, LogScale(x.range({1, 10}), frame.left, frame.right),
          LogScale(y.range({0.1, 10}), frame.bottom, frame.top)};
}

void draw_line(const RatioLine& line, const Plot& plot, Canvas& canvas) {
  const std::string dash = line.dash.empty() ? "" : fmt::format(R"( stroke-dasharray="{}")", line.dash);
  canvas.open("g", fmt::format(R"(class="series" fill="none" stroke="{}" stroke-width="2"{})", line.stroke, dash));
  canvas.title(line.name);
  for (std::size_t i = 1; i < line.points.size(); ++i)
    canvas.line({plot.at(line.points[i - 1].x, line.points[i - 1].y), plot.at(line.points[i].x, line.points[i].y)});
  canvas.close();
  canvas.open("g", fmt::format("fill=\"{}\"", line.stroke));
  for (const Point& point : line.points) canvas.circle(plot.at(point.x, point.y), 3);
  canvas.close();
}

/// Names at the ends of the lines, pushed apart.
void draw_names(const std::vector<RatioLine>& lines, const Plot& plot, Canvas& canvas) {
  constexpr double kStep = 14;
  std::vector<std::pair<double, const RatioLine*>> names;
  for (const RatioLine& line : lines) names.emplace_back(plot.y.at(line.points.back().y), &line);
  std::stable_sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  double least = plot.frame.top + 4;
  for (auto& [y, line] : names) least = (y = std::max(y, least)) + kStep;
  double most = plot.frame.bottom - 4;
  for (std::size_t i = names.size(); i-- > 0;) most = (names[i].first = std::min(names[i].first, most)) - kStep;
  for (const auto& [y, line] : names)
    canvas.text({plot.frame.right + 8, y + 4}, line->name, {.size = 12, .fill = line->stroke, .bold = true});
}

double names_width(const std::vector<RatioLine>& lines) {
  double width = 0;
  for (const RatioLine& line : lines) width = std::max(width, 1.15 * text_width(line.name, 12));
  return width + 12;
}

std::string ratios(const CompareReport& report) {
  const Comparison& all = report.comparison;
  const std::vector<RatioLine> lines = ratio_lines(all);
  Canvas canvas;
  open_page(compare_title(report), canvas);
  draw_title(compare_title(report), kLeft, kWidth, canvas);
  double y = 56;
  for (const std::string& text : head_lines(report))
    y = draw_wrapped({kLeft, y}, text, kWidth, {.size = 12, .fill = "#444"}, canvas);
  const Plot plot = ratio_plot(lines, names_width(lines), y + 12);
  draw_log_axes(plot, {log_ticks(plot.x.range(), false), all.varied},
                {log_ticks(plot.y.range(), false), fmt::format("ratio to {}", all.subjects.front().name)}, canvas);
  canvas.open("g", R"(class="guide" fill="none" stroke="#777" stroke-width="1")");
  canvas.line({plot.at(plot.x.range().low, 1), plot.at(plot.x.range().high, 1)});
  canvas.close();
  for (const RatioLine& line : lines) draw_line(line, plot, canvas);
  draw_names(lines, plot, canvas);
  canvas.close();
  return canvas.take();
}

}  // namespace
}  // namespace svg

std::string render_compare_svg(const CompareReport& report) {
  return report.comparison.varied.empty() ? svg::bars(report) : svg::ratios(report);
}

}  // namespace gable
