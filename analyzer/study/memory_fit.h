// The largest batch and the largest context that a device's memory holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/study/memory.h"

namespace gable {

struct MemoryFit {
  std::string dim;
  std::string what;          ///< "batch", "context", or "cache" in decoding
  std::string others;        ///< the other of the two dims, as it is: "past = 1,023"
  std::int64_t largest = 0;  ///< 0: not even 1
  Count needed;              ///< at `largest`
  Count cache;               ///< of it, the key/value cache
  Count beyond;              ///< at `largest` + 1; 0 where the model allows no more
  std::string refusal;       ///< why the model allows no more
};

/// Searches by doubling, then halving, on the exact model; the other dims stay as they are. A dim that the model lacks
/// has no entry. In decoding the context is the cache.
/// @throws InputError: what study_memory throws with the dims as given
std::vector<MemoryFit> fit_memory(const Prepared& prepared, Count capacity);

}  // namespace gable
