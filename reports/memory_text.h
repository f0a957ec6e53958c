// What the memory reports say, as tables and sentences that each format lays out its way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/memory_report.h"

namespace gable {

/// Bytes in one binary unit for a whole report, so that columns compare.
struct SizeUnit {
  std::string_view name = "B";  ///< B, KiB, MiB, GiB
  double bytes = 1;

  /// The number alone: "54.0008"; "-" for nothing.
  [[nodiscard]] std::string number(Count size) const;
  [[nodiscard]] std::string text(Count size) const;  ///< "54.0008 GiB"
};
SizeUnit size_unit(const MemoryReport& report);

/// The first column is text, the others are aligned to the right.
struct MemoryTable {
  std::string title;
  std::vector<std::string> heads;
  std::vector<std::vector<std::string>> rows;
  bool total = false;  ///< the last row is
};

/// Model, settings and device, a line each.
std::vector<std::string> memory_head(const MemoryReport& report);
std::vector<MemoryTable> memory_tables(const MemoryReport& report);
/// The totals and why they differ, what fits, what is not counted.
std::vector<std::string> memory_findings(const MemoryReport& report);

/// "backward of h/silu, block 1 of 32".
std::string event_text(const Memory& memory, const MemoryEvent& event);

/// "peak of the passes" where an optimizer follows them, else "peak".
std::string_view peak_name(const Memory& memory);

/// Rows of kept tensors by `report.by`, most bytes first, the rest in one where `report.top` says.
struct KeptRow {
  std::string name;    ///< path of the op, or its kind
  std::string tensor;  ///< "input", "xhat", ...
  Held held = Held::kSaved;
  bool again = false;
  Count steps;
  Count elements;
  Count bytes;
};
std::vector<KeptRow> kept_rows(const MemoryReport& report);

}  // namespace gable
