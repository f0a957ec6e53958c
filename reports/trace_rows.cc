// The rows and columns of a trace's CSV and JSON.
#include <array>

#include "reports/trace_report.h"

namespace gable {
namespace {

constexpr double kNsPerSecond = 1e9;

template <auto get>
Cell of_op(const TraceRow& row) {
  return row.op != nullptr ? Cell(get(*row.op)) : Cell(std::string());
}

template <auto get>
Cell of_cost(const TraceRow& row) {
  return row.op != nullptr && row.op->cost ? Cell(get(*row.op)) : Cell(std::string());
}

template <auto get>
Cell of_overlay(const TraceRow& row) {
  return row.overlay != nullptr ? Cell(get(*row.overlay)) : Cell(std::string());
}

/// What follows from FLOP, too; empty where they are not known.
template <auto get>
Cell of_flop(const TraceRow& row) {
  return row.overlay != nullptr && row.op->cost->flop_known ? Cell(get(*row.overlay)) : Cell(std::string());
}

using O = const TraceOp&;
using L = const OverlayOp&;

double all_calls(O op) { return op.counters ? 1.0 : static_cast<double>(op.calls); }

double intensity(L overlay) {
  const MeasuredTotals& totals = overlay.totals;
  return totals.dram_bytes > 0 ? totals.flop / totals.dram_bytes : 0;
}

constexpr std::array<TraceColumn, 23> kColumns = {{
    {"level", "trace, device, op, family, kernel, module, annotation or unattributed",
     [](const TraceRow& r) { return Cell(std::string(r.level)); }},
    {"name", "of the op, kernel, ...", [](const TraceRow& r) { return Cell(r.name); }},
    {"shape", "of an op's arguments, for people", of_op<[](O o) { return o.shape; }>},
    {"dtype", "that the op computes in", of_cost<[](O o) { return std::string(row(o.cost->compute).name); }>},
    {"pass", "forward, or that of the backward pass",
     of_cost<[](O o) { return std::string(pass_name(o.cost->pass)); }>},
    {"family", "GEMM, attention, elementwise, ...", of_op<[](O o) { return o.family; }>},
    {"calls", "of the op", of_op<[](O o) { return o.calls; }>},
    {"launches", "kernels, copies and fills on devices", [](const TraceRow& r) { return Cell(r.launches); }},
    {"time_s", "sum of their durations", [](const TraceRow& r) { return Cell(r.time_s); }},
    {"share", "of all time on devices, 0 to 1", [](const TraceRow& r) { return Cell(r.share); }},
    {"call_median_s", "time on devices of one call, median", of_op<[](O o) { return o.call_s.median; }>},
    {"flop", "matrix and vector, all calls; empty where unknown", of_flop<[](L l) { return l.totals.flop; }>},
    {"copied_bytes", "by copies and fills, as the profiler says; empty without any",
     [](const TraceRow& r) { return r.copied_bytes > 0 ? Cell(r.copied_bytes) : Cell(std::string()); }},
    {"bytes", "of tensors, each moved once, all calls",
     of_cost<[](O o) { return o.cost->cost.unique.real() * all_calls(o); }>},
    {"intensity", "FLOP per byte", of_flop<intensity>},
    {"flop_per_s", "attained", of_flop<[](L l) { return l.totals.flop_per_s(); }>},
    {"bytes_per_s", "attained", of_overlay<[](L l) { return l.totals.bytes_per_s(); }>},
    {"roof_time_s", "time at the roofs, without launch latency", of_flop<[](L l) { return l.totals.roof_s; }>},
    {"efficiency", "roof_time_s / time_s", of_flop<[](L l) { return l.totals.efficiency(); }>},
    {"recoverable_s", "time_s - roof_time_s, at least 0", of_flop<[](L l) { return l.totals.recoverable_s(); }>},
    {"class", "the nearest roof, latency or inefficient",
     of_flop<[](L l) { return std::string(class_name(l.measured_class)); }>},
    {"margin", "time_s over that of the nearest roof", of_flop<[](L l) { return l.margin; }>},
    {"flop_known", "1, or 0 where the op is not in the table and only its tensors' bytes are known",
     of_cost<[](O o) { return std::int64_t{o.cost->flop_known ? 1 : 0}; }>},
}};

}  // namespace

std::span<const TraceColumn> trace_columns() { return kColumns; }

std::vector<TraceRow> trace_rows(const TraceStudy& study) {
  std::vector<TraceRow> rows;
  std::int64_t all_ns = 0;
  for (const NamedTime& kernel : study.sums.kernels) all_ns += kernel.time_ns;
  const auto add = [&](std::string_view level, const std::string& name, std::int64_t launches, std::int64_t ns,
                       double copied_bytes) -> TraceRow& {
    const auto part = static_cast<double>(ns);
    rows.push_back({level, name, launches, part / kNsPerSecond, copied_bytes, nullptr, nullptr,
                    all_ns > 0 ? part / static_cast<double>(all_ns) : 0});
    return rows.back();
  };
  const auto add_names = [&](std::string_view level, const std::vector<NamedTime>& names) {
    for (const NamedTime& name : names) add(level, name.name, name.launches, name.time_ns, name.copied_bytes);
  };
  add("trace", study.analysis.model.name, static_cast<std::int64_t>(study.trace.events.size()), all_ns, 0);
  for (const DeviceTime& device : study.timeline.devices)
    add("device", std::to_string(device.device), device.events, device.busy_ns + device.overlapped_ns, 0);
  for (std::size_t i = 0; i < study.sums.ops.size(); ++i) {
    const TraceOp& op = study.sums.ops[i];
    TraceRow& row = add("op", op.name, op.launches, op.time_ns, op.copied_bytes);
    row.op = &op;
    row.overlay = study.overlay_of(i);
  }
  add_names("family", study.sums.families);
  add_names("kernel", study.sums.kernels);
  add_names("module", study.sums.modules);
  add_names("annotation", study.sums.annotations);
  add_names("unattributed", study.sums.unattributed);
  return rows;
}

}  // namespace gable
