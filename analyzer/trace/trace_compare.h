// Two traces, before and after a change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/trace/trace_study.h"

namespace gable {

/// What both, or only one of them, ran under a name.
struct TracePair {
  std::string name;
  std::optional<std::size_t> before;  ///< index into TraceSums::ops of the first; nothing: it has none
  std::optional<std::size_t> after;
  double before_ns = 0;  ///< a step, as are those below
  double after_ns = 0;
  double before_launches = 0;
  double after_launches = 0;

  [[nodiscard]] double before_s() const { return before_ns / kNsPerSecond; }
  [[nodiscard]] double after_s() const { return after_ns / kNsPerSecond; }
  [[nodiscard]] double difference_s() const { return (after_ns - before_ns) / kNsPerSecond; }

 private:
  static constexpr double kNsPerSecond = 1e9;
};

struct TraceComparison {
  TraceStudy before;
  TraceStudy after;
  std::int64_t before_steps = 1;  ///< what times are divided by
  std::int64_t after_steps = 1;
  std::vector<TracePair> totals;    ///< wall, busy, idle, waited, copies, communication of all devices
  std::vector<TracePair> families;  ///< largest difference first, either way, as the two below
  std::vector<TracePair> ops;       ///< by name and shape
  std::vector<TracePair> kernels;
};

/// Where both have steps of the profiler, times are of one step: traces of different length compare.
TraceComparison compare_traces(TraceStudy before, TraceStudy after);

}  // namespace gable
