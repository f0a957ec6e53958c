// What the options of `analyze sweep` say: which models, devices and options over which grid.
#pragma once

#include <string>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/study/sweep.h"
#include "reports/sweep_report.h"

namespace gable {

std::vector<OptionRow> sweep_option_rows();

/// @throws InputError; CapabilityError where a measured profile is asked for and there is none
Sweep sweep_of(const Options& options, const Io& io);

/// --format, or what the name of the file says. @throws InputError
const SweepFormat& sweep_format_of(const Options& options);

}  // namespace gable
