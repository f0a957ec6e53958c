// What files that the program itself writes have in common: a schema in the first line, texts between quotes, plain
// numbers, `complete: true` at the end.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"

namespace gable {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

/// What a file of such a kind says at its top, and what to do where its version is another.
struct Schema {
  std::string_view what;    ///< "a measurement"
  std::string_view family;  ///< "gable-measurement/"
  std::string_view name;    ///< "gable-measurement/1"
  std::string_view again;   ///< "measure again"
};

/// Before anything else: what another program or version wrote has other keys. @throws InputError
void check_schema(const YamlNode& root, const Schema& schema);

/// The writer's last line: a file whose end is missing has none. @throws InputError
void check_complete(const YamlNode& root, const Schema& schema);

/// A text that may be empty: "" for a device without a name. @throws InputError
const std::string& read_any_text(const YamlNode& node, std::string_view what);

/// 'x', or "a list". For messages.
std::string shown(const YamlNode& node);

/// All of the scalar as a number; nothing if it is none. Locale-free.
template <typename Number>
std::optional<Number> number_of(const YamlNode& node) {
  Number value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [at, error] = std::from_chars(node.text.data(), end, value);
  if (node.kind != YamlNode::Kind::kScalar || error != std::errc() || at != end) return std::nullopt;
  return value;
}

/// A plain number of at least 0. `unit` names it in messages: "seconds". @throws InputError
double read_real(const YamlNode& node, std::string_view what, std::string_view unit);

/// @throws InputError
template <typename Whole>
Whole read_whole(const YamlNode& node, std::string_view what, Whole least) {
  const auto value = number_of<Whole>(node);
  if (!value || *value < least) {
    throw InputError(node.where,
                     fmt::format("{} must be a whole number of at least {}, not {}", what, least, shown(node)));
  }
  return *value;
}

/// Texts by name, in the order of the file; none where the key is missing. @throws InputError
TextPairs read_pairs(const YamlNode& root, std::string_view key);

/// A list of maps that may be empty or missing. @throws InputError
const std::vector<YamlNode>& read_items(const YamlNode& map, std::string_view key);

/// Between double quotes. A line end or a tab becomes a blank, as reading would make it; what cannot be shown (control
/// characters, bytes that are no UTF-8, U+FFFE, U+FFFF) becomes U+FFFD.
std::string quoted(std::string_view text);

/// As a plain word where it is one, else quoted.
std::string word_or_quoted(std::string_view text);

/// "{threads: "2", date: "..."}".
std::string quoted_pairs(const TextPairs& pairs);

}  // namespace gable
