// Runs `analyze` inside the test process, on a machine without GPU and without measured profiles.
#pragma once

#include <doctest/doctest.h>

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

/// Wrong input as its user sees it: one line on standard error, exit code 2, nothing on standard output.
inline void check_refused(const Ran& ran, const std::string& message) {
  CAPTURE(message);
  CHECK(ran.code == 2);
  CHECK(ran.err == message + "\n");
  CHECK(ran.out.empty());
}

struct WrongArgs {
  Args args;
  std::string message;
};

/// Each of `cases` behind the arguments `lead`.
template <typename Cases>
void check_refused(const Args& lead, const Cases& cases) {
  for (const WrongArgs& wrong : cases) {
    Args args = lead;
    args.insert(args.end(), wrong.args.begin(), wrong.args.end());
    check_refused(run(args), wrong.message);
  }
}

}  // namespace gable::test
