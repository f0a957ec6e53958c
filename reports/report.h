// The formats a report is written in: one row each, one renderer each, over one Analysis.
//
// Adding a format: a renderer in a file of its own, its row in reports/report.cc, a golden test.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "analyzer/measured/overlay.h"
#include "analyzer/roofline/clocks.h"
#include "reports/rows.h"

namespace gable {

/// The two clocks of a step, where a host was named.
struct ClockReport {
  Host host;
  bool graph = false;  ///< the step is one CUDA graph
  Clocks clocks;
};

struct ReportOptions {
  By by = By::kOp;
  std::size_t top = 0;  ///< rows shown a part, 0 = all
  bool mac = false;     ///< multiply-adds instead of matrix FLOP
  bool notes = false;
  int width = 80;  ///< of the terminal
  bool color = false;
  std::optional<ClockReport> clocks = {};
  std::optional<Overlay> overlay = {};  ///< of the same analysis
  bool datasheet_times = false;         ///< beside predictions: totals have `datasheet_s`
  std::string predicted = {};           ///< where the constants of predicted times are from; "" without
};

struct Format {
  std::string_view name;
  std::string_view extension;
  std::string_view summary;
  std::string (*render)(const Analysis&, const ReportOptions&);
};

std::span<const Format> format_table();

std::string render_table(const Analysis& analysis, const ReportOptions& options);
std::string render_csv(const Analysis& analysis, const ReportOptions& options);
std::string render_json(const Analysis& analysis, const ReportOptions& options);
std::string render_markdown(const Analysis& analysis, const ReportOptions& options);

inline constexpr std::string_view kVersion = GABLE_VERSION;

}  // namespace gable
