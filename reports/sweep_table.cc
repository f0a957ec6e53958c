// The terminal table of a sweep: a row a point, a blank line between series.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/difference.h"
#include "reports/headings.h"
#include "reports/sweep_series.h"
#include "reports/text_table.h"

namespace gable {
namespace {

struct ShownSweepColumn {
  TextColumn column;
  std::string (*show)(const SweepRow&);
};

constexpr std::string_view kPredictedHead = "predicted";

std::string compact(Count value) { return value == Count(0) ? "-" : format_si(value.real(), "", 3); }
std::string factor(double ratio) { return fmt::format("x{}", ratio_text(ratio)); }

std::string roof_cell(const SweepRow& row) {
  const std::string_view now = roof_name(bottleneck(row.point));
  const bool changed = row.step && row.step->bottleneck_changed;
  return changed ? fmt::format("{} → {}", roof_name(row.step->from), now) : std::string(now);
}

std::string elasticity_cell(const SweepRow& row) {
  return row.step && row.step->elasticity ? format_significant(*row.step->elasticity, 3) : "";
}

std::string attained_cell(const SweepRow& row) {
  return row.point.time_s > 0 ? format_si(row.point.flop.real() / row.point.time_s, "FLOP/s", 3) : "-";
}

std::string predicted_cell(const SweepRow& row) {
  return row.point.predicted_s > 0 ? format_si(row.point.predicted_s, "s", 3) : "-";
}

const std::vector<ShownSweepColumn>& all_columns() {
  using R = const SweepRow&;
  static const std::vector<ShownSweepColumn> kColumns = {
      {{"FLOP"}, [](R r) { return compact(r.point.flop); }},
      {{"bytes", true, 1}, [](R r) { return compact(r.point.bytes); }},
      {{"FLOP/B", true, 2}, [](R r) { return format_significant(intensity(r.point), 3); }},
      {{"time"}, [](R r) { return format_si(r.point.time_s, "s", 3); }},
      {{std::string(kPredictedHead)}, predicted_cell},
      {{"x FLOP", true, 1}, [](R r) { return r.step ? factor(r.step->flop_ratio) : ""; }},
      {{"x time"}, [](R r) { return r.step ? factor(r.step->time_ratio) : ""; }},
      {{"elasticity"}, elasticity_cell},
      {{"bound", false, 3, true}, [](R r) { return std::string(bound_name(bound_of(r.point))); }},
      {{"bottleneck", false, 0, true}, roof_cell},
      {{"launches", true, 4}, [](R r) { return format_grouped(r.point.launches.value()); }},
      {{"attained", true, 5}, attained_cell},
  };
  return kColumns;
}

std::vector<ShownSweepColumn> point_columns(const Sweep& sweep) {
  std::vector<ShownSweepColumn> columns = all_columns();
  if (!sweep.predicts()) std::erase_if(columns, [](const auto& shown) { return shown.column.head == kPredictedHead; });
  return columns;
}

std::string axis_cell(const Sweep& sweep, std::size_t axis, std::int64_t point) {
  return sweep.grid.axes[axis].text(sweep.grid.place(axis, point));
}

std::vector<TextColumn> columns_of(const Sweep& sweep) {
  std::vector<TextColumn> columns;
  for (const Axis& axis : sweep.grid.axes) columns.push_back({axis.name, axis.role == AxisRole::kDim});
  for (const ShownSweepColumn& shown : point_columns(sweep)) columns.push_back(shown.column);
  return columns;
}

TextLine line_of(const Sweep& sweep, const SweepRow& row) {
  TextLine line;
  for (std::size_t i = 0; i < sweep.grid.axes.size(); ++i) line.cells.push_back(axis_cell(sweep, i, row.index));
  line.rest = row.error;
  if (!row.valid()) return line;
  for (const ShownSweepColumn& shown : point_columns(sweep)) line.cells.push_back(shown.show(row));
  line.paint = terminal_color(class_of(bottleneck(row.point)));
  return line;
}

std::string dims_line(const Analysis& first) {
  std::string dims;
  for (std::size_t i = kFirstDim; i < kFirstDim + first.model.dim_count; ++i)
    dims += fmt::format(" {}={}", first.model.slots[i].name, first.costed.values[i]);
  return dims.empty() ? "" : fmt::format("; the first has{}", dims);
}

std::string points_line(const SweepReport& report) {
  const auto done = static_cast<std::int64_t>(report.rows.size());
  const std::int64_t size = report.sweep.grid.size;
  const std::string all = counted(size, "point");
  const std::string points = done == size ? all : fmt::format("{} of {}", format_grouped(done), all);
  return fmt::format("sweep: {}: {}{}", sweep_title(report), points, dims_line(report.first));
}

std::string header(const SweepReport& report, std::size_t width) {
  const Grid& grid = report.sweep.grid;
  std::string out;
  if (!grid.axis_of(AxisRole::kHardware)) out += wrapped(hardware_line(report.first), width);
  out += wrapped(points_line(report), width);
  return out + wrapped(sweep_settings(report), width);
}

constexpr std::string_view kLegend =
    "FLOP: matrix and vector. x: over the row above. Elasticity: d ln time / d ln FLOP, 1 where time follows FLOP. "
    "Bottleneck: the roof with most time.";

}  // namespace

std::string render_sweep_table(const SweepReport& report) {
  const std::size_t width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  const std::vector<TextColumn> columns = columns_of(report.sweep);
  std::vector<TextLine> lines = {head_line(columns)};
  for (const SweepRow& row : report.rows) lines.push_back(line_of(report.sweep, row));
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out = header(report, width) + "\n" + render_line(lines.front(), columns, layout, report.color);
  const std::int64_t run = report.sweep.grid.run_length();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::int64_t point = report.rows[i - 1].index;
    if (run > 1 && point > 0 && point % run == 0) out += "\n";
    out += render_line(lines[i], columns, layout, report.color);
  }
  out += "\n" + wrapped(kLegend, width);
  for (const std::string& text : sweep_findings(report)) out += wrapped(text, width);
  return out;
}

}  // namespace gable
