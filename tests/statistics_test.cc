// Easy to break: n against n - 1 under the root, quartiles of few samples, an outlier that hides itself in the mean.
#include "analyzer/measured/statistics.h"

#include <doctest/doctest.h>

#include <array>

#include "tests/approx.h"

using namespace gable;

TEST_CASE("one cold run among ten: the mean and deviation of document 002") {
  // 551.7 once and nine of 45.6: mean (551.7 + 9 x 45.6) / 10 = 96.21; deviations 455.49 and 50.61:
  // sqrt((455.49^2 + 9 x 50.61^2) / 9) = 160.04
  const std::array<double, 10> samples = {551.7, 45.6, 45.6, 45.6, 45.6, 45.6, 45.6, 45.6, 45.6, 45.6};
  const Summary summary = summarize(samples);
  CHECK(summary.n == 10);
  CHECK(summary.mean == rel(96.21));
  CHECK(summary.std == doctest::Approx(160.04).epsilon(3e-5));
  CHECK(summary.cv() == doctest::Approx(160.04 / 96.21).epsilon(3e-5));
  CHECK(summary.median == rel(45.6));
  CHECK(summary.min == 45.6);
  CHECK(summary.max == 551.7);
  CHECK(outliers(samples) == std::vector<std::size_t>{0});
}

TEST_CASE("quartiles lie between order statistics") {
  const std::array<double, 4> samples = {4, 1, 3, 2};  // sorted 1 2 3 4: places 0.75, 1.5, 2.25
  const Summary summary = summarize(samples);
  CHECK(summary.q1 == rel(1.75));
  CHECK(summary.median == rel(2.5));
  CHECK(summary.q3 == rel(3.25));
  CHECK(summary.spread() == rel(0.6));  // (3.25 - 1.75) / 2.5
}

TEST_CASE("few samples") {
  CHECK(summarize({}).n == 0);
  const std::array<double, 1> one = {2.5};
  CHECK(summarize(one).mean == 2.5);
  CHECK(summarize(one).std == 0);
  const std::array<double, 3> three = {1, 1, 100};
  CHECK(outliers(three).empty());
}
