// Easy to break here: ties and thresholds of did-you-mean, escaping of bytes that would garble a terminal, UTF-8 edges.
#include "analyzer/base/text.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace gable;
using namespace std::string_literals;

namespace {

constexpr std::array<std::string_view, 4> kOps = {"matmul", "linear", "layernorm", "gelu"};

TEST_CASE("nearest: the name that begins with the word, else at most a third of the word as slips") {
  struct Row {
    std::string_view word, expected;
  };
  for (const Row& row : {
           Row{"matmul", "matmul"},
           Row{"matmull", "matmul"},      // one letter too many
           Row{"mtamul", "matmul"},       // a swap counts 1
           Row{"mtmlu", ""},              // 5 letters allow 1 slip; a letter is missing and two are swapped
           Row{"layrnrom", "layernorm"},  // 8 letters allow 2
           Row{"gleu", "gelu"},           // 4 letters allow 1
           Row{"egul", ""},               // two swaps
           Row{"layer", "layernorm"},     // a beginning of two or more letters stands for the name
           Row{"m", ""},                  // one letter is near to every other
           Row{"", ""},
           Row{"GELU", ""},  // case is a difference
           Row{"softmax", ""},
       }) {
    CAPTURE(row.word);
    CHECK(nearest(row.word, kOps) == row.expected);
  }
}

TEST_CASE("nearest takes the first of equals and refuses long words") {
  constexpr std::array<std::string_view, 2> kTwins = {"bat", "cat"};
  CHECK(nearest("rat", kTwins) == "bat");
  CHECK(nearest(std::string(65, 'a'), kTwins).empty());
  CHECK(nearest("bat", {}).empty());
}

TEST_CASE("suggestion names the nearest, else all, at most twelve") {
  CHECK(suggestion("matmull", kOps) == ", did you mean 'matmul'?");
  CHECK(suggestion("softmax", kOps) == "; known: matmul, linear, layernorm, gelu");
  CHECK(suggestion("softmax", {}) == "");
  const std::array<std::string_view, 13> many = {"a1", "a2", "a3", "a4", "a5", "a6", "a7",
                                                 "a8", "a9", "b1", "b2", "b3", "b4"};
  CHECK(suggestion("softmax", many) == "; known: a1, a2, a3, a4, a5, a6, a7, a8, a9, b1, b2, b3 and 1 more");
  CHECK(suggestion("softmax", std::span(many).first(12)) == "; known: a1, a2, a3, a4, a5, a6, a7, a8, a9, b1, b2, b3");
}

TEST_CASE("in_quotes shows no byte that a terminal would act on, and at most 60") {
  CHECK(in_quotes("") == "''");
  CHECK(in_quotes("a b") == "'a b'");
  CHECK(in_quotes("\x1b[31m\n\0\x7f\xff"s) == "'\\x1b[31m\\x0a\\x00\\x7f\\xff'");
  CHECK(in_quotes(std::string(60, 'x')) == "'" + std::string(60, 'x') + "'");
  CHECK(in_quotes(std::string(61, 'x')) == "'" + std::string(60, 'x') + "...'");
}

TEST_CASE("split trims parts and keeps empty ones") {
  using Parts = std::vector<std::string>;
  CHECK(split("", ',') == Parts{});
  CHECK(split(" \t", ',') == Parts{});
  CHECK(split("a", ',') == Parts{"a"});
  CHECK(split(" a , b\t", ',') == Parts{"a", "b"});
  CHECK(split("a,,b,", ',') == Parts{"a", "", "b", ""});
}

TEST_CASE("trim and join") {
  CHECK(trim(" \t a b \t") == "a b");
  CHECK(trim("  ").empty());
  CHECK(trim("\na") == "\na");  // a newline is no blank within a line
  CHECK(join(kOps) == "matmul, linear, layernorm, gelu");
  CHECK(join(std::span(kOps).first(2), "|") == "matmul|linear");
  CHECK(join({}) == "");
}

TEST_CASE("valid_utf8_prefix stops at the first byte that RFC 3629 forbids") {
  struct Row {
    std::string_view name;
    std::string text;
    std::size_t prefix;
  };
  for (const Row& row : {
           Row{"empty", "", 0},
           Row{"ascii with a zero byte", "a\0b"s, 3},
           Row{"two, three and four bytes", "\u00e9\u20ac\U0001F600", 9},
           Row{"a lone continuation", "a\x80", 1},
           Row{"overlong /", "\xc0\xaf", 0},
           Row{"overlong in three bytes", "\xe0\x9f\xbf", 0},
           Row{"overlong in four bytes", "\xf0\x8f\xbf\xbf", 0},
           Row{"surrogate", "ab\xed\xa0\x80", 2},
           Row{"last before the surrogates", "\xed\x9f\xbf", 3},
           Row{"U+10FFFF", "\xf4\x8f\xbf\xbf", 4},
           Row{"U+110000", "\xf4\x90\x80\x80", 0},
           Row{"cut short", "a\xe2\x82", 1},
           Row{"0xff", "\xff", 0},
       }) {
    CAPTURE(row.name);
    CHECK(valid_utf8_prefix(row.text) == row.prefix);
  }
}

TEST_CASE("display_width counts code points") {
  CHECK(display_width("") == 0);
  CHECK(display_width("a\u00d7b") == 3);
  CHECK(display_width("\U0001F600") == 1);
}

TEST_CASE("wrapped breaks at blanks, indents what follows, and keeps a word that is too long") {
  CHECK(wrapped("one two three", 80) == "one two three\n");
  CHECK(wrapped("one two three", 7) == "one two\n  three\n");
  CHECK(wrapped("one unbreakable", 5) == "one\n  unbreakable\n");
  CHECK(wrapped("× × ×", 3) == "× ×\n  ×\n");  // columns, not bytes
  CHECK(wrapped("", 10) == "\n");
}

TEST_CASE("is_plain_name keeps names out of other folders and off the flags") {
  for (const std::string_view good : {"a", "a100-pcie-40", "cs336-2.7b", "_x"}) {
    CAPTURE(good);
    CHECK(is_plain_name(good));
  }
  for (const std::string& bad :
       {""s, "."s, ".."s, "../a"s, "a/b"s, "-a"s, ".hidden"s, "a b"s, "a\0b"s, "\u00e9"s, std::string(101, 'a')}) {
    CAPTURE(bad);
    CHECK_FALSE(is_plain_name(bad));
  }
  CHECK(is_plain_name(std::string(100, 'a')));
}

}  // namespace
