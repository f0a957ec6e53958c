// A profile of a process as its profiler recorded it: what ran on the devices, which calls launched it, and the ranges
// (ops of a framework, modules, annotations) that were open on the host. Readers of all formats fill the same structs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/measured/measurement.h"
#include "analyzer/trace/framework_op.h"
#include "analyzer/trace/text_pool.h"

namespace gable {

/// The largest number of a device; sums over devices fit 64 bits.
inline constexpr std::int64_t kMostDevice = 1023;

/// Times are nanoseconds of the file's clock.
struct DeviceEvent {
  enum class Kind : std::uint8_t { kKernel, kMemcpy, kMemset };
  Kind kind = Kind::kKernel;
  TextId name = 0;  ///< demangled
  std::int32_t device = 0;
  std::uint32_t stream = 0;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::uint64_t correlation = 0;  ///< of the launch; 0 unknown. Unique in the trace: readers put the process into it
  std::uint64_t external = 0;     ///< id of the op, as the profiler linked it; 0 unknown
  std::uint32_t graph_node = 0;   ///< of a CUDA graph; 0 for none
  std::int64_t bytes = 0;         ///< of a copy or fill
};

/// A call that launches: cudaLaunchKernel, cuLaunchKernelEx, cudaMemcpyAsync, cudaGraphLaunch.
struct HostCall {
  TextId name = 0;
  std::uint32_t thread = 0;  ///< unique in the trace: readers number (process, thread) as they come
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::uint64_t correlation = 0;
};

struct HostRange {
  enum class Kind : std::uint8_t {
    kOp,          ///< of a framework: aten::mm
    kModule,      ///< nn.Module
    kAnnotation,  ///< record_function, NVTX, ProfilerStep#6
  };
  Kind kind = Kind::kOp;
  TextId name = 0;  ///< without what is said of shapes
  std::uint32_t thread = 0;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::uint64_t external = 0;  ///< the id that device events name; 0 for none
  std::uint32_t call = 0;      ///< index into Trace::calls; 0 where no shapes were recorded
};

/// What a counter run says of one kernel, in place of times on a clock.
struct CountedKernel {
  Counters counters;
  bool has_bytes = false;
  bool has_flop = false;
  bool has_time = false;
};

struct Trace {
  std::string path;
  std::string_view format;  ///< row of the table of formats
  std::string device;       ///< product name of the first device; "" where the file does not say
  std::string compute_capability;
  std::int64_t sm_count = 0;
  std::int64_t memory_bytes = 0;
  std::vector<std::pair<std::string, std::string>> environment;  ///< versions, ranks, for people
  std::vector<std::string> missing;  ///< what the file lacks and what that costs, a sentence each
  TextPool texts;
  std::vector<DeviceEvent> events;
  std::vector<HostCall> launches;
  std::vector<HostRange> ranges;
  std::vector<Call> calls = std::vector<Call>(1);  ///< distinct ones; the first is unknown
  std::vector<CountedKernel> counted;              ///< parallel to `events` where the file is of counters; else empty
  bool has_clock = true;                           ///< false: durations only, events one after the other
  std::int64_t dropped = 0;                        ///< records that the profiler lost, or that have no times
};

/// How far a reader is, for whoever waits.
using ReadProgress = std::function<void(std::int64_t done_bytes, std::int64_t all_bytes)>;

/// A format of traces; `read` throws InputError with the place, CapabilityError for what this build lacks.
struct TraceFormat {
  std::string_view name;
  std::string_view summary;
  bool (*is_one)(std::string_view head);  ///< by the first bytes, decompressed
  Trace (*read)(const std::string& path, const ReadProgress& progress);
};

/// @throws InputError with the place: line and column of JSON and CSV, table and column of SQLite
Trace read_kineto(const std::string& path, const ReadProgress& progress);
Trace read_nsys(const std::string& path, const ReadProgress& progress);
Trace read_ncu(const std::string& path, const ReadProgress& progress);

/// From memory, for fuzzers and tests; `name` is the file's in messages.
Trace read_kineto_text(std::string_view bytes, const std::string& name);
Trace read_nsys_bytes(std::string_view bytes, const std::string& name);
Trace read_ncu_text(std::string_view bytes, const std::string& name);

/// PyTorch's NVTX ranges: "aten::mm, op_id = 3, sizes = [[2, 3], [3, 4]], input_op_ids = [...]", ", seq = N" after the
/// name. The call without sizes where none are given; nothing for a text that is no op of a framework.
std::optional<Call> parse_nvtx_call(std::string_view text);

}  // namespace gable
