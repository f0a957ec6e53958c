// What pictures have in common: the page, and logarithmic axes with grid, ticks, labels and titles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/svg_canvas.h"
#include "reports/svg_plot.h"

namespace gable::svg {

inline constexpr double kPageWidth = 960;
inline constexpr double kPageHeight = 640;

/// Opens the document on a white page; whoever draws closes it.
void open_page(std::string_view title, Canvas& canvas, double height = kPageHeight);

/// The title in one line, smaller where it is long, at last cut.
void draw_title(std::string_view title, double left, double width, Canvas& canvas);

/// Text in lines of at most `width`, the first at `at`. @return y of the line after the last
double draw_wrapped(Point at, std::string_view text, double width, const TextStyle& style, Canvas& canvas);

struct LogAxis {
  std::vector<Tick> ticks;
  std::string title;
};

void draw_log_axes(const Plot& plot, const LogAxis& x, const LogAxis& y, Canvas& canvas);

}  // namespace gable::svg
