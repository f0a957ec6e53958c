// Two jobs on one device, or the kernels of one beside each other: how much time perfect overlap could save.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/roofline/analysis.h"

namespace gable {

using BusyTime = std::array<double, kRoofCount>;  ///< seconds of work for each unit, indexed by Roof

/// All executions of a kernel.
struct JobKernel {
  std::string name;  ///< path of the op; with the kernel's own name where the op has several
  KernelClass kernel = KernelClass::kStream;
  std::int64_t executions = 1;
  BusyTime busy_s{};
  double serial_s = 0;  ///< by itself, one execution after the other
  Bound bound = Bound::kMemory;
};

struct Job {
  std::string name;
  std::vector<JobKernel> kernels;
  BusyTime busy_s{};
  double serial_s = 0;
  std::array<double, kBoundCount> bound_s{};  ///< time by bound class

  [[nodiscard]] double compute_s() const;  ///< of the busier compute unit
  [[nodiscard]] double memory_s() const;   ///< of the busier memory level
};

Job job_of(const Analysis& analysis);

/// Copies `bytes` from one place of DRAM to another: reads and writes so many each.
Job memcpy_job(const std::string& name, Count bytes, const Hardware& hw, const RoofSet& roofs);

/// All executions of a kernel of one job beside all executions of one of the other.
struct KernelPair {
  std::size_t first = 0;   ///< index into the kernels of the high-priority job
  std::size_t second = 0;  ///< of the best-effort job; of the same job where there is but one
  double serial_s = 0;
  double overlapped_s = 0;  ///< lower bound

  [[nodiscard]] double saved_s() const { return serial_s - overlapped_s; }
  [[nodiscard]] double speedup() const { return overlapped_s > 0 ? serial_s / overlapped_s : 1; }
};

struct Colocation {
  Job high;
  std::optional<Job> best_effort;  ///< nothing: the kernels of one job beside each other
  double serial_s = 0;             ///< all kernels one after the other
  double overlapped_s = 0;         ///< lower bound of any schedule
  /// What gives that bound: the unit with most work; nothing where it is a job's own length.
  std::optional<Roof> limit;
  std::vector<KernelPair> pairs;  ///< those that save most first; only those that save anything

  [[nodiscard]] double speedup() const { return overlapped_s > 0 ? serial_s / overlapped_s : 1; }
  [[nodiscard]] const Job& second() const { return best_effort ? *best_effort : high; }
};

/// Below this speedup the losses of any real schedule (shared caches, fewer SMs a kernel) exceed the gain.
inline constexpr double kWorthScheduling = 1.05;

/// Upper bound of what overlap gains. No schedule ends before the busiest unit has done the work of all kernels:
/// serial = sum over kernels of (launch + max over units of work / rate), overlapped >= max over units of the sum of
/// work / rate. The kernels of a job run in order, so that two jobs take at least as long as the longer one by itself;
/// the kernels of a single job are taken as if nothing waited for anything but its launch. Launches of a job come one
/// after the other, those of two jobs at the same time.
Colocation colocate(Job high, std::optional<Job> best_effort, std::size_t most_pairs);

}  // namespace gable
