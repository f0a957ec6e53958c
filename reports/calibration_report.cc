#include "reports/calibration_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/base/units.h"
#include "reports/text_table.h"

namespace gable {
namespace {

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string render(const std::vector<TextColumn>& columns, const std::vector<TextLine>& lines,
                   const CalibrationReport& report) {
  const auto width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out;
  for (const TextLine& line : lines) out += render_line(line, columns, layout, report.color);
  return out;
}

std::string class_name(const CalibratedClass& one) {
  return fmt::format("{} {}", row(one.kind).name, row(one.dtype).name);
}

std::string class_table(const CalibrationReport& report) {
  const std::vector<TextColumn> columns = {{"kernels", false}, {"formula", false, 3}, {"library", false, 4},
                                           {"rows"},           {"left out"},          {"held back"},
                                           {"error", true, 0}, {"bias", true, 1},     {"in 90 %", true, 2}};
  std::vector<TextLine> lines = {head_line(columns)};
  for (const CalibratedLine& line : report.lines) {
    const CalibratedClass& one = *line.fitted;
    std::vector<std::string> cells = {class_name(one), one.formula, one.library, fmt::format("{}", one.fit.rows.size()),
                                      percent(one.leave_one_out)};
    const Accuracy& held = line.held_out;
    cells.push_back(held.rows == 0 ? "-" : fmt::format("{}", held.rows));
    cells.push_back(held.rows == 0 ? "" : percent(held.mape));
    cells.push_back(held.rows == 0 ? "" : fmt::format("{:+.1f} %", 100 * held.bias));
    cells.push_back(held.rows == 0 ? "" : percent(held.coverage));
    lines.push_back({cells, "", "", false});
  }
  return render(columns, lines, report);
}

std::string constant_table(const CalibrationReport& report) {
  const std::vector<TextColumn> columns = {
      {"constant", false}, {"value"}, {"times or over"}, {"before"}, {"", false, 1}};
  std::vector<TextLine> lines = {head_line(columns)};
  for (const CalibratedLine& line : report.lines) {
    lines.push_back({{}, class_name(*line.fitted), "", true});
    const ChipFacts facts = facts_of(report.hw, line.fitted->dtype);
    const Calibration calibration(time_model(line.fitted->kind, facts), facts, line.fitted->fit);
    for (std::size_t i = 0; i < calibration.constants().size(); ++i) {
      const ConstantRow& constant = calibration.constants()[i];
      lines.push_back({{fmt::format("  {}", constant.name), format_significant(calibration.values()[i], 3),
                        format_significant(std::exp(line.sds[i]), 3), format_significant(constant.prior, 3),
                        std::string(constant.doc)},
                       "",
                       "",
                       false});
    }
  }
  return render(columns, lines, report);
}

}  // namespace

std::string render_calibration(const CalibrationReport& report) {
  return class_table(report) + "\n" + constant_table(report);
}

}  // namespace gable
