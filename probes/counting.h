// Hardware counters of what tasks move and compute, where a device has them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/base/dtype.h"
#include "analyzer/measured/measurement.h"
#include "probes/device.h"

namespace gable {

struct TaskCounters {
  std::uint64_t id = 0;
  Counters counters;
};

/// do { begin(); push(id) task pop() ...; } while (end()); results(). Every pass runs the same tasks in the same order.
class Counting {
 public:
  Counting() = default;
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  virtual ~Counting() = default;

  /// @throws CapabilityError where the driver does not permit it, DeviceError
  virtual void begin() = 0;
  virtual void push(std::uint64_t id) = 0;
  virtual void pop() = 0;
  /// @return whether the tasks must run again
  virtual bool end() = 0;
  virtual std::vector<TaskCounters> results() = 0;
  /// What could not be counted; "" if all was.
  [[nodiscard]] virtual std::string note() const = 0;
};

/// No recorder may be open. `most_ranges`: pushes of a pass.
/// @return null where there are no counters, and why in one line with what to do
std::unique_ptr<Counting> open_cuda_counting(Dtype dtype, std::size_t most_ranges, std::string& why_not);

}  // namespace gable
