#include "analyzer/spec/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "analyzer/base/text.h"

namespace gable {
namespace {

/// Titles and notes are shown in lines and cells: a line end inside a text is a blank.
std::string one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

/// No control characters, surrogates or U+FFFE, U+FFFF, which escapes can make: they would reach a terminal, or XML.
bool is_printable(std::string_view text) {
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  const bool nonchar =
      text.find("\xEF\xBF\xBE") != std::string_view::npos || text.find("\xEF\xBF\xBF") != std::string_view::npos;
  return !control && !nonchar && valid_utf8_prefix(text) == text.size();
}

/// Builds the tree from parser events. Events, not YAML::Node: they keep the place of every key, show duplicates,
/// and let aliases and depth be refused before anything is built.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file) : file_(std::make_shared<const std::string>(file)) {}

  YamlNode take() { return std::move(root_); }
  [[nodiscard]] Where at(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(node(YamlNode::Kind::kNull, mark, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw InputError(at(mark), "YAML aliases are not supported; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode scalar = node(YamlNode::Kind::kScalar, mark, tag, anchor);
    scalar.text = one_line(value);
    if (!is_printable(scalar.text)) {
      throw InputError(scalar.where, "an escape in this text makes a character that cannot be shown");
    }
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(node(YamlNode::Kind::kSequence, mark, tag, anchor));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(node(YamlNode::Kind::kMap, mark, tag, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  // An unclosed '[' or '{' reaches us as the key of a map.
  static constexpr const char* kBadKey = "a key must be a plain word; is a bracket left open?";

  struct Open {
    YamlNode node;
    YamlNode key;  // of a map, waiting for its value
    bool has_key = false;
    std::unordered_set<std::string> keys;
  };

  YamlNode node(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != 0) throw InputError(at(mark), "YAML anchors are not supported; write the value out");
    if (!tag.empty() && tag != "?" && tag != "!") throw InputError(at(mark), "YAML tags are not supported");
    YamlNode made;
    made.kind = kind;
    made.where = at(mark);
    return made;
  }

  void open(YamlNode made) {
    if (stack_.size() >= static_cast<std::size_t>(kMaxSpecDepth)) {
      throw InputError(made.where, fmt::format("nested deeper than {} levels", kMaxSpecDepth));
    }
    if (!stack_.empty() && stack_.back().node.kind == YamlNode::Kind::kMap && !stack_.back().has_key) {
      throw InputError(made.where, kBadKey);
    }
    stack_.push_back({std::move(made), {}, false, {}});
  }

  void close() {
    YamlNode done = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(done));
  }

  void add(YamlNode made) {
    if (stack_.empty()) {
      root_ = std::move(made);
      return;
    }
    Open& top = stack_.back();
    if (top.node.kind == YamlNode::Kind::kSequence) {
      top.node.items.push_back(std::move(made));
    } else if (top.has_key) {
      top.node.entries.push_back({std::move(top.key), std::move(made)});
      top.has_key = false;
    } else {
      if (made.kind != YamlNode::Kind::kScalar) throw InputError(made.where, kBadKey);
      if (!top.keys.insert(made.text).second) {
        throw InputError(made.where, fmt::format("key {} is given twice", in_quotes(made.text)));
      }
      top.key = std::move(made);
      top.has_key = true;
    }
  }

  std::shared_ptr<const std::string> file_;
  std::vector<Open> stack_;
  YamlNode root_;
};

/// yaml-cpp reports some errors with a null mark (-1, -1).
Where place_of(const TreeBuilder& builder, const YAML::Mark& mark) {
  Where where = builder.at(mark);
  where.line = std::max(where.line, 1);
  where.column = std::max(where.column, 1);
  return where;
}

std::string too_large(std::uintmax_t bytes, const YamlKind& kind) {
  return fmt::format("{} bytes are too large for {}; the limit is {} ({} MiB)", bytes, kind.name, kind.most_bytes,
                     kind.most_bytes >> 20U);
}

void check_bytes(std::string_view text, const std::string& file, const YamlKind& kind) {
  const Where whole{std::make_shared<const std::string>(file)};
  if (text.size() > kind.most_bytes) throw InputError(whole, too_large(text.size(), kind));
  const std::size_t bad_utf8 = valid_utf8_prefix(text);
  const auto* const control = std::find_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F;
  });
  const auto bad_control = static_cast<std::size_t>(control - text.begin());
  const std::size_t bad = std::min(bad_utf8, bad_control);
  if (bad == text.size()) return;
  const std::string_view before = text.substr(0, bad);
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const Where where{whole.file, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                    static_cast<int>(bad - line_start) + 1};
  throw InputError(where, fmt::format("byte 0x{:02x} is not text; {} is UTF-8 YAML",
                                      static_cast<unsigned char>(text[bad]), kind.name));
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& e) { return e.key.text == key; });
  return it == entries.end() ? nullptr : &it->value;
}

YamlNode parse_yaml(std::string_view text, const std::string& file, const YamlKind& kind) {
  check_bytes(text, file, kind);
  // The comment at the end makes yaml-cpp notice a quote that is never closed: at a line's end it takes the file's end
  // for it.
  std::istringstream stream(std::string(text) + (text.ends_with('\n') ? "#" : "\n#"));
  TreeBuilder builder(file);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      throw InputError(Where{std::make_shared<const std::string>(file)},
                       fmt::format("the file is empty; {} starts with '{}'", kind.name, kind.first));
    }
    YamlNode root = builder.take();
    TreeBuilder second(file);
    if (parser.HandleNextDocument(second)) {
      throw InputError(second.take().where,
                       fmt::format("{} is one YAML document; a second one starts here", kind.name));
    }
    return root;
  } catch (const YAML::Exception& error) {
    throw InputError(place_of(builder, error.mark), fmt::format("not valid YAML: {}", error.msg));
  }
}

YamlNode load_yaml(const std::string& path, const YamlKind& kind) {
  const Where whole{std::make_shared<const std::string>(path)};
  std::error_code status_error;
  const auto status = std::filesystem::status(path, status_error);
  if (status.type() == std::filesystem::file_type::not_found) throw InputError(whole, "cannot read: no such file");
  if (status_error) throw InputError(whole, fmt::format("cannot read: {}", status_error.message()));
  if (!std::filesystem::is_regular_file(status)) throw InputError(whole, "cannot read: not a regular file");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(whole, fmt::format("cannot read: {}", std::strerror(errno)));
  // One piece over the limit is enough to refuse a file that is much larger.
  std::string text;
  std::string piece(kMaxSpecBytes, '\0');
  while (in && text.size() <= kind.most_bytes) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (text.size() > kind.most_bytes)
    throw InputError(whole, too_large(std::filesystem::file_size(path, status_error), kind));
  return parse_yaml(text, path, kind);
}

}  // namespace gable
