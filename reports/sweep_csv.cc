// CSV of a sweep, made in pieces: whoever resumes a file compares it with what these functions give.
#include <fmt/format.h>

#include "reports/csv.h"
#include "reports/sweep_report.h"

namespace gable {
namespace {

std::string setting_fields(const Sweep& sweep, std::int64_t point) {
  std::string out = fmt::format("{},{},{}", csv_field(sweep.model_at(point).name),
                                csv_field(sweep.hardware_at(point).hw.name), csv_field(dtype_name(sweep, point)));
  for (const std::size_t axis : option_axes(sweep.grid))
    out += fmt::format(",{}", csv_field(sweep.grid.axes[axis].text(sweep.grid.place(axis, point))));
  return out;
}

void append_dims(const Grid& grid, std::int64_t point, std::string& out) {
  for (std::size_t i = 0; i < grid.axes.size(); ++i) {
    if (grid.axes[i].role != AxisRole::kDim) continue;
    out += ',';
    const fmt::format_int number(grid.axes[i].number(grid.place(i, point)));
    out.append(number.data(), number.size());
  }
}

/// Points in a row with the same model, device and options: those of the axes of dims inside all others.
std::int64_t same_settings(const Grid& grid) {
  std::int64_t points = grid.size;
  for (std::size_t i = 0; i < grid.axes.size(); ++i) {
    if (grid.axes[i].role != AxisRole::kDim) points = grid.stride[i];
  }
  return points;
}

}  // namespace

std::string sweep_csv_header(const Sweep& sweep) {
  std::string out = "model,hardware,dtype";
  for (const std::size_t axis : option_axes(sweep.grid)) out += fmt::format(",{}", sweep.grid.axes[axis].name);
  for (const Axis& axis : sweep.grid.axes) {
    if (axis.role == AxisRole::kDim) out += fmt::format(",{}", csv_field(axis.name));
  }
  for (const SweepColumn& column : sweep_columns(sweep)) out += fmt::format(",{}", column.name);
  return out.append(kCsvEnd);
}

std::string sweep_csv_lead(const Sweep& sweep, std::int64_t point) {
  std::string out = setting_fields(sweep, point);
  append_dims(sweep.grid, point, out);
  return out;
}

std::string sweep_csv(const Sweep& sweep, std::span<const SweepRow> rows) {
  std::string out;
  std::string settings;
  const std::vector<SweepColumn> columns = sweep_columns(sweep);
  const std::int64_t same = same_settings(sweep.grid);
  for (const SweepRow& row : rows) {
    if (settings.empty() || row.index % same == 0) settings = setting_fields(sweep, row.index);
    out += settings;
    append_dims(sweep.grid, row.index, out);
    for (const SweepColumn& column : columns) {
      out += ',';
      append_csv(column.get(row), out);
    }
    out += kCsvEnd;
  }
  return out;
}

}  // namespace gable
