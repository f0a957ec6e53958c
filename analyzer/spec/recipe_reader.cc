#include "analyzer/spec/recipe_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"
#include "analyzer/spec/fusion_reader.h"
#include "analyzer/spec/kernel_reader.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 11> kRecipeKeys = {
    "name", "doc", "source", "base", "ops", "fusions", "fuse", "optimizers", "optimizer_forms", "fan_in", "accumulate"};
constexpr std::array<std::string_view, 4> kOpKeys = {"let", "forward", "backward", "saves"};
constexpr std::array<std::string_view, 5> kOptimizerKeys = {"doc", "states", "workspace", "reads_found_inf", "kernels"};
constexpr std::array<std::string_view, 4> kSideNames = {"stats", "index", "constant", "targets"};

constexpr std::array kForward = {Pass::kForward};
constexpr std::array kBackward = {Pass::kDgrad, Pass::kWgrad};
constexpr std::array kDgrad = {Pass::kDgrad};
constexpr std::array kWgrad = {Pass::kWgrad};
constexpr std::array kOptimizer = {Pass::kOptimizer};

/// "output", "input", "input2", "weights", one of kSideNames, or a tensor of the op's own.
void set_role(SavedSpec& saved, const Where& where) {
  if (saved.name == "output") saved.role = SavedSpec::Role::kOutput;
  if (saved.name == "weights") saved.role = SavedSpec::Role::kWeights;
  if (saved.name.starts_with("input")) {
    if (saved.name != "input" && saved.name != "input2")
      throw InputError(where, fmt::format("an operand that is kept is 'input' or 'input2', not '{}'", saved.name));
    saved.role = SavedSpec::Role::kInput;
    saved.input = saved.name == "input" ? 0 : 1;
  }
  if (std::find(kSideNames.begin(), kSideNames.end(), saved.name) != kSideNames.end())
    saved.role = SavedSpec::Role::kSide;
}

/// `saves: {input: {act: n}, mask: {byte: n, when: train}}`
std::vector<SavedSpec> read_saves(const YamlNode& node, const RecipeNames& names) {
  std::vector<SavedSpec> saves;
  for (const auto& [key, value] : read_entries(node, "saves")) {
    SavedSpec saved;
    saved.name = read_name(key, "a tensor");
    set_role(saved, key.where);
    YamlNode tensors = value;
    if (const YamlNode* when = value.find("when")) {
      saved.when = names.compile(*when, "when");
      std::erase_if(tensors.entries, [](const YamlEntry& e) { return e.key.text == "when"; });
    }
    std::vector<Operand> operands = read_operands(tensors, names, fmt::format("tensor '{}'", saved.name));
    if (operands.size() != 1) throw InputError(value.where, "a saved tensor has one kind of element: {act: n}");
    saved.tensor = std::move(operands.front());
    saves.push_back(std::move(saved));
  }
  return saves;
}

/// What an entry starts from: the same entry of the base, else, for a form, the kind's own entry.
OpRecipe inherited(const Recipe& recipe, const OpKind& kind, const std::string& form) {
  OpRecipe op;
  if (const OpRecipe* found = recipe.find(kind, form)) {
    op = *found;
  } else {
    op.forward = {kernel_as_op()};
  }
  op.kind = kind.name;
  op.form = form;
  return op;
}

/// `key` is "softmax" or "softmax.custom".
OpRecipe read_op(const YamlNode& key, const YamlNode& node, const Recipe& recipe) {
  const std::size_t dot = key.text.find('.');
  const OpKind* kind = read_kind(key.text.substr(0, dot), key.where);
  const std::string form = dot == std::string::npos ? "" : key.text.substr(dot + 1);
  if (dot != std::string::npos && !is_plain_name(form))
    throw InputError(key.where, fmt::format("{} has no plain name after the dot", in_quotes(key.text)));
  check_keys(node, fmt::format("'{}'", key.text), kOpKeys);
  OpRecipe op = inherited(recipe, *kind, form);
  RecipeNames names = RecipeNames::of_op(*kind);
  names.add(op.let_names);
  if (const YamlNode* lets = node.find("let")) {
    for (const auto& [name, value] : read_entries(*lets, "let")) {
      op.lets.push_back(names.compile(value, name.text));
      op.let_names.push_back(name.text);
      names.add(name);
    }
  }
  if (const YamlNode* forward = node.find("forward")) op.forward = read_kernels(*forward, names, kForward);
  if (const YamlNode* backward = node.find("backward")) op.backward = read_kernels(*backward, names, kBackward);
  if (const YamlNode* saves = node.find("saves")) op.saves = read_saves(*saves, names);
  return op;
}

/// Kinds before forms, so that a form inherits from the kind wherever the two stand in the file.
void read_ops(const YamlNode& node, Recipe& recipe) {
  for (const bool forms : {false, true}) {
    for (const auto& [key, value] : read_entries(node, "ops")) {
      if ((key.text.find('.') != std::string::npos) == forms)
        recipe.ops.insert_or_assign(key.text, read_op(key, value, recipe));
    }
  }
}

OptimizerSpec read_optimizer(const YamlNode& key, const YamlNode& node, const RecipeNames& names) {
  OptimizerSpec spec;
  spec.name = read_name(key, "an optimizer");
  const std::string what = fmt::format("optimizer '{}'", spec.name);
  check_keys(node, what, kOptimizerKeys);
  if (const YamlNode* doc = node.find("doc")) spec.doc = read_text(*doc, "doc");
  if (const YamlNode* states = node.find("states")) {
    spec.states = RecipeNames(std::vector<std::string>{}).compile(*states, "states").evaluate({});
    if (spec.states < 0) throw InputError(states->where, "states must be 0 or more");
  }
  if (const YamlNode* workspace = node.find("workspace")) spec.workspace = names.compile(*workspace, "workspace");
  if (const YamlNode* reads = node.find("reads_found_inf")) spec.reads_found_inf = read_flag(*reads, "reads_found_inf");
  spec.kernels = read_kernels(require(node, "kernels", what), names, kOptimizer);
  return spec;
}

void read_optimizers(const YamlNode& root, const RecipeNames& names, Recipe& recipe) {
  if (const YamlNode* optimizers = root.find("optimizers")) {
    for (const auto& [key, value] : read_entries(*optimizers, "optimizers"))
      recipe.optimizers.insert_or_assign(key.text, read_optimizer(key, value, names));
  }
  const YamlNode* forms = root.find("optimizer_forms");
  if (forms == nullptr) return;
  std::vector<std::string_view> known;
  for (const auto& [name, spec] : recipe.optimizers) known.emplace_back(name);
  for (const auto& [key, value] : read_entries(*forms, "optimizer_forms")) {
    for (const YamlNode* node : {&key, &value}) {
      const std::string& name = read_text(*node, "an optimizer");
      if (!recipe.optimizers.contains(name))
        throw InputError(node->where, fmt::format("unknown optimizer {}{}", in_quotes(name), suggestion(name, known)));
    }
    recipe.optimizer_forms.insert_or_assign(key.text, value.text);
  }
}

}  // namespace

Recipe read_recipe(const YamlNode& root, const RecipeSource& bases) {
  check_keys(root, "a recipe", kRecipeKeys);
  Recipe recipe;
  if (const YamlNode* base = root.find("base")) {
    const auto below = std::make_shared<const Recipe>(bases(read_name(*base, "base"), base->where));
    recipe = *below;
    recipe.builds_on = below;
    recipe.base = base->text;
  }
  recipe.name = read_name(require(root, "name", "a recipe"), "the recipe's name");
  recipe.doc = read_text(require(root, "doc", "a recipe"), "doc");
  const YamlNode* source = root.find("source");
  recipe.source = source == nullptr ? "" : read_text(*source, "source");
  if (const YamlNode* ops = root.find("ops")) read_ops(*ops, recipe);
  if (recipe.bottom == nullptr) recipe.bottom = std::make_shared<const decltype(recipe.ops)>(recipe.ops);
  const RecipeNames of_step({"params", "tensors"});
  read_optimizers(root, of_step, recipe);
  read_fusions(root, recipe);
  if (const YamlNode* fan_in = root.find("fan_in"))
    recipe.fan_in = read_kernel(*fan_in, RecipeNames(std::vector<std::string>{"n"}), kDgrad);
  if (const YamlNode* accumulate = root.find("accumulate"))
    recipe.accumulate = read_kernel(*accumulate, of_step, kWgrad);
  return recipe;
}

}  // namespace gable
