// The terminal layout of a memory report.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "reports/memory_text.h"

namespace gable {
namespace {

constexpr std::size_t kLeastWidth = 60;
constexpr std::size_t kGap = 2;
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";

using Widths = std::vector<std::size_t>;

Widths widths_of(const MemoryTable& table, std::size_t width) {
  Widths widths(table.heads.size());
  const auto grow = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], display_width(cells[i]));
  };
  grow(table.heads);
  for (const auto& row : table.rows) grow(row);
  std::size_t others = 0;
  for (std::size_t i = 1; i < widths.size(); ++i) others += widths[i] + kGap;
  widths[0] = std::min(widths[0], width > others + kGap ? width - others - kGap : kGap);
  return widths;
}

/// Keeps the beginning; op paths of shipped models are shorter than the column.
std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::string out = text;
  while (!out.empty() && display_width(out) >= width) out.pop_back();
  return out + "…";
}

std::string line(const std::vector<std::string>& cells, const Widths& widths, bool strong) {
  std::string out = "  " + cut(cells.front(), widths.front());
  out += std::string(widths.front() + kGap - std::min(widths.front() + kGap, display_width(out)), ' ');
  for (std::size_t i = 1; i < cells.size(); ++i)
    out += std::string(kGap + widths[i] - display_width(cells[i]), ' ') + cells[i];
  while (out.ends_with(' ')) out.pop_back();
  return strong ? fmt::format("{}{}{}\n", kBold, out, kReset) : out + "\n";
}

std::string render(const MemoryTable& table, std::size_t width, bool color) {
  const Widths widths = widths_of(table, width);
  std::string out = table.title.empty() ? "" : table.title + "\n";
  out += line(table.heads, widths, color);
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    out += line(table.rows[i], widths, color && table.total && i + 1 == table.rows.size());
  return out;
}

}  // namespace

std::string render_memory_table(const MemoryReport& report) {
  const std::size_t width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastWidth);
  std::string out;
  for (const std::string& text : memory_head(report)) out += wrapped(text, width);
  for (const MemoryTable& table : memory_tables(report)) out += "\n" + render(table, width, report.color);
  out += "\n";
  for (const std::string& text : memory_findings(report)) out += wrapped(text, width);
  return out;
}

}  // namespace gable
