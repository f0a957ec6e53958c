#include "reports/colocate_report.h"

#include <fmt/format.h>

#include <array>

#include "reports/difference.h"
#include "reports/headings.h"

namespace gable {
namespace {

constexpr std::array<ColocateFormat, 4> kFormats = {{
    {"table", "txt", "a table for the terminal, with the findings", render_colocate_table},
    {"csv", "csv", "one row a job, sum, bound, kernel and pair (RFC 4180)", render_colocate_csv},
    {"json", "json", "jobs, bound, pairs, findings", render_colocate_json},
    {"svg", "svg", "what each job keeps busy, and the bound, as bars", render_colocate_svg},
}};

}  // namespace

std::span<const ColocateFormat> colocate_format_table() { return kFormats; }

std::string colocate_title(const ColocateReport& report) {
  const Colocation& all = report.colocation;
  return all.best_effort
             ? fmt::format("{} beside {} on {}", all.best_effort->name, all.high.name, report.analysis().hw.name)
             : fmt::format("the kernels of {} beside each other on {}", all.high.name, report.analysis().hw.name);
}

std::vector<std::string> colocate_header(const ColocateReport& report) {
  std::vector<std::string> out = {fmt::format("colocate: {}", colocate_title(report)),
                                  hardware_line(report.analysis())};
  for (const Analysis& analysis : report.analyses) out.push_back(model_line(analysis));
  out.push_back(settings_line(report.analysis()));
  if (report.analyses.size() > 1) out.push_back("best effort: " + settings_line(report.analyses.back()));
  return out;
}

std::vector<const Job*> jobs_of(const Colocation& colocation) {
  std::vector<const Job*> jobs = {&colocation.high};
  if (colocation.best_effort) jobs.push_back(&*colocation.best_effort);
  return jobs;
}

std::string speedup_text(double speedup) {
  constexpr double kNearOne = 0.005;  // "1.00x" would say neither that there is a gain nor that there is none
  if (std::fabs(speedup - 1) < kNearOne) return fmt::format("{}x", ratio_text(speedup));
  return fmt::format("{:.2f}x", speedup);
}

}  // namespace gable
