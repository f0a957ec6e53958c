// What changes would save, as text, CSV, JSON and a picture.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/study/whatif.h"
#include "reports/columns.h"

namespace gable {

struct WhatIfReport {
  const WhatIf& study;
  std::size_t top = 1;  ///< ops named under each change in the table
  int width = 80;       ///< of the terminal
  bool color = false;
};

std::string render_whatif_table(const WhatIfReport& report);
std::string render_whatif_csv(const WhatIfReport& report);
std::string render_whatif_json(const WhatIfReport& report);
std::string render_whatif_svg(const WhatIfReport& report);

/// Whether each change helps, by how much and why; then what faster hardware would do.
std::vector<std::string> whatif_findings(const WhatIf& study);

/// "fuse=qkv, fuse=heads".
std::string changes_text(const Outcome& outcome);

/// A line of CSV or JSON: the model or an op of it, before and after.
struct WhatIfRow {
  std::string set;  ///< baseline, alone or together
  std::string changes;
  std::string level;  ///< model or op
  std::string name;
  const Totals* before = nullptr;
  const Totals* after = nullptr;  ///< null: the changes hold only with others
  std::string refusal;            ///< why
};
std::vector<WhatIfRow> whatif_rows(const WhatIf& study);

struct WhatIfColumn {
  std::string_view name;
  std::string_view doc;
  Cell (*get)(const WhatIfRow&);
  bool text = false;  ///< has a value though there are no totals

  [[nodiscard]] bool has_value(const WhatIfRow& row) const { return text || row.after != nullptr; }
};
std::span<const WhatIfColumn> whatif_columns();

}  // namespace gable
