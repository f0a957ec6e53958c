#include "reports/svg.h"

#include <fmt/format.h>

#include <array>

#include "reports/svg_canvas.h"
#include "reports/svg_frame.h"
#include "reports/svg_layout.h"

namespace gable {
namespace svg {
namespace {

constexpr std::array<std::string_view, 4> kStrokes = {
    // indexed by Stroke
    R"(stroke="#333" stroke-width="2")",
    R"(stroke="#888" stroke-width="1.5")",
    R"(stroke="#555" stroke-width="1.5" stroke-dasharray="7 4")",
    kSheetStroke,
};

void draw_roofs(const Layout& layout, Canvas& canvas) {
  for (const RoofShape& roof : layout.roofs) {
    canvas.open("g", fmt::format(R"(class="roof" fill="none" {})", kStrokes.at(static_cast<std::size_t>(roof.stroke))));
    canvas.title(roof.tooltip);
    canvas.line(roof.line);
    canvas.close();
  }
  for (const RidgeShape& ridge : layout.ridges) {
    canvas.open("g", R"(class="ridge" fill="#fff" stroke="#333" stroke-width="1.5")");
    canvas.title(ridge.tooltip);
    canvas.open("g", R"(stroke="#777" stroke-width="1" stroke-dasharray="1.5 3.5")");
    canvas.line(ridge.drop);
    canvas.close();
    canvas.diamond(ridge.drop.a, 4.5);
    canvas.close();
  }
}

void draw_ghosts(const Layout& layout, Canvas& canvas) {
  if (layout.ghosts.empty()) return;
  canvas.open("g", R"(class="modelled" fill="#fff" stroke-width="1.2")");
  for (const Ghost& ghost : layout.ghosts) {
    canvas.open("g", fmt::format("stroke=\"{}\"", bound_color(ghost.bound)));
    canvas.line(ghost.shift);
    canvas.circle(ghost.shift.b, kGhostRadius);
    canvas.close();
  }
  canvas.close();
}

void draw_marks(const Analysis& analysis, const Layout& layout, Canvas& canvas) {
  canvas.open("g", R"(class="points" fill-opacity="0.88" stroke="#fff" stroke-width="1")");
  for (const Mark& mark : layout.marks) {
    canvas.open("g", fmt::format(R"(class="{}" fill="{}")", bound_name(mark.bound), bound_color(mark.bound)));
    canvas.title(mark_tooltip(analysis, mark));
    canvas.mark(mark.bound, mark.center, mark.radius);
    canvas.close();
  }
  canvas.close();
  canvas.open("g", R"(class="leaders" fill="none" stroke="#444" stroke-width="0.75")");
  for (const Segment& leader : layout.leaders) canvas.line(leader);
  canvas.close();
}

std::string draw(const Analysis& analysis, const Overlay* overlay, const std::array<std::string, 2>& lines) {
  const Scene scene = build_scene(analysis, overlay);
  const std::vector<Footnote> notes = footnotes(analysis, scene);
  const Plot plot = make_plot(scene, plot_frame(notes.size()));
  const Layout layout = make_layout(analysis, scene, plot);
  Canvas canvas;
  open_page(fmt::format("Roofline of {} on {}", analysis.model.name, analysis.hw.title), canvas);
  draw_header(analysis, lines, canvas);
  overlay == nullptr ? draw_legend(analysis, canvas) : draw_overlay_legend(*overlay, canvas);
  draw_axes(plot, canvas);
  draw_roofs(layout, canvas);
  draw_ghosts(layout, canvas);
  draw_marks(analysis, layout, canvas);
  for (const PlacedText& text : layout.texts) canvas.text(text.at, text.text, text.muted, text.style);
  draw_footnotes(notes, canvas);
  canvas.close();
  return canvas.take();
}

}  // namespace
}  // namespace svg

std::string render_svg(const Analysis& analysis, const Overlay* overlay) {
  return svg::draw(analysis, overlay, svg::header_lines(analysis, overlay));
}

std::string render_trace_svg(const Analysis& analysis, const Overlay& overlay,
                             const std::array<std::string, 2>& lines) {
  return svg::draw(analysis, &overlay, lines);
}

}  // namespace gable
