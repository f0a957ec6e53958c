// The lines above a report: device, model, settings, ridge points.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"

namespace gable {

/// "named by --hw", first line of every report: which device and why.
std::string hardware_line(const Analysis& analysis);
/// "gpt2-split: GPT-2 124M cut in two (B=1 T=6 ...)".
std::string model_line(const Analysis& analysis);
/// Phase, mode, recipe and what changes it: "step, training, recipe pytorch-eager, block recomputed".
std::string run_words(const Analysis& analysis);

/// Phase, mode, dtype, recipe, roofs; and that this is a datasheet roofline.
std::string settings_line(const Analysis& analysis);
/// Ridge points of the dtypes that the ops compute in.
std::string ridge_line(const Analysis& analysis);

/// Whose measurement is laid over: device, steps, circumstances.
std::string measurement_line(const Measurement& measurement);

/// All of the lines, in order.
std::vector<std::string> heading_lines(const Analysis& analysis, const ReportOptions& options);

std::string_view mode_name(Mode mode);

}  // namespace gable
