// What the words of `analyze compare` name: models, devices, recipes or dtypes, all of one kind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/study/compare.h"

namespace gable {

/// The kind of all the words. @throws InputError: a word that names nothing, or several things; words of unlike kinds;
/// a word given twice; fewer than two
CompareKind kind_of_words(const std::vector<std::string>& words);

/// The option that a kind of word stands for: "model", "hw", "recipe", "dtype".
std::string_view option_of(CompareKind kind);

}  // namespace gable
