#include "analyzer/trace/align.h"

#include <algorithm>
#include <cstdint>

namespace gable {
namespace {

enum Step : std::uint8_t { kPair, kSkipFirst, kSkipSecond };

/// The part of a row that is looked at.
struct Band {
  std::size_t from = 0;
  std::size_t to = 0;
};

Band band_of(std::size_t i, std::size_t first, std::size_t second) {
  constexpr std::size_t kMostPairs = 10'000'000;
  constexpr std::size_t kLeast = 256;
  const std::size_t half = std::max(kLeast, kMostPairs / (2 * std::max<std::size_t>(first, 1)));
  const std::size_t center = first > 0 ? second / first * i + second % first * i / first : 0;
  return {center > half ? center - half : 0, std::min(second, center + half + 1)};
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> longest_matching(
    std::size_t first, std::size_t second, const std::function<bool(std::size_t, std::size_t)>& same) {
  // longest[j]: pairs from row i and column j on. Rows from the last to the first, so that the walk below goes forward.
  std::vector<std::uint32_t> longest(second + 1);
  std::vector<std::uint32_t> below(second + 1);
  std::vector<std::vector<std::uint8_t>> steps(first);
  for (std::size_t i = first; i-- > 0;) {
    std::swap(longest, below);
    const Band band = band_of(i, first, second);
    steps[i].resize(band.to - band.from);
    std::fill(longest.begin() + static_cast<std::ptrdiff_t>(band.to), longest.end(), 0U);
    for (std::size_t j = band.to; j-- > band.from;) {
      std::uint8_t& step = steps[i][j - band.from];
      if (same(i, j) && below[j + 1] + 1 >= std::max(below[j], longest[j + 1])) {
        step = kPair;
        longest[j] = below[j + 1] + 1;
      } else {
        step = below[j] >= longest[j + 1] ? kSkipFirst : kSkipSecond;
        longest[j] = std::max(below[j], longest[j + 1]);
      }
    }
    std::fill(longest.begin(), longest.begin() + static_cast<std::ptrdiff_t>(band.from), longest[band.from]);
  }
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0, j = 0; i < first && j < second;) {
    const Band band = band_of(i, first, second);
    const auto step = j < band.from  ? kSkipSecond
                      : j >= band.to ? kSkipFirst
                                     : static_cast<Step>(steps[i][j - band.from]);
    if (step == kPair) pairs.emplace_back(i, j);
    if (step != kSkipSecond) ++i;
    if (step != kSkipFirst) ++j;
  }
  return pairs;
}

}  // namespace gable
