// Easy to break here: precedence, signs of fractions, the column of an error, the ends of 64 bits, input that grows a
// stack.
#include "analyzer/spec/expr.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <memory>
#include <string>

#include "tests/error_text.h"

using namespace gable;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::array<std::string_view, 6> kNames = {"D", "H", "zero", "minus", "most", "least"};
constexpr std::array<std::int64_t, 6> kValues = {768, 12, 0, -7, kMost, kLeast};

std::optional<std::size_t> resolve(std::string_view name, const Where& /*where*/) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames.at(i) == name) return i;
  }
  return std::nullopt;
}

std::int64_t value_of(std::string_view text) {
  const Where where{std::make_shared<const std::string>("a.yaml"), 3, 10};
  return Expr::compile(text, where, resolve, kNames).evaluate(kValues);
}

std::string error_of(std::string_view text) {
  return input_error([&] { return value_of(text); });
}

std::string repeated(std::string_view text, int n) {
  std::string all;
  for (int i = 0; i < n; ++i) all += text;
  return all;
}

TEST_CASE("expressions are integers over dims") {
  struct Row {
    std::string_view text;
    std::int64_t value;
  };
  for (const Row& row : {
           Row{"7", 7},
           Row{"D", 768},
           Row{" 4 * D ", 4 * 768},
           Row{"1+2*3", 7},
           Row{"(1+2)*3", 9},
           Row{"10-4-3", 3},
           Row{"64/4/2", 8},
           Row{"64/(4/2)", 32},
           Row{"D/H", 64},
           Row{"-D", -768},
           Row{"--D", 768},
           Row{"-D+1", -767},
           Row{"2*-3", -6},
           Row{"2--3", 5},
           Row{"-(1+2)", -3},
           Row{"ceil(8*D/3/64)*64", 2048},  // 8*768/3 = 2048 = 32*64
           Row{"ceil(7/2)", 4},
           Row{"floor(7/2)", 3},
           Row{"ceil(-7/2)", -3},
           Row{"floor(-7/2)", -4},
           Row{"floor(minus/2)", -4},
           Row{"ceil(6/2)", 3},
           Row{"min(3, 1, 2)", 1},
           Row{"max(D, 128)", 768},
           Row{"max(minus, zero, -8)", 0},
           Row{"min(1/3, 1/2)*6", 2},
           Row{"7/2*2", 7},  // fractions in between are exact
           Row{"1/3+1/7-10/21", 0},
           Row{"most", kMost},
           Row{"least", kLeast},
       }) {
    CAPTURE(row.text);
    CHECK(value_of(row.text) == row.value);
  }
}

TEST_CASE("crosswise reduction keeps products of fractions small") {
  CHECK(value_of("most/2*2") == kMost);
  CHECK(value_of("(most-1)/2") == kMost / 2);
  CHECK(value_of("4611686018427387904/3*3") == 4611686018427387904);
}

TEST_CASE("wrong expressions: place and exact text") {
  struct Row {
    std::string_view text, error;
  };
  for (const Row& row : {
           Row{"", "a.yaml:3:10: expression '' ends where a number or a dim is expected"},
           Row{"D*", "a.yaml:3:12: expression 'D*' ends where a number or a dim is expected"},
           Row{"D H", "a.yaml:3:12: unexpected 'H' in expression 'D H'"},
           Row{"D)", "a.yaml:3:11: unexpected ')' in expression 'D)'"},
           Row{"(D", "a.yaml:3:12: expected ')' in expression '(D'"},
           Row{"D*%", "a.yaml:3:12: unexpected '%' in expression 'D*%'"},
           Row{"2*DD", "a.yaml:3:12: unknown dim 'DD', did you mean 'D'?"},
           Row{"width", "a.yaml:3:10: unknown dim 'width'; known: D, H, zero, minus, most, least"},
           Row{"ceil", "a.yaml:3:14: expected '(' in expression 'ceil'"},
           Row{"max(D)", "a.yaml:3:15: max takes two or more values"},
           Row{"ceil(D, 2)", "a.yaml:3:16: expected ')' in expression 'ceil(D, 2)'"},
           Row{"1.5*D", "a.yaml:3:10: '1.5' is not a whole number"},
           Row{"2*1e3", "a.yaml:3:12: '1e3' is not a whole number"},
           Row{".nan", "a.yaml:3:10: unexpected '.' in expression '.nan'"},
           Row{"9223372036854775808", "a.yaml:3:10: the number exceeds 9.2e18 (64-bit integer)"},
           Row{"D\xc3\xa9", "a.yaml:3:11: unexpected '\\xc3' in expression 'D\\xc3\\xa9'"},
       }) {
    CAPTURE(row.text);
    CHECK(error_of(row.text) == row.error);
  }
}

TEST_CASE("values that are no 64-bit integer: place and exact text") {
  CHECK(error_of("D/7") ==
        "a.yaml:3:10: 'D/7' is 768/7, not a whole number; use ceil() or floor() if rounding is meant");
  CHECK(error_of("1/-2") ==
        "a.yaml:3:10: '1/-2' is -1/2, not a whole number; use ceil() or floor() if rounding is meant");
  CHECK(error_of("D/zero") == "a.yaml:3:10: 'D/zero' divides by zero");
  CHECK(error_of("zero/zero") == "a.yaml:3:10: 'zero/zero' divides by zero");
  CHECK(error_of("D/(H-12)") == "a.yaml:3:10: 'D/(H-12)' divides by zero");
  for (const std::string_view text :
       {"most+1", "most*2", "least-1", "-least", "least*-1", "least/-1", "least/minus", "1/least", "most/2+1/3",
        "ceil(least/3)", "floor(least/2)", "max(most/2, 1/most)"}) {
    CAPTURE(text);
    CHECK(error_of(text) == "a.yaml:3:10: '" + std::string(text) + "' exceeds 9.2e18 (64-bit integer)");
  }
}

TEST_CASE("expressions that would grow a stack are refused or harmless") {
  CHECK(value_of(repeated("-", 998) + "D") == 768);
  CHECK(value_of(repeated("(", 63) + "D" + repeated(")", 63)) == 768);
  CHECK(error_of(repeated("(", 64) + "D" + repeated(")", 64)) == "a.yaml:3:74: nested deeper than 64 levels");
  CHECK(error_of(repeated("ceil(", 100)) == "a.yaml:3:330: nested deeper than 64 levels");
  CHECK(error_of(repeated("1", 1001)) == "a.yaml:3:10: an expression is at most 1000 characters long");
  CHECK(value_of(repeated("1+(", 23) + "1" + repeated(")", 23)) == 24);  // 24 pending operands
  const std::string deep = repeated("1+(", 24) + "1" + repeated(")", 24);
  CHECK(error_of(deep) == "a.yaml:3:10: expression '" + deep.substr(0, 60) + "...' has too many pending operands");
}

TEST_CASE("a constant needs no values") {
  CHECK(Expr::constant(-5).evaluate({}) == -5);
  CHECK(Expr::constant(-5).text() == "-5");
  CHECK(Expr().evaluate({}) == 0);
}

TEST_CASE("names for dims") {
  for (const std::string_view good : {"D", "d_model", "_x", "T2"}) {
    CAPTURE(good);
    CHECK(is_dim_name(good));
  }
  for (const std::string& bad : {std::string(), std::string("2T"), std::string("d-model"), std::string("a b"),
                                 std::string("\xc3\xa9"), std::string(65, 'a')}) {
    CAPTURE(bad);
    CHECK_FALSE(is_dim_name(bad));
  }
  for (const std::string_view function : {"ceil", "floor", "min", "max"}) {
    CAPTURE(function);
    CHECK(is_reserved_name(function));
  }
  CHECK_FALSE(is_reserved_name("D"));
}

}  // namespace
