// What stands around the roofline: header, axes, legend, footnotes.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "reports/svg_axes.h"
#include "reports/svg_canvas.h"
#include "reports/svg_plot.h"

namespace gable::svg {

/// Where the plot goes, above that many lines of footnotes.
Box plot_frame(std::size_t footnotes);

struct Footnote {
  std::string text;
  std::string tooltip;
};

/// What has no place on the axes: ops, a line for each reason, whose tooltip names all of them; a launch ceiling above
/// the plot.
std::vector<Footnote> footnotes(const Analysis& analysis, const Scene& scene);

/// `overlay` may be null.
/// What was analysed, and what it adds up to.
std::array<std::string, 2> header_lines(const Analysis& analysis, const Overlay* overlay);
void draw_header(const Analysis& analysis, const std::array<std::string, 2>& lines, Canvas& canvas);
void draw_legend(const Analysis& analysis, Canvas& canvas);
/// Classes by their share of the measured time; what is measured, modelled, and the datasheet's.
void draw_overlay_legend(const Overlay& overlay, Canvas& canvas);

/// Of the datasheet's roofs beside measured ones.
inline constexpr std::string_view kSheetStroke = R"(stroke="#888" stroke-width="1.5" stroke-dasharray="4 4")";
void draw_axes(const Plot& plot, Canvas& canvas);
void draw_footnotes(const std::vector<Footnote>& notes, Canvas& canvas);

}  // namespace gable::svg
