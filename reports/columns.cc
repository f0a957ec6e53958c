#include "reports/columns.h"

#include <array>
#include <vector>

namespace gable {
namespace {

std::string bound_text(const ReportRow& row) { return row.idle() ? "" : std::string(bound_name(row.totals.bound())); }
std::string roof_text(const ReportRow& row) { return row.idle() ? "" : std::string(roof_name(row.totals.roof())); }

constexpr Column kMatrixFlop = {"matrix_flop", "2 x multiply-adds of linear, matmul, conv and attention products",
                                [](const ReportRow& r) -> Cell { return r.totals.cost.matrix_flop.value(); }};
constexpr Column kMatrixMac = {"matrix_mac", "multiply-adds of linear, matmul, conv and attention products",
                               [](const ReportRow& r) -> Cell { return r.totals.cost.matrix_flop.value() / 2; }};

constexpr std::array<Column, 33> kColumns = {{
    {"level", "kernel, op, block, kind, part or model",
     [](const ReportRow& r) -> Cell { return std::string(level_name(r.level)); }, true},
    {"part", "part of the model", [](const ReportRow& r) -> Cell { return r.part; }, true},
    {"name", "path of the op or block, name of the kind, part or model",
     [](const ReportRow& r) -> Cell { return r.name; }, true},
    {"kind", "op kind; kernel class at level kernel", [](const ReportRow& r) -> Cell { return r.kind; }, true},
    {"pass", "forward, recompute, dgrad, wgrad or optimizer; of a kernel or pass",
     [](const ReportRow& r) -> Cell { return r.pass; }, true},
    {"dtype", "computed in", [](const ReportRow& r) -> Cell { return r.dtype; }, true},
    {"executions", "times it runs", [](const ReportRow& r) -> Cell { return r.executions; }},
    {"launches", "kernels launched", [](const ReportRow& r) -> Cell { return r.totals.cost.launches.value(); }},
    {"memcpys", "device-to-device copies, counted apart from launches",
     [](const ReportRow& r) -> Cell { return r.totals.cost.memcpys.value(); }},
    {"params", "parameters", [](const ReportRow& r) -> Cell { return r.totals.cost.params.value(); }},
    {"lookup_params", "of params: looked up, not multiplied",
     [](const ReportRow& r) -> Cell { return r.totals.cost.lookup_params.value(); }},
    kMatrixFlop,
    {"recomputed_flop", "matrix FLOP of forward work done again",
     [](const ReportRow& r) -> Cell { return r.totals.cost.recomputed.value(); }},
    {"masked_flop", "matrix FLOP of the masked half of causal attention",
     [](const ReportRow& r) -> Cell { return r.totals.cost.masked.value(); }},
    {"vector_flop", "FLOP of everything else",
     [](const ReportRow& r) -> Cell { return r.totals.cost.vector_flop.value(); }},
    {"read_bytes", "bytes read, every access", [](const ReportRow& r) -> Cell { return r.totals.cost.read.value(); }},
    {"written_bytes", "bytes written", [](const ReportRow& r) -> Cell { return r.totals.cost.written.value(); }},
    {"unique_bytes", "compulsory bytes: each distinct byte once",
     [](const ReportRow& r) -> Cell { return r.totals.cost.unique.value(); }},
    {"dram_bytes", "bytes that cross DRAM", [](const ReportRow& r) -> Cell { return r.totals.dram_bytes.value(); }},
    {"output_elements", "elements produced", [](const ReportRow& r) -> Cell { return r.totals.cost.output.value(); }},
    {"intensity_flop_per_byte", "(matrix + vector FLOP) / unique_bytes",
     [](const ReportRow& r) -> Cell { return r.totals.intensity(); }},
    {"time_s", "time on the roofline", [](const ReportRow& r) -> Cell { return r.totals.time_s; }},
    {"flop_share_of_part", "share of the part's matrix FLOP, 0 to 1",
     [](const ReportRow& r) -> Cell { return r.flop_share_of_part; }},
    {"time_share_of_part", "share of the part's time, 0 to 1",
     [](const ReportRow& r) -> Cell { return r.time_share_of_part; }},
    {"flop_share_of_model", "share of the model's matrix FLOP, 0 to 1",
     [](const ReportRow& r) -> Cell { return r.flop_share_of_model; }},
    {"time_share_of_model", "share of the model's time, 0 to 1",
     [](const ReportRow& r) -> Cell { return r.time_share_of_model; }},
    {"bound", "compute, memory or launch; of a sum, the class with most time",
     [](const ReportRow& r) -> Cell { return bound_text(r); }, true},
    {"roof", "tensor, vector, DRAM, L2 or launch; of a sum, the roof with most time",
     [](const ReportRow& r) -> Cell { return roof_text(r); }, true},
    {"near_ridge", "yes if compute and memory time differ by at most 10 %",
     [](const ReportRow& r) -> Cell { return std::string(r.near_ridge ? "yes" : "no"); }, true},
    {"attained_flop_per_s", "(matrix + vector FLOP) / time_s",
     [](const ReportRow& r) -> Cell { return r.totals.flop_per_s(); }},
    {"attained_bytes_per_s", "dram_bytes / time_s", [](const ReportRow& r) -> Cell { return r.totals.bytes_per_s(); }},
    {"parallel_efficiency", "attained / roof, 0 to 1: time at the roofs above each kernel / time_s",
     [](const ReportRow& r) -> Cell { return r.totals.efficiency(); }},
    {"bandwidth_for_peak_bytes_per_s", "DRAM bandwidth at which the compute roofs would be reached",
     [](const ReportRow& r) -> Cell { return r.totals.bandwidth_for_peak(); }},
}};

constexpr auto kMacColumns = [] {
  auto all = kColumns;
  for (Column& column : all) {
    if (column.name == kMatrixFlop.name) column = kMatrixMac;
  }
  return all;
}();

}  // namespace

std::span<const Column> columns(bool mac) {
  return mac ? std::span<const Column>(kMacColumns) : std::span<const Column>(kColumns);
}

std::vector<Column> columns(const ReportOptions& options) {
  const auto base = columns(options.mac);
  std::vector<Column> all(base.begin(), base.end());
  if (!options.predicted.empty())
    all.push_back({"predicted_s", "time by the constants of --calibration",
                   [](const ReportRow& r) -> Cell { return r.totals.predicted_s; }});
  if (options.datasheet_times)
    all.push_back({"datasheet_s", "time on the datasheet's roofline, where time_s is on the measured one",
                   [](const ReportRow& r) -> Cell { return r.totals.datasheet_s; }});
  if (!options.overlay) return all;
  const auto more = measured_columns();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace gable
