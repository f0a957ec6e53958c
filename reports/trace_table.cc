// The terminal's tables of a trace: ops with their roofs, then where else the time is added up.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/headings.h"
#include "reports/kernel_name.h"
#include "reports/text_table.h"
#include "reports/trace_report.h"

namespace gable {
namespace {

constexpr double kNsPerSecond = 1e9;

/// Which of a trace's ops and names are shown, and what they are shares of.
struct Shown {
  const TraceReport& report;
  std::int64_t all_ns = 0;
  std::size_t width = 80;

  [[nodiscard]] std::size_t count(std::size_t of) const { return report.top == 0 ? of : std::min(of, report.top); }
  [[nodiscard]] std::string share(std::int64_t ns) const {
    return all_ns > 0 ? fmt::format("{:.1f}", 100 * static_cast<double>(ns) / static_cast<double>(all_ns)) : "-";
  }
};

std::string time_text(std::int64_t ns) { return format_si(static_cast<double>(ns) / kNsPerSecond, "s", 3); }
std::string shown(double value, std::string_view unit) { return value > 0 ? format_si(value, unit, 3) : "-"; }

/// Most ops are PyTorch's own.
std::string_view without_aten(std::string_view name) {
  constexpr std::string_view kAten = "aten::";
  return name.starts_with(kAten) ? name.substr(kAten.size()) : name;
}

const std::vector<TextColumn>& op_columns() {
  static const std::vector<TextColumn> kColumns = {
      {"op", false, 0, false},    {"calls", true, 4, false},  {"launches", true, 8, false}, {"FLOP", true, 3, false},
      {"bytes", true, 6, false},  {"FLOP/B", true, 5, false}, {"time", true, 0, false},     {"%time", true, 1, false},
      {"FLOP/s", true, 0, false}, {"B/s", true, 2, false},    {"vs roof", true, 0, false},  {"class", false, 0, true},
      {"margin", true, 7, false}};
  return kColumns;
}

TextLine op_line(const Shown& table, std::size_t index) {
  const TraceStudy& study = table.report.study;
  const TraceOp& op = study.sums.ops[index];
  const OverlayOp* const overlay = study.overlay_of(index);
  TextLine line{
      {std::string(without_aten(op.title())), format_grouped(op.calls), format_grouped(op.launches)}, "", "", false};
  const bool known = overlay != nullptr && op.cost->flop_known;
  const auto cell = [&](bool has, std::string text) { line.cells.push_back(has ? std::move(text) : "?"); };
  const MeasuredTotals totals = overlay != nullptr ? overlay->totals : MeasuredTotals{};
  cell(known, shown(totals.flop, ""));
  // Without shapes the profiler's own count of what was copied has to do.
  const double bytes = overlay != nullptr ? totals.dram_bytes : op.copies == op.launches ? op.copied_bytes : 0;
  cell(overlay != nullptr || bytes > 0, shown(bytes, "B"));
  cell(known, totals.flop > 0 && totals.dram_bytes > 0 ? format_significant(totals.flop / totals.dram_bytes, 3) : "-");
  line.cells.push_back(time_text(op.time_ns));
  line.cells.push_back(table.share(op.time_ns));
  cell(known, shown(totals.flop_per_s(), ""));
  cell(overlay != nullptr || (bytes > 0 && op.time_ns > 0),
       shown(overlay != nullptr ? totals.bytes_per_s() : bytes * kNsPerSecond / static_cast<double>(op.time_ns), "B"));
  cell(known, fmt::format("{:.1f} %", 100 * totals.efficiency()));
  cell(known, known ? std::string(class_name(overlay->measured_class)) : "");
  cell(known, known && overlay->margin > 0 ? fmt::format("x{}", format_significant(overlay->margin, 3)) : "-");
  if (known) {
    const auto bound = bound_of(overlay->measured_class);
    line.paint = bound ? terminal_color(*bound) : std::string_view();
  }
  return line;
}

/// The ones that are not shown, in one line.
TextLine rest_line(const Shown& table, const std::vector<TraceOp>& ops, std::size_t from) {
  std::int64_t calls = 0;
  std::int64_t launches = 0;
  std::int64_t time_ns = 0;
  for (std::size_t i = from; i < ops.size(); ++i) {
    calls += ops[i].calls;
    launches += ops[i].launches;
    time_ns += ops[i].time_ns;
  }
  TextLine line{{fmt::format("({} more)", ops.size() - from), format_grouped(calls), format_grouped(launches), "", "",
                 "", time_text(time_ns), table.share(time_ns), "", "", "", "", ""},
                "",
                "",
                false};
  return line;
}

std::string render_lines(const Shown& table, const std::vector<TextColumn>& columns,
                         const std::vector<TextLine>& lines) {
  const TextLayout layout = fit_table(columns, lines, table.width);
  std::string out;
  for (const TextLine& line : lines) out += render_line(line, columns, layout, table.report.color);
  return out;
}

std::string op_table(const Shown& table) {
  const std::vector<TraceOp>& ops = table.report.study.sums.ops;
  if (ops.empty()) return "";
  std::vector<TextLine> lines = {head_line(op_columns())};
  const std::size_t count = table.count(ops.size());
  for (std::size_t i = 0; i < count; ++i) lines.push_back(op_line(table, i));
  if (count < ops.size()) lines.push_back(rest_line(table, ops, count));
  return "\n" + render_lines(table, op_columns(), lines);
}

std::string name_table(const Shown& table, const std::string& head, const std::vector<NamedTime>& names,
                       std::string (*text)(std::string_view), std::string_view note = {}) {
  if (names.empty()) return "";
  const bool copies =
      std::any_of(names.begin(), names.end(), [](const NamedTime& name) { return name.copied_bytes > 0; });
  const std::vector<TextColumn> columns = {{head, false, 0, false},
                                           {"launches", true, 1, false},
                                           {"time", true, 0, false},
                                           {"%time", true, 0, false},
                                           {copies ? "copied B/s" : "", true, 2, false}};
  std::vector<TextLine> lines = {head_line(columns)};
  const std::size_t count = table.count(names.size());
  const auto add = [&](std::string name, std::int64_t launches, std::int64_t ns, double copied_bytes) {
    const bool rate = copied_bytes > 0 && ns > 0;
    lines.push_back({{std::move(name), format_grouped(launches), time_text(ns), table.share(ns),
                      rate ? format_si(copied_bytes * kNsPerSecond / static_cast<double>(ns), "B", 3) : ""},
                     "",
                     "",
                     false});
  };
  for (std::size_t i = 0; i < count; ++i)
    add(text(names[i].name), names[i].launches, names[i].time_ns, names[i].copied_bytes);
  if (count < names.size() && note.empty()) {
    std::int64_t launches = 0;
    std::int64_t ns = 0;
    for (std::size_t i = count; i < names.size(); ++i) {
      launches += names[i].launches;
      ns += names[i].time_ns;
    }
    add(fmt::format("({} more)", names.size() - count), launches, ns, 0);
  }
  return "\n" + render_lines(table, columns, lines);
}

std::string as_it_is(std::string_view name) { return std::string(name); }

}  // namespace

std::string render_trace_table(const TraceReport& report) {
  const TraceStudy& study = report.study;
  Shown table{report, 0, std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth)};
  for (const NamedTime& kernel : study.sums.kernels) table.all_ns += kernel.time_ns;
  std::string out;
  for (const std::string& text : {hardware_line(study.analysis), trace_line(study)}) out += wrapped(text, table.width);
  out += op_table(table);
  out += name_table(table, "family", study.sums.families, as_it_is);
  out += name_table(table, "kernel", study.sums.kernels, [](std::string_view name) { return short_kernel_name(name); });
  out += name_table(table, "module (with what runs inside)", study.sums.modules, as_it_is, "inclusive");
  out += name_table(table, "annotation (with what runs inside)", study.sums.annotations, as_it_is, "inclusive");
  out += name_table(table, "without an op", study.sums.unattributed,
                    [](std::string_view name) { return short_kernel_name(name); });
  out += "\n";
  for (const std::string& text : trace_findings(study)) out += wrapped(text, table.width);
  return out;
}

}  // namespace gable
