#include "reports/svg_bars.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/units.h"
#include "reports/svg_axes.h"

namespace gable::svg {
namespace {

constexpr double kLeft = 24;
constexpr double kRight = 936;
constexpr double kRowOfKeys = 24;
constexpr double kTextSize = 12;
constexpr double kMostLabel = 300;  ///< px for labels
constexpr double kMostText = 230;   ///< px for what stands at the ends of bars
constexpr double kThick = 15;
constexpr double kBarStep = 20;
constexpr double kGroupHead = 24;
constexpr double kGroupGap = 12;
constexpr double kLeastPiece = 0.5;  ///< px; thinner ones are drawn as thin

double head_of(const BarGroup& group) { return group.title.empty() ? 0 : kGroupHead; }

double height_of(const BarPicture& picture, double top) {
  double height = top;
  for (const BarGroup& group : picture.groups)
    height += head_of(group) + kBarStep * static_cast<double>(group.bars.size()) + kGroupGap;
  return height + 8;
}

double label_width(const BarPicture& picture) {
  double width = 0;
  for (const BarGroup& group : picture.groups) {
    for (const Bar& bar : group.bars) width = std::max(width, text_width(bar.label, kTextSize));
  }
  return std::min(width, kMostLabel) + 12;
}

double room_for_text(const BarPicture& picture) {
  double width = 0;
  for (const BarGroup& group : picture.groups) {
    for (const Bar& bar : group.bars) width = std::max(width, text_width(bar.text, kTextSize));
  }
  return std::min(width, kMostText) + 8;
}

double length(const Bar& bar) {
  double sum = 0;
  for (const BarPiece& piece : bar.pieces) sum += piece.value;
  return sum;
}

/// @return y below it
double draw_head(const BarPicture& picture, Canvas& canvas) {
  const double width = kRight - kLeft;
  draw_title(picture.title, kLeft, width, canvas);
  double y = 54;
  for (std::size_t i = 0; i < picture.lines.size(); ++i) {
    const TextStyle style = {.size = i == 0 ? 13.0 : 11.0, .fill = i == 0 ? "#333" : "#555"};
    y = draw_wrapped({kLeft, y}, picture.lines[i], width, style, canvas);
  }
  double x = kLeft;
  for (const LegendEntry& entry : picture.legend) {
    canvas.open("g", fmt::format("fill=\"{}\"", entry.fill));
    canvas.rect({x, y - 6, x + 11, y + 5});
    canvas.close();
    canvas.text({x + 16, y + 4}, entry.text, {.size = kTextSize});
    x += 16 + text_width(entry.text, kTextSize) + 18;
  }
  return y + kRowOfKeys;
}

void draw_bar(const Bar& bar, double x, double y, double scale, double reference, Canvas& canvas) {
  canvas.text({x - 8, y + 12}, fit_text(bar.label, kTextSize, kMostLabel), {.size = kTextSize, .anchor = "end"});
  double at = x;
  for (const BarPiece& piece : bar.pieces) {
    if (!(piece.value > 0)) continue;
    const double end = at + std::max(kLeastPiece, piece.value * scale);
    canvas.open("g", fmt::format("fill=\"{}\"", piece.fill));
    canvas.title(piece.tooltip);
    canvas.rect({at, y, end, y + kThick});
    canvas.close();
    at = end;
  }
  canvas.text({std::max(at, x + reference * scale) + 6, y + 12}, fit_text(bar.text, kTextSize, kMostText),
              {.size = kTextSize, .fill = "#111"});
}

void draw_down(double x, double top, double bottom, std::string_view style, Canvas& canvas) {
  canvas.open("g", style);
  canvas.line({{x, top}, {x, bottom}});
  canvas.close();
}

double draw_group(const BarGroup& group, double x, double y, double room, Canvas& canvas) {
  if (!group.title.empty()) canvas.text({kLeft, y + 16}, group.title, {.size = 13, .fill = "#111", .bold = true});
  double most = std::max(group.full, group.reference);
  for (const Bar& bar : group.bars) most = std::max(most, length(bar));
  const double scale = most > 0 ? room / most : 0;
  y += head_of(group);
  const double end = y + kBarStep * static_cast<double>(group.bars.size());
  draw_down(x, y - 2, end - 3, R"(stroke="#bbb" stroke-width="1")", canvas);
  if (group.reference > 0)
    draw_down(x + group.reference * scale, y - 4, end - 1,
              R"(class="reference" fill="none" stroke="#888" stroke-width="1" stroke-dasharray="3 3")", canvas);
  for (const Bar& bar : group.bars) {
    draw_bar(bar, x, y, scale, group.reference, canvas);
    y += kBarStep;
  }
  return y + kGroupGap;
}

}  // namespace

std::vector<BarPiece> bound_pieces(const std::array<double, kBoundCount>& bound_s) {
  std::vector<BarPiece> pieces;
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    const auto bound = static_cast<Bound>(i);
    pieces.push_back({bound_s.at(i), bound_color(bound),
                      fmt::format("{}-bound: {}", bound_name(bound), format_si(bound_s.at(i), "s", 3))});
  }
  return pieces;
}

std::vector<LegendEntry> bound_legend() {
  std::vector<LegendEntry> legend;
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    const auto bound = static_cast<Bound>(i);
    legend.push_back({bound_color(bound), fmt::format("{}-bound time", bound_name(bound))});
  }
  return legend;
}

std::string draw_bars(const BarPicture& picture) {
  Canvas head;
  const double top = draw_head(picture, head);
  Canvas canvas;
  open_page(picture.title, canvas, height_of(picture, top));
  draw_head(picture, canvas);
  const double x = kLeft + label_width(picture);
  const double room = kRight - x - room_for_text(picture);
  double y = top;
  for (const BarGroup& group : picture.groups) y = draw_group(group, x, y, room, canvas);
  canvas.close();
  return canvas.take();
}

}  // namespace gable::svg
