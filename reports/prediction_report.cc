#include "reports/prediction_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "reports/csv.h"
#include "reports/headings.h"
#include "reports/text_table.h"

namespace gable {
namespace {

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

constexpr double kSecondsPerHour = 3600;

/// Positions that a step computes, by the dims that models of the field have: sequences B and positions T of each.
std::optional<double> tokens_of(const Analysis& analysis) {
  const auto batch = find_dim(analysis.model, "B");
  const auto positions = find_dim(analysis.model, "T");
  if (!batch || !positions) return std::nullopt;
  return static_cast<double>(analysis.costed.values[*batch]) * static_cast<double>(analysis.costed.values[*positions]) *
         static_cast<double>(analysis.options.step.micro_batches);
}

double capacity_of(const Hardware& hw) { return hw.dram_usable ? hw.dram_usable->value : hw.dram_capacity.value; }

std::string level_words(const PredictionReport& report) {
  const ModelPrediction& p = report.prediction;
  if (p.basis != Basis::kDatasheet) return fmt::format("{}: {}", basis_name(p.basis), report.source);
  if (p.uncalibrated_s >= p.kernels.busy_s) return "datasheet: no such kernel was timed on this device";
  return fmt::format("datasheet: of kernels that take {} of the time, {} has none",
                     percent(p.uncalibrated_s / p.kernels.busy_s), report.source);
}

std::string time_line(const PredictionReport& report) {
  const ModelPrediction& p = report.prediction;
  return fmt::format("predicted: {}, {:.0f} % between {} and {} ({})", format_si(p.step_s(), "s", 4),
                     100 * report.coverage, format_si(p.low_s(), "s", 3), format_si(p.high_s(), "s", 3),
                     level_words(report));
}

std::string bound_line(const PredictionReport& report) {
  const ModelPrediction& p = report.prediction;
  if (!p.clocks)
    return fmt::format(
        "bound: {}{}", bound_name(report.analysis.total.bound()),
        report.analysis.hw.kind == "cpu" ? "" : "; the CPU is taken to be ahead of the GPU (--host says which CPU)");
  return fmt::format("bound: {}; CPU {}, GPU {}, GPU waits {}", p.clocks->cpu_bound() ? "CPU" : "GPU",
                     format_si(p.clocks->cpu_s, "s", 3), format_si(p.clocks->gpu_s, "s", 3),
                     format_si(p.clocks->idle_s, "s", 3));
}

/// Of one device. Nothing without tokens and without a price.
std::string throughput_line(const PredictionReport& report) {
  const double step = report.prediction.step_s();
  const std::optional<double> tokens = tokens_of(report.analysis);
  const auto& price = report.analysis.hw.price;
  std::string text;
  if (tokens) text = fmt::format("{} tokens/s", format_significant(*tokens / step, 4));
  if (price) {
    const double cost = price->value * step / kSecondsPerHour;
    text += fmt::format("{}{} USD a step", text.empty() ? "" : ", ", format_significant(cost, 3));
    if (tokens) text += fmt::format(", {} USD a million tokens", format_significant(1e6 * cost / *tokens, 3));
    text += fmt::format(" at {}", price->text);
  }
  return text;
}

std::string memory_line(const PredictionReport& report) {
  const double needed = report.needed.real();
  const double capacity = capacity_of(report.analysis.hw);
  return fmt::format("memory: {} at the peak, of {}: {}", format_binary_bytes(needed, 3),
                     format_binary_bytes(capacity, 3),
                     needed <= capacity ? "fits" : "does not fit, it will not run as it is");
}

/// Predicted, at the datasheet's roofs, and the share between them.
std::string term_table(const PredictionReport& report) {
  const std::vector<TextColumn> columns = {
      {"largest terms", false}, {"predicted"}, {"%time"}, {"roofline", true, 1}, {"vs roof", true, 1}};
  std::vector<TextLine> lines = {head_line(columns)};
  const double busy = report.prediction.kernels.busy_s;
  for (std::size_t i = 0; i < report.prediction.terms.size() && i < report.top; ++i) {
    const PredictedTerm& term = report.prediction.terms[i];
    const OpRow& row = report.analysis.rows[term.row];
    const double roof = row.totals.roof_time_s;
    lines.push_back(
        {{fmt::format("{} x{}", report.analysis.spec(row).path, row.executions), format_si(term.time_s, "s", 3),
          fmt::format("{:.1f}", 100 * term.time_s / busy), format_si(roof, "s", 3), percent(roof / term.time_s)},
         "",
         "",
         false});
  }
  const auto width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  const TextLayout layout = fit_table(columns, lines, width);
  std::string out;
  for (const TextLine& line : lines) out += render_line(line, columns, layout, report.color);
  return out;
}

std::string render_table(const PredictionReport& report) {
  const auto width = std::max(static_cast<std::size_t>(std::max(report.width, 0)), kLeastTableWidth);
  const ModelPrediction& p = report.prediction;
  std::string out = wrapped(hardware_line(report.analysis), width) + wrapped(model_line(report.analysis), width);
  out += wrapped(time_line(report), width) + wrapped(bound_line(report), width);
  if (const std::string line = throughput_line(report); !line.empty()) out += wrapped(line, width);
  if (report.needed > Count(0)) out += wrapped(memory_line(report), width);
  const Totals& total = report.analysis.total;
  out += wrapped(fmt::format("{} roofline: {}; MFU {}, HFU {} at the predicted time",
                             report.analysis.hw.profile ? "measured" : "datasheet", format_si(total.time_s, "s", 4),
                             percent(total.model_peak_s / p.step_s()), percent(total.peak_s / p.step_s())),
                 width);
  if (p.extrapolated_s > 0)
    out += wrapped(fmt::format("extrapolated: {} of the time, in shapes beyond those that were timed",
                               percent(p.extrapolated_s / p.kernels.busy_s)),
                   width);
  if (p.basis == Basis::kCalibrated && p.uncalibrated_s > 0)
    out += wrapped(fmt::format("{} of the time is in kernels that nothing was timed of",
                               percent(p.uncalibrated_s / p.kernels.busy_s)),
                   width);
  return out + "\n" + term_table(report);
}

std::string render_json(const PredictionReport& report) {
  using Json = nlohmann::ordered_json;
  const ModelPrediction& p = report.prediction;
  const Totals& total = report.analysis.total;
  Json terms = Json::array();
  for (const PredictedTerm& term : p.terms) {
    const OpRow& row = report.analysis.rows[term.row];
    terms.push_back({{"op", report.analysis.spec(row).path},
                     {"executions", row.executions},
                     {"time_s", term.time_s},
                     {"roofline_s", row.totals.roof_time_s}});
  }
  Json out{{"model", report.analysis.model.name},
           {"hardware", report.analysis.hw.name},
           {"level", basis_name(p.basis)},
           {"time_s", p.step_s()},
           {"low_s", p.low_s()},
           {"high_s", p.high_s()},
           {"interval", report.coverage},
           {"busy_s", p.kernels.busy_s},
           {"roofline_s", report.analysis.total.time_s},
           {"extrapolated_s", p.extrapolated_s},
           {"needed_bytes", report.needed.value()},
           {"capacity_bytes", capacity_of(report.analysis.hw)},
           {"mfu", total.model_peak_s / p.step_s()},
           {"hfu", total.peak_s / p.step_s()},
           {"bound", p.clocks && p.clocks->cpu_bound() ? "CPU" : bound_name(total.bound())}};
  if (report.needed > Count(0)) out["needed_bytes"] = report.needed.value();
  if (const auto tokens = tokens_of(report.analysis)) out["tokens_per_s"] = *tokens / p.step_s();
  if (const auto& price = report.analysis.hw.price) out["usd_per_step"] = price->value * p.step_s() / kSecondsPerHour;
  if (p.clocks) out["clocks"] = {{"cpu_s", p.clocks->cpu_s}, {"gpu_s", p.clocks->gpu_s}, {"idle_s", p.clocks->idle_s}};
  out["terms"] = std::move(terms);
  return out.dump(2) + "\n";
}

/// A line for each op, the longest first.
std::string render_csv(const PredictionReport& report) {
  std::string out = "op,executions,predicted_s,roofline_s";
  out += kCsvEnd;
  for (const PredictedTerm& term : report.prediction.terms) {
    const OpRow& row = report.analysis.rows[term.row];
    append_csv(Cell(report.analysis.spec(row).path), out);
    for (const Cell& cell : {Cell(row.executions), Cell(term.time_s), Cell(row.totals.roof_time_s)}) {
      out += ',';
      append_csv(cell, out);
    }
    out += kCsvEnd;
  }
  return out;
}

constexpr std::array<ReportFormat<PredictionReport>, 3> kFormats = {{
    {"table", "txt", "time, interval, bound, memory, the largest terms", render_table},
    {"csv", "csv", "each op's time, the longest first", render_csv},
    {"json", "json", "everything", render_json},
}};

}  // namespace

std::span<const ReportFormat<PredictionReport>> prediction_format_table() { return kFormats; }

}  // namespace gable
