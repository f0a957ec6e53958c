// What the kernel says of this machine's processor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/spec/profile.h"

namespace gable {

struct CacheLevel {
  int level = 0;
  std::int64_t bytes = 0;  ///< of one cache
  int sharing = 1;         ///< CPUs that share it
};

struct CpuFacts {
  std::string name;    ///< "Intel(R) Xeon(R) Processor"
  std::string vendor;  ///< "GenuineIntel"
  int threads = 1;     ///< CPUs this process may run on
  int numa_nodes = 1;
  std::vector<CacheLevel> caches;  ///< of data, by level
  std::int64_t memory_bytes = 0;
  std::int64_t free_bytes = 0;  ///< what can be allocated without swapping
  double temperature_c = 0;     ///< 0 where no sensor is seen, as in most virtual machines

  /// Bytes of all caches of a level that the process's CPUs have; 0 without such a level.
  [[nodiscard]] std::int64_t cache_bytes(int level) const;
  [[nodiscard]] int last_level() const { return caches.empty() ? 0 : caches.back().level; }
};

/// Reads /proc and /sys below `root`; what is missing keeps its default.
CpuFacts read_cpu_facts(const std::string& root);

/// Of this machine; CPUs as the scheduler allows, clipped to OMP_NUM_THREADS where that is set.
CpuFacts this_cpu();

/// The clock and the temperature of the processor now, into a figure that was just measured.
void add_circumstances(Figure& figure);

/// Cycles a second of a core, from a chain of dependent additions that runs for about `seconds`.
double measure_clock(double seconds);

}  // namespace gable
