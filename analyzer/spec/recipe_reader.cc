#include "analyzer/spec/recipe_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"
#include "analyzer/spec/kernel_reader.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 11> kRecipeKeys = {
    "name", "doc", "source", "base", "ops", "fusions", "fuse", "optimizers", "optimizer_forms", "fan_in", "accumulate"};
constexpr std::array<std::string_view, 4> kOpKeys = {"let", "forward", "backward", "saves"};
constexpr std::array<std::string_view, 8> kFusionKeys = {"doc",        "chain",     "siblings", "batched",
                                                         "one_kernel", "optimizer", "kernel",   "reads_output"};
constexpr std::array<std::string_view, 3> kOptimizerKeys = {"doc", "states", "kernels"};
constexpr std::array<std::string_view, 4> kSideNames = {"stats", "index", "constant", "targets"};

const OpKind* read_kind(const std::string& name, const Where& where) {
  if (const OpKind* kind = find_op(name)) return kind;
  std::vector<std::string_view> known;
  for (const OpKind* kind : op_table()) known.push_back(kind->name);
  throw InputError(where, fmt::format("unknown op {}{}", in_quotes(name), suggestion(name, known)));
}

std::vector<const OpKind*> read_kinds(const YamlNode& node, std::string_view what) {
  check_list(node, what);
  std::vector<const OpKind*> kinds;
  for (const YamlNode& item : node.items) kinds.push_back(read_kind(read_text(item, what), item.where));
  return kinds;
}

/// "output", "input", "input2", "weights", one of kSideNames, or a tensor of the op's own.
void set_role(SavedSpec& saved) {
  if (saved.name == "output") saved.role = SavedSpec::Role::kOutput;
  if (saved.name == "weights") saved.role = SavedSpec::Role::kWeights;
  if (saved.name == "input" || saved.name == "input2") {
    saved.role = SavedSpec::Role::kInput;
    saved.input = saved.name == "input" ? 0 : 1;
  }
  if (std::find(kSideNames.begin(), kSideNames.end(), saved.name) != kSideNames.end())
    saved.role = SavedSpec::Role::kSide;
}

/// `saves: {input: {act: n}, mask: {byte: n, when: train}}`
std::vector<SavedSpec> read_saves(const YamlNode& node, const RecipeNames& names) {
  if (node.kind != YamlNode::Kind::kMap)
    throw InputError(node.where, fmt::format("saves must be a map of tensors, not {}", kind_name(node)));
  std::vector<SavedSpec> saves;
  for (const auto& [key, value] : node.entries) {
    SavedSpec saved;
    saved.name = read_name(key, "a tensor");
    set_role(saved);
    YamlNode tensors = value;
    if (const YamlNode* when = value.find("when")) {
      saved.when = names.compile(*when, "when");
      std::erase_if(tensors.entries, [](const YamlEntry& e) { return e.key.text == "when"; });
    }
    std::vector<Operand> operands = read_operands(tensors, names, "a tensor");
    if (operands.size() != 1) throw InputError(value.where, "a saved tensor has one kind of element: {act: n}");
    saved.tensor = std::move(operands.front());
    saves.push_back(std::move(saved));
  }
  return saves;
}

/// `key` is "softmax" or "softmax.custom".
OpRecipe read_op(const YamlNode& key, const YamlNode& node, const Recipe& recipe) {
  OpRecipe op;
  const std::size_t dot = key.text.find('.');
  op.kind = key.text.substr(0, dot);
  if (dot != std::string::npos) op.form = key.text.substr(dot + 1);
  const OpKind* kind = read_kind(op.kind, key.where);
  check_keys(node, fmt::format("'{}'", key.text), kOpKeys);
  // What the entry does not say stays as it is in the base: there for the kind, not for another form of it. Names under
  // `let:` number the values, so that an entry with its own restates what it uses.
  const OpRecipe* inherited = recipe.find(*kind, op.form);
  RecipeNames names = RecipeNames::of_op(*kind);
  const YamlNode* lets = node.find("let");
  if (inherited != nullptr && lets == nullptr && inherited->lets.empty()) {
    op.forward = inherited->forward;
    op.backward = inherited->backward;
    op.saves = inherited->saves;
  }
  if (lets != nullptr) {
    check_keys(*lets, "let", [&] {
      std::vector<std::string_view> any;
      for (const auto& [name, value] : lets->entries) any.emplace_back(name.text);
      return any;
    }());
    for (const auto& [name, value] : lets->entries) {
      op.lets.push_back(names.compile(value, name.text));
      names.add(name);
    }
  }
  if (const YamlNode* forward = node.find("forward")) op.forward = read_kernels(*forward, names, {Pass::kForward});
  if (const YamlNode* backward = node.find("backward"))
    op.backward = read_kernels(*backward, names, {Pass::kDgrad, Pass::kWgrad});
  if (const YamlNode* saves = node.find("saves")) op.saves = read_saves(*saves, names);
  if (op.forward.empty() && node.find("forward") == nullptr) op.forward = {kernel_as_op()};
  return op;
}

/// "mask|add?" : one of the kinds, or nothing.
ChainLink read_link(const YamlNode& node) {
  ChainLink link;
  std::string text = read_text(node, "chain");
  if (text.ends_with('?')) {
    link.optional = true;
    text.pop_back();
  }
  for (const std::string& kind : split(text, '|')) link.kinds.push_back(read_kind(kind, node.where));
  return link;
}

FusionSpec read_fusion(const YamlNode& key, const YamlNode& node) {
  FusionSpec fusion;
  fusion.name = read_name(key, "a fusion");
  const std::string what = fmt::format("fusion '{}'", fusion.name);
  check_keys(node, what, kFusionKeys);
  int ways = 0;
  if (const YamlNode* doc = node.find("doc")) fusion.doc = read_text(*doc, "doc");
  if (const YamlNode* chain = node.find("chain")) {
    check_list(*chain, "chain");
    for (const YamlNode& item : chain->items) fusion.chain.push_back(read_link(item));
    if (fusion.chain.front().optional) throw InputError(chain->where, "the first link of a chain cannot be optional");
    ++ways;
  }
  if (const YamlNode* siblings = node.find("siblings")) {
    fusion.siblings = read_kinds(*siblings, "siblings");
    ++ways;
  }
  if (const YamlNode* batched = node.find("batched")) {
    fusion.batched = read_flag(*batched, "batched");
    ++ways;
  }
  if (const YamlNode* kinds = node.find("one_kernel")) {
    fusion.one_kernel = read_kinds(*kinds, "one_kernel");
    ++ways;
  }
  if (const YamlNode* optimizer = node.find("optimizer")) {
    fusion.optimizer = read_name(*optimizer, "optimizer");
    ++ways;
  }
  if (ways != 1)
    throw InputError(node.where, what + " needs one of chain, siblings, batched, one_kernel and optimizer");
  if (const YamlNode* kernel = node.find("kernel")) fusion.kernel = read_kernel_class(*kernel);
  if (const YamlNode* reads = node.find("reads_output")) fusion.reads_output = read_flag(*reads, "reads_output");
  return fusion;
}

OptimizerSpec read_optimizer(const YamlNode& key, const YamlNode& node, const RecipeNames& names) {
  OptimizerSpec spec;
  spec.name = read_name(key, "an optimizer");
  check_keys(node, fmt::format("optimizer '{}'", spec.name), kOptimizerKeys);
  if (const YamlNode* doc = node.find("doc")) spec.doc = read_text(*doc, "doc");
  if (const YamlNode* states = node.find("states"))
    spec.states = RecipeNames(std::vector<std::string>{}).compile(*states, "states").evaluate({});
  spec.kernels = read_kernels(require(node, "kernels", "an optimizer"), names, {Pass::kOptimizer});
  return spec;
}

/// The entries of a map of maps.
const std::vector<YamlEntry>& entries_of(const YamlNode& node, std::string_view what) {
  if (node.kind != YamlNode::Kind::kMap)
    throw InputError(node.where, fmt::format("{} must be a map, not {}", what, kind_name(node)));
  return node.entries;
}

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

void read_optimizers(const YamlNode& root, Recipe& recipe) {
  const RecipeNames names({"params", "tensors"});
  if (const YamlNode* optimizers = root.find("optimizers")) {
    for (const auto& [key, value] : entries_of(*optimizers, "optimizers"))
      recipe.optimizers.insert_or_assign(key.text, read_optimizer(key, value, names));
  }
  if (const YamlNode* forms = root.find("optimizer_forms")) {
    for (const auto& [key, value] : entries_of(*forms, "optimizer_forms")) {
      const std::string& form = read_text(value, "an optimizer");
      std::vector<std::string_view> known;
      for (const auto& [name, spec] : recipe.optimizers) known.emplace_back(name);
      if (!recipe.optimizers.contains(form))
        throw InputError(value.where, fmt::format("unknown optimizer {}{}", in_quotes(form), suggestion(form, known)));
      recipe.optimizer_forms.insert_or_assign(key.text, form);
    }
  }
  if (const YamlNode* accumulate = root.find("accumulate"))
    recipe.accumulate = read_kernel(*accumulate, names, {Pass::kWgrad});
}

}  // namespace

Recipe read_recipe(const YamlNode& root, const RecipeSource& bases) {
  check_keys(root, "a recipe", kRecipeKeys);
  Recipe recipe;
  if (const YamlNode* base = root.find("base")) {
    recipe = bases(read_name(*base, "base"), base->where);
    recipe.base = base->text;
  }
  recipe.name = read_name(require(root, "name", "a recipe"), "the recipe's name");
  recipe.doc = read_text(require(root, "doc", "a recipe"), "doc");
  if (const YamlNode* source = root.find("source")) recipe.source = read_text(*source, "source");
  if (const YamlNode* ops = root.find("ops")) {
    for (const auto& [key, value] : entries_of(*ops, "ops"))
      recipe.ops.insert_or_assign(key.text, read_op(key, value, recipe));
  }
  if (recipe.bottom == nullptr) recipe.bottom = std::make_shared<const decltype(recipe.ops)>(recipe.ops);
  if (const YamlNode* fusions = root.find("fusions")) {
    for (const auto& [key, value] : entries_of(*fusions, "fusions"))
      recipe.fusions.insert_or_assign(key.text, read_fusion(key, value));
  }
  if (const YamlNode* fuse = root.find("fuse")) read_fuse(*fuse, recipe);
  read_optimizers(root, recipe);
  if (const YamlNode* fan_in = root.find("fan_in")) {
    recipe.fan_in = read_kernel(*fan_in, RecipeNames(std::vector<std::string>{"n"}), {Pass::kDgrad});
  }
  return recipe;
}

}  // namespace gable
