// Easy to break here: a generator that is no longer the published one, an index that wraps at 32 bits, a range that
// contains its end.
#include "probes/random.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace gable;

namespace {

TEST_CASE("the bits are those of splitmix64") {
  // Seed 1234567: test vector of the generator, Rosetta Code "Pseudo-random numbers/Splitmix64".
  CHECK(random_bits(1234567, 0) == 6457827717110365317ULL);
  CHECK(random_bits(1234567, 1) == 3203168211198807973ULL);
  CHECK(random_bits(1234567, 2) == 9817491932198370423ULL);
  CHECK(random_bits(1234567, 3) == 4593380528125082431ULL);
  CHECK(random_bits(1234567, 4) == 16408922859458223821ULL);
  // The index has 64 bits.
  CHECK(random_bits(1, 0) != random_bits(1, std::uint64_t{1} << 32));
}

TEST_CASE("draws by hand from the bits") {
  // The top 24 bits of the first draw; 2^24 = 16777216, 2^23 = 8388608.
  CHECK((6457827717110365317ULL >> 40) == 5873360);
  CHECK(random_unit(1234567, 0) == 5873360.0F / 16777216.0F);
  CHECK(random_symmetric(1234567, 0, 1) == (5873360.0F - 8388608.0F) / 8388608.0F);
  CHECK(random_symmetric(1234567, 0, 0.5F) == 0.5F * (5873360.0F - 8388608.0F) / 8388608.0F);
  CHECK(random_index(1234567, 0, 1000) == 317);
  CHECK(random_index(1234567, 0, 1) == 0);
  CHECK(random_bernoulli(1234567, 0, 0.36F) == 1);  // 5873360 / 2^24 = 0.35008
  CHECK(random_bernoulli(1234567, 0, 0.34F) == 0);
}

TEST_CASE("ranges and means over many draws") {
  constexpr std::uint64_t kDraws = 100000;
  double sum = 0;
  double square = 0;
  int ones = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const float x = random_symmetric(7, i, 3);
    CHECK_FALSE((x < -3 || x >= 3));
    sum += x;
    square += static_cast<double>(x) * x;
    ones += random_bernoulli(8, i, 0.1F);
    CHECK(random_bernoulli(8, i, 1) == 1);
    CHECK(random_bernoulli(8, i, 0) == 0);
    const std::int64_t index = random_index(9, i, 7);
    CHECK_FALSE((index < 0 || index >= 7));
  }
  // Standard deviations of the means: sqrt(3 / 1e5) = 0.0055, sqrt(0.09 / 1e5) = 0.00095; five of them.
  CHECK(std::abs(sum / kDraws) < 0.03);
  CHECK(std::abs(square / kDraws - 3.0) < 0.05);  // scale^2 / 3
  CHECK(std::abs(ones / static_cast<double>(kDraws) - 0.1) < 0.005);
}

}  // namespace
