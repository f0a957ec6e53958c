// The columns that people read, shared by the terminal table and Markdown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"

namespace gable {

inline constexpr std::string_view kMeasuredClassHead = "class";

struct ShownColumn {
  std::string_view head;
  std::string (*show)(const ReportRow&, const ReportOptions&);
  bool right = true;  ///< aligned
  int drop = 0;       ///< where the width does not suffice the highest goes first, 1 below 80 columns; 0 stays
};

/// With an overlay those that show the measurement stand beside the modelled time.
const std::vector<ShownColumn>& shown_columns(const ReportOptions& options);

/// "FLOP" or "MAC" where the head depends on --count.
std::string head_of(const ShownColumn& column, const ReportOptions& options);

/// The blocks of rows a reader sees: for each part a heading row and its rows, then the model's total.
struct Section {
  ReportRow total;
  std::vector<ReportRow> rows;  ///< without ops that do nothing in this mode; findings() names them
};
std::vector<Section> sections(const Analysis& analysis, const ReportOptions& options);

}  // namespace gable
