// RFC 4180: CRLF line ends, quotes where a field has a comma, a quote or a line end.
#include <fmt/format.h>

#include "reports/columns.h"
#include "reports/report.h"

namespace gable {
namespace {

std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

std::string to_text(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return field(*text);
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *whole);
  return fmt::format("{}", std::get<double>(cell));  // shortest form that reads back exactly
}

}  // namespace

std::string render_csv(const Analysis& analysis, const ReportOptions& options) {
  const auto all = columns(options.mac);
  std::string out = "model,hardware";
  for (const Column& column : all) out += fmt::format(",{}", column.name);
  out += "\r\n";
  const std::string lead = fmt::format("{},{}", field(analysis.model.name), field(analysis.hw.name));
  const auto add = [&](const ReportRow& row) {
    out += lead;
    for (const Column& column : all) {
      out += ',';
      out += to_text(column.get(row));
    }
    out += "\r\n";
  };
  const bool over_parts = options.by == By::kKind || options.by == By::kPass;
  if (over_parts) {
    for (const ReportRow& row :
         top_rows(options.by == By::kKind ? kind_rows(analysis) : pass_rows(analysis), options.top))
      add(row);
  }
  for (const PartRow& part : analysis.parts) {
    if (options.by == By::kOp && options.top == 0) {
      for (std::size_t i = part.first; i < part.last; ++i) {
        for (const ReportRow& kernel : kernel_rows(analysis, analysis.rows[i])) add(kernel);
        add(op_row(analysis, analysis.rows[i]));
      }
    } else if (!over_parts && options.by != By::kPart) {
      for (const ReportRow& row : top_rows(rows_of_part(analysis, part, options.by), options.top)) add(row);
    }
    if (!over_parts) add(part_row(analysis, part));
  }
  add(model_row(analysis));
  return out;
}

}  // namespace gable
