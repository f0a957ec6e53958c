#include "analyzer/cli/compare_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/spec/library.h"

namespace gable {
namespace {

struct WordKind {
  CompareKind kind;
  std::string_view option;
  std::string_view noun;  // in messages
  std::vector<std::string> (*names)();
  bool (*accepts)(const std::string& word);  // beyond the names
};

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const DtypeRow& row : dtype_table()) names.emplace_back(row.name);
  return names;
}

bool is_dtype_choice(const std::string& word) {
  try {
    parse_dtype_choice(word);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

bool is_path(const std::string& word) { return word.find('/') != std::string::npos || word.ends_with(".yaml"); }
template <SpecKind kind>
bool is_spec_file(const std::string& word) {
  return is_path(word) && kind_of_spec(load_yaml(word)) == kind;
}
template <SpecKind kind>
std::vector<std::string> spec_names() {
  return list_specs(kind);
}

constexpr std::array<WordKind, 4> kWordKinds = {{
    {CompareKind::kModels, "model", "model", spec_names<SpecKind::kModel>, is_spec_file<SpecKind::kModel>},
    {CompareKind::kHardware, "hw", "device", spec_names<SpecKind::kHardware>,
     [](const std::string& word) { return word == "measured" || is_spec_file<SpecKind::kHardware>(word); }},
    {CompareKind::kRecipes, "recipe", "recipe", spec_names<SpecKind::kRecipe>, is_spec_file<SpecKind::kRecipe>},
    {CompareKind::kDtypes, "dtype", "dtype", dtype_names, is_dtype_choice},
}};

const WordKind& row_of(CompareKind kind) {
  return *std::find_if(kWordKinds.begin(), kWordKinds.end(), [&](const WordKind& row) { return row.kind == kind; });
}

[[noreturn]] void refuse_unknown(const std::string& word) {
  std::vector<std::string> names;
  for (const WordKind& kind : kWordKinds) {
    for (std::string& name : kind.names()) names.push_back(std::move(name));
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view near = nearest(word, known);
  throw InputError(fmt::format("compare: {} is no model, device, recipe or dtype{}", in_quotes(word),
                               near.empty() ? "; `analyze list models`, hardware, recipes and dtypes name them"
                                            : fmt::format(", did you mean '{}'?", near)));
}

const WordKind& kind_of(const std::string& word) {
  std::vector<const WordKind*> found;
  for (const WordKind& kind : kWordKinds) {
    const std::vector<std::string> names = kind.names();
    if (std::find(names.begin(), names.end(), word) != names.end() || kind.accepts(word)) found.push_back(&kind);
  }
  if (found.empty()) refuse_unknown(word);
  if (found.size() > 1) {
    throw InputError(fmt::format("compare: {} is a {} and a {}; write the file's path instead, with .yaml",
                                 in_quotes(word), found[0]->noun, found[1]->noun));
  }
  return *found.front();
}

}  // namespace

CompareKind kind_of_words(const std::vector<std::string>& words) {
  if (words.size() < 2) {
    const std::string given = words.empty() ? "none is" : fmt::format("only {} is", in_quotes(words.front()));
    throw InputError(
        fmt::format("compare: {} given; it takes two or more models, devices, recipes or dtypes, or --ops "
                    "P,Q",
                    given));
  }
  const WordKind& first = kind_of(words.front());
  for (std::size_t i = 1; i < words.size(); ++i) {
    const WordKind& other = kind_of(words[i]);
    if (&other != &first) {
      throw InputError(
          fmt::format("compare: {} is a {}, {} a {}; compare words of one kind and give the other with "
                      "--{}",
                      in_quotes(words.front()), first.noun, in_quotes(words[i]), other.noun, other.option));
    }
    if (std::find(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i), words[i]) !=
        words.begin() + static_cast<std::ptrdiff_t>(i))
      throw InputError(fmt::format("compare: {} is given twice", in_quotes(words[i])));
  }
  return first.kind;
}

std::string_view option_of(CompareKind kind) { return row_of(kind).option; }

}  // namespace gable
