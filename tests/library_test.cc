// Easy to break here: a name that walks out of the folder, a path taken for a name, a block of another model, a list
// that depends on the order of the folder.
#include "analyzer/spec/library.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/error_text.h"
#include "tests/temp_folder.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModel = R"(name: mine
title: A model with a block
source: made up
dims:
  N: 8
ops:
  - {name: h, block: pair, repeat: 2}
)";

constexpr std::string_view kBlock = R"(name: pair
params: [N]
ops:
  - {name: act, op: gelu, n: N}
  - {name: move, op: copy, n: N}
)";

TEST_CASE("library: shipped specs are listed once, in order, and each loads") {
  for (const SpecKind kind : {SpecKind::kModel, SpecKind::kHardware, SpecKind::kBlock, SpecKind::kRecipe}) {
    const std::vector<std::string> names = list_specs(kind);
    CHECK_FALSE(names.empty());
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(fs::is_regular_file(find_spec(kind, name)));
    }
  }
  for (const std::string& name : list_specs(SpecKind::kModel)) CHECK(load_model(name).name == name);
  CHECK(load_hardware("t4").name == "t4");
  for (const std::string& name : list_specs(SpecKind::kRecipe)) CHECK(load_recipe(name).name == name);
}

TEST_CASE("library: a name that is not shipped") {
  struct Row {
    SpecKind kind;
    std::string name;
    std::string error;
  };
  for (const Row& row : {
           Row{SpecKind::kModel, "gpt2-splt", "--model: no model 'gpt2-splt', did you mean 'gpt2-split'?"},
           Row{SpecKind::kModel, "resnet-50", "--model: no model 'resnet-50', did you mean 'resnet50'?"},
           Row{SpecKind::kHardware, "a100-pcie-41", "--hw: no hardware 'a100-pcie-41', did you mean 'a100-pcie-40'?"},
           Row{SpecKind::kHardware, "V100-PCIE-32", "--hw: no hardware 'V100-PCIE-32'"},  // names are lower case
           Row{SpecKind::kModel, "..", "--model: no model '..'"},
           Row{SpecKind::kModel, "-x", "--model: no model '-x'"},
           Row{SpecKind::kModel, ".hidden", "--model: no model '.hidden'"},
           Row{SpecKind::kModel, "a b\n", "--model: no model 'a b\\x0a'"},
           Row{SpecKind::kModel, "", "--model: no model ''"},
       }) {
    CAPTURE(row.name);
    const std::string error = input_error([&] { return find_spec(row.kind, row.name); });
    CHECK(error.starts_with(row.error));
    CHECK(error.find('\n') == std::string::npos);
  }
}

TEST_CASE("library: a path is taken as it is") {
  const TempFolder folder;
  const std::string path = folder.file("tiny.yaml", kTinyHardware);
  CHECK(find_spec(SpecKind::kHardware, path) == path);
  CHECK(load_hardware(path).name == "tiny");
  CHECK(find_spec(SpecKind::kModel, "../secret") == "../secret");
  CHECK(find_spec(SpecKind::kModel, "mine.yaml") == "mine.yaml");
  const std::string absent = folder.path() + "/absent.yaml";
  CHECK(input_error([&] { return load_hardware(absent); }) == absent + ": cannot read: no such file");
  CHECK(input_error([&] { return load_model(folder.path() + "/"); }) ==
        folder.path() + "/: cannot read: not a regular file");
}

TEST_CASE("library: a model's blocks are beside it, else the shipped ones") {
  const TempFolder folder;
  const std::string path = folder.file("mine.yaml", kModel);
  CHECK(input_error([&] { return load_model(path); })
            .starts_with(path + ":7:22: no block 'pair', neither " + folder.path() +
                         "/blocks/pair.yaml nor a shipped one"));
  static_cast<void>(folder.file("blocks/pair.yaml", kBlock));
  CHECK(load_model(path).ops.size() == 2);
  // Its own block of a shipped name wins.
  CHECK(load_block(folder.path(), "gpt2-block", {}).find("ops")->items.size() > 2);
  static_cast<void>(folder.file("blocks/gpt2-block.yaml", kBlock));
  CHECK(load_block(folder.path(), "gpt2-block", {}).find("ops")->items.size() == 2);
}

}  // namespace
}  // namespace gable
