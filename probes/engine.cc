#include "probes/engine.h"

#include <fmt/format.h>

#include "analyzer/base/units.h"

namespace gable {

Buffer Buffer::piece(std::int64_t first, std::int64_t count) const {
  Buffer part = *this;
  const std::int64_t bits = row(dtype).bits;
  part.data = static_cast<std::byte*>(data) + first * bits / 8;
  part.n = count;
  return part;
}

OutOfMemory::OutOfMemory(std::int64_t needed, std::int64_t free)
    : std::runtime_error(fmt::format("{} are needed and {} are free", format_binary_bytes(static_cast<double>(needed)),
                                     format_binary_bytes(static_cast<double>(free)))),
      needed_bytes(needed),
      free_bytes(free) {}

}  // namespace gable
