// The sentences a person wants: what dominates, what bounds it and why, how the parts compare.
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

/// The findings, most important first.
std::vector<std::string> findings(const Analysis& analysis);

/// The step on the CPU's and the GPU's clock, and which side bounds each block.
std::vector<std::string> clock_findings(const ClockReport& report);

/// The model's notes with their {what:path} fields filled in.
/// @throws InputError at the note, for an unknown field or path
std::vector<std::string> notes(const Analysis& analysis);

std::string_view mode_name(Mode mode);

}  // namespace gable
