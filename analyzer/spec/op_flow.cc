#include "analyzer/spec/op_flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"

namespace gable {
namespace {

constexpr std::size_t kMaxInputs = 256;  // of one op: a concatenation has as many as there are pieces

}  // namespace

std::string_view item_name(const YamlNode& item) {
  for (const std::string_view key : {"name", "block", "op"}) {
    if (const YamlNode* node = item.find(key)) return node->text;
  }
  return kCustomOp;
}

OpFlow::OpFlow(const YamlNode& list, TensorRef first, TensorRef input, const Outputs* outside)
    : list_(list), last_(first), input_(input), outside_(outside) {}

void OpFlow::add(const YamlNode& item, std::size_t output) {
  const std::string_view name = item_name(item);
  if (name == kInputName)
    throw InputError(item.where, "'input' stands for what enters the list; give the op another name");
  last_ = {TensorRef::From::kOp, output};
  if (!added_.emplace(name, last_).second)
    throw InputError(item.where, fmt::format("name '{}' is given twice in this list; names must differ", name));
}

std::vector<TensorRef> OpFlow::inputs(const YamlNode& item, const OpKind& kind) const {
  const YamlNode* from = item.find("from");
  if (!kind.takes_input) {
    if (from == nullptr) return {TensorRef{}};
    throw InputError(from->where,
                     fmt::format("op '{}' ({}) consumes no activation; remove 'from:'", item_name(item), kind.name));
  }
  if (from == nullptr) return {last_};
  if (from->kind != YamlNode::Kind::kSequence) return {find(*from, item_name(item))};
  check_list(*from, "from");
  if (from->items.size() > kMaxInputs)
    throw InputError(from->where, fmt::format("an op consumes at most {} activations", kMaxInputs));
  std::vector<TensorRef> refs;
  for (const YamlNode& name : from->items) refs.push_back(find(name, item_name(item)));
  return refs;
}

TensorRef OpFlow::entering(const YamlNode& item) const {
  const YamlNode* from = item.find("from");
  return from == nullptr ? last_ : find(*from, item_name(item));
}

TensorRef OpFlow::find(const YamlNode& name, std::string_view consumer) const {
  const std::string& text = read_text(name, "from");
  if (text == kInputName) return input_;
  if (const auto found = added_.find(text); found != added_.end()) return found->second;
  if (outside_ != nullptr) {
    if (const auto found = outside_->find(text); found != outside_->end()) return found->second;
  }
  if (text == consumer) throw InputError(name.where, fmt::format("'{}' cannot consume its own result", text));
  const auto same_name = [&](const YamlNode& item) { return item_name(item) == text; };
  if (std::any_of(list_.items.begin(), list_.items.end(), same_name))
    throw InputError(name.where, fmt::format("'{}' comes later; an op consumes what came before", text));
  std::vector<std::string_view> known = {kInputName};
  for (const Outputs* outputs : {&added_, outside_}) {
    if (outputs == nullptr) continue;
    for (const auto& [other, ref] : *outputs) known.push_back(other);
  }
  throw InputError(name.where, fmt::format("unknown activation {}{}", in_quotes(text), suggestion(text, known)));
}

}  // namespace gable
