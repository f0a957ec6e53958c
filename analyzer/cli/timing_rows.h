// Rows of timed kernels on the command line.
#pragma once

#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/predict/timings.h"

namespace gable {

/// Names rows that are left out, the first of them one by one.
void tell_refused(const std::vector<Refused>& refused, const Io& io);

/// What is wrong with --rows, a file that will be written. @throws InputError
void check_rows_file(const Options& options);

}  // namespace gable
