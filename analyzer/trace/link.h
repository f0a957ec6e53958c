// Who asked for what ran on a device: from the launch of each event to the ranges that were open around it.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/trace/trace.h"

namespace gable {

inline constexpr std::uint32_t kNobody = UINT32_MAX;

struct Links {
  std::vector<std::uint32_t> order;      ///< of Trace::ranges: those around before those inside
  std::vector<std::uint32_t> parent;     ///< of Trace::ranges: the range around it on its thread
  std::vector<std::uint32_t> launch;     ///< of Trace::events: index into Trace::launches
  std::vector<std::uint32_t> innermost;  ///< of Trace::events: the innermost range around the launch
  std::int64_t by_external = 0;  ///< events that only the profiler's own id links: their launch is not in the file
};

/// An event belongs to the innermost range that was open on its launching thread when the launch began. The id by which
/// the profiler links an event to an op counts only where the launch is not in the file: profilers have had it wrong,
/// and where both are right they agree. O(n log n) in events and ranges.
Links link_events(const Trace& trace);

}  // namespace gable
