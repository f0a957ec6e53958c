#include "reports/svg_bars.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/svg_axes.h"

namespace gable::svg {
namespace {

constexpr double kLeft = 24;
constexpr double kRight = 936;
constexpr double kTop = 112;
constexpr double kTitleSize = 18;
constexpr double kLeastTitleSize = 13;
constexpr double kBold = 1.15;  ///< width of bold text over plain
constexpr double kTextSize = 12;
constexpr double kMostLabel = 300;  ///< px for labels
constexpr double kMostText = 230;   ///< px for what stands at the ends of bars
constexpr double kThick = 15;
constexpr double kBarStep = 20;
constexpr double kGroupHead = 24;
constexpr double kGroupGap = 12;
constexpr double kLeastPiece = 0.5;  ///< px; thinner ones are drawn as thin

double height_of(const BarPicture& picture) {
  double height = kTop;
  for (const BarGroup& group : picture.groups)
    height += kGroupHead + kBarStep * static_cast<double>(group.bars.size()) + kGroupGap;
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

void draw_head(const BarPicture& picture, Canvas& canvas) {
  const double width = kRight - kLeft;
  const double size =
      std::clamp(kTitleSize * width / (kBold * text_width(picture.title, kTitleSize)), kLeastTitleSize, kTitleSize);
  canvas.text({kLeft, 34}, fit_text(picture.title, kBold * size, width + 1),
              {.size = size, .fill = "#111", .bold = true});
  double y = 54;
  for (std::size_t i = 0; i < picture.lines.size(); ++i) {
    const double line_size = i == 0 ? 13 : 11;
    canvas.text({kLeft, y}, fit_text(picture.lines[i], line_size, width),
                {.size = line_size, .fill = i == 0 ? "#333" : "#555"});
    y += 17;
  }
  double x = kLeft;
  for (const LegendEntry& entry : picture.legend) {
    canvas.open("g", fmt::format("fill=\"{}\"", entry.fill));
    canvas.rect({x, kTop - 22, x + 11, kTop - 11});
    canvas.close();
    canvas.text({x + 16, kTop - 12}, entry.text, {.size = kTextSize});
    x += 16 + text_width(entry.text, kTextSize) + 18;
  }
}

void draw_bar(const Bar& bar, double x, double y, double scale, Canvas& canvas) {
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
  canvas.text({at + 6, y + 12}, fit_text(bar.text, kTextSize, kMostText), {.size = kTextSize, .fill = "#111"});
}

double draw_group(const BarGroup& group, double x, double y, double room, Canvas& canvas) {
  canvas.text({kLeft, y + 16}, group.title, {.size = 13, .fill = "#111", .bold = true});
  double most = group.full;
  for (const Bar& bar : group.bars) most = std::max(most, length(bar));
  y += kGroupHead;
  canvas.open("g", R"(stroke="#bbb" stroke-width="1")");
  canvas.line({{x, y - 2}, {x, y + kBarStep * static_cast<double>(group.bars.size()) - 3}});
  canvas.close();
  for (const Bar& bar : group.bars) {
    draw_bar(bar, x, y, most > 0 ? room / most : 0, canvas);
    y += kBarStep;
  }
  return y + kGroupGap;
}

}  // namespace

std::string draw_bars(const BarPicture& picture) {
  Canvas canvas;
  open_page(picture.title, canvas, height_of(picture));
  draw_head(picture, canvas);
  const double x = kLeft + label_width(picture);
  const double room = kRight - x - room_for_text(picture);
  double y = kTop;
  for (const BarGroup& group : picture.groups) y = draw_group(group, x, y, room, canvas);
  canvas.close();
  return canvas.take();
}

}  // namespace gable::svg
