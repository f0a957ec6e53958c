#include "reports/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"

namespace gable {
namespace {

constexpr std::int64_t kAnyNumber = std::numeric_limits<std::int64_t>::max();

constexpr std::array<SweepFormat, 4> kFormats = {{
    {"table", "txt", "a table for the terminal, with the findings", 100'000, render_sweep_table},
    {"csv", "csv", "one row a point (RFC 4180), as it is computed", kAnyNumber, nullptr},
    {"json", "json", "axes, settings, rows and findings", 100'000, render_sweep_json},
    {"svg", "svg", "time against FLOP as a picture", 10'000, render_sweep_svg},
}};

/// "" in place of a ratio that does not exist.
Cell of_step(const SweepRow& row, Cell (*get)(const Step&)) { return row.step ? get(*row.step) : Cell(std::string()); }

/// "" in place of the results of a point that has none.
Cell of_point(const SweepRow& row, Cell (*get)(const PointResult&)) {
  return row.valid() ? get(row.point) : Cell(std::string());
}

template <Bound bound>
Cell bound_s(const SweepRow& row) {
  return of_point(row, [](const PointResult& p) -> Cell { return p.bound_s.at(static_cast<std::size_t>(bound)); });
}

using R = const SweepRow&;
using P = const PointResult&;
using S = const Step&;

constexpr std::array<SweepColumn, 17> kColumns = {{
    {"flop", "matrix and vector FLOP", [](R r) { return of_point(r, [](P p) -> Cell { return p.flop.value(); }); }},
    {"matrix_flop", "2 x multiply-adds of linear, matmul, conv and attention products",
     [](R r) { return of_point(r, [](P p) -> Cell { return p.matrix_flop.value(); }); }},
    {"unique_bytes", "compulsory bytes: each distinct byte once",
     [](R r) { return of_point(r, [](P p) -> Cell { return p.bytes.value(); }); }},
    {"launches", "kernels launched", [](R r) { return of_point(r, [](P p) -> Cell { return p.launches.value(); }); }},
    {"intensity_flop_per_byte", "flop / unique_bytes",
     [](R r) { return of_point(r, [](P p) -> Cell { return intensity(p); }); }},
    {"time_s", "time on the roofline", [](R r) { return of_point(r, [](P p) -> Cell { return p.time_s; }); }},
    {"attained_flop_per_s", "flop / time_s",
     [](R r) { return of_point(r, [](P p) -> Cell { return p.time_s > 0 ? p.flop.real() / p.time_s : 0.0; }); }},
    {"compute_bound_s", "time of the ops that compute bounds", bound_s<Bound::kCompute>},
    {"memory_bound_s", "time of the ops that memory bounds", bound_s<Bound::kMemory>},
    {"launch_bound_s", "time of the ops that their launch bounds", bound_s<Bound::kLaunch>},
    {"bound", "compute, memory or launch: the class with most time",
     [](R r) { return of_point(r, [](P p) -> Cell { return std::string(bound_name(bound_of(p))); }); }},
    {"roof", "tensor, vector, DRAM, L2 or launch: the bottleneck, which has most time",
     [](R r) { return of_point(r, [](P p) -> Cell { return std::string(roof_name(bottleneck(p))); }); }},
    {"flop_ratio", "flop over that of the row before, along the innermost axis",
     [](R r) { return of_step(r, [](S s) -> Cell { return s.flop_ratio; }); }},
    {"time_ratio", "time_s over that of the row before, along the innermost axis",
     [](R r) { return of_step(r, [](S s) -> Cell { return s.time_ratio; }); }},
    {"elasticity", "ln time_ratio / ln flop_ratio",
     [](R r) {
       return of_step(r, [](S s) -> Cell { return s.elasticity ? Cell(*s.elasticity) : Cell(std::string()); });
     }},
    {"bottleneck_changed", "yes if the roof differs from that of the row before, along the innermost axis",
     [](R r) { return of_step(r, [](S s) -> Cell { return std::string(s.bottleneck_changed ? "yes" : "no"); }); }},
    {"error", "why there is no result", [](R r) -> Cell { return r.error; }},
}};

constexpr SweepColumn kPredicted = {
    "predicted_s", "time by the device's constants (analyze predict)", [](R r) {
      return of_point(r, [](P p) -> Cell { return p.predicted_s > 0 ? Cell(p.predicted_s) : Cell(std::string()); });
    }};

}  // namespace

std::span<const SweepFormat> sweep_format_table() { return kFormats; }

const SweepFormat& find_sweep_format(std::string_view name) {
  const auto* found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const SweepFormat& f) { return f.name == name; });
  if (found != kFormats.end()) return *found;
  std::vector<std::string_view> known;
  for (const SweepFormat& format : kFormats) known.push_back(format.name);
  throw InputError(fmt::format("--format: unknown format {}{}", in_quotes(name), suggestion(name, known)));
}

std::vector<SweepColumn> sweep_columns(const Sweep& sweep) {
  std::vector<SweepColumn> columns;
  for (const SweepColumn& column : kColumns) {
    columns.push_back(column);
    if (column.name == "time_s" && sweep.predicts()) columns.push_back(kPredicted);
  }
  return columns;
}

std::string dtype_name(const Sweep& sweep, std::int64_t point) {
  return describe(sweep.options_at(point).cost.dtype.applied_to(sweep.model_at(point).dtypes));
}

std::vector<std::size_t> option_axes(const Grid& grid) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < grid.axes.size(); ++i) {
    if (grid.axes[i].role == AxisRole::kOption && grid.axes[i].name != "dtype") found.push_back(i);
  }
  return found;
}

}  // namespace gable
