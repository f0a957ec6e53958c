// What --measured adds to CSV and JSON.
#include <fmt/format.h>

#include <array>

#include "reports/columns.h"

namespace gable {
namespace {

/// `get` of a row that was measured; an empty text of another.
template <auto get>
Cell where_measured(const ReportRow& row) {
  return row.measured ? Cell(get(*row.measured)) : Cell(std::string());
}

using M = const MeasuredCells&;

constexpr std::array<Column, 15> kColumns = {{
    {"measured_s", "measured time of a step, mean", where_measured<[](M m) { return m.totals.time.mean; }>},
    {"measured_median_s", "the same, median: what rates and efficiency are of",
     where_measured<[](M m) { return m.totals.time.median; }>},
    {"measured_cv", "coefficient of variation over the steps", where_measured<[](M m) { return m.totals.time.cv(); }>},
    {"measured_share_of_part", "share of the measured time of the part's ops, 0 to 1",
     where_measured<[](M m) { return m.share_of_part; }>},
    {"measured_share_of_model", "share of the measured time of all ops, 0 to 1",
     where_measured<[](M m) { return m.share_of_model; }>},
    {"roof_time_s", "time at the roofs above each kernel, without launch latency, of what was measured",
     where_measured<[](M m) { return m.totals.roof_s; }>},
    {"efficiency", "roof_time_s / measured_median_s; above 1 where it was faster than the roofs",
     where_measured<[](M m) { return m.totals.efficiency(); }>},
    {"recoverable_s", "measured_median_s - roof_time_s, at least 0",
     where_measured<[](M m) { return m.totals.recoverable_s(); }>},
    {"measured_flop_per_s", "(matrix + vector FLOP, as executed) / measured_median_s",
     where_measured<[](M m) { return m.totals.flop_per_s(); }>},
    {"measured_bytes_per_s", "dram_bytes / measured_median_s",
     where_measured<[](M m) { return m.totals.bytes_per_s(); }>},
    {"datasheet_roof_time_s", "roof_time_s on the datasheet's roofs, where it is known beside a measured profile",
     [](const ReportRow& r) -> Cell {
       return r.measured && r.measured->totals.datasheet_s ? Cell(*r.measured->totals.datasheet_s)
                                                           : Cell(std::string());
     }},
    {"datasheet_efficiency", "datasheet_roof_time_s / measured_median_s",
     [](const ReportRow& r) -> Cell {
       const auto value = r.measured ? r.measured->totals.datasheet_efficiency() : std::nullopt;
       return value ? Cell(*value) : Cell(std::string());
     }},
    {"measured_class", "nearest roof, latency or inefficient; of a sum, the class with most measured time",
     where_measured<[](M m) { return std::string(class_name(m.totals.measured_class())); }>},
    {"margin", "measured_median_s over the time of the nearest roof; of an op in one pass",
     [](const ReportRow& r) -> Cell {
       return r.measured && r.measured->margin > 0 ? Cell(r.measured->margin) : Cell(std::string());
     }},
    {"diagnosis", "what explains a time under the roofs, most likely first",
     where_measured<[](M m) { return fmt::format("{}", fmt::join(m.diagnosis, "; ")); }>},
}};

}  // namespace

std::span<const Column> measured_columns() { return kColumns; }

}  // namespace gable
