// Predicted against measured in log-log axes: a mark a row, the diagonal where both agree.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/units.h"
#include "reports/svg_axes.h"
#include "reports/validation_report.h"

namespace gable {
namespace svg {
namespace {

constexpr Box kFrame = {84, 84, 936, kPageHeight - 54};
constexpr std::size_t kMostMarks = 4000;  ///< of more rows evenly chosen ones are drawn, as the caption says
constexpr double kBand = 1.2;
/// Okabe-Ito, then again.
constexpr std::array<std::string_view, 7> kColors = {"#0072B2", "#E69F00", "#009E73", "#CC79A7",
                                                     "#56B4E9", "#D55E00", "#F0E442"};

std::vector<Tick> time_ticks(const Range& range) {
  std::vector<Tick> ticks = log_ticks(range, false);
  for (Tick& tick : ticks) {
    if (!tick.label.empty()) tick.label = format_si(tick.value, "s", 1);
  }
  return ticks;
}

Plot plot_of(const ValidationReport& report) {
  Extent extent;
  for (const ValidatedGroup& group : report.validation.groups) {
    for (const Checked& one : group.checked) {
      extent.add(one.measured_s);
      extent.add(one.predicted.time_s);
    }
  }
  const Range range = extent.range({1e-6, 1e-3});
  return {kFrame, LogScale(range, kFrame.left, kFrame.right), LogScale(range, kFrame.bottom, kFrame.top)};
}

/// Predicted = measured x `factor`, as far as it lies in the plot.
void draw_ratio(const Plot& plot, double factor, Canvas& canvas) {
  const Range& range = plot.x.range();
  const double low = std::max(range.low, range.low / factor);
  const double high = std::min(range.high, range.high / factor);
  canvas.line({{plot.x.at(low), plot.y.at(low * factor)}, {plot.x.at(high), plot.y.at(high * factor)}});
}

void draw_guides(const Plot& plot, Canvas& canvas) {
  canvas.open("g", R"(class="guide" fill="none" stroke="#333" stroke-width="1")");
  draw_ratio(plot, 1, canvas);
  canvas.close();
  canvas.open("g", R"(class="guide" fill="none" stroke="#999" stroke-width="1" stroke-dasharray="5 4")");
  canvas.title("20 % more or less");
  for (const double factor : {kBand, 1 / kBand}) draw_ratio(plot, factor, canvas);
  canvas.close();
}

std::string name_of(const ValidatedGroup& group) {
  return fmt::format("{} {} {}{}{}: {:.1f} %", group.hardware, row(group.kind).name, row(group.dtype).name,
                     group.library.empty() ? "" : ", ", group.library, 100 * group.accuracy.mape);
}

void draw_marks(const ValidationReport& report, const Plot& plot, std::size_t step, Canvas& canvas) {
  std::size_t color = 0;
  for (const ValidatedGroup& group : report.validation.groups) {
    canvas.open("g",
                fmt::format(R"(class="rows" fill="{}" fill-opacity="0.45")", kColors.at(color++ % kColors.size())));
    canvas.title(name_of(group));
    for (std::size_t i = 0; i < group.checked.size(); i += step) {
      const Checked& one = group.checked[i];
      canvas.circle({plot.x.at(one.measured_s), plot.y.at(one.predicted.time_s)}, 2.2);
    }
    canvas.close();
  }
}

/// In the corner above the diagonal, where rows are predicted too slow, the fewest marks lie.
void draw_groups(const ValidationReport& report, Canvas& canvas) {
  constexpr std::size_t kMostNames = 14;
  constexpr double kWidth = 430;
  double y = kFrame.top + 18;
  std::size_t color = 0;
  for (const ValidatedGroup& group : report.validation.groups) {
    if (color == kMostNames) {
      canvas.text({kFrame.left + 24, y}, fmt::format("and {} more", report.validation.groups.size() - kMostNames),
                  {.size = 11, .fill = "#555", .halo = true});
      return;
    }
    canvas.open("g", fmt::format(R"(fill="{}")", kColors.at(color++ % kColors.size())));
    canvas.circle({kFrame.left + 14, y - 4}, 4);
    canvas.close();
    canvas.text({kFrame.left + 24, y}, fit_text(name_of(group), 11, kWidth), {.size = 11, .halo = true});
    y += 15;
  }
}

}  // namespace
}  // namespace svg

std::string render_validation_svg(const ValidationReport& report) {
  using namespace svg;
  std::size_t rows = 0;
  for (const ValidatedGroup& group : report.validation.groups) rows += group.checked.size();
  const std::size_t step = std::max<std::size_t>(1, (rows + kMostMarks - 1) / kMostMarks);
  const Plot plot = plot_of(report);
  Canvas canvas;
  open_page("Predicted against measured", canvas);
  draw_title("Predicted against measured", kFrame.left, kFrame.right - kFrame.left, canvas);
  canvas.text({kFrame.left, 56},
              fmt::format("{} predictions of rows that no fit saw{}; dashed: 20 % more or less; per cent: mean error",
                          format_grouped(static_cast<std::int64_t>(rows)),
                          step > 1 ? fmt::format(", one in {} drawn", step) : ""),
              {.size = 13});
  draw_log_axes(plot, {time_ticks(plot.x.range()), "measured"}, {time_ticks(plot.y.range()), "predicted"}, canvas);
  draw_guides(plot, canvas);
  draw_marks(report, plot, step, canvas);
  draw_groups(report, canvas);
  canvas.close();
  return canvas.take();
}

}  // namespace gable
