// A trace on a device: its ops as an analysis, what was measured laid over it, and where the device's time went.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/measured/overlay.h"
#include "analyzer/spec/hardware_choice.h"
#include "analyzer/trace/device_time.h"
#include "analyzer/trace/trace_ops.h"

namespace gable {

/// What could be won back, at most: an op down to its roof, idle time that waited for launches, copies and
/// communication that nothing hides.
struct Recoverable {
  enum class Kind : std::uint8_t { kOp, kLaunches, kCopies, kCommunication };
  Kind kind = Kind::kOp;
  std::size_t op = 0;  ///< index into TraceSums::ops
  double time_s = 0;
};

struct TraceStudy {
  Trace trace;
  Links links;
  DeviceTimeline timeline;
  TraceSums sums;
  Analysis analysis;  ///< rows: the ops with a cost
  Overlay overlay;    ///< of the whole trace as one step
  std::vector<std::uint32_t>
      row_of_op;  ///< parallel to TraceSums::ops: index into Overlay::ops; kNobody without a cost
  std::vector<std::int64_t> step_starts_ns;  ///< of the profiler's steps
  std::vector<Recoverable> recoverable;      ///< most first

  /// The overlay of an op; null without a cost.
  [[nodiscard]] const OverlayOp* overlay_of(std::size_t op) const {
    return row_of_op[op] == kNobody ? nullptr : &overlay.ops[row_of_op[op]];
  }
};

/// Of all devices together: sums, but for `wall_ns`, which is that of one device times their number.
DeviceTime all_devices(const DeviceTimeline& timeline);

/// The device that the trace names, where a shipped spec knows it by name, or by its compute capability, number of SMs
/// and memory; `wanted` (--hw) goes before. Else what choose_hardware() finds, and the reason says so.
HardwareChoice hardware_of_trace(const Trace& trace, const std::string& wanted, const Machine& machine);

/// @throws InputError: a device without any rate for a dtype of the trace
TraceStudy study_trace(Trace trace, HardwareChoice choice);

/// The formats, in the order in which they are tried.
std::span<const TraceFormat> trace_formats();

/// Reads a trace of any format, told by its first bytes, or of the one named.
/// @throws InputError: no trace of a known format; what the reader throws; times that cannot be
Trace load_trace(const std::string& path, std::string_view format = {}, const ReadProgress& progress = {});

/// What load_trace() asks of times and devices, so that sums fit 64 bits. @throws InputError
void check_times(const Trace& trace);

/// Whether the file begins as a trace does; false for what cannot be read.
bool is_trace_file(const std::string& path);

}  // namespace gable
