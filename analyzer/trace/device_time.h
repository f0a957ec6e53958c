// When the devices of a trace were busy, with what, and what they waited for.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/trace/link.h"
#include "analyzer/trace/trace.h"

namespace gable {

/// What a device does, in the order in which one hides another: a copy beside a product costs nothing.
enum class DeviceWork : std::uint8_t {
  kCompute,        ///< kernels, and fills, which belong to them
  kCommunication,  ///< kernels of NCCL and RCCL
  kCopy,
};
inline constexpr std::size_t kDeviceWorkCount = 3;
DeviceWork work_of(const DeviceEvent& event, std::string_view name);

/// Of one device, in nanoseconds; `wall` is that of the whole trace. busy + idle == wall;
/// busy == exposed[compute] + exposed[communication] + exposed[copy]; sum of total - overlapped == busy.
struct DeviceTime {
  std::int32_t device = 0;
  std::int64_t events = 0;
  std::int64_t wall_ns = 0;  ///< from the first start to the last end of any device
  std::int64_t busy_ns = 0;
  std::int64_t idle_ns = 0;
  std::int64_t overlapped_ns = 0;                  ///< time of events beyond once, where several ran side by side
  std::int64_t total_ns[kDeviceWorkCount] = {};    ///< sums of durations
  std::int64_t exposed_ns[kDeviceWorkCount] = {};  ///< the device did nothing that comes before it in DeviceWork
  std::int64_t waited_ns = 0;  ///< of idle_ns: what ran next had not been launched yet when the device fell idle
};

/// Consecutive events on a device before each of which it waited for the launch.
struct LaunchStretch {
  std::uint32_t first = 0;  ///< indices into Trace::events
  std::uint32_t last = 0;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t events = 0;
  std::int64_t busy_ns = 0;
  std::int64_t waited_ns = 0;
};

struct DeviceTimeline {
  std::vector<DeviceTime> devices;       ///< by number
  std::vector<LaunchStretch> stretches;  ///< most waiting first
};

/// O(n log n). A trace without a clock gives no timeline.
DeviceTimeline make_timeline(const Trace& trace, const Links& links);

}  // namespace gable
