// Easy to break here: halves of the range left empty, a size of 0.
#include "probes/even_point.h"

#include <doctest/doctest.h>

#include <array>

#include "tests/approx.h"

namespace gable {

TEST_CASE("points fill each axis evenly, and another seed moves them") {
  for (int axis = 0; axis < 4; ++axis) {
    std::array<int, 8> eighths{};
    for (int i = 0; i < 64; ++i) ++eighths.at(static_cast<std::size_t>(8 * even_point(axis, i, 1)));
    for (const int count : eighths) {
      CAPTURE(axis);
      CHECK(count >= 5);
      CHECK(count <= 11);
    }
  }
  CHECK(even_point(0, 2, 0) == rel(0.75));               // 3 is 11 in base 2
  CHECK(even_point(1, 4, 0) == rel(2.0 / 3 + 1.0 / 9));  // 5 is 12 in base 3
  CHECK(even_point(0, 0, 1) == rel(0.5 + 0.6180339887498949 - 1));
}

TEST_CASE("sizes are even in the logarithm, whole multiples, at least one") {
  CHECK(size_between(0, 10, 0.5, 1) == 32);
  CHECK(size_between(0, 10, 0.5, 24) == 24);  // 32 is nearer to 24 than to 48
  CHECK(size_between(0, 10, 0, 8) == 8);
}

}  // namespace gable
