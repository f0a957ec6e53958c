// The picture of a step's memory laid out: its axes in px, and the labels of its marks.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "reports/memory_text.h"
#include "reports/svg_canvas.h"

namespace gable::svg {

/// A stretch of the time axis.
struct Stretch {
  std::string_view title;
  double left = 0;
  double right = 0;
  std::vector<std::size_t> events;

  /// px that an event takes.
  [[nodiscard]] double column() const { return (right - left) / static_cast<double>(events.size()); }
};

struct Chart {
  static constexpr Box kFrame = {84, 96, 690, 560};

  const MemoryReport& report;
  SizeUnit unit;
  double top = 1;  ///< bytes at the upper edge
  double tick = 1;
  std::vector<Stretch> stretches;

  [[nodiscard]] double y(double bytes) const {
    return kFrame.bottom - (kFrame.bottom - kFrame.top) * std::min(1.0, bytes / top);
  }
  /// The middle of the column that holds an event.
  [[nodiscard]] double x(std::size_t event) const;
};

Chart make_chart(const MemoryReport& report);

/// The device's capacity, the peak of the passes and, where it needs more, the update, each with its label: inside the
/// frame, clear of the others.
void draw_marks(const Chart& chart, Canvas& canvas);

}  // namespace gable::svg
