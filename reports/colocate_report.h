// The formats a co-location is written in: one row each, one renderer each.
//
// Adding a format: a renderer in a file of its own, its row in reports/colocate_report.cc, a test.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/study/colocate.h"
#include "reports/report_format.h"

namespace gable {

struct ColocateReport {
  Colocation colocation;
  std::vector<Analysis> analyses;  ///< of the high-priority job, then of the other, if it is a model
  int width = 80;                  ///< of the terminal
  bool color = false;

  [[nodiscard]] const Analysis& analysis() const { return analyses.front(); }
};

using ColocateFormat = ReportFormat<ColocateReport>;
std::span<const ColocateFormat> colocate_format_table();

std::string render_colocate_table(const ColocateReport& report);
std::string render_colocate_csv(const ColocateReport& report);
std::string render_colocate_json(const ColocateReport& report);
std::string render_colocate_svg(const ColocateReport& report);

std::string colocate_title(const ColocateReport& report);
/// Device, models, settings.
std::vector<std::string> colocate_header(const ColocateReport& report);
/// Whether overlap is worth scheduling, and why; the verdict first.
std::vector<std::string> colocate_findings(const ColocateReport& report);

/// The jobs: one or two.
std::vector<const Job*> jobs_of(const Colocation& colocation);

/// "1.16x", never rounded up past what is possible: 1.9999 is 2.00.
std::string speedup_text(double speedup);

}  // namespace gable
