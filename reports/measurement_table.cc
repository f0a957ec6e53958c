#include "reports/measurement_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/measured/statistics.h"
#include "reports/text_table.h"

namespace gable {
namespace {

std::string time_text(double seconds) { return seconds > 0 ? format_si(seconds, "s") : "0 s"; }
std::string share_text(double share) { return fmt::format("{:.1f} %", 100 * share); }

const std::vector<TextColumn>& columns() {
  static const std::vector<TextColumn> kColumns = {{"", false, 0},    {"pass", false, 4},  {"times", true, 6},
                                                   {"mean", true, 0}, {"median", true, 3}, {"std", true, 0},
                                                   {"min", true, 2},  {"max", true, 5},    {"CV", true, 1},
                                                   {"cold", true, 7}, {"share", true, 0}};
  return kColumns;
}

TextLine line_of(const std::string& name, std::string_view pass, const std::string& times,
                 const std::vector<double>& samples, double cold_s, double whole_s) {
  const Summary summary = summarize(samples);
  return {{name, std::string(pass), times, time_text(summary.mean), time_text(summary.median), time_text(summary.std),
           time_text(summary.min), time_text(summary.max), share_text(summary.cv()),
           cold_s > 0 ? time_text(cold_s) : "-", share_text(whole_s > 0 ? summary.mean / whole_s : 0)},
          "",
          "",
          false};
}

std::string part_of(const MeasuredOp& op) { return op.op.substr(0, op.op.find('/')); }

/// The samples of several ops, step by step.
std::vector<double> summed(const Measurement& m, std::string_view part) {
  std::vector<double> sums(m.step_s.size());
  for (const MeasuredOp& op : m.ops) {
    if (!part.empty() && part_of(op) != part) continue;
    std::transform(sums.begin(), sums.end(), op.samples_s.begin(), sums.begin(), std::plus<>());
  }
  return sums;
}

double cold_sum(const Measurement& m, std::string_view part) {
  return std::accumulate(m.ops.begin(), m.ops.end(), 0.0,
                         [&](double sum, const MeasuredOp& op) { return part_of(op) == part ? sum + op.cold_s : sum; });
}

std::vector<TextLine> lines_of(const Measurement& m) {
  const double whole = summarize(m.step_s).mean;
  std::vector<TextLine> lines = {head_line(columns())};
  std::vector<std::string> parts;
  for (const MeasuredOp& op : m.ops) {
    if (std::find(parts.begin(), parts.end(), part_of(op)) == parts.end()) parts.push_back(part_of(op));
  }
  for (const std::string& part : parts) {
    lines.push_back(line_of(part, "", "", summed(m, part), cold_sum(m, part), whole));
    lines.back().strong = true;
    for (const MeasuredOp& op : m.ops) {
      if (part_of(op) != part) continue;
      lines.push_back(line_of("  " + op.op.substr(std::min(op.op.size(), part.size() + 1)), pass_name(op.pass),
                              format_grouped(op.executions), op.samples_s, op.cold_s, whole));
    }
  }
  lines.push_back(line_of("step", "", "", m.step_s, m.cold_step_s, whole));
  lines.back().strong = true;
  return lines;
}

void add_remainder(const Measurement& m, std::vector<std::string>& out) {
  const double whole = summarize(m.step_s).mean;
  const double ops = summarize(summed(m, "")).mean;
  const double busy = m.busy_s.empty() ? ops : summarize(m.busy_s).mean;
  std::string text = fmt::format("Ops add up to {} of the step's {}", time_text(ops), time_text(whole));
  if (whole > 0) text += fmt::format(", {}", share_text(ops / whole));
  out.push_back(text + fmt::format("; {} lie between them (gaps, host).", time_text(std::max(0.0, whole - busy))));
  for (const Unattributed& kernel : m.unattributed)
    out.push_back(fmt::format("No op has {}: {}, {} a step.", kernel.name, counted(kernel.launches, "launch", "es"),
                              time_text(kernel.time_s)));
}

void add_outliers(const Measurement& m, std::vector<std::string>& out) {
  const std::vector<std::size_t> found = outliers(m.step_s);
  if (found.empty()) return;
  std::vector<std::string> names;
  for (const std::size_t i : found) names.push_back(fmt::format("{} ({})", i + 1, time_text(m.step_s[i])));
  out.push_back(fmt::format("Outliers among the steps, beyond 1.5 interquartile ranges: {}.", fmt::join(names, ", ")));
}

}  // namespace

std::string render_measurement(const Measurement& m, const MeasurementTableOptions& options) {
  const std::size_t width = std::max(static_cast<std::size_t>(std::max(options.width, 0)), kLeastTableWidth);
  std::vector<std::string> facts;
  for (const auto& [key, value] : m.environment) facts.push_back(fmt::format("{} {}", key, value));
  std::string out = wrapped(fmt::format("device: {} ({})", m.device, fmt::join(facts, ", ")), width);
  std::vector<std::string> dims;
  for (const auto& [key, value] : m.settings) dims.push_back(fmt::format("{}={}", key, value));
  out += wrapped(fmt::format("model: {}, {}, {}, {}", m.model, m.dtype, m.phase, fmt::join(dims, " ")), width);
  out += wrapped(fmt::format("{} after {}, random values from seed {}",
                             counted(static_cast<std::int64_t>(m.step_s.size()), "step"),
                             counted(m.warmup, "warm-up step"), m.seed),
                 width);
  out += "\n";
  const std::vector<TextLine> lines = lines_of(m);
  const TextLayout layout = fit_table(columns(), lines, width);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].strong && i > 1) out += "\n";
    out += render_line(lines[i], columns(), layout, options.color);
  }
  out += "\n";
  std::vector<std::string> texts;
  add_remainder(m, texts);
  if (m.cold_step_s > 0) {
    texts.push_back(fmt::format("The first step took {}, {:.1f} times the median of the others.",
                                time_text(m.cold_step_s), m.cold_step_s / summarize(m.step_s).median));
  }
  add_outliers(m, texts);
  if (m.dropped > 0)
    texts.push_back(fmt::format("The profiler lost {}: times are too low.", counted(m.dropped, "record")));
  for (const std::string& text : texts) out += wrapped(text, width);
  return out;
}

std::string render_warmup_study(std::span<const WarmupRow> rows, const MeasurementTableOptions& options) {
  const std::vector<TextColumn> table = {{"warm-ups", true, 0}, {"mean", true, 0}, {"std", true, 0},  {"min", true, 0},
                                         {"max", true, 0},      {"CV", true, 0},   {"steps", true, 1}};
  std::vector<TextLine> lines = {head_line(table)};
  for (const WarmupRow& row : rows) {
    const Summary summary = summarize(row.step_s);
    lines.push_back(
        {{format_grouped(row.warmup), time_text(summary.mean), time_text(summary.std), time_text(summary.min),
          time_text(summary.max), share_text(summary.cv()), format_grouped(static_cast<std::int64_t>(summary.n))},
         "",
         "",
         false});
  }
  const TextLayout layout =
      fit_table(table, lines, std::max(static_cast<std::size_t>(std::max(options.width, 0)), kLeastTableWidth));
  std::string out;
  for (const TextLine& line : lines) out += render_line(line, table, layout, options.color);
  return out;
}

}  // namespace gable
