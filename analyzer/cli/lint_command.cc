#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/predict/calibration_file.h"
#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

void check_name(const YamlNode& root, const std::string& path) {
  const YamlNode* name = root.find("name");
  const std::string stem = fs::path(path).stem().string();
  if (name != nullptr && name->text != stem) {
    throw InputError(name->where,
                     fmt::format("name {} differs from the file's name '{}'", in_quotes(name->text), stem));
  }
}

std::string provenance_summary(const Hardware& hw, std::size_t& unverified) {
  std::array<int, 5> counts{};
  for (const auto& [name, quantity] : all_quantities(hw)) ++counts.at(static_cast<std::size_t>(quantity->provenance));
  unverified += static_cast<std::size_t>(counts.at(static_cast<std::size_t>(Provenance::kUnverified)));
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts.at(i) > 0)
      parts.push_back(fmt::format("{} {}", counts.at(i), provenance_name(static_cast<Provenance>(i))));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string recipe_summary(const Recipe& recipe) {
  return fmt::format("recipe, {} ops and forms, {}, {}", recipe.ops.size(),
                     counted(std::ssize(recipe.fusions), "fusion"),
                     counted(std::ssize(recipe.optimizers), "optimizer"));
}

/// One line on a spec that is right; adds its unverified numbers to `unverified`. @throws InputError on one that is not
std::string lint_file(const std::string& path, std::size_t& unverified) {
  const YamlNode root = load_yaml(path);
  if (const YamlNode* schema = root.find("schema"); schema != nullptr && schema->text == kCalibrationSchema) {
    const CalibrationFile file = read_calibration(root);
    return fmt::format("calibration of {}, {}", file.hardware, counted(std::ssize(file.classes), "class", "es"));
  }
  const SpecKind kind = kind_of_spec(root);
  check_name(root, path);
  const std::string folder = fs::path(path).parent_path().string();
  // A block lies in the folder where its own blocks are.
  const std::string blocks_in = kind == SpecKind::kBlock ? fs::path(folder).parent_path().string() : folder;
  const BlockSource blocks = [&](const std::string& name, const Where& where) {
    return load_block(blocks_in, name, where);
  };
  switch (kind) {
    case SpecKind::kHardware:
      return fmt::format("hardware, {}", provenance_summary(read_hardware(root), unverified));
    case SpecKind::kHost:
      read_host(root);
      return "host";
    case SpecKind::kBlock:
      check_block(root, blocks);
      return "block";
    case SpecKind::kRecipe:
      return recipe_summary(load_recipe(path.find('/') == std::string::npos ? "./" + path : path));
    case SpecKind::kModel:
      break;
  }
  const Model model = read_model(root, blocks);
  CostedModel costed;
  CostOptions all;
  all.parts = {"all"};
  cost_model(model, all, costed);
  return fmt::format("model, {} in {}", counted(std::ssize(model.ops), "op"), counted(std::ssize(model.parts), "part"));
}

std::vector<std::string> shipped_files() {
  std::vector<std::string> files;
  for (const SpecKind kind :
       {SpecKind::kModel, SpecKind::kBlock, SpecKind::kRecipe, SpecKind::kHardware, SpecKind::kHost}) {
    for (const std::string& name : list_specs(kind)) files.push_back(find_spec(kind, name));
  }
  return files;
}

}  // namespace

int lint_command(const Args& args, const Io& io) {
  const Options options = parse_options(args, {});
  if (options.has("help")) {
    io.out << help_text("lint", {});
    return 0;
  }
  const std::vector<std::string> files = options.words.empty() ? shipped_files() : options.words;
  int wrong = 0;
  std::size_t unverified = 0;
  for (const std::string& file : files) {
    try {
      io.out << fmt::format("{}: ok, {}\n", file, lint_file(file, unverified));
    } catch (const InputError& error) {
      io.err << error.what() << "\n";
      ++wrong;
    }
  }
  io.out << fmt::format("{}, {} wrong, {} unverified\n", counted(std::ssize(files), "file"), wrong,
                        counted(static_cast<std::int64_t>(unverified), "number"));
  return wrong == 0 ? 0 : 2;
}

}  // namespace gable
