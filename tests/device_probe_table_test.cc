// The table of CUDA probes, with the backend or without. What is easy to break here: shares that do not add up, rows
// that crash where there is no device.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "analyzer/base/error.h"
#include "probes/cuda/probe_table.h"
#include "probes/device.h"
#include "tests/approx.h"

namespace gable {

TEST_CASE("rows are complete and their shares are of a whole") {
  double shares = 0;
  std::set<std::string_view> names;
  for (const ProbeRow& row : cuda_probe_table()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(!row.bounds.empty());
    CHECK(!row.kernel.empty());
    CHECK(!row.check.empty());
    CHECK(row.share > 0);
    shares += row.share;
  }
  CHECK(shares == rel(1));
}

TEST_CASE("without a device each row says so") {
  const std::string why = why_no_cuda();
  if (why.empty()) return;
  for (const ProbeRow& row : cuda_probe_table()) {
    CHECK_THROWS_WITH_AS(row.run(ProbeContext{}), ("--device cuda: " + why).c_str(), CapabilityError);
  }
}

}  // namespace gable
