// The formats that the memory of a step is written in: one row each, one renderer each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/hardware.h"
#include "analyzer/study/memory.h"
#include "analyzer/study/memory_fit.h"

namespace gable {

enum class MemoryBy : std::uint8_t { kKind, kOp };

struct MemoryReport {
  Memory memory;
  std::optional<Hardware> hw;  ///< to compare with
  Count reserve;               ///< of its memory, kept free
  std::vector<MemoryFit> fits;
  bool document = false;  ///< the totals are document 002's
  MemoryBy by = MemoryBy::kKind;
  std::size_t top = 0;  ///< rows of kept tensors shown, 0 = all
  int width = 80;
  bool color = false;

  /// Bytes of the device that may be used.
  [[nodiscard]] Count capacity() const;
};

struct MemoryFormat {
  std::string_view name;
  std::string_view extension;
  std::string_view summary;
  std::string (*render)(const MemoryReport&);
};
std::span<const MemoryFormat> memory_format_table();
/// @throws InputError naming --format
const MemoryFormat& find_memory_format(std::string_view name);

std::string render_memory_table(const MemoryReport& report);
std::string render_memory_csv(const MemoryReport& report);
std::string render_memory_json(const MemoryReport& report);
std::string render_memory_markdown(const MemoryReport& report);
std::string render_memory_svg(const MemoryReport& report);

}  // namespace gable
