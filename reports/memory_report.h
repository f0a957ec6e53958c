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
#include "reports/report_format.h"

namespace gable {

enum class MemoryBy : std::uint8_t { kKind, kOp };

struct MemoryReport {
  Memory memory;
  std::optional<Hardware> hw;  ///< to compare with
  Count reserve;               ///< of its memory, kept free
  bool fit = false;            ///< asked for; a model may have no dim to search
  std::vector<MemoryFit> fits;
  bool document = false;  ///< the totals are document 002's
  MemoryBy by = MemoryBy::kKind;
  std::size_t top = 0;  ///< rows of kept tensors shown, 0 = all
  int width = 80;
  bool color = false;

  /// Bytes of the device that may be used.
  [[nodiscard]] Count capacity() const;
};

using MemoryFormat = ReportFormat<MemoryReport>;
std::span<const MemoryFormat> memory_format_table();

std::string render_memory_table(const MemoryReport& report);
std::string render_memory_csv(const MemoryReport& report);
std::string render_memory_json(const MemoryReport& report);
std::string render_memory_markdown(const MemoryReport& report);
std::string render_memory_svg(const MemoryReport& report);

}  // namespace gable
