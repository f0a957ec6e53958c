// Two sequences of which one is mostly the other.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace gable {

/// The most pairs (i, j) with same(i, j) that grow in both; of equally many those that come first in the second. Pairs
/// far from the diagonal are not looked for where the sequences are long: some 10 million are compared at most.
std::vector<std::pair<std::size_t, std::size_t>> longest_matching(
    std::size_t first, std::size_t second, const std::function<bool(std::size_t, std::size_t)>& same);

}  // namespace gable
