// The events of a trace added up: by op and arguments, by kernel, by module and annotation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/measured/measurement.h"
#include "analyzer/measured/statistics.h"
#include "analyzer/trace/owners.h"

namespace gable {

/// All calls of an op with the same arguments.
struct TraceOp {
  std::string name;              ///< "aten::addmm"
  std::string shape;             ///< "788x768x768"; "" where it was not recorded
  std::string family;            ///< "GEMM", "elementwise", ...; "other" where the op is not in the table
  std::optional<CallCost> cost;  ///< of one call; nothing where neither FLOP nor bytes are known
  bool guessed_type = false;     ///< the dtype is that of the kernel's name
  std::int64_t calls = 0;
  std::int64_t launches = 0;  ///< events on the device
  std::int64_t time_ns = 0;
  double copied_bytes = 0;              ///< by copies and fills, all calls
  std::int64_t copies = 0;              ///< of `launches`
  Summary call_s;                       ///< time on the device of a call
  std::vector<MeasuredKernel> kernels;  ///< most time first; of the whole trace
  std::optional<Counters> counters;     ///< of a counter run: all calls together
  bool counted_bytes = false;           ///< that the counters have DRAM bytes of all calls
  bool counted_flop = false;            ///< the same of FLOP

  /// "aten::addmm 788x768x768 bf16"
  [[nodiscard]] std::string title() const;
};

/// A name that time is added up under.
struct NamedTime {
  std::string name;
  std::int64_t launches = 0;
  std::int64_t time_ns = 0;
  double copied_bytes = 0;  ///< by copies and fills, as the profiler says
};

struct TraceSums {
  std::vector<TraceOp> ops;        ///< most time first
  std::vector<NamedTime> kernels;  ///< all, most time first
  std::vector<NamedTime> families;
  std::vector<NamedTime> modules;       ///< by class, with what runs inside
  std::vector<NamedTime> annotations;   ///< by name, with what runs inside
  std::vector<NamedTime> unattributed;  ///< by kernel: events that no op was open around
  std::int64_t attributed_ns = 0;
  std::int64_t graph_nodes = 0;  ///< events of CUDA graphs that have no op: the launch of a graph stands in none
  std::vector<std::uint32_t> op_of_event;     ///< index into `ops`; kNobody
  std::vector<std::uint32_t> owner_of_event;  ///< index into Trace::ranges: the call; kNobody
};

/// O(n log n) in events.
TraceSums add_up(const Trace& trace, const Links& links);

}  // namespace gable
