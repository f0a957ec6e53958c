#include "reports/svg_axes.h"

#include <fmt/format.h>

#include <algorithm>

namespace gable::svg {
namespace {

constexpr double kTitleSize = 13;

void draw_tick(const Plot& plot, const Tick& tick, bool on_x, Canvas& canvas) {
  const Box& f = plot.frame;
  const double size = tick.major ? 7 : 4;
  const double at = on_x ? plot.x.at(tick.value) : plot.y.at(tick.value);
  canvas.line(on_x ? Segment{{at, f.bottom}, {at, f.bottom - size}} : Segment{{f.left, at}, {f.left + size, at}});
  canvas.line(on_x ? Segment{{at, f.top}, {at, f.top + size}} : Segment{{f.right, at}, {f.right - size, at}});
}

void draw_grid(const Plot& plot, const std::vector<Tick>& xs, const std::vector<Tick>& ys, Canvas& canvas) {
  const Box& f = plot.frame;
  canvas.open("g", R"(fill="none" stroke="#e6e6e6" stroke-width="1")");
  for (const Tick& tick : xs) {
    if (tick.major) canvas.line({{plot.x.at(tick.value), f.top}, {plot.x.at(tick.value), f.bottom}});
  }
  for (const Tick& tick : ys) {
    if (tick.major) canvas.line({{f.left, plot.y.at(tick.value)}, {f.right, plot.y.at(tick.value)}});
  }
  canvas.close();
  canvas.open("g", R"(fill="none" stroke="#999" stroke-width="1")");
  for (const Tick& tick : xs) draw_tick(plot, tick, true, canvas);
  for (const Tick& tick : ys) draw_tick(plot, tick, false, canvas);
  canvas.rect(f);
  canvas.close();
}

}  // namespace

void open_page(std::string_view title, Canvas& canvas, double height) {
  canvas.open("svg", fmt::format(R"(xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" )"
                                 R"(font-family="sans-serif" role="img")",
                                 px(kPageWidth), px(height)));
  canvas.title(title);
  canvas.open("g", "fill=\"#fff\"");
  canvas.rect({0, 0, kPageWidth, height});
  canvas.close();
}

void draw_title(std::string_view title, double left, double width, Canvas& canvas) {
  constexpr double kMost = 20;
  constexpr double kLeast = 13;
  constexpr double kBold = 1.15;  // width of bold text over plain
  const double size = std::clamp(kMost * width / (kBold * text_width(title, kMost)), kLeast, kMost);
  canvas.text({left, 34}, fit_text(title, kBold * size, width + 1), {.size = size, .fill = "#111", .bold = true});
}

double draw_wrapped(Point at, std::string_view text, double width, const TextStyle& style, Canvas& canvas) {
  constexpr double kLeading = 1.35;
  for (const std::string& line : wrap_text(text, style.size, width)) {
    canvas.text(at, line, style);
    at.y += kLeading * style.size;
  }
  return at.y;
}

void draw_log_axes(const Plot& plot, const LogAxis& x, const LogAxis& y, Canvas& canvas) {
  const Box& f = plot.frame;
  draw_grid(plot, x.ticks, y.ticks, canvas);
  for (const Tick& tick : x.ticks) {
    if (!tick.label.empty()) canvas.text({plot.x.at(tick.value), f.bottom + 17}, tick.label, {.anchor = "middle"});
  }
  for (const Tick& tick : y.ticks) {
    if (!tick.label.empty()) canvas.text({f.left - 8, plot.y.at(tick.value) + 4}, tick.label, {.anchor = "end"});
  }
  const double middle = (f.top + f.bottom) / 2;
  canvas.text({(f.left + f.right) / 2, f.bottom + 38}, x.title, {.size = kTitleSize, .anchor = "middle"});
  canvas.text({24, middle}, y.title, {.size = kTitleSize, .anchor = "middle", .angle = -90});
}

}  // namespace gable::svg
