// Runs `analyze` inside the test process, on a machine without GPU and without measured profiles.
#pragma once

#include <sstream>
#include <string>

#include "analyzer/cli/command.h"

namespace gable::test {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

inline Ran run(const Args& args, int width = 80) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_analyze(args, {out, err, width, false, {"/nonexistent", ""}});
  return {code, out.str(), err.str()};
}

}  // namespace gable::test
