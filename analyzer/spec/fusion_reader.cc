#include "analyzer/spec/fusion_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"
#include "analyzer/spec/kernel_reader.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 9> kFusionKeys = {"doc",       "chain",  "siblings",     "batched", "one_kernel",
                                                         "optimizer", "kernel", "reads_output", "shared"};

std::vector<const OpKind*> read_kinds(const YamlNode& node, std::string_view what) {
  check_list(node, what);
  std::vector<const OpKind*> kinds;
  for (const YamlNode& item : node.items) kinds.push_back(read_kind(read_text(item, what), item.where));
  return kinds;
}

/// "mask|add?" : one of the kinds, or nothing.
ChainLink read_link(const YamlNode& node) {
  ChainLink link;
  std::string text = read_text(node, "chain");
  link.optional = text.ends_with('?');
  if (link.optional) text.pop_back();
  const std::vector<std::string> kinds = split(text, '|');
  if (kinds.empty() || std::find(kinds.begin(), kinds.end(), "") != kinds.end())
    throw InputError(node.where, "a link of a chain names ops: 'mask|add?'");
  for (const std::string& kind : kinds) link.kinds.push_back(read_kind(kind, node.where));
  return link;
}

void read_chain(const YamlNode& node, FusionSpec& fusion) {
  check_list(node, "chain");
  for (const YamlNode& item : node.items) fusion.chain.push_back(read_link(item));
  if (fusion.chain.front().optional) throw InputError(node.where, "the first link of a chain cannot be optional");
  const auto must = std::count_if(fusion.chain.begin(), fusion.chain.end(), [](const auto& l) { return !l.optional; });
  if (must < 2) throw InputError(node.where, "a chain has two or more links that are not optional");
}

std::string read_optimizer_name(const YamlNode& node, const Recipe& recipe) {
  const std::string& name = read_name(node, "optimizer");
  std::vector<std::string_view> known;
  for (const auto& [key, spec] : recipe.optimizers) known.emplace_back(key);
  if (!recipe.optimizers.contains(name))
    throw InputError(node.where, fmt::format("unknown optimizer {}{}", in_quotes(name), suggestion(name, known)));
  return name;
}

FusionSpec read_fusion(const YamlNode& key, const YamlNode& node, const Recipe& recipe) {
  FusionSpec fusion;
  fusion.name = read_name(key, "a fusion");
  const std::string what = fmt::format("fusion '{}'", fusion.name);
  check_keys(node, what, kFusionKeys);
  if (const YamlNode* doc = node.find("doc")) fusion.doc = read_text(*doc, "doc");
  if (const YamlNode* chain = node.find("chain")) read_chain(*chain, fusion);
  if (const YamlNode* siblings = node.find("siblings")) fusion.siblings = read_kinds(*siblings, "siblings");
  if (const YamlNode* batched = node.find("batched")) fusion.batched = read_flag(*batched, "batched");
  if (const YamlNode* kinds = node.find("one_kernel")) fusion.one_kernel = read_kinds(*kinds, "one_kernel");
  if (const YamlNode* optimizer = node.find("optimizer")) fusion.optimizer = read_optimizer_name(*optimizer, recipe);
  const std::array<bool, 5> ways = {!fusion.chain.empty(), !fusion.siblings.empty(), fusion.batched,
                                    !fusion.one_kernel.empty(), !fusion.optimizer.empty()};
  if (std::count(ways.begin(), ways.end(), true) != 1)
    throw InputError(key.where, what + " needs one of chain, siblings, batched, one_kernel and optimizer");
  for (const std::string_view word : {"kernel", "reads_output", "shared"}) {
    const YamlNode* given = node.find(word);
    if (given != nullptr && fusion.chain.empty())
      throw InputError(given->where, fmt::format("'{}:' belongs to a chain", word));
  }
  if (const YamlNode* kernel = node.find("kernel")) fusion.kernel = read_kernel_class(*kernel);
  if (const YamlNode* reads = node.find("reads_output")) fusion.reads_output = read_flag(*reads, "reads_output");
  if (const YamlNode* shared = node.find("shared")) fusion.shared = read_flag(*shared, "shared");
  return fusion;
}

/// Those of the base stay in force.
void read_fuse(const YamlNode& node, Recipe& recipe) {
  check_list(node, "fuse");
  std::vector<std::string_view> known;
  for (const auto& [name, fusion] : recipe.fusions) known.emplace_back(name);
  for (const YamlNode& item : node.items) {
    const std::string& name = read_text(item, "a fusion");
    if (!recipe.fusions.contains(name))
      throw InputError(item.where, fmt::format("unknown fusion {}{}", in_quotes(name), suggestion(name, known)));
    if (std::find(recipe.fuse.begin(), recipe.fuse.end(), name) == recipe.fuse.end()) recipe.fuse.push_back(name);
  }
}

}  // namespace

const OpKind* read_kind(const std::string& name, const Where& where) {
  if (const OpKind* kind = find_op(name)) return kind;
  std::vector<std::string_view> known;
  for (const OpKind* kind : op_table()) known.push_back(kind->name);
  throw InputError(where, fmt::format("unknown op {}{}", in_quotes(name), suggestion(name, known)));
}

void read_fusions(const YamlNode& root, Recipe& recipe) {
  if (const YamlNode* fusions = root.find("fusions")) {
    for (const auto& [key, value] : read_entries(*fusions, "fusions"))
      recipe.fusions.insert_or_assign(key.text, read_fusion(key, value, recipe));
  }
  if (const YamlNode* fuse = root.find("fuse")) read_fuse(*fuse, recipe);
}

}  // namespace gable
