// A model made ready to run on an engine: buffers, and the tasks of one step in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/roofline/analysis.h"
#include "probes/engine.h"

namespace gable {

/// A task with the op and the pass that its time belongs to.
struct TimedTask {
  std::size_t op = 0;  ///< index into Model::ops
  Pass pass = Pass::kForward;
  Task run;
};

/// An op that is not run, and why.
struct SkippedOp {
  std::string op;
  std::string why;
};

struct Program {
  std::vector<Buffer> held;        ///< what tasks point into
  std::vector<Task> before;        ///< run once: what a backward pass starts from
  std::vector<TimedTask> tasks;    ///< of a step
  std::vector<std::string> notes;  ///< of each op of the model: what ran it
  std::vector<SkippedOp> skipped;
};

/// Every op as one kernel (attention as its products and softmax), chained: what an op reads is what the one before
/// wrote, a repeated block has weights of its own in each pass, so that a step finds them as cold as a framework would.
/// Layouts are packed: a head's rows lie together. A key/value cache is a buffer of random values.
/// @throws OutOfMemory; std::invalid_argument: what the engine cannot do, naming the op
Program build_program(const Analysis& analysis, Engine& engine, std::uint64_t seed);

/// Bytes that build_program() would allocate on a device.
std::int64_t program_bytes(const Analysis& analysis);

}  // namespace gable
