// The sentences a person wants: what dominates, what bounds it and why, how the parts compare.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"

namespace gable {

/// The findings, most important first.
std::vector<std::string> findings(const Analysis& analysis);

/// Before them what a measurement shows, if the options hold one.
std::vector<std::string> findings(const Analysis& analysis, const ReportOptions& options);

/// Where the time of a step went, how far ops are from their roofs, what could be recovered, what needs explaining.
std::vector<std::string> measured_findings(const Analysis& analysis, const Overlay& overlay);

/// What --fuse and --recompute ask for and does nothing; what to know of what they do.
std::vector<std::string> choice_findings(const Analysis& analysis);

/// What is to be known of a fusion that makes one kernel of several products; "" where it does not. `what` leads:
/// "--fuse h/fc..h/proj".
std::string products_caveat(const Analysis& analysis, std::string_view fusion, std::string_view what);

/// The step on the CPU's and the GPU's clock, which side bounds each block, and the utilisation at that time.
std::vector<std::string> clock_findings(const Analysis& analysis, const ClockReport& report);

/// The model's notes with their {what:path} fields filled in.
/// @throws InputError at the note, for an unknown field or path
std::vector<std::string> notes(const Analysis& analysis);
/// Of them those whose fields are of at least two of these ops, by full path.
/// @throws InputError as notes()
std::vector<std::string> notes_on(const Analysis& analysis, const std::vector<std::string>& paths);

}  // namespace gable
