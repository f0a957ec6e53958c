#include "analyzer/spec/dim_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"

namespace gable {
namespace {

constexpr std::size_t kMaxDims = 1000;  // of one level; a model has tens, and reading is quadratic in them
constexpr std::array<std::string_view, 4> kDimKeys = {"value", "min", "max", "doc"};
constexpr std::array<std::string_view, 2> kWidthNames = {"act_bits", "weight_bits"};  // of slots kActBits, kWeightBits

/// "A -> B -> A" if the dim reaches itself through its expressions, else "".
std::string find_cycle(const YamlNode& dims, const std::string& start) {
  std::map<std::string, std::string, std::less<>> texts;
  for (const auto& [key, value] : dims.entries) {
    const YamlNode* node = value.kind == YamlNode::Kind::kMap ? value.find("value") : &value;
    if (node != nullptr) texts.emplace(key.text, node->text);
  }
  std::vector<std::pair<std::string, std::string>> open = {{start, start}};  // dim, the way to it
  std::set<std::string> seen;
  while (!open.empty()) {
    const auto [name, way] = open.back();
    open.pop_back();
    const std::string text = texts[name];
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at;
      while (end < text.size() && is_dim_name(std::string(1, text[at])) && is_dim_name(text.substr(at, end + 1 - at)))
        ++end;
      const std::string word = text.substr(at, end - at);
      at = std::max(end, at + 1);
      if (word == start) return fmt::format("{} -> {}", way, start);
      if (texts.contains(word) && seen.insert(word).second) open.emplace_back(word, fmt::format("{} -> {}", way, word));
    }
  }
  return "";
}

constexpr std::size_t kMaxSlots = 100'000;  // of a model, each use of a block counted

}  // namespace

DimReader::DimReader() {
  for (const std::string_view name : kWidthNames) add({std::string(name), "", "", Expr::constant(0), {}, 0}, {});
}

std::size_t DimReader::add(Slot slot, const Where& where) {
  if (slots_.size() >= kMaxSlots)
    throw InputError(where, fmt::format("more than {} dims in all uses of blocks", kMaxSlots));
  slots_.push_back(std::move(slot));
  used_.push_back(false);
  where_.push_back(where);
  return slots_.size() - 1;
}

void DimReader::define(const YamlNode& key, Scope& scope, Slot slot) {
  if (!is_dim_name(key.text) || is_reserved_name(key.text) ||
      std::find(kWidthNames.begin(), kWidthNames.end(), key.text) != kWidthNames.end()) {
    throw InputError(key.where, fmt::format("{} is not a name for a dim (letters, digits, '_'; not a function)",
                                            in_quotes(key.text)));
  }
  if (scope.slots.contains(key.text))
    throw InputError(key.where, fmt::format("dim {} is defined twice", in_quotes(key.text)));
  if (scope.slots.size() >= kMaxDims) throw InputError(key.where, fmt::format("more than {} dims", kMaxDims));
  slot.scope = scope.path;
  scope.slots.emplace(key.text, add(std::move(slot), key.where));
}

Expr DimReader::compile(const YamlNode& node, const Scope& scope, std::string_view what, bool custom) {
  if (node.kind != YamlNode::Kind::kScalar || node.text.empty()) {
    throw InputError(node.where, fmt::format("{} must be a whole number or an expression, not {}", what,
                                             node.kind == YamlNode::Kind::kScalar ? "an empty text" : kind_name(node)));
  }
  std::vector<std::string_view> known;
  for (const auto& [name, slot] : scope.slots) known.push_back(name);
  if (custom) known.insert(known.end(), kWidthNames.begin(), kWidthNames.end());
  const auto resolve = [&](std::string_view name, const Where& where) -> std::optional<std::size_t> {
    if (const auto found = scope.slots.find(name); found != scope.slots.end()) {
      used_[found->second] = true;
      return found->second;
    }
    if (custom && name == kWidthNames[kActBits]) return kActBits;
    if (custom && name == kWidthNames[kWeightBits]) return kWeightBits;
    if (const auto later = scope.later.find(name); later != scope.later.end()) refuse_later(name, where, later->second);
    return std::nullopt;
  };
  return Expr::compile(node.text, node.where, resolve, known);
}

void DimReader::refuse_later(std::string_view name, const Where& where, const Where& defined) const {
  const std::string cycle = dims_ != nullptr ? find_cycle(*dims_, dim_) : "";
  if (!cycle.empty()) throw InputError(where, fmt::format("dims depend on each other in a cycle: {}", cycle));
  throw InputError(where,
                   fmt::format("dim '{}' is used before it is defined in line {}; move it up", name, defined.line));
}

void DimReader::read(const YamlNode& dims, Scope& scope) {
  if (dims.kind != YamlNode::Kind::kMap) {
    throw InputError(dims.where, fmt::format("dims must be a map of names and expressions, not {}", kind_name(dims)));
  }
  for (const auto& [key, value] : dims.entries) scope.later.emplace(key.text, key.where);
  for (const auto& [key, value] : dims.entries) {
    const std::string what = fmt::format("dim '{}'", key.text);
    Slot slot{key.text, "", "", {}, {}, 1};
    dims_ = &dims;
    dim_ = key.text;
    if (value.kind == YamlNode::Kind::kMap) {
      check_keys(value, what, kDimKeys);
      slot.value = compile(require(value, "value", what), scope, what);
      if (const YamlNode* most = value.find("max")) slot.most = compile(*most, scope, what);
      if (const YamlNode* least = value.find("min")) slot.least = compile(*least, Scope{}, what).evaluate({});
      if (const YamlNode* doc = value.find("doc")) slot.doc = read_text(*doc, "doc");
    } else {
      slot.value = compile(value, scope, what);
    }
    dims_ = nullptr;
    define(key, scope, std::move(slot));
    scope.later.erase(key.text);
  }
}

void DimReader::check_all_used() const {
  for (std::size_t i = kFirstDim; i < slots_.size(); ++i) {
    if (used_[i]) continue;
    const Slot& slot = slots_[i];
    throw InputError(where_[i], fmt::format("dim '{}' is not used by anything; remove it or use it", slot.name));
  }
}

}  // namespace gable
