// Grids. What is easy to break here: the last value of a range, the order of the points, a count that overflows before
// it is compared, an axis of 10^12 values that is written out in memory.
#include "analyzer/study/grid.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <vector>

#include "tests/error_text.h"

namespace gable {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::vector<std::int64_t> values_of(const Axis& axis) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < axis.size(); ++i) values.push_back(axis.number(i));
  return values;
}

struct Values {
  std::string given;
  std::vector<std::int64_t> values;
};

TEST_CASE("values and ranges, both ends included") {
  const std::array<Values, 12> cases = {{
      {"B=4", {4}},
      {"B=1,2,4,8", {1, 2, 4, 8}},
      {"B=8,2", {8, 2}},  // as given
      {"T=3..6", {3, 4, 5, 6}},
      {"T=3..3", {3}},
      {"T=0..2", {0, 1, 2}},
      {"T=128..1024*2", {128, 256, 512, 1024}},
      {"T=128..1023*2", {128, 256, 512}},
      {"T=1..1000*10,5", {1, 10, 100, 1000, 5}},
      {"T=64..512+192", {64, 256, 448}},
      {" T = 1 , 2 .. 6 + 2 ", {1, 2, 4, 6}},
      {"T=4611686018427387904..9223372036854775807*2", {4611686018427387904}},  // twice that is beyond 64 bits
  }};
  for (const Values& expected : cases) {
    CAPTURE(expected.given);
    const Axis axis = parse_axis(expected.given);
    CHECK(axis.role == AxisRole::kDim);
    CHECK(values_of(axis) == expected.values);
  }
  CHECK(parse_axis(" T = 1 , 2 ").name == "T");
  CHECK(parse_axis("T=1..4*2").spec == "1..4*2");
}

TEST_CASE("an axis is a rule, not a list") {
  const Axis axis = parse_axis("T=1..1000000000000+2,2,4");
  CHECK(axis.numbers.size() == 3);
  CHECK(axis.size() == 500'000'000'000 + 2);
  CHECK(axis.number(499'999'999'999) == 999'999'999'999);
  CHECK(axis.number(500'000'000'000) == 2);
  CHECK(axis.number(500'000'000'001) == 4);
  CHECK(parse_axis("T=1..9223372036854775807").size() == kMost);
}

TEST_CASE("devices and dtypes are axes, too") {
  const Axis hw = parse_axis("hw=a100-pcie-40, h200");
  CHECK(hw.role == AxisRole::kHardware);
  CHECK(hw.texts == std::vector<std::string>{"a100-pcie-40", "h200"});
  CHECK(hw.size() == 2);
  CHECK(hw.text(1) == "h200");
  CHECK(parse_axis("dtype=fp32").role == AxisRole::kOption);
  CHECK(parse_axis("recipe=ideal,flash").name == "recipe");
}

struct Wrong {
  std::string given;
  std::string message;
};

TEST_CASE("what is no axis is refused with the flag and the value") {
  const std::string forms = " is no whole number and no range; write for example 512, 1..8, 64..512+64 or 128..8192*2";
  const std::string geometric = " never ends: a geometric range starts at 1 or more and has a factor of 2 or more";
  const std::array<Wrong, 27> cases = {{
      {"T", "--vary: 'T' is not DIM=VALUES; write for example --vary T=128..8192*2"},
      {"T=", "--vary: 'T=' is not DIM=VALUES; write for example --vary T=128..8192*2"},
      {"=4", "--vary: '=4' is not DIM=VALUES; write for example --vary T=128..8192*2"},
      {"T=x", "--vary T=x: 'x'" + forms},
      {"T=-1", "--vary T=-1: '-1'" + forms},
      {"T=+1", "--vary T=+1: '+1'" + forms},
      {"T=1.5", "--vary T=1.5: '1.5'" + forms},
      {"T=1e6", "--vary T=1e6: '1e6'" + forms},
      {"T=1,,2", "--vary T=1,,2: ''" + forms},
      {"T=1..", "--vary T=1..: '1..'" + forms},
      {"T=..8", "--vary T=..8: '..8'" + forms},
      {"T=1..8*", "--vary T=1..8*: '1..8*'" + forms},
      {"T=1..8*2*2", "--vary T=1..8*2*2: '1..8*2*2'" + forms},
      {"T=1..8,B=2", "--vary T=1..8,B=2: 'B=2'" + forms},
      {"T=8..4", "--vary T=8..4: 0 points: the range '8..4' is empty"},
      {"T=1..8*1", "--vary T=1..8*1: '1..8*1'" + geometric},
      {"T=0..8*2", "--vary T=0..8*2: '0..8*2'" + geometric},
      {"T=1..8+0", "--vary T=1..8+0: '1..8+0' never ends: the step is 0"},
      {"T=9223372036854775808", "--vary T=9223372036854775808: '9223372036854775808' exceeds 9.2e18 (64-bit integer)"},
      {"T=0..9223372036854775807",
       "--vary T=0..9223372036854775807: '0..9223372036854775807' has more than 9.2e18 values"},
      {"T=2..9223372036854775807,0,1", "--vary T=2..9223372036854775807,0,1: these are more than 9.2e18 values"},
      {"T=4,2,4", "--vary T=4,2,4: 4 is given twice"},
      {"T=1..8,4", "--vary T=1..8,4: 4 is given twice"},
      {"T=1..9+2,5..8", "--vary T=1..9+2,5..8: 5 is given twice"},
      {"T=1..9+2,2..8+2", "--vary T=1..9+2,2..8+2: the ranges from 1 and from 2 overlap"},
      {"hw=h200,h200", "--vary hw: 'h200' is given twice"},
      {"dtype=fp32,,bf16", "--vary dtype: a name is empty"},
  }};
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.given);
    CHECK(input_error([&] { return parse_axis(wrong.given); }) == wrong.message);
  }
  CHECK(input_error([] { return parse_axis("T=\x1b[31m"); }).find('\x1b') == std::string::npos);
}

TEST_CASE("the last axis changes fastest") {
  const Grid grid = make_grid({parse_axis("hw=a100-pcie-40,h200"), parse_axis("B=1,8"), parse_axis("T=128..512*2")});
  CHECK(grid.size == 2 * 2 * 3);
  CHECK(grid.stride == std::vector<std::int64_t>{6, 3, 1});
  CHECK(grid.run_length() == 3);
  CHECK(grid.describe(0) == "hw=a100-pcie-40 B=1 T=128");
  CHECK(grid.describe(1) == "hw=a100-pcie-40 B=1 T=256");
  CHECK(grid.describe(5) == "hw=a100-pcie-40 B=8 T=512");
  CHECK(grid.describe(6) == "hw=h200 B=1 T=128");
  CHECK(grid.describe(11) == "hw=h200 B=8 T=512");
  CHECK(grid.axis_of(AxisRole::kHardware) == 0);
  CHECK_FALSE(grid.axis_of(AxisRole::kModel));
}

TEST_CASE("the number of points is exact, and many are refused with it") {
  CHECK(make_grid({}).size == 1);
  const auto million = [](const char* name) { return parse_axis(std::string(name) + "=1..1000000"); };
  const Grid large = make_grid({million("B"), million("T")});
  CHECK(large.size == 1'000'000'000'000);
  CHECK(input_error([&] { return refuse_many_points(large), 0; }) ==
        "--vary: 1,000,000,000,000 points (1,000,000 of B x 1,000,000 of T) are more than 10,000,000; --yes runs them "
        "all");
  CHECK(input_error([] { return refuse_many_points(make_grid({parse_axis("B=1..10000000")})), 0; }) == "no error");
  CHECK(input_error([&] {
          return make_grid({million("A"), million("B"), million("C"), million("D")});
        }) == "--vary: the grid has more than 9.2e18 points (64-bit integer)");
  CHECK(input_error([&] { return make_grid({million("B"), parse_axis("B=3")}); }) == "--vary: 'B' is given twice");
}

}  // namespace
}  // namespace gable
