#include "analyzer/cli/timing_rows.h"

#include <fmt/format.h>

#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/output.h"

namespace gable {

namespace {

constexpr std::size_t kRefusedShown = 10;

}  // namespace

void check_rows_file(const Options& options) {
  const auto path = options.get("rows");
  if (!path) return;
  if (!path->ends_with(".csv"))
    throw InputError(fmt::format("--rows: {} does not end in .csv, as rows of timed kernels do", in_quotes(*path)));
  check_out_file(*path, "--rows");
}

void tell_refused(const std::vector<Refused>& refused, const Io& io) {
  for (std::size_t i = 0; i < refused.size() && i < kRefusedShown; ++i)
    io.err << fmt::format("{}: left out: {}\n", to_string(refused[i].where), refused[i].why);
  if (refused.size() > kRefusedShown)
    io.err << fmt::format("{} more rows are left out for such reasons\n", refused.size() - kRefusedShown);
}

}  // namespace gable
