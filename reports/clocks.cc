#include <fmt/format.h>

#include "analyzer/base/units.h"
#include "reports/insights.h"

namespace gable {
namespace {

std::string side(bool cpu_bound) { return cpu_bound ? "CPU-bound" : "GPU-bound"; }

std::string span_line(const ClockSpan& span) {
  return fmt::format("{}{}: {}, CPU {}, GPU {}, the GPU waits {}: {}.", span.name == span.pass ? "" : span.name + " ",
                     span.pass, counted(span.launches, "launch", "es"), format_si(span.cpu_s, "s", 3),
                     format_si(span.gpu_s, "s", 3), format_si(span.idle_s, "s", 3), side(span.cpu_bound()));
}

}  // namespace

std::vector<std::string> clock_findings(const Analysis& analysis, const ClockReport& report) {
  const Clocks& clocks = report.clocks;
  std::vector<std::string> lines;
  lines.push_back(fmt::format(
      "On the host {}{}, the CPU dispatches for {}, the GPU works for {} (roofs without launch latency), and the step "
      "takes {}: {}; the GPU waits {} of it.",
      report.host.name, report.graph ? " as one CUDA graph" : "", format_si(clocks.cpu_s, "s"),
      format_si(clocks.gpu_s, "s"), format_si(clocks.step_s, "s"), side(clocks.cpu_bound()),
      format_si(clocks.idle_s, "s")));
  if (clocks.syncs > 0)
    lines.push_back(fmt::format("At {} the CPU waits {} for the GPU.", counted(clocks.syncs, "synchronisation point"),
                                format_si(clocks.wait_s, "s")));
  if (analysis.total.peak_s > 0 && clocks.step_s > 0)
    lines.push_back(fmt::format("MFU {:.1f} %, HFU {:.1f} % at the time of both clocks.",
                                100 * analysis.total.model_peak_s / clocks.step_s,
                                100 * analysis.total.peak_s / clocks.step_s));
  for (const ClockSpan& span : clocks.spans) lines.push_back(span_line(span));
  return lines;
}

}  // namespace gable
