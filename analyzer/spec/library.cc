#include "analyzer/spec/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"
#include "analyzer/spec/model_reader.h"
#include "analyzer/spec/recipe_reader.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

struct KindRow {
  SpecKind kind;
  std::string_view word;    // in messages
  std::string_view option;  // that names it
  std::string_view folder;
};
constexpr std::array<KindRow, 5> kKinds = {{
    {SpecKind::kModel, "model", "--model", "models"},
    {SpecKind::kHardware, "hardware", "--hw", "hwspecs"},
    {SpecKind::kBlock, "block", "block", "models/blocks"},
    {SpecKind::kRecipe, "recipe", "--recipe", "models/recipes"},
    {SpecKind::kHost, "host", "--host", "hwspecs/hosts"},
}};

/// Beside the models: other names for them.
constexpr std::string_view kAliases = "aliases";

const KindRow& kind_row(SpecKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

std::string find_data_root() {
  if (const char* set = std::getenv("GABLE_DATA"); set != nullptr && *set != '\0')
    return set;  // NOLINT(concurrency-mt-unsafe)
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path installed = program.parent_path().parent_path() / "share" / "gable";
    if (fs::is_directory(installed / "models", error)) return installed.string();
  }
  return GABLE_DATA_FOLDER;
}

/// Relative to the working directory where it lies below, as the user would type it.
std::string shown(const std::string& path) {
  std::error_code error;
  const std::string here = fs::current_path(error).string() + "/";
  return !error && path.starts_with(here) ? path.substr(here.size()) : path;
}

std::string spec_path(SpecKind kind, std::string_view name) {
  return shown(fmt::format("{}/{}/{}.yaml", data_root(), kind_row(kind).folder, name));
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// folder/NAME.yaml, else the shipped one. @throws InputError
std::string find_near(SpecKind kind, const std::string& folder, const std::string& name, const Where& where) {
  std::string beside = fmt::format("{}/{}.yaml", folder, name);
  if (exists(beside)) return beside;
  if (std::string shipped = spec_path(kind, name); exists(shipped)) return shipped;
  const std::vector<std::string> names = list_specs(kind);
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw InputError(where, fmt::format("no {} {}, neither {} nor a shipped one{}", kind_row(kind).word, in_quotes(name),
                                      beside, suggestion(name, known)));
}

/// The folder of a file, "." for one in the working directory.
std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// `open` are the files that build on this one.
Recipe load_recipe_file(const std::string& path, std::vector<std::string>& open) {
  const RecipeSource bases = [&](const std::string& name, const Where& where) {
    const std::string base = find_near(SpecKind::kRecipe, folder_of(path), name, where);
    if (std::find(open.begin(), open.end(), base) != open.end()) {
      std::string chain;
      for (const std::string& file : open) chain += fs::path(file).stem().string() + " -> ";
      throw InputError(where, fmt::format("recipe '{}' builds on itself: {}{}", name, chain, name));
    }
    return load_recipe_file(base, open);
  };
  open.push_back(path);
  Recipe recipe = read_recipe(load_yaml(path), bases);
  open.pop_back();
  return recipe;
}

}  // namespace

const std::string& data_root() {
  static const std::string kRoot = find_data_root();
  return kRoot;
}

std::vector<std::string> list_specs(SpecKind kind) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_root() + "/" + std::string(kind_row(kind).folder), error)) {
    std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".yaml" && name != kAliases) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string find_spec(SpecKind kind, const std::string& name_or_path) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".yaml")) return name_or_path;
  const KindRow& row = kind_row(kind);
  if (is_plain_name(name_or_path)) {
    if (std::string path = spec_path(kind, name_or_path); exists(path)) return path;
  }
  const std::vector<std::string> names = list_specs(kind);
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw InputError(
      fmt::format("{}: no {} {}{}", row.option, row.word, in_quotes(name_or_path), suggestion(name_or_path, known)));
}

SpecKind kind_of_spec(const YamlNode& root) {
  if (root.kind != YamlNode::Kind::kMap)
    throw InputError(root.where, fmt::format("a spec must be a map of keys and values, not {}", kind_name(root)));
  if (root.find("dram") != nullptr || root.find("vector") != nullptr) return SpecKind::kHardware;
  if (root.find("dispatch") != nullptr) return SpecKind::kHost;
  if (root.find("params") != nullptr) return SpecKind::kBlock;
  constexpr std::array<std::string_view, 7> kOfRecipe = {"base",   "fusions",   "fuse", "optimizers", "optimizer_forms",
                                                         "fan_in", "accumulate"};
  const YamlNode* ops = root.find("ops");
  if ((ops != nullptr && ops->kind == YamlNode::Kind::kMap) ||
      std::any_of(kOfRecipe.begin(), kOfRecipe.end(), [&](std::string_view key) { return root.find(key) != nullptr; }))
    return SpecKind::kRecipe;
  return SpecKind::kModel;
}

YamlNode load_block(const std::string& folder, const std::string& name, const Where& where) {
  return load_yaml(find_near(SpecKind::kBlock, (folder.empty() ? "." : folder) + "/blocks", name, where));
}

Model load_model(const std::string& name_or_path) {
  const std::string path = find_spec(SpecKind::kModel, name_or_path);
  const std::string folder = fs::path(path).parent_path().string();
  return read_model(load_yaml(path),
                    [&](const std::string& name, const Where& where) { return load_block(folder, name, where); });
}

Host load_host(const std::string& name_or_path) {
  return read_host(load_yaml(find_spec(SpecKind::kHost, name_or_path)));
}

Hardware load_hardware(const std::string& name_or_path) {
  return read_hardware(load_yaml(find_spec(SpecKind::kHardware, name_or_path)));
}

Recipe load_recipe(const std::string& name_or_path) {
  std::vector<std::string> open;
  return load_recipe_file(find_spec(SpecKind::kRecipe, name_or_path), open);
}

}  // namespace gable
