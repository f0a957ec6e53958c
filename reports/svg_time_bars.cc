#include "reports/svg_time_bars.h"

#include <fmt/format.h>

#include <algorithm>

namespace gable::svg {
namespace {

constexpr double kWidth = 960;
constexpr double kMargin = 28;
constexpr double kTitleSize = 20;
constexpr double kTextSize = 13;
constexpr double kKeySize = 12;
constexpr double kRow = 30;
constexpr double kBarHeight = 18;
constexpr double kSectionGap = 16;
constexpr double kMostLabel = 330;  ///< px that labels may take
constexpr double kGap = 10;         ///< between label, bar and text

double total_of(const TimeBar& bar) {
  double sum = 0;
  for (const TimePiece& piece : bar.pieces) sum += piece.value;
  return sum;
}

/// Where the columns are, and how long a unit is.
struct Columns {
  double left = 0;
  double unit = 0;
  double top = 0;
  double height = 0;
};

Columns layout_of(const TimeBars& chart) {
  Columns layout;
  double label = 0;
  double text = 0;
  double longest = chart.reference;
  double rows = 0;
  for (const TimeBar& bar : chart.bars) {
    label = std::max(label, text_width(bar.label, kTextSize));
    text = std::max(text, text_width(bar.text, kTextSize));
    longest = std::max(longest, total_of(bar));
    rows += kRow + (bar.gap_before ? kSectionGap : 0);
  }
  layout.left = kMargin + std::min(label, kMostLabel) + kGap;
  const double room = std::max(kWidth - kMargin - text - kGap - layout.left, 80.0);
  layout.unit = longest > 0 ? room / longest : 0;
  layout.top = 44 + 18 * static_cast<double>(chart.subtitle.size()) + 34;
  layout.height = layout.top + rows + kMargin;
  return layout;
}

void draw_head(const TimeBars& chart, Canvas& canvas) {
  const double width = kWidth - 2 * kMargin;
  const double bold = kTitleSize * 1.15;
  canvas.text({kMargin, 34}, fit_text(chart.title, bold, width), {.size = kTitleSize, .fill = "#111", .bold = true});
  double y = 56;
  for (const std::string& line : chart.subtitle) {
    canvas.text({kMargin, y}, fit_text(line, kTextSize, width), {.size = kTextSize, .fill = "#444"});
    y += 18;
  }
  double x = kMargin;
  for (const TimeKey& key : chart.keys) {
    canvas.open("g", fmt::format(R"(fill="{}")", key.fill));
    canvas.rect({x, y + 2, x + 12, y + 14});
    canvas.close();
    canvas.text({x + 18, y + 12}, key.text, {.size = kKeySize, .fill = "#333"});
    x += 18 + text_width(key.text, kKeySize) + 22;
  }
}

void draw_bar(const TimeBar& bar, double y, const Columns& layout, Canvas& canvas) {
  const double middle = y + kRow / 2;
  canvas.text({layout.left - kGap, middle + 4.5}, fit_text(bar.label, kTextSize, layout.left - kGap - kMargin),
              {.size = kTextSize, .fill = "#111", .anchor = "end"});
  double x = layout.left;
  for (const TimePiece& piece : bar.pieces) {
    const double end = x + piece.value * layout.unit;
    if (piece.value > 0) {
      canvas.open("g", fmt::format(R"(class="bar" fill="{}")", piece.fill));
      canvas.title(piece.tooltip);
      canvas.rect({x, middle - kBarHeight / 2, end, middle + kBarHeight / 2});
      canvas.close();
    }
    x = end;
  }
  canvas.text({x + kGap, middle + 4.5}, bar.text, {.size = kTextSize, .fill = "#333", .halo = true});
}

void draw_reference(const TimeBars& chart, const Columns& layout, Canvas& canvas) {
  if (chart.reference <= 0) return;
  const double x = layout.left + chart.reference * layout.unit;
  canvas.open("g", R"(class="reference" fill="none" stroke="#888" stroke-width="1" stroke-dasharray="3 3")");
  canvas.line({{x, layout.top}, {x, layout.height - kMargin}});
  canvas.close();
}

}  // namespace

std::string render_time_bars(const TimeBars& chart) {
  const Columns layout = layout_of(chart);
  Canvas canvas;
  canvas.open("svg", fmt::format(R"(xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" )"
                                 R"(font-family="sans-serif" role="img")",
                                 px(kWidth), px(layout.height)));
  canvas.title(chart.title);
  canvas.open("g", "fill=\"#fff\"");
  canvas.rect({0, 0, kWidth, layout.height});
  canvas.close();
  draw_head(chart, canvas);
  draw_reference(chart, layout, canvas);
  double y = layout.top;
  for (const TimeBar& bar : chart.bars) {
    if (bar.gap_before) y += kSectionGap;
    draw_bar(bar, y, layout, canvas);
    y += kRow;
  }
  canvas.close();
  return canvas.take();
}

}  // namespace gable::svg
