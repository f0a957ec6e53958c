// Times of what an engine runs, attributed to whoever asked for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/measured/measurement.h"

namespace gable {

/// What one task of a step took on the device.
struct TaskTime {
  std::uint64_t id = 0;
  double time_s = 0;  ///< sum over its kernels
  std::vector<MeasuredKernel> kernels;
};

struct StepRecord {
  double wall_s = 0;        ///< from begin_step() to the end of the last kernel
  double busy_s = 0;        ///< the device ran at least one kernel
  double overlapped_s = 0;  ///< kernel time beyond busy_s
  std::vector<TaskTime> tasks;
  std::vector<Unattributed> unattributed;  ///< kernels of no task
  std::int64_t dropped = 0;                ///< records that were lost
};

/// Between begin_step() and end_step() tasks run one after the other, each between begin(id) and end().
class Recorder {
 public:
  Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  virtual ~Recorder() = default;

  virtual void begin_step() = 0;
  virtual void begin(std::uint64_t id) = 0;
  virtual void end() = 0;
  /// Waits for the device. An id may come more than once.
  virtual StepRecord end_step() = 0;
};

}  // namespace gable
