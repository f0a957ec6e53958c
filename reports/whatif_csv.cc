#include <fmt/format.h>

#include "reports/csv.h"
#include "reports/whatif_report.h"

namespace gable {

std::string render_whatif_csv(const WhatIfReport& report) {
  std::string out = "model,hardware";
  for (const WhatIfColumn& column : whatif_columns()) out += fmt::format(",{}", column.name);
  out += kCsvEnd;
  const Analysis& before = report.study.before;
  const std::string lead = fmt::format("{},{}", csv_field(before.model.name), csv_field(before.hw.name));
  for (const WhatIfRow& row : whatif_rows(report.study)) {
    out += lead;
    for (const WhatIfColumn& column : whatif_columns()) {
      out += ',';
      if (column.has_value(row)) append_csv(column.get(row), out);
    }
    out += kCsvEnd;
  }
  return out;
}

}  // namespace gable
