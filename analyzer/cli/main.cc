#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "analyzer/cli/command.h"

namespace {

constexpr int kDefaultWidth = 80;

/// Of the terminal on standard output; COLUMNS where there is none.
int output_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;                                           // NOLINT(cppcoreguidelines-pro-type-vararg)
  const char* columns = std::getenv("COLUMNS");                   // NOLINT(concurrency-mt-unsafe)
  const int given = columns == nullptr ? 0 : std::atoi(columns);  // NOLINT(cert-err34-c): 0 is "not given"
  return given > 0 ? given : kDefaultWidth;
}

/// https://no-color.org: any value that is not empty switches colours off.
bool wants_color() {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  return isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const gable::Args args(argv + 1, argv + argc);
  return gable::run_analyze(
      args, {std::cout, std::cerr, output_width(), wants_color(), gable::this_machine(), isatty(STDERR_FILENO) != 0});
}
