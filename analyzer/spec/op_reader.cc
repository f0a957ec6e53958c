#include "analyzer/spec/op_reader.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 7> kOpKeys = {"name", "op", "from", "form", "count", "dtype", "tied"};
constexpr std::array<std::string_view, 6> kCustomKeys = {"name", "custom", "from", "count", "dtype", "tied"};

const OpKind* find_kind(const YamlNode& node) {
  const std::string& name = read_text(node, "op");
  if (name == kCustomOp)
    throw InputError(node.where, "a custom op is written 'custom: {flop: ..., read: ..., write: ...}'");
  if (const OpKind* kind = find_op(name)) return kind;
  std::vector<std::string_view> known;
  for (const OpKind* kind : op_table()) known.push_back(kind->name);
  throw InputError(node.where, fmt::format("unknown op {}{}", in_quotes(name), suggestion(name, known)));
}

void check_op_keys(const OpSpec& op, const YamlNode& item, const YamlNode* custom) {
  std::vector<std::string_view> keys;
  for (const Field& field : op.kind->fields) keys.push_back(field.name);
  if (custom != nullptr) {
    check_keys(item, "a custom op", kCustomKeys);
    check_keys(*custom, "custom", keys);
    return;
  }
  keys.insert(keys.end(), kOpKeys.begin(), kOpKeys.end());
  check_keys(item, fmt::format("op '{}' ({})", op.name, op.kind->name), keys);
}

void read_fields(OpSpec& op, const YamlNode& map, const Scope& scope, DimReader& dims) {
  const auto fields = op.kind->fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    const YamlNode* node = map.find(field.name);
    const std::string what = fmt::format("{} of op '{}'", field.name, op.name);
    if (node != nullptr) {
      op.fields.at(i).expr = field.flag ? Expr::constant(read_flag(*node, what) ? 1 : 0)
                                        : dims.compile(*node, scope, what, op.kind->name == kCustomOp);
    } else if (field.fallback.empty()) {
      throw InputError(op.where,
                       fmt::format("op '{}' ({}) has no '{}:' ({})", op.name, op.kind->name, field.name, field.doc));
    } else if (const auto other = find_field(*op.kind, field.fallback)) {
      op.fields.at(i).same_as = other;
    } else {
      op.fields.at(i).expr = Expr::constant(std::stoll(std::string(field.fallback)));
    }
  }
}

}  // namespace

DtypeChoice read_dtype(const YamlNode& node) {
  const Where* where = &node.where;
  try {
    if (node.kind != YamlNode::Kind::kMap) return parse_dtype_choice(read_text(node, "dtype"));
    DtypeChoice choice;
    for (const auto& [key, value] : node.entries) {
      where = &key.where;
      choose(choice, key.text, read_text(value, "dtype"));
    }
    return choice;
  } catch (const std::invalid_argument& error) {
    throw InputError(*where, error.what());
  }
}

OpSpec read_op(const YamlNode& item, const Scope& scope, DimReader& dims) {
  const YamlNode* custom = item.find("custom");
  const YamlNode* kind = item.find("op");
  if (custom == nullptr && kind == nullptr)
    throw InputError(item.where, "an op needs 'op: KIND', 'block: NAME' or 'custom: {...}'");
  OpSpec op;
  op.where = item.where;
  op.kind = custom != nullptr ? find_op(kCustomOp) : find_kind(*kind);
  const YamlNode* name = item.find("name");
  op.name = name != nullptr ? read_name(*name, "the op's name") : std::string(op.kind->name);
  check_op_keys(op, item, custom);
  read_fields(op, custom != nullptr ? *custom : item, scope, dims);
  op.count = Expr::constant(1);
  if (const YamlNode* form = item.find("form")) op.form = read_name(*form, "form");
  if (const YamlNode* count = item.find("count")) op.count = dims.compile(*count, scope, "count");
  if (const YamlNode* dtype = item.find("dtype")) op.dtype = read_dtype(*dtype);
  return op;
}

}  // namespace gable
