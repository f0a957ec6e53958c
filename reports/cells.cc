#include "reports/cells.h"

#include <fmt/format.h>

#include "analyzer/base/units.h"

namespace gable {
namespace {

constexpr std::string_view kMatrixHead = "FLOP";

/// Three digits and a prefix: "463 M"; "-" for nothing.
std::string compact(double value) {
  if (value == 0) return "-";
  return format_si(value, "", 3);
}

std::string percent(double share) { return share == 0 ? "-" : fmt::format("{:.1f}", 100 * share); }

std::string name_cell(const ReportRow& row, const ReportOptions& /*options*/) {
  const bool repeated =
      row.executions > 1 && (row.level == Level::kOp || row.level == Level::kKind || row.level == Level::kKernel);
  const std::string pass = row.level == Level::kKernel && row.pass != pass_name(Pass::kForward) ? " " + row.pass : "";
  return repeated ? fmt::format("{}{} ×{}", row.name, pass, row.executions) : row.name + pass;
}

std::string bound_cell(const ReportRow& row, const ReportOptions& /*options*/) {
  return row.idle() ? "-" : std::string(bound_name(row.totals.bound()));
}

std::string roof_cell(const ReportRow& row, const ReportOptions& /*options*/) {
  if (row.idle()) return "-";
  return fmt::format("{}{}", roof_name(row.totals.roof()), row.near_ridge ? ", near ridge" : "");
}

double shown_flop(const ReportRow& row, const ReportOptions& options) {
  return row.totals.cost.matrix_flop.real() / (options.mac ? 2 : 1);
}

}  // namespace

const std::vector<ShownColumn>& shown_columns() {
  using R = const ReportRow&;
  using O = const ReportOptions&;
  static const std::vector<ShownColumn> kColumns = {
      {"", name_cell, false, 0},
      {"params", [](R r, O) { return compact(r.totals.cost.params.real()); }, true, 1},
      {kMatrixHead, [](R r, O o) { return compact(shown_flop(r, o)); }, true, 0},
      {"vector FLOP", [](R r, O) { return compact(r.totals.cost.vector_flop.real()); }, true, 5},
      {"bytes", [](R r, O) { return compact(r.totals.cost.unique.real()); }, true, 0},
      {"FLOP/B",
       [](R r, O) {
         return r.totals.intensity() == 0 ? std::string("-") : format_significant(r.totals.intensity(), 3);
       },
       true, 0},
      {"time", [](R r, O) { return r.totals.time_s == 0 ? std::string("-") : format_si(r.totals.time_s, "s", 3); },
       true, 0},
      {"%FLOP",
       [](R r, O) {
         return percent(r.level == Level::kPart || r.level == Level::kModel ? r.flop_share_of_model
                                                                            : r.flop_share_of_part);
       },
       true, 1},
      {"%time",
       [](R r, O) {
         return percent(r.level == Level::kPart || r.level == Level::kModel ? r.time_share_of_model
                                                                            : r.time_share_of_part);
       },
       true, 0},
      {"bound", bound_cell, false, 0},
      {"roof", roof_cell, false, 2},
      {"%roof", [](R r, O) { return percent(r.totals.efficiency()); }, true, 4},
      {"launches", [](R r, O) { return r.idle() ? std::string("-") : format_grouped(r.totals.cost.launches.value()); },
       true, 3},
      {"attained",
       [](R r, O) {
         return r.totals.flop_per_s() == 0 ? std::string("-") : format_si(r.totals.flop_per_s(), "FLOP/s", 3);
       },
       true, 4},
      {"",
       [](R r, O) {
         return r.totals.bytes_per_s() == 0 ? std::string("-") : format_si(r.totals.bytes_per_s(), "B/s", 3);
       },
       true, 4},
  };
  return kColumns;
}

std::string head_of(const ShownColumn& column, const ReportOptions& options) {
  return options.mac && column.head == kMatrixHead ? "MAC" : std::string(column.head);
}

namespace {

std::vector<ReportRow> running(std::vector<ReportRow> rows) {
  std::erase_if(rows, [](const ReportRow& row) { return row.idle(); });
  return rows;
}

}  // namespace

std::vector<Section> sections(const Analysis& analysis, const ReportOptions& options) {
  std::vector<Section> all;
  if (options.by == By::kKind || options.by == By::kPass) {
    std::vector<ReportRow> rows = options.by == By::kKind ? kind_rows(analysis) : pass_rows(analysis);
    all.push_back({model_row(analysis), top_rows(running(std::move(rows)), options.top)});
    return all;
  }
  for (const PartRow& part : analysis.parts) {
    std::vector<ReportRow> rows;
    if (options.by != By::kPart) rows = top_rows(running(rows_of_part(analysis, part, options.by)), options.top);
    all.push_back({part_row(analysis, part), std::move(rows)});
  }
  // A single part is the model: its heading is the model's total.
  if (!has_parts(analysis) && options.by != By::kPart) {
    all.front().total = model_row(analysis);
  } else {
    all.push_back({model_row(analysis), {}});
  }
  return all;
}

}  // namespace gable
