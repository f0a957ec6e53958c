#include "reports/validation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "analyzer/base/units.h"
#include "reports/csv.h"
#include "reports/text_table.h"

namespace gable {
namespace {

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string signed_percent(double share) { return fmt::format("{:+.1f} %", 100 * share); }

std::string fitted_text(const ValidatedGroup& group, bool unseen) {
  if (group.probes == 0) return unseen ? "others" : "datasheet";
  return group.fits == 1 ? fmt::format("{}", group.probes) : fmt::format("{} x {}", group.fits, group.probes);
}

/// Each row once, with its mean error over the fits; the worst first.
struct WorstRow {
  std::size_t row = 0;
  double predicted_s = 0;  ///< geometric mean
  double error = 0;
};
std::vector<WorstRow> worst_rows(const ValidatedGroup& group, std::size_t count) {
  std::vector<const Checked*> checked;
  for (const Checked& one : group.checked) checked.push_back(&one);
  std::stable_sort(checked.begin(), checked.end(), [](const Checked* a, const Checked* b) { return a->row < b->row; });
  std::vector<WorstRow> rows;
  for (std::size_t i = 0; i < checked.size();) {
    std::size_t end = i;
    double logs = 0;
    for (; end < checked.size() && checked[end]->row == checked[i]->row; ++end)
      logs += std::log(checked[end]->predicted.time_s);
    const double predicted = std::exp(logs / static_cast<double>(end - i));
    rows.push_back({checked[i]->row, predicted, predicted / checked[i]->measured_s - 1});
    i = end;
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const WorstRow& a, const WorstRow& b) { return std::fabs(a.error) > std::fabs(b.error); });
  if (rows.size() > count) rows.resize(count);
  return rows;
}

std::string render_lines(const std::vector<TextColumn>& columns, const std::vector<TextLine>& lines,
                         const ValidationReport& report) {
  const auto width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out;
  for (const TextLine& line : lines) out += render_line(line, columns, layout, report.color);
  return out;
}

std::string group_table(const ValidationReport& report) {
  const std::vector<TextColumn> columns = {{"hardware", false},
                                           {"library", false, 3},
                                           {"kernels", false},
                                           {"fitted on", true, 0},
                                           {"tested", true, 4},
                                           {"MAPE"},
                                           {"median", true, 2},
                                           {"P90", true, 0},
                                           {"bias", true, 0},
                                           {"MAPE by size", true, 1},
                                           {fmt::format("in {:.0f} %", 100 * report.options.coverage), true, 0},
                                           {"by size", true, 1}};
  std::vector<TextLine> lines = {head_line(columns)};
  for (const ValidatedGroup& group : report.validation.groups) {
    const Accuracy& a = group.accuracy;
    std::string errors;
    std::string covered;
    for (const SizeClass& size : group.sizes) {
      errors += fmt::format("{}{:.0f}", errors.empty() ? "" : " ", 100 * size.mape);
      covered += fmt::format("{}{:.0f}", covered.empty() ? "" : " ", 100 * size.coverage);
    }
    lines.push_back(
        {{group.hardware, group.library, fmt::format("{} {}", row(group.kind).name, row(group.dtype).name),
          fitted_text(group, report.options.unseen), fmt::format("{}", a.rows / group.fits), percent(a.mape),
          percent(a.median), percent(a.p90), signed_percent(a.bias), errors, percent(a.coverage), covered},
         "",
         "",
         false});
  }
  return render_lines(columns, lines, report);
}

std::string worst_table(const ValidationReport& report) {
  const std::vector<TextColumn> columns = {
      {"worst rows", false}, {"line", true, 1}, {"measured"}, {"predicted"}, {"error"}};
  std::vector<TextLine> lines = {head_line(columns)};
  for (const ValidatedGroup& group : report.validation.groups) {
    for (const WorstRow& worst : worst_rows(group, report.worst)) {
      const Timing& timing = report.validation.rows[worst.row];
      lines.push_back(
          {{fmt::format("{}: {}", group.hardware, describe(timing.shape)), fmt::format("{}", timing.where.line),
            format_si(timing.time_s, "s", 3), format_si(worst.predicted_s, "s", 3), signed_percent(worst.error)},
           "",
           "",
           false});
    }
  }
  return render_lines(columns, lines, report);
}

std::string render_table(const ValidationReport& report) {
  std::string out = group_table(report);
  if (report.validation.groups.size() > 1) {
    Accuracy mean;
    for (const ValidatedGroup& group : report.validation.groups) {
      mean.mape += group.accuracy.mape;
      mean.coverage += group.accuracy.coverage;
    }
    const auto n = static_cast<double>(report.validation.groups.size());
    out += fmt::format("mean of the {} groups: MAPE {}, {} within their interval\n", report.validation.groups.size(),
                       percent(mean.mape / n), percent(mean.coverage / n));
  }
  if (report.worst > 0) out += "\n" + worst_table(report);
  return out;
}

std::string render_csv(const ValidationReport& report) {
  std::string out = "hardware,device,library,kernel,line,measured_s,predicted_s,low_s,high_s,extrapolated";
  out += kCsvEnd;
  for (const ValidatedGroup& group : report.validation.groups) {
    for (const Checked& one : group.checked) {
      const Timing& timing = report.validation.rows[one.row];
      bool first = true;
      for (const Cell& cell :
           {Cell(group.hardware), Cell(group.device), Cell(group.library), Cell(describe(timing.shape)),
            Cell(std::int64_t{timing.where.line}), Cell(one.measured_s), Cell(one.predicted.time_s),
            Cell(one.predicted.low_s), Cell(one.predicted.high_s), Cell(std::int64_t{one.predicted.extrapolated})}) {
        if (!first) out += ',';
        first = false;
        append_csv(cell, out);
      }
      out += kCsvEnd;
    }
  }
  return out;
}

std::array<double, kQuarters> by_size(const ValidatedGroup& group, double SizeClass::*figure) {
  std::array<double, kQuarters> figures{};
  for (std::size_t q = 0; q < kQuarters; ++q) figures.at(q) = group.sizes.at(q).*figure;
  return figures;
}

std::string render_json(const ValidationReport& report) {
  using Json = nlohmann::ordered_json;
  Json groups = Json::array();
  for (const ValidatedGroup& group : report.validation.groups) {
    const Accuracy& a = group.accuracy;
    groups.push_back({{"hardware", group.hardware},
                      {"device", group.device},
                      {"library", group.library},
                      {"kind", row(group.kind).name},
                      {"dtype", row(group.dtype).name},
                      {"fits", group.fits},
                      {"probes", group.probes},
                      {"tested", a.rows / group.fits},
                      {"mape", a.mape},
                      {"median", a.median},
                      {"p90", a.p90},
                      {"bias", a.bias},
                      {"coverage", a.coverage},
                      {"mape_by_size", by_size(group, &SizeClass::mape)},
                      {"coverage_by_size", by_size(group, &SizeClass::coverage)}});
  }
  Json refused = Json::array();
  for (const Refused& one : report.validation.refused) refused.push_back({{"line", one.where.line}, {"why", one.why}});
  return Json{{"interval", report.options.coverage}, {"groups", groups}, {"refused", refused}}.dump(2) + "\n";
}

constexpr std::array<ReportFormat<ValidationReport>, 4> kFormats = {{
    {"table", "txt", "a line for each fit, and the worst rows", render_table},
    {"csv", "csv", "each predicted row", render_csv},
    {"json", "json", "the table's figures", render_json},
    {"svg", "svg", "predicted against measured", render_validation_svg},
}};

}  // namespace

std::span<const ReportFormat<ValidationReport>> validation_format_table() { return kFormats; }

std::string render_cases(const std::vector<CheckedCase>& cases, double coverage, int width) {
  const std::vector<TextColumn> columns = {
      {"hardware", false},  {"case", false}, {"measured"},
      {"predicted"},        {"error"},       {fmt::format("{:.0f} %", 100 * coverage), false, 2},
      {"roofline", true, 1}};
  std::vector<TextLine> lines = {head_line(columns)};
  struct Sum {
    double error = 0;
    double roofline = 0;
    std::size_t covered = 0;
    std::size_t count = 0;
  };
  std::map<std::string, Sum> sums;
  for (const CheckedCase& one : cases) {
    const bool covered = one.low_s <= one.measured_s && one.measured_s <= one.high_s;
    lines.push_back(
        {{one.device, one.name, format_si(one.measured_s, "s", 4), format_si(one.predicted_s, "s", 4),
          signed_percent(one.error()), covered ? "in" : "out", signed_percent(one.roofline_s / one.measured_s - 1)},
         "",
         "",
         false});
    for (Sum* sum : {&sums[one.device], &sums["all"]}) {
      sum->error += std::fabs(one.error());
      sum->roofline += std::fabs(one.roofline_s / one.measured_s - 1);
      if (covered) ++sum->covered;
      ++sum->count;
    }
  }
  const auto most = std::max(static_cast<std::size_t>(std::max(width, 0)), kLeastTableWidth);
  const TextLayout layout = fit_table(columns, lines, most);
  std::string out;
  for (const TextLine& line : lines) out += render_line(line, columns, layout, false);
  out += "\n";
  for (const auto& [name, sum] : sums) {
    const auto n = static_cast<double>(sum.count);
    out += fmt::format("{}: MAPE {} of {} cases (roofline {}), {} of them in their interval\n", name,
                       percent(sum.error / n), sum.count, percent(sum.roofline / n), sum.covered);
  }
  return out;
}

std::string render_cases_json(const std::vector<CheckedCase>& cases) {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (const CheckedCase& one : cases)
    rows.push_back({{"hardware", one.device},
                    {"case", one.name},
                    {"measured_s", one.measured_s},
                    {"predicted_s", one.predicted_s},
                    {"low_s", one.low_s},
                    {"high_s", one.high_s},
                    {"roofline_s", one.roofline_s}});
  return rows.dump(2) + "\n";
}

}  // namespace gable
