// A table for the terminal: fits the width, colours only where the terminal shows them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/roofline/roofline.h"

namespace gable {

struct TextColumn {
  std::string head;
  bool right = true;     ///< aligned
  int drop = 0;          ///< where the width does not suffice the highest goes first, 1 last; 0 stays
  bool painted = false;  ///< takes the colour of its line
};

struct TextLine {
  std::vector<std::string> cells;  ///< the first columns; all of them, but for a line with `rest`
  std::string rest;                ///< stands in place of the other columns, cut at the width
  std::string_view paint;          ///< escape sequence of the painted columns; "" for none
  bool strong = false;
};

/// Which columns stay, how far apart, and how wide they are, so that a line fits `width`.
struct TextLayout {
  std::vector<bool> shown;
  std::vector<std::size_t> widths;
  std::size_t gap = 2;
  std::size_t width = 80;
};

/// The escape sequence of a bound class, near its colour in pictures.
std::string_view terminal_color(Bound bound);

/// A narrower terminal breaks the lines itself.
inline constexpr std::size_t kLeastTableWidth = 60;

/// The line of the heads.
TextLine head_line(const std::vector<TextColumn>& columns);

/// Columns ranked above 2 go before the gaps narrow, the others after; at last the first column is cut.
TextLayout fit_table(const std::vector<TextColumn>& columns, const std::vector<TextLine>& lines, std::size_t width);

std::string render_line(const TextLine& line, const std::vector<TextColumn>& columns, const TextLayout& layout,
                        bool color);

}  // namespace gable
