#include "reports/memory_report.h"

#include <array>
#include <cmath>

namespace gable {
namespace {

constexpr std::array<MemoryFormat, 5> kFormats = {{
    {"table", "txt", "tables for the terminal, with the findings", render_memory_table},
    {"csv", "csv", "one row a category and kept tensor (RFC 4180)", render_memory_csv},
    {"json", "json", "everything, the timeline included", render_memory_json},
    {"svg", "svg", "the timeline as a picture", render_memory_svg},
    {"md", "md", "a Markdown report", render_memory_markdown},
}};

}  // namespace

Count MemoryReport::capacity() const {
  const Count all = hw ? std::llround(hw->dram_capacity.value) : 0;
  return all > reserve ? all - reserve : Count(0);
}

std::span<const MemoryFormat> memory_format_table() { return kFormats; }

}  // namespace gable
