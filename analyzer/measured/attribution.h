// Who asked for what ran on a device: records of a profiler become times of tasks. Pure functions over plain structs,
// so that every profiler and every trace format can use them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/measured/measurement.h"

namespace gable {

enum class ActivityKind : std::uint8_t {
  kKernel,  ///< on the device, as are the two below
  kMemcpy,
  kMemset,      ///< also those that a library does for a product: workspaces, split-K
  kApi,         ///< a call on the host that launched something
  kExternal,    ///< the call with this correlation belongs to task `id`
  kRangeStart,  ///< an NVTX range opens at start_ns; `id` pairs it with its end
  kRangeEnd,    ///< closes at start_ns
  kOverhead,    ///< the profiler's own time
};

/// One record. What a kind does not say is 0.
struct Activity {
  ActivityKind kind = ActivityKind::kKernel;
  std::uint32_t stream = 0;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint64_t correlation = 0;  ///< unique in the stream: with several processes, the reader puts the process in it
  std::uint64_t id = 0;
  std::uint64_t thread = 0;
  std::uint64_t graph_node = 0;  ///< of a graph's nodes, which all share the correlation of the launch
  std::string_view name = {};    ///< outlives the attribution

  friend bool operator==(const Activity&, const Activity&) = default;
};

struct AttributionOptions {
  /// The task that an NVTX range of this name stands for; none for ranges that are not ours, which are looked through.
  std::function<std::optional<std::uint64_t>(std::string_view)> task_of_range;
  /// Of graph nodes, where they were noted at capture.
  std::unordered_map<std::uint64_t, std::uint64_t> task_of_node;
};

struct TaskActivity {
  std::uint64_t id = 0;
  double time_s = 0;                    ///< sum over its kernels, memcpys and memsets
  std::vector<MeasuredKernel> kernels;  ///< in the order of their first start
};

struct Attribution {
  std::vector<TaskActivity> tasks;         ///< by id; only those that ran something
  std::vector<Unattributed> unattributed;  ///< by name, longest first
  double busy_s = 0;                       ///< union of all that ran on the device
  double overlapped_s = 0;                 ///< sum of it beyond busy_s
  double overhead_s = 0;
  std::uint64_t first_start_ns = 0;  ///< on the device, 0 if nothing ran
  std::uint64_t last_end_ns = 0;
  std::int64_t device_records = 0;       ///< without duplicates
  std::int64_t missing_correlation = 0;  ///< device records whose launch is not in the stream
  std::int64_t not_collected = 0;        ///< device records without times: start and end 0, or the end before the start
  std::int64_t duplicates = 0;           ///< device records handed over twice
};

/// Records may come in any order, across buffers too. The task of a device record is, in this order:
///   1. of its graph node, if options.task_of_node has it;
///   2. the external id of its correlation (of several the last one handed over: pushed last, innermost);
///   3. the innermost of our NVTX ranges open on the launching thread when the API call started.
/// Times of host and device are never compared: their clocks may be apart.
/// O(n log n) in the number of records.
Attribution attribute(std::span<const Activity> records, const AttributionOptions& options = {});

}  // namespace gable
