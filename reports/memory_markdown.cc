// A memory report as Markdown.
#include <fmt/format.h>

#include "reports/memory_text.h"

namespace gable {
namespace {

std::string line(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += fmt::format(" {} |", cell);
  return out + "\n";
}

}  // namespace

std::string render_memory_markdown(const MemoryReport& report) {
  std::string out = fmt::format("# Memory of {}\n\n", report.memory.model.name);
  for (const std::string& text : memory_head(report)) out += fmt::format("- {}\n", text);
  for (const MemoryTable& table : memory_tables(report)) {
    out += table.title.empty() ? "\n" : fmt::format("\n## {}\n\n", table.title);
    out += line(table.heads) + "| --- |";
    for (std::size_t i = 1; i < table.heads.size(); ++i) out += " ---: |";
    out += "\n";
    for (const auto& row : table.rows) out += line(row);
  }
  out += "\n";
  for (const std::string& text : memory_findings(report)) out += fmt::format("- {}\n", text);
  return out;
}

}  // namespace gable
