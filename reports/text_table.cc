#include "reports/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/text.h"

namespace gable {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::size_t kShortestFirst = 12;  ///< what the first column keeps of its width

std::vector<std::size_t> widths_of(const std::vector<TextColumn>& columns, const std::vector<TextLine>& lines) {
  std::vector<std::size_t> widths(columns.size());
  for (const TextLine& line : lines) {
    for (std::size_t i = 0; i < line.cells.size(); ++i) widths[i] = std::max(widths[i], display_width(line.cells[i]));
  }
  return widths;
}

std::size_t total_width(const TextLayout& layout) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < layout.widths.size(); ++i) {
    if (layout.shown[i]) total += layout.widths[i] + (i == 0 ? 0 : layout.gap);
  }
  return total;
}

/// Keeps the end of a path, which tells ops apart: "…/attn/qkv".
std::string shortened(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::size_t drop = text.size();
  std::size_t kept = 0;
  while (drop > 0 && kept + 1 < width) {
    --drop;
    if ((static_cast<unsigned char>(text[drop]) & 0xC0U) != 0x80U) ++kept;
  }
  return "…" + text.substr(drop);
}

/// Keeps the beginning.
std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::size_t end = 0;
  for (std::size_t kept = 0; end < text.size() && kept < width; ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U) ++kept;
  }
  return text.substr(0, end == 0 ? 0 : end - 1) + "…";
}

}  // namespace

std::string_view terminal_color(Bound bound) {
  constexpr std::array<std::string_view, kBoundCount> kColors = {"\x1b[34m", "\x1b[33m", "\x1b[35m"};
  return kColors.at(static_cast<std::size_t>(bound));
}

TextLine head_line(const std::vector<TextColumn>& columns) {
  TextLine head;
  for (const TextColumn& column : columns) head.cells.push_back(column.head);
  head.strong = true;
  return head;
}

TextLayout fit_table(const std::vector<TextColumn>& columns, const std::vector<TextLine>& lines, std::size_t width) {
  TextLayout layout{std::vector<bool>(columns.size(), true), widths_of(columns, lines), 2, width};
  const auto drop = [&](int rank) {
    for (std::size_t i = 0; i < layout.shown.size(); ++i) {
      if (columns[i].drop == rank) layout.shown[i] = false;
    }
  };
  int rank = 0;
  for (const TextColumn& column : columns) rank = std::max(rank, column.drop);
  for (; rank > 2 && total_width(layout) > width; --rank) drop(rank);
  if (total_width(layout) > width) layout.gap = 1;
  if (total_width(layout) > width) drop(2);
  if (total_width(layout) > width) drop(1);
  const std::size_t needed = total_width(layout);
  if (needed > width) {
    const std::size_t over = needed - width;
    layout.widths[0] = std::max(kShortestFirst, layout.widths[0] > over ? layout.widths[0] - over : 0);
  }
  return layout;
}

std::string render_line(const TextLine& line, const std::vector<TextColumn>& columns, const TextLayout& layout,
                        bool color) {
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i < line.cells.size(); ++i) {
    if (!layout.shown[i]) continue;
    if (i > 0) out += std::string(layout.gap, ' ');
    const std::string text = shortened(line.cells[i], layout.widths[i]);
    const std::string blanks(layout.widths[i] - display_width(text), ' ');
    const bool paint = color && !line.paint.empty() && columns[i].painted;
    const std::string painted = paint ? fmt::format("{}{}{}", line.paint, text, kReset) : text;
    out += columns[i].right ? blanks + painted : painted + blanks;
    used += layout.widths[i] + (i == 0 ? 0 : layout.gap);
  }
  if (!line.rest.empty())
    out += std::string(layout.gap, ' ') + cut(line.rest, layout.width - std::min(layout.width, used + layout.gap));
  while (out.ends_with(' ')) out.pop_back();
  if (color && line.strong) out = fmt::format("{}{}{}", kBold, out, kReset);
  return out + "\n";
}

}  // namespace gable
