// A step is not the sum of its kernels: the CPU dispatches them on one clock, the GPU runs them on another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/host.h"

namespace gable {

/// Kernels that follow each other in one block, in one pass: "h forward", all repetitions.
struct ClockSpan {
  std::string name;       ///< of the block; the part for ops outside blocks
  std::string_view pass;  ///< "forward", "backward" or "optimizer"
  std::int64_t launches = 0;
  double cpu_s = 0;   ///< dispatch
  double gpu_s = 0;   ///< kernels
  double idle_s = 0;  ///< the GPU waits for the CPU

  /// The side that sets the pace.
  [[nodiscard]] bool cpu_bound() const { return cpu_s > gpu_s; }
};

struct Clocks {
  double step_s = 0;  ///< from the first dispatch to the end of the last kernel
  double cpu_s = 0;
  double gpu_s = 0;  ///< of kernels without launch latency
  double idle_s = 0;
  std::vector<ClockSpan> spans;

  [[nodiscard]] bool cpu_bound() const { return cpu_s > gpu_s; }
};

/// For each launch in order: cpu += dispatch; gpu = max(gpu, cpu + latency) + kernel. Copies are launched, too. A step
/// ends with a synchronisation. With `graph` the whole step is one launch (a CUDA graph), dispatched once.
/// Kernel times are those of the analysis without its launch term, which this model takes the place of.
Clocks run_clocks(const Analysis& analysis, const Host& host, bool graph);

}  // namespace gable
