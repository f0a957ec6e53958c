// Differences in words. Easy to break here: two numbers that round to the same text, a ratio near 1 that reads as none.
#include "reports/difference.h"

#include <doctest/doctest.h>

#include "analyzer/base/units.h"
#include "tests/cli_run.h"

namespace gable {
namespace {

TEST_CASE("differences: ratios near 1 have more digits, or are 1") {
  CHECK(ratio_text(9.914) == "9.91");
  CHECK(ratio_text(1.0004) == "1.0004");
  CHECK(ratio_text(0.99) == "0.99000");
  CHECK(ratio_text(1.00004) == "1");
  CHECK(ratio_text(1.00006) == "1.0001");
  CHECK(ratio_text(1) == "1");
}

TEST_CASE("differences: as many digits as tell two values apart") {
  CHECK(format_si_apart(165.04e9, 165.31e9, "FLOP") ==
        std::pair<std::string, std::string>("165.0 GFLOP", "165.3 GFLOP"));
  CHECK(format_si_apart(1.5, 2.5, "s") == std::pair<std::string, std::string>("1.50 s", "2.50 s"));
  CHECK(format_si_apart(1.5, 1.5, "s").first == "1.50 s");
  CHECK(format_si_apart(1.5 + 1e-9, 1.5, "s").first == "1.50000 s");  // six digits at most
  CHECK(instead_of(27.1e-3, 31.7e-3) == "27.1 ms instead of 31.7 ms");
  CHECK(instead_of(31.66e-3, 31.68e-3) == "31.66 ms instead of 31.68 ms");
}

TEST_CASE("differences: what rounds to the same says nothing") {
  Totals before;
  before.dram_bytes = 26'000'000'000;
  before.cost.matrix_flop = 165'040'000'000;
  before.cost.launches = 960;
  Totals after = before;
  after.cost.matrix_flop = 165'310'000'000;
  CHECK(work_change(before, after).empty());
  after.dram_bytes = 814'000'000;
  after.cost.launches = 192;
  CHECK(work_change(before, after) == "814 MB moved instead of 26.0 GB, 192 instead of 960 launches");
}

TEST_CASE("differences: a comparison of times that are nearly equal") {
  // A launch of 5 us each; of the work, 64*64*3 elements at 320 GB/s, BF16 has half as much: 0.154 and 0.077 us.
  const test::Ran ran =
      test::run({"compare", "fp32", "bf16", "--model", "gemm", "--set", "M=64,N=64,K=64", "--hw", "t4"});
  CHECK(ran.code == 0);
  CHECK(ran.out.find("bf16 is 1.0151 times as fast as fp32") != std::string::npos);  // 5.154 / 5.077
}

}  // namespace
}  // namespace gable
