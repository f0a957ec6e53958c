// The shipped specs, and the user's own by path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/spec/hardware.h"
#include "analyzer/spec/host.h"
#include "analyzer/spec/model.h"
#include "analyzer/spec/recipe.h"
#include "analyzer/spec/yaml.h"

namespace gable {

enum class SpecKind : std::uint8_t { kModel, kHardware, kBlock, kRecipe, kHost };

/// Folder with models/ and hwspecs/: $GABLE_DATA, else share/gable beside the program's bin/, else the source tree.
const std::string& data_root();

/// Names of the shipped specs (measured profiles apart), sorted.
std::vector<std::string> list_specs(SpecKind kind);

/// The file of a spec: `name_or_path` itself if it has a '/' or ends in .yaml, else the shipped one of that name.
/// @throws InputError "--model: no model 'x', did you mean ...?"
std::string find_spec(SpecKind kind, const std::string& name_or_path);

/// What a spec is, by the keys that only its kind has. A recipe maps ops, where a model lists them.
/// @throws InputError for what is no map
SpecKind kind_of_spec(const YamlNode& root);

/// @throws InputError
Model load_model(const std::string& name_or_path);
Hardware load_hardware(const std::string& name_or_path);
Host load_host(const std::string& name_or_path);

/// With all that it builds on: a base is looked for beside the recipe, then among the shipped ones.
/// @throws InputError, also for a recipe that builds on itself
Recipe load_recipe(const std::string& name_or_path);

/// Loads a block for a model in `folder`: folder/blocks/NAME.yaml, else the shipped one. @throws InputError
YamlNode load_block(const std::string& folder, const std::string& name, const Where& where);

}  // namespace gable
