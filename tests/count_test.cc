// Easy to break here: an overflow that wraps instead of throwing, at the very ends of the range.
#include "analyzer/base/count.h"

#include <doctest/doctest.h>

#include <limits>

using namespace gable;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

TEST_CASE("count arithmetic is exact") {
  CHECK(Count(2) * 3 + 4 - 5 == Count(5));
  CHECK(Count(kMost) + 0 == Count(kMost));
  CHECK(Count(kMost) - 1 + 1 == Count(kMost));
  CHECK(Count(kMost) * -1 == Count(kLeast + 1));
  CHECK(Count(3'037'000'499) * 3'037'000'499 == Count(9'223'372'030'926'249'001));  // the largest square
  Count sum = 1;
  sum += 2;
  CHECK(sum == Count(3));
  CHECK(Count(7).real() == 7.0);
  CHECK(Count(1) < Count(2));
}

TEST_CASE("beyond 64 bits every operator throws") {
  CHECK_THROWS_WITH_AS(Count(kMost) + 1, "a count exceeds 9.2e18 (64-bit integer)", CountOverflow);
  CHECK_THROWS_AS(Count(kLeast) - 1, CountOverflow);
  CHECK_THROWS_AS(Count(kLeast) * -1, CountOverflow);
  CHECK_THROWS_AS(Count(3'037'000'500) * 3'037'000'500, CountOverflow);
  Count sum = kMost;
  CHECK_THROWS_AS(sum += 1, CountOverflow);
  CHECK(sum == Count(kMost));  // unchanged
}

TEST_CASE("ceil_div does not overflow on the way") {
  CHECK(ceil_div(0, 8) == Count(0));
  CHECK(ceil_div(8, 8) == Count(1));
  CHECK(ceil_div(9, 8) == Count(2));
  CHECK(ceil_div(kMost, 2) == Count(kMost / 2 + 1));
  CHECK(ceil_div(kMost, kMost) == Count(1));
}

}  // namespace
