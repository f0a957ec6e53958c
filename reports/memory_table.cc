// The terminal layout of a memory report.
#include <algorithm>

#include "analyzer/base/text.h"
#include "reports/memory_text.h"
#include "reports/text_table.h"

namespace gable {
namespace {

std::string render(const MemoryTable& table, std::size_t width, bool color) {
  std::vector<TextColumn> columns;
  for (const std::string& head : table.heads) columns.push_back({head, !columns.empty(), 0, false});
  std::vector<TextLine> lines = {head_line(columns)};
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    lines.push_back({table.rows[i], "", "", table.total && i + 1 == table.rows.size()});
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out = table.title.empty() ? "" : table.title + "\n";
  for (const TextLine& line : lines) out += render_line(line, columns, layout, color);
  return out;
}

}  // namespace

std::string render_memory_table(const MemoryReport& report) {
  const std::size_t width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  std::string out;
  for (const std::string& text : memory_head(report)) out += wrapped(text, width);
  for (const MemoryTable& table : memory_tables(report)) out += "\n" + render(table, width, report.color);
  out += "\n";
  for (const std::string& text : memory_findings(report)) out += wrapped(text, width);
  return out;
}

}  // namespace gable
