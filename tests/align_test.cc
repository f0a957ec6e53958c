// Easy to break: one item out of order that costs all that follow, what comes first among equals, long sequences.
#include "analyzer/trace/align.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace gable;

namespace {

/// The pairs as "0-1 2-2".
std::string matched(std::string_view a, std::string_view b) {
  std::string out;
  for (const auto& [i, j] :
       longest_matching(a.size(), b.size(), [&](std::size_t x, std::size_t y) { return a[x] == b[y]; }))
    out += (out.empty() ? "" : " ") + std::to_string(i) + "-" + std::to_string(j);
  return out;
}

}  // namespace

TEST_CASE("the longest matching, the first of several") {
  CHECK(matched("abc", "abc") == "0-0 1-1 2-2");
  CHECK(matched("", "abc").empty());
  CHECK(matched("abc", "").empty());
  CHECK(matched("abc", "xaybzc") == "0-1 1-3 2-5");
  CHECK(matched("abcde", "acbde") == "0-0 2-1 3-3 4-4");
  CHECK(matched("ab", "abab") == "0-0 1-1");  // the first repetition
  CHECK(matched("qkvofp", "qofp") == "0-0 3-1 4-2 5-3");
  CHECK(matched("abc", "xyz").empty());
}

TEST_CASE("sequences that are long match along their diagonal") {
  constexpr std::size_t kLong = 20000;
  const auto pairs = longest_matching(kLong, 2 * kLong, [](std::size_t i, std::size_t j) { return 2 * i == j; });
  REQUIRE(pairs.size() == kLong);
  CHECK(pairs.back() == std::pair<std::size_t, std::size_t>{kLong - 1, 2 * kLong - 2});
}
