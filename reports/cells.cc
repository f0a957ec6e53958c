#include "reports/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "analyzer/base/units.h"
#include "reports/measured_rows.h"

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

namespace {

const std::vector<ShownColumn>& modelled_columns() {
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

std::string attained(const ReportRow& row, double rate, std::string_view unit) {
  return row.measured && rate > 0 ? format_si(rate, unit, 3) : "-";
}

std::string ratio(double value) { return value > 0 ? fmt::format("{:.1f} %", 100 * value) : "-"; }

/// What --measured shows beside the modelled time. Shares are of the time that ops were measured to take.
const std::vector<ShownColumn>& measurement_columns() {
  using R = const ReportRow&;
  using O = const ReportOptions&;
  static const std::vector<ShownColumn> kColumns = {
      {"measured", [](R r, O) { return r.measured ? format_si(r.measured->totals.time.mean, "s", 3) : "-"; }, true, 0},
      {"%meas",
       [](R r, O) {
         if (!r.measured) return std::string("-");
         return percent(r.level == Level::kPart || r.level == Level::kModel ? r.measured->share_of_model
                                                                            : r.measured->share_of_part);
       },
       true, 0},
      {"vs roof", [](R r, O) { return r.measured ? ratio(r.measured->totals.efficiency()) : "-"; }, true, 0},
      {kMeasuredClassHead,
       [](R r, O) { return r.measured ? std::string(class_name(r.measured->totals.measured_class())) : "-"; }, false,
       0},
      {"margin",
       [](R r, O) {
         return r.measured && r.measured->margin > 0 ? fmt::format("x{}", format_significant(r.measured->margin, 3))
                                                     : "-";
       },
       true, 2},
      {"vs sheet",
       [](R r, O) { return r.measured ? ratio(r.measured->totals.datasheet_efficiency().value_or(0)) : "-"; }, true, 3},
      {"attained", [](R r, O) { return attained(r, r.measured ? r.measured->totals.flop_per_s() : 0, "FLOP/s"); }, true,
       4},
      {"", [](R r, O) { return attained(r, r.measured ? r.measured->totals.bytes_per_s() : 0, "B/s"); }, true, 4},
  };
  return kColumns;
}

/// Before the time at measured roofs, beside a prediction.
std::string datasheet_cell(const ReportRow& row, const ReportOptions& /*options*/) {
  return row.totals.datasheet_s > 0 ? format_si(row.totals.datasheet_s, "s", 3) : "-";
}

/// What --calibration shows beside the time at the roofs.
const std::vector<ShownColumn>& prediction_columns() {
  using R = const ReportRow&;
  using O = const ReportOptions&;
  static const std::vector<ShownColumn> kColumns = {
      {"predicted",
       [](R r, O) { return r.totals.predicted_s > 0 ? format_si(r.totals.predicted_s, "s", 3) : std::string("-"); },
       true, 0},
      {"of it", [](R r, O) { return ratio(r.totals.predicted_s > 0 ? r.totals.time_s / r.totals.predicted_s : 0); },
       true, 2}};
  return kColumns;
}

/// The rank at which a modelled column makes room for measured ones; nothing where it is left out.
std::optional<int> rank_beside_measured(std::string_view head) {
  struct Rank {
    std::string_view head;
    int drop;
  };
  constexpr std::array<Rank, 12> kRanks = {{{"params", 6},
                                            {kMatrixHead, 1},
                                            {"vector FLOP", 9},
                                            {"bytes", 0},
                                            {"FLOP/B", 2},
                                            {"time", 0},
                                            {"%FLOP", 7},
                                            {"%time", 5},
                                            {"bound", 7},
                                            {"roof", 5},
                                            {"launches", 8},
                                            {"", 0}}};
  const auto* rank = std::find_if(kRanks.begin(), kRanks.end(), [&](const Rank& r) { return r.head == head; });
  if (rank == kRanks.end()) return std::nullopt;
  return rank->drop;
}

enum class Beside : std::uint8_t { kNothing, kMeasured, kMeasuredAndDatasheet };
enum class Predicted : std::uint8_t { kNo, kPredicted, kPredictedAndDatasheet };

/// The modelled columns, around the time those of the datasheet, the prediction and the measurement.
std::vector<ShownColumn> composed_columns(Beside beside, Predicted predicted) {
  std::vector<ShownColumn> all;
  for (ShownColumn column : modelled_columns()) {
    if (beside != Beside::kNothing) {
      const auto rank = rank_beside_measured(column.head);
      if (!rank || (column.head.empty() && !all.empty())) continue;
      column.drop = *rank;
    }
    if (column.head == "time" && predicted == Predicted::kPredictedAndDatasheet)
      all.push_back({"datasheet", datasheet_cell, true, 1});
    all.push_back(column);
    if (column.head != "time") continue;
    if (predicted != Predicted::kNo) all.insert(all.end(), prediction_columns().begin(), prediction_columns().end());
    if (beside == Beside::kNothing) continue;
    for (const ShownColumn& measured : measurement_columns()) {
      if (beside == Beside::kMeasuredAndDatasheet || measured.head != "vs sheet") all.push_back(measured);
    }
  }
  return all;
}

}  // namespace

const std::vector<ShownColumn>& shown_columns(const ReportOptions& options) {
  using Row = std::array<std::vector<ShownColumn>, 3>;
  const auto of = [](Beside beside) -> Row {
    return {composed_columns(beside, Predicted::kNo), composed_columns(beside, Predicted::kPredicted),
            composed_columns(beside, Predicted::kPredictedAndDatasheet)};
  };
  static const std::array<Row, 3> kAll = {of(Beside::kNothing), of(Beside::kMeasured),
                                          of(Beside::kMeasuredAndDatasheet)};
  const std::size_t beside = !options.overlay ? 0 : options.overlay->datasheet ? 2 : 1;
  return kAll.at(beside).at(options.predicted.empty() ? 0 : options.datasheet_times ? 2 : 1);
}

std::string head_of(const ShownColumn& column, const ReportOptions& options) {
  return options.mac && column.head == kMatrixHead ? "MAC" : std::string(column.head);
}

namespace {

std::vector<ReportRow> running(std::vector<ReportRow> rows) {
  std::erase_if(rows, [](const ReportRow& row) { return row.idle() && !row.measured; });
  return rows;
}

}  // namespace

std::vector<Section> sections(const Analysis& analysis, const ReportOptions& options) {
  std::vector<Section> all;
  if (options.by == By::kKind || options.by == By::kPass) {
    std::vector<ReportRow> rows = options.by == By::kKind ? kind_rows(analysis) : pass_rows(analysis);
    add_measured(analysis, options, rows);
    all.push_back(
        {with_measured(analysis, options, model_row(analysis)), top_rows(running(std::move(rows)), options.top)});
    return all;
  }
  for (const PartRow& part : analysis.parts) {
    std::vector<ReportRow> rows;
    if (options.by != By::kPart) {
      rows = with_measured(analysis, options, rows_of_part(analysis, part, options.by));
      rows = top_rows(running(std::move(rows)), options.top);
    }
    all.push_back({with_measured(analysis, options, part_row(analysis, part)), std::move(rows)});
  }
  // A single part is the model: its heading is the model's total.
  if (!has_parts(analysis) && options.by != By::kPart) {
    all.front().total = with_measured(analysis, options, model_row(analysis));
  } else {
    all.push_back({with_measured(analysis, options, model_row(analysis)), {}});
  }
  return all;
}

}  // namespace gable
