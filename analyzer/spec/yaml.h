// YAML files as plain trees with places. Restricted on purpose: no anchors, aliases, tags or second documents, so that
// a hostile file cannot grow; at most as many bytes as a file of its kind may have, and kMaxSpecDepth.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/error.h"

namespace gable {

inline constexpr std::size_t kMaxSpecBytes = std::size_t{1} << 20U;
inline constexpr int kMaxSpecDepth = 32;

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  std::string text;                ///< of a scalar
  std::vector<YamlNode> items;     ///< of a sequence
  std::vector<YamlEntry> entries;  ///< of a map, in the order of the file, keys unique
  Where where;

  /// The value of a key of a map; null if it is not there.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
};

struct YamlEntry {
  YamlNode key;  ///< always a scalar
  YamlNode value;
};

/// What messages call a file, and how large it may be.
struct YamlKind {
  std::string_view name = "a spec";
  std::string_view first = "name:";  ///< what such a file starts with
  std::size_t most_bytes = kMaxSpecBytes;
};

/// Parses one document. `file` is the name shown in messages.
/// @throws InputError with the place
YamlNode parse_yaml(std::string_view text, const std::string& file, const YamlKind& kind = {});

/// Reads and parses a file. @throws InputError if it cannot be read, is no regular file, or is too large.
YamlNode load_yaml(const std::string& path, const YamlKind& kind = {});

}  // namespace gable
