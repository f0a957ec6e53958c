#include "analyzer/spec/record_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace gable {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What YAML would read as something else than the text of these letters.
bool is_word(std::string_view text) {
  constexpr std::array<std::string_view, 3> kNulls = {"null", "Null", "NULL"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '/'; };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), inner) &&
         std::find(kNulls.begin(), kNulls.end(), text) == kNulls.end();
}

std::int64_t version_of(std::string_view schema, std::string_view family) {
  std::int64_t number = -1;
  const std::string_view digits = schema.substr(family.size());
  const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && at == digits.data() + digits.size() ? number : -1;
}

}  // namespace

void check_schema(const YamlNode& root, const Schema& schema) {
  if (root.kind != YamlNode::Kind::kMap || root.find("schema") == nullptr) {
    throw InputError(root.where,
                     fmt::format("is no {}: it does not start with 'schema: {}'", schema.what.substr(2), schema.name));
  }
  const YamlNode& node = *root.find("schema");
  if (node.text == schema.name) return;
  if (!node.text.starts_with(schema.family) || version_of(node.text, schema.family) < 0)
    throw InputError(node.where, fmt::format("schema {} is not '{}'", in_quotes(node.text), schema.name));
  const bool older = version_of(node.text, schema.family) < version_of(schema.name, schema.family);
  throw InputError(node.where, fmt::format("schema {} is {} than the one that this program reads, '{}'; {}",
                                           in_quotes(node.text), older ? "older" : "newer", schema.name,
                                           older ? schema.again : "read it with the program that wrote it"));
}

void check_complete(const YamlNode& root, const Schema& schema) {
  const YamlNode* last = root.entries.back().key.text == "complete" ? &root.entries.back().value : nullptr;
  if (last != nullptr && last->kind == YamlNode::Kind::kScalar && last->text == "true") return;
  throw InputError(last != nullptr ? last->where : root.where,
                   fmt::format("the file was cut short: it does not end in 'complete: true'; {}", schema.again));
}

const std::string& read_any_text(const YamlNode& node, std::string_view what) {
  if (node.kind != YamlNode::Kind::kScalar)
    throw InputError(node.where, fmt::format("{} must be a text, not {}", what, kind_name(node)));
  return node.text;
}

std::string shown(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kScalar ? in_quotes(node.text) : std::string(kind_name(node));
}

double read_real(const YamlNode& node, std::string_view what, std::string_view unit) {
  const auto value = number_of<double>(node);
  if (!value || !std::isfinite(*value) || *value < 0) {
    throw InputError(node.where,
                     fmt::format("{} must be {}, a plain number of at least 0, not {}", what, unit, shown(node)));
  }
  return *value;
}

TextPairs read_pairs(const YamlNode& root, std::string_view key) {
  TextPairs pairs;
  const YamlNode* node = root.find(key);
  if (node == nullptr) return pairs;
  for (const YamlEntry& entry : read_entries(*node, key))
    pairs.emplace_back(entry.key.text, read_any_text(entry.value, entry.key.text));
  return pairs;
}

const std::vector<YamlNode>& read_items(const YamlNode& map, std::string_view key) {
  static const std::vector<YamlNode> kNone;
  const YamlNode* node = map.find(key);
  if (node == nullptr) return kNone;
  if (node->kind != YamlNode::Kind::kSequence)
    throw InputError(node->where, fmt::format("{} must be a list, not {}", key, kind_name(*node)));
  return node->items;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::string_view three = text.substr(0, 3);
    std::size_t length = 1;
    if (byte == '\n' || byte == '\t') {
      out += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      out += kReplacement;
    } else if (byte < 0x80) {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text.front();
    } else if (three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF") {
      out += kReplacement;
      length = 3;
    } else {
      while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) ++length;
      const std::string_view letter = text.substr(0, length);
      if (valid_utf8_prefix(letter) == length) {
        out += letter;
      } else {
        out += kReplacement;
        length = 1;
      }
    }
    text.remove_prefix(length);
  }
  return out + "\"";
}

std::string word_or_quoted(std::string_view text) { return is_word(text) ? std::string(text) : quoted(text); }

std::string quoted_pairs(const TextPairs& pairs) {
  std::string out;
  std::set<std::string, std::less<>> seen;  // a key that stood twice would make the file unreadable
  for (const auto& [key, value] : pairs) {
    if (seen.insert(word_or_quoted(key)).second)
      out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", word_or_quoted(key), quoted(value));
  }
  return "{" + out + "}";
}

}  // namespace gable
