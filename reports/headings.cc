#include "reports/headings.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "analyzer/base/units.h"

namespace gable {

std::string_view mode_name(Mode mode) { return mode == Mode::kTrain ? "train" : "eval"; }

std::string hardware_line(const Analysis& analysis) {
  return fmt::format("hardware: {} ({}), {}", analysis.hw.name, analysis.hw.title, analysis.hw_reason);
}

std::string model_line(const Analysis& analysis) {
  std::string dims;
  for (std::size_t i = kFirstDim; i < kFirstDim + analysis.model.dim_count; ++i) {
    dims += fmt::format("{}{}={}", dims.empty() ? "" : " ", analysis.model.slots[i].name, analysis.costed.values[i]);
  }
  const std::string title = analysis.model.title.empty() ? "" : fmt::format(" ({})", analysis.model.title);
  return fmt::format("model: {}{}{}{}", analysis.model.name, title, dims.empty() ? "" : ", ", dims);
}

std::string run_words(const Analysis& analysis) {
  const StepOptions& step = analysis.options.step;
  std::string words = fmt::format("{}, {}", phase_name(step.phase),
                                  analysis.options.cost.mode == Mode::kTrain ? "training" : "evaluation");
  if (step.micro_batches > 1) words += fmt::format(", {} micro-batches", step.micro_batches);
  if (step.amp) words += fmt::format(", autocast to {}", row(*step.amp).name);
  words += fmt::format(", recipe {}", step.recipe ? step.recipe->name : std::string(kIdealRecipe));
  if (!step.fuse.empty()) words += fmt::format(", fused {}", fmt::join(step.fuse, ", "));
  if (step.recompute != Recompute::kNone) words += fmt::format(", {} recomputed", recompute_name(step.recompute));
  return words;
}

std::string settings_line(const Analysis& analysis) {
  return fmt::format("{}, {}, roofs {}{}: the {} roofline, not yet a prediction of a framework's time",
                     describe(analysis.dtypes()), run_words(analysis), describe(analysis.options.roofs),
                     analysis.options.resident_l2 ? ", resident in L2 where it fits" : "",
                     analysis.hw.profile ? "measured" : "datasheet");
}

std::string ridge_line(const Analysis& analysis) {
  std::vector<std::string> seen;
  const auto add = [&](Dtype dtype, double rate, std::string_view unit) {
    std::string text =
        fmt::format("{} {} {} at {}", gable::row(dtype).name, unit,
                    format_significant(rate / analysis.hw.dram_bandwidth.value, 3), format_si(rate, "FLOP/s", 3));
    if (std::find(seen.begin(), seen.end(), text) == seen.end()) seen.push_back(std::move(text));
  };
  for (const OpRow& row : analysis.rows) {
    add(row.rates.matrix_dtype, row.rates.matrix_flop_per_s, row.rates.shared ? "vector" : "tensor");
    add(row.rates.vector_dtype, row.rates.vector_flop_per_s, "vector");
  }
  return fmt::format("ridge points in FLOP/byte: {}; DRAM {}", fmt::join(seen, ", "),
                     format_si(analysis.hw.dram_bandwidth.value, "B/s"));
}

std::string measurement_line(const Measurement& measurement) {
  std::string text =
      fmt::format("measured: {} ({}), {} after {} of warm-up",
                  measurement.device.empty() ? "a device without a name" : measurement.device, measurement.backend,
                  counted(static_cast<std::int64_t>(measurement.step_s.size()), "step"), measurement.warmup);
  for (const auto& [name, value] : measurement.environment) text += fmt::format(", {} {}", name, value);
  return text;
}

std::vector<std::string> heading_lines(const Analysis& analysis, const ReportOptions& options) {
  std::vector<std::string> lines = {hardware_line(analysis), model_line(analysis), settings_line(analysis),
                                    ridge_line(analysis)};
  if (!options.predicted.empty()) lines.push_back(fmt::format("predicted: by the constants of {}", options.predicted));
  if (options.overlay) lines.push_back(measurement_line(options.overlay->measurement));
  return lines;
}

}  // namespace gable
