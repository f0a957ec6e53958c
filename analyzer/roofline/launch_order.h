// The order in which the CPU launches the kernels of a phase: micro-batches around passes around repeated blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/host.h"

namespace gable {

/// Share of a block's time on the GPU; a GPU that waits for less is not held up: launches from before keep it busy.
inline constexpr double kNoticeableWait = 0.01;

/// Kernels that follow each other in one block, in one pass: "h forward", all repetitions.
struct ClockSpan {
  std::string name;       ///< of the block; the part for ops outside blocks
  std::string_view pass;  ///< "forward", "backward" or "optimizer"
  std::int64_t launches = 0;
  double cpu_s = 0;   ///< dispatch
  double gpu_s = 0;   ///< kernels
  double idle_s = 0;  ///< the GPU waits for the CPU

  /// The CPU sets the pace: it has more to do than the GPU, which waits for it.
  [[nodiscard]] bool cpu_bound() const { return cpu_s > gpu_s && idle_s > kNoticeableWait * (gpu_s + idle_s); }
};

/// What happens `times` times in a row: one launch, or all of `body`; then, with `sync`, the CPU waits for the GPU.
struct LaunchLoop {
  std::int64_t times = 1;
  std::vector<LaunchLoop> body;  ///< empty: a launch, which the members below describe
  double cpu_s = 0;              ///< to dispatch it
  double gpu_s = 0;              ///< to run it, without launch latency
  std::size_t span = 0;          ///< index into LaunchOrder::spans
  bool sync = false;             ///< each time
};

struct LaunchOrder {
  std::vector<LaunchLoop> loops;  ///< one after the other
  std::vector<ClockSpan> spans;   ///< in the order in which they begin; idle_s is still 0
};

/// Each micro-batch runs forward, then backward; the optimizer follows the last one. Copies are launched, too. Kernel
/// times are those of the analysis without its launch term.
LaunchOrder launch_order(const Analysis& analysis, const Host& host);

}  // namespace gable
