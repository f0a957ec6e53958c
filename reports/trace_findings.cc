// What a trace says, in sentences.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/units.h"
#include "analyzer/measured/ledger.h"
#include "reports/kernel_name.h"
#include "reports/measured_rows.h"
#include "reports/trace_report.h"

namespace gable {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::size_t kNamed = 4;

std::string time_text(double seconds) { return format_si(seconds, "s", 4); }
std::string time_text(std::int64_t ns) { return time_text(static_cast<double>(ns) / kNsPerSecond); }

std::string percent(double part, double whole) { return fmt::format("{:.1f} %", whole > 0 ? 100 * part / whole : 0.0); }
std::string percent(std::int64_t part, std::int64_t whole) {
  return percent(static_cast<double>(part), static_cast<double>(whole));
}

std::size_t at(DeviceWork work) { return static_cast<std::size_t>(work); }

std::int64_t sum_of(const std::vector<NamedTime>& names) {
  std::int64_t sum = 0;
  for (const NamedTime& name : names) sum += name.time_ns;
  return sum;
}

/// Every nanosecond of the devices' time, once.
void add_ledger(const TraceStudy& study, std::vector<std::string>& out) {
  if (study.sums.attributed_ns + sum_of(study.sums.unattributed) == 0) return;
  const DeviceTime all = all_devices(study.timeline);
  const std::int64_t alone_ns = sum_of(study.sums.unattributed);
  if (!study.trace.has_clock) {
    out.push_back(fmt::format("The file has durations only: {} in all, no idle time and no overlap.",
                              time_text(study.sums.attributed_ns + alone_ns)));
    return;
  }
  const std::size_t devices = study.timeline.devices.size();
  std::vector<std::string> pieces;
  const auto add = [&](std::string_view what, std::string_view sign, std::int64_t ns) {
    if (ns > 0) pieces.push_back(fmt::format("{} {}{} ({})", what, sign, time_text(ns), percent(ns, all.wall_ns)));
  };
  add("ops", "", study.sums.attributed_ns);
  add("kernels without an op", "", alone_ns);
  add("of these beside one another", "-", all.overlapped_ns);
  add("idle", "", all.idle_ns);
  out.push_back(fmt::format("Of the {} {} {}: {}; together 100 %. Busy {}.",
                            devices == 1 ? "device's" : fmt::format("{} devices'", devices), time_text(all.wall_ns),
                            devices == 1 ? "from the first kernel to the last" : "(the same span each)",
                            fmt::join(pieces, ", "), time_text(all.busy_ns)));
  const auto steps = static_cast<std::int64_t>(study.step_starts_ns.size());
  if (steps > 1)
    out.push_back(fmt::format("{} steps: {} each on average, {} of it busy on a device.", format_grouped(steps),
                              time_text(all.wall_ns / steps / static_cast<std::int64_t>(devices)),
                              time_text(all.busy_ns / steps / static_cast<std::int64_t>(devices))));
  if (devices == 1) return;
  std::vector<std::string> each;
  for (const DeviceTime& device : study.timeline.devices)
    each.push_back(fmt::format("device {} busy {} ({})", device.device, time_text(device.busy_ns),
                               percent(device.busy_ns, device.wall_ns)));
  out.push_back(fmt::format("{}.", fmt::join(each, ", ")));
}

std::string op_before(const TraceStudy& study, std::uint32_t event) {
  const std::uint32_t op = study.sums.op_of_event[event];
  return op != kNobody ? study.sums.ops[op].name
                       : short_kernel_name(study.trace.texts.at(study.trace.events[event].name));
}

void add_idle(const TraceStudy& study, std::vector<std::string>& out) {
  const DeviceTime all = all_devices(study.timeline);
  if (all.idle_ns <= 0 || all.waited_ns <= 0) return;
  std::string text =
      fmt::format("{} of the idle time ({}) waited for the host: what ran next had not been launched yet",
                  percent(all.waited_ns, all.idle_ns), time_text(all.waited_ns));
  if (!study.timeline.stretches.empty()) {
    const LaunchStretch& longest = study.timeline.stretches.front();
    const std::size_t stretches = study.timeline.stretches.size();
    text += fmt::format("; {}, {} launches from {} to {}, kept the device busy for {} of {}",
                        stretches == 1 ? "one stretch" : fmt::format("the worst of {} stretches", stretches),
                        format_grouped(longest.events), op_before(study, longest.first), op_before(study, longest.last),
                        time_text(longest.busy_ns), time_text(longest.end_ns - longest.start_ns));
  }
  const bool much = 2 * all.waited_ns > all.wall_ns;
  out.push_back(text +
                (much ? ". The host is the bottleneck: CUDA graphs, torch.compile or a larger batch would help before "
                        "any kernel does."
                      : "."));
}

void add_other_work(const TraceStudy& study, std::vector<std::string>& out) {
  const DeviceTime all = all_devices(study.timeline);
  const auto add = [&](DeviceWork work, std::string_view name) {
    const std::int64_t total_ns = all.total_ns[at(work)];
    if (total_ns == 0) return;
    out.push_back(fmt::format("{} {}, {} of it exposed: no kernel{} ran beside it ({} of the busy time).", name,
                              time_text(total_ns), time_text(all.exposed_ns[at(work)]),
                              work == DeviceWork::kCopy ? " and no communication" : "",
                              percent(all.exposed_ns[at(work)], all.busy_ns)));
  };
  add(DeviceWork::kCommunication, "Communication takes");
  add(DeviceWork::kCopy, "Copies take");
}

void add_gemm(const TraceStudy& study, std::vector<std::string>& out) {
  std::int64_t gemm_ns = 0;
  std::int64_t launches = 0;
  std::int64_t all_ns = 0;
  for (const NamedTime& kernel : study.sums.kernels) {
    all_ns += kernel.time_ns;
    if (!is_gemm_name(kernel.name)) continue;
    gemm_ns += kernel.time_ns;
    launches += kernel.launches;
  }
  if (gemm_ns > 0)
    out.push_back(fmt::format("Kernels of matrix products (by their names) take {} of the kernels' time, {}.",
                              percent(gemm_ns, all_ns), counted(launches, "launch", "es")));
}

/// The op with most time that has a roof.
void add_top_op(const TraceStudy& study, std::vector<std::string>& out) {
  for (std::size_t i = 0; i < study.sums.ops.size(); ++i) {
    const OverlayOp* const overlay = study.overlay_of(i);
    const TraceOp& op = study.sums.ops[i];
    if (overlay == nullptr || !op.cost->flop_known || !(overlay->totals.time.median > 0)) continue;
    const MeasuredTotals& totals = overlay->totals;
    const double share = totals.by_roof.at(static_cast<std::size_t>(overlay->nearest)) / totals.time.median;
    std::string text =
        fmt::format("{} ({}, {}) computes {} and moves {}: {} and {}, {} of the {}; class {}.", op.title(),
                    op.counters ? counted(op.calls, "launch", "es") : counted(op.calls, "call"), time_text(op.time_ns),
                    format_si(totals.flop, "FLOP", 3), format_si(totals.dram_bytes, "B", 3),
                    format_si(totals.flop_per_s(), "FLOP/s", 3), format_si(totals.bytes_per_s(), "B/s", 3),
                    percent(share, 1.0), roof_text(study.analysis, study.analysis.rows[overlay->row], overlay->nearest),
                    class_name(overlay->measured_class));
    for (const Diagnosis& diagnosis : overlay->diagnoses)
      text += fmt::format(" Faster than its roofs: {}.", diagnosis_text(study.analysis, diagnosis));
    out.push_back(std::move(text));
    return;
  }
}

std::string recoverable_name(const TraceStudy& study, const Recoverable& what) {
  switch (what.kind) {
    case Recoverable::Kind::kOp:
      return fmt::format("{} at its roof", study.sums.ops[what.op].title());
    case Recoverable::Kind::kLaunches:
      return "launching sooner";
    case Recoverable::Kind::kCopies:
      return "copies hidden";
    case Recoverable::Kind::kCommunication:
      break;
  }
  return "communication hidden";
}

void add_recoverable(const TraceStudy& study, std::vector<std::string>& out) {
  if (study.recoverable.empty()) return;
  std::vector<std::string> pieces;
  for (const Recoverable& what : study.recoverable) {
    if (pieces.size() == kNamed) break;
    pieces.push_back(fmt::format("{} {}", recoverable_name(study, what), time_text(what.time_s)));
  }
  const std::size_t more = study.recoverable.size() - pieces.size();
  out.push_back(fmt::format("To be won at most, each alone: {}{}.", fmt::join(pieces, ", "),
                            more > 0 ? fmt::format(", and {} more", more) : ""));
}

void add_unknown(const TraceStudy& study, std::vector<std::string>& out) {
  std::vector<std::string> names;
  std::int64_t time_ns = 0;
  bool guessed = false;
  for (const TraceOp& op : study.sums.ops) {
    guessed = guessed || (op.guessed_type && op.cost.has_value());
    if (op.cost && op.cost->flop_known) continue;
    time_ns += op.time_ns;
    if (std::find(names.begin(), names.end(), op.name) == names.end()) names.push_back(op.name);
  }
  if (!names.empty()) {
    const std::size_t more = names.size() - std::min(names.size(), kNamed);
    names.resize(std::min(names.size(), kNamed));
    out.push_back(fmt::format("FLOP are unknown of {}{}: {} ({} of all ops).", fmt::join(names, ", "),
                              more > 0 ? fmt::format(" and {} more", more) : "", time_text(time_ns),
                              percent(time_ns, study.sums.attributed_ns)));
  }
  if (guessed) out.emplace_back("Where the file has no dtype, it is taken from the kernel's name.");
}

void add_caveats(const TraceStudy& study, std::vector<std::string>& out) {
  if (study.sums.graph_nodes > 0)
    out.push_back(fmt::format("{} without an op ran in CUDA graphs: the launch of a graph belongs to no op.",
                              counted(study.sums.graph_nodes, "event")));
  for (std::string text : study.trace.missing) {
    if (text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
    out.push_back(text + ".");
  }
  if (study.links.by_external > 0)
    out.push_back(
        fmt::format("The launches of {} are not in the file: the profiler's own ids say to which ops they belong.",
                    counted(study.links.by_external, "event")));
  if (study.trace.dropped > 0)
    out.push_back(fmt::format("{} lost, or without times, and not counted.",
                              counted(study.trace.dropped, "record was", "s were")));
}

}  // namespace

std::string trace_line(const TraceStudy& study) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kWriters = {{{"kineto", "PyTorch profiler"},
                                                                                      {"record", "analyze record"},
                                                                                      {"nsys", "Nsight Systems"},
                                                                                      {"ncu", "Nsight Compute"}}};
  const auto* const writer =
      std::find_if(kWriters.begin(), kWriters.end(), [&](const auto& row) { return row.first == study.trace.format; });
  const auto events = static_cast<std::int64_t>(study.trace.events.size());
  const auto devices = static_cast<std::int64_t>(std::max<std::size_t>(1, study.timeline.devices.size()));
  // Kernels, copies and fills.
  std::string text = fmt::format("trace: {}, {}, {} on {}", study.analysis.model.name, writer->second,
                                 counted(events, "event"), counted(devices, "device"));
  if (!study.step_starts_ns.empty())
    text += fmt::format(", {}", counted(static_cast<std::int64_t>(study.step_starts_ns.size()), "step"));
  for (const auto& [name, value] : study.trace.environment) text += fmt::format(", {} {}", name, value);
  return text;
}

std::vector<std::string> trace_findings(const TraceStudy& study) {
  std::vector<std::string> out;
  add_ledger(study, out);
  add_idle(study, out);
  add_other_work(study, out);
  add_gemm(study, out);
  add_top_op(study, out);
  add_recoverable(study, out);
  add_unknown(study, out);
  add_caveats(study, out);
  return out;
}

}  // namespace gable
