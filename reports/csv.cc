// RFC 4180: CRLF line ends, quotes where a field has a comma, a quote or a line end.
#include "reports/csv.h"

#include <fmt/format.h>

#include <iterator>

#include "reports/columns.h"
#include "reports/measured_rows.h"
#include "reports/report.h"

namespace gable {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

void append_csv(const Cell& cell, std::string& out) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    out += csv_field(*text);
  } else if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
    fmt::format_to(std::back_inserter(out), "{}", *whole);
  } else {
    fmt::format_to(std::back_inserter(out), "{}", std::get<double>(cell));
  }
}

std::string render_csv(const Analysis& analysis, const ReportOptions& options) {
  const std::vector<Column> all = columns(options);
  std::string out = "model,hardware";
  for (const Column& column : all) out += fmt::format(",{}", column.name);
  out += kCsvEnd;
  const std::string lead = fmt::format("{},{}", csv_field(analysis.model.name), csv_field(analysis.hw.name));
  const auto add = [&](const ReportRow& plain) {
    const ReportRow row = plain.measured ? plain : with_measured(analysis, options, plain);  // sums have theirs
    out += lead;
    for (const Column& column : all) {
      out += ',';
      append_csv(column.get(row), out);
    }
    out += kCsvEnd;
  };
  const bool over_parts = options.by == By::kKind || options.by == By::kPass;
  if (over_parts) {
    for (const ReportRow& row :
         top_rows(with_measured(analysis, options, options.by == By::kKind ? kind_rows(analysis) : pass_rows(analysis)),
                  options.top))
      add(row);
  }
  for (const PartRow& part : analysis.parts) {
    if (options.by == By::kOp && options.top == 0) {
      for (std::size_t i = part.first; i < part.last; ++i) {
        for (const ReportRow& kernel : kernel_rows(analysis, analysis.rows[i])) add(kernel);
        add(op_row(analysis, analysis.rows[i]));
      }
    } else if (!over_parts && options.by != By::kPart) {
      for (const ReportRow& row :
           top_rows(with_measured(analysis, options, rows_of_part(analysis, part, options.by)), options.top))
        add(row);
    }
    if (!over_parts) add(part_row(analysis, part));
  }
  add(model_row(analysis));
  return out;
}

}  // namespace gable
