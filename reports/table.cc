// The terminal table: fits the width, colours only where the terminal shows them.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "analyzer/base/text.h"
#include "reports/cells.h"
#include "reports/insights.h"

namespace gable {
namespace {

constexpr int kLeastWidth = 60;  // a narrower terminal breaks the lines itself
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";

std::string_view bound_color(const ReportRow& row) {
  if (row.idle()) return "\x1b[2m";
  switch (row.totals.bound()) {
    case Bound::kCompute:
      return "\x1b[34m";
    case Bound::kMemory:
      return "\x1b[33m";
    case Bound::kLaunch:
      break;
  }
  return "\x1b[35m";
}

struct Line {
  std::vector<std::string> cells;
  std::optional<ReportRow> row;  // nothing for the head and blank lines
  bool strong = false;
};

std::vector<Line> lines_of(const Analysis& analysis, const ReportOptions& options) {
  std::vector<Line> lines;
  const auto add = [&](const ReportRow& row, bool strong, const std::string& indent) {
    Line line{{}, row, strong};
    for (const ShownColumn& column : shown_columns()) line.cells.push_back(column.show(row, options));
    line.cells.front().insert(0, indent);
    lines.push_back(std::move(line));
  };
  Line head{{}, std::nullopt, true};
  for (const ShownColumn& column : shown_columns()) head.cells.push_back(head_of(column, options));
  lines.push_back(std::move(head));
  for (const Section& section : sections(analysis, options)) {
    add(section.total, true, "");
    for (const ReportRow& row : section.rows) add(row, false, "  ");
  }
  return lines;
}

std::vector<std::size_t> widths_of(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths(shown_columns().size());
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], display_width(line.cells[i]));
  }
  return widths;
}

/// Which columns stay, how far apart, and how wide the first is, so that a line fits `width` columns.
struct Layout {
  std::vector<bool> shown;
  std::vector<std::size_t> widths;
  std::size_t gap = 2;
};

std::size_t total_width(const Layout& layout) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < layout.widths.size(); ++i) {
    if (layout.shown[i]) total += layout.widths[i] + (i == 0 ? 0 : layout.gap);
  }
  return total;
}

/// Launches are what these groupings are asked for; parameters do not belong to passes and kernels.
bool launches_matter(By by) { return by == By::kKind || by == By::kKernel || by == By::kPass; }

Layout fit(const std::vector<Line>& lines, std::size_t width, By by) {
  Layout layout{std::vector<bool>(shown_columns().size(), true), widths_of(lines), 2};
  const auto drop = [&](int rank) {
    for (std::size_t i = 0; i < layout.shown.size(); ++i) {
      const ShownColumn& column = shown_columns()[i];
      const int its = launches_matter(by) && column.head == "launches" ? 0 : column.drop;
      if (its == rank) layout.shown[i] = false;
    }
  };
  int rank = 0;
  for (const ShownColumn& column : shown_columns()) rank = std::max(rank, column.drop);
  for (; rank > 2 && total_width(layout) > width; --rank) drop(rank);
  if (total_width(layout) > width) layout.gap = 1;
  if (total_width(layout) > width) drop(2);
  if (total_width(layout) > width) drop(1);
  constexpr std::size_t kShortestName = 12;
  const std::size_t needed = total_width(layout);
  if (needed > width) {
    const std::size_t over = needed - width;
    layout.widths[0] = std::max(kShortestName, layout.widths[0] > over ? layout.widths[0] - over : 0);
  }
  return layout;
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

std::string render_line(const Line& line, const Layout& layout, const ReportOptions& options) {
  std::string out;
  for (std::size_t i = 0; i < layout.shown.size(); ++i) {
    if (!layout.shown[i]) continue;
    if (i > 0) out += std::string(layout.gap, ' ');
    const std::string text = shortened(line.cells[i], layout.widths[i]);
    const std::string blanks(layout.widths[i] - display_width(text), ' ');
    const ShownColumn& column = shown_columns()[i];
    const bool bound = options.color && line.row && (column.head == "bound" || column.head == "roof");
    const std::string painted = bound ? fmt::format("{}{}{}", bound_color(*line.row), text, kReset) : text;
    out += column.right ? blanks + painted : painted + blanks;
  }
  while (out.ends_with(' ')) out.pop_back();
  if (options.color && line.strong) out = fmt::format("{}{}{}", kBold, out, kReset);
  return out + "\n";
}

}  // namespace

std::string render_table(const Analysis& analysis, const ReportOptions& options) {
  const auto width = static_cast<std::size_t>(std::max(options.width, kLeastWidth));
  std::string out;
  for (const auto& text :
       {hardware_line(analysis), model_line(analysis), settings_line(analysis), ridge_line(analysis)}) {
    out += wrapped(text, width);
  }
  out += "\n";
  const std::vector<Line> lines = lines_of(analysis, options);
  const Layout layout = fit(lines, width, options.by);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool heading = lines[i].strong && i > 1;
    if (heading && options.by != By::kPart) out += "\n";
    out += render_line(lines[i], layout, options);
  }
  out += "\n";
  for (const std::string& text : findings(analysis)) out += wrapped(text, width);
  if (options.clocks) {
    for (const std::string& text : clock_findings(*options.clocks)) out += wrapped(text, width);
  }
  if (options.notes) {
    out += "\n";
    for (const std::string& text : notes(analysis)) out += wrapped("note: " + text, width);
  }
  return out;
}

}  // namespace gable
