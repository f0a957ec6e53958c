// Traces on the command line.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/cli/command.h"
#include "analyzer/trace/trace_study.h"

namespace gable {

/// Reads a trace; who waits for longer than a second sees how far it is. @throws what load_trace() throws; Interrupted
Trace read_trace(const std::string& path, std::string_view format, const Io& io);

}  // namespace gable
