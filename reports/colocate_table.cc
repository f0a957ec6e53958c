// The terminal table of a co-location: seconds of work for each unit, the bound, the pairs that gain most.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/colocate_report.h"
#include "reports/text_table.h"

namespace gable {
namespace {

std::string seconds(double value) { return value == 0 ? "-" : format_si(value, "s", 3); }

std::string render(const std::vector<TextColumn>& columns, const std::vector<TextLine>& lines, std::size_t width,
                   bool color) {
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out;
  for (const TextLine& line : lines) out += render_line(line, columns, layout, color);
  return out;
}

/// Units that have no work have no column.
std::vector<std::size_t> used_roofs(const Colocation& all) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < kRoofCount; ++i) {
    if (all.high.busy_s.at(i) > 0 || all.second().busy_s.at(i) > 0) used.push_back(i);
  }
  return used;
}

TextLine work_line(const std::string& name, double serial_s, const BusyTime& busy,
                   const std::vector<std::size_t>& roofs) {
  TextLine line{{name, seconds(serial_s)}, "", ""};
  for (const std::size_t roof : roofs) line.cells.push_back(seconds(busy.at(roof)));
  return line;
}

std::string work_table(const ColocateReport& report, std::size_t width) {
  const Colocation& all = report.colocation;
  const std::vector<std::size_t> roofs = used_roofs(all);
  std::vector<TextColumn> columns = {{"work", false}, {"by itself"}};
  for (const std::size_t roof : roofs) columns.push_back({std::string(roof_name(static_cast<Roof>(roof)))});
  std::vector<TextLine> lines = {head_line(columns)};
  lines.push_back(work_line(all.high.name, all.high.serial_s, all.high.busy_s, roofs));
  if (all.best_effort) {
    BusyTime sum{};
    for (std::size_t i = 0; i < kRoofCount; ++i) sum.at(i) = all.high.busy_s.at(i) + all.best_effort->busy_s.at(i);
    lines.push_back(work_line(all.best_effort->name, all.best_effort->serial_s, all.best_effort->busy_s, roofs));
    lines.push_back(work_line("one after the other", all.serial_s, sum, roofs));
  }
  TextLine bound{{"overlapped at best", seconds(all.overlapped_s)}, speedup_text(all.speedup()), ""};
  bound.strong = true;
  lines.push_back(std::move(bound));
  return render(columns, lines, width, report.color);
}

std::string kernel_cell(const JobKernel& kernel) {
  return kernel.executions > 1 ? fmt::format("{} ×{}", kernel.name, kernel.executions) : kernel.name;
}

std::string pairs_table(const ColocateReport& report, std::size_t width) {
  const Colocation& all = report.colocation;
  if (all.pairs.empty()) return "";
  const std::vector<TextColumn> columns = {{"pairs that gain most", false},
                                           {"bound", false, 3},
                                           {"beside", false},
                                           {"bound", false, 3},
                                           {"serial", true, 2},
                                           {"at best", true, 2},
                                           {"saved"},
                                           {"gain"}};
  std::vector<TextLine> lines = {head_line(columns)};
  for (const KernelPair& pair : all.pairs) {
    const JobKernel& a = all.high.kernels[pair.first];
    const JobKernel& b = all.second().kernels[pair.second];
    lines.push_back(
        {{kernel_cell(a), std::string(bound_name(a.bound)), kernel_cell(b), std::string(bound_name(b.bound)),
          seconds(pair.serial_s), seconds(pair.overlapped_s), seconds(pair.saved_s()), speedup_text(pair.speedup())},
         "",
         ""});
  }
  return "\n" + render(columns, lines, width, report.color) +
         wrapped("All executions of the one beside all of the other; each pair by itself, not in sum.", width);
}

}  // namespace

std::string render_colocate_table(const ColocateReport& report) {
  const std::size_t width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  std::string out;
  for (const std::string& text : colocate_header(report)) out += wrapped(text, width);
  out += "\n" + work_table(report, width) + pairs_table(report, width) + "\n";
  for (const std::string& text : colocate_findings(report)) out += wrapped(text, width);
  return out;
}

}  // namespace gable
