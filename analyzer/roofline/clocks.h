// A step is not the sum of its kernels: the CPU dispatches them on one clock, the GPU runs them on another.
#pragma once

#include <vector>

#include "analyzer/roofline/launch_order.h"

namespace gable {

struct Clocks {
  double step_s = 0;  ///< from the first dispatch to the end of the last kernel
  double cpu_s = 0;
  double gpu_s = 0;  ///< of kernels without launch latency
  double idle_s = 0;
  std::int64_t syncs = 0;  ///< synchronisation points before the end of the step
  double wait_s = 0;       ///< the CPU waits for the GPU at them
  std::vector<ClockSpan> spans;

  /// As of a block.
  [[nodiscard]] bool cpu_bound() const { return cpu_s > gpu_s && idle_s > kNoticeableWait * step_s; }
};

/// For each launch in order: cpu += dispatch; gpu = max(gpu, cpu + latency) + kernel. A synchronisation point joins the
/// clocks: cpu = max(cpu, gpu); a step ends with one. The time this takes does not depend on how often loops go round.
Clocks run_clocks(LaunchOrder order, double latency_s);

/// The same for the kernels of an analysis. With `graph` the whole step is one launch (a CUDA graph), dispatched once;
/// the CPU cannot wait inside it.
Clocks run_clocks(const Analysis& analysis, const Host& host, bool graph);

}  // namespace gable
