#include "analyzer/spec/field_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"

namespace gable {

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kScalar:
      return "a value";
    case YamlNode::Kind::kNull:
      break;
  }
  return "nothing";
}

void check_keys(const YamlNode& node, std::string_view what, std::span<const std::string_view> allowed) {
  if (node.kind != YamlNode::Kind::kMap) {
    throw InputError(node.where, fmt::format("{} must be a map of keys and values, not {}", what, kind_name(node)));
  }
  for (const auto& [key, value] : node.entries) {
    if (std::find(allowed.begin(), allowed.end(), key.text) == allowed.end()) {
      throw InputError(key.where,
                       fmt::format("unknown key {} in {}{}", in_quotes(key.text), what, suggestion(key.text, allowed)));
    }
  }
}

const YamlNode& require(const YamlNode& map, std::string_view key, std::string_view what) {
  const YamlNode* found = map.find(key);
  if (found == nullptr) throw InputError(map.where, fmt::format("{} has no '{}:'", what, key));
  return *found;
}

const std::string& read_text(const YamlNode& node, std::string_view what) {
  if (node.kind != YamlNode::Kind::kScalar || node.text.empty()) {
    throw InputError(node.where, fmt::format("{} must be a text, not {}", what,
                                             node.kind == YamlNode::Kind::kScalar ? "an empty one" : kind_name(node)));
  }
  return node.text;
}

const std::string& read_name(const YamlNode& node, std::string_view what) {
  const std::string& name = read_text(node, what);
  if (!is_plain_name(name)) {
    throw InputError(node.where,
                     fmt::format("{} {} is not a plain name (letters, digits, '.', '_', '-')", what, in_quotes(name)));
  }
  return name;
}

bool read_flag(const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::kScalar && node.text == "true") return true;
  if (node.kind == YamlNode::Kind::kScalar && node.text == "false") return false;
  const std::string got = node.kind == YamlNode::Kind::kScalar ? in_quotes(node.text) : std::string(kind_name(node));
  throw InputError(node.where, fmt::format("{} must be true or false, not {}", what, got));
}

const std::vector<YamlEntry>& read_entries(const YamlNode& node, std::string_view what) {
  if (node.kind != YamlNode::Kind::kMap)
    throw InputError(node.where, fmt::format("{} must be a map, not {}", what, kind_name(node)));
  return node.entries;
}

void check_list(const YamlNode& node, std::string_view what) {
  if (node.kind != YamlNode::Kind::kSequence) {
    throw InputError(node.where, fmt::format("{} must be a list, not {}", what, kind_name(node)));
  }
  if (node.items.empty()) throw InputError(node.where, fmt::format("{} is an empty list", what));
}

}  // namespace gable
