// Runs a program of the user's with other variables in its environment.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gable {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// With the standard streams of this process. Until it ends, SIGINT and SIGTERM are for it alone: those sent to this
/// process go on to it, those of a terminal's keys it gets by itself.
/// @return its exit code; kSignalled + the signal that ended it
/// @throws InputError where it cannot be run at all
int run_injected(std::vector<std::string> command, const Variables& variables);

}  // namespace gable
