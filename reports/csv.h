// Pieces of RFC 4180: fields and line ends.
#pragma once

#include <string>
#include <string_view>

#include "reports/columns.h"

namespace gable {

inline constexpr std::string_view kCsvEnd = "\r\n";

/// In quotes where it has a comma, a quote or a line end.
std::string csv_field(const std::string& text);

/// Numbers in the shortest form that reads back exactly.
void append_csv(const Cell& cell, std::string& out);

}  // namespace gable
