// YAML model specs to Model. docs/models.md is the language.
#pragma once

#include <functional>
#include <string>

#include "analyzer/spec/model.h"
#include "analyzer/spec/yaml.h"

namespace gable {

/// The YAML of the shared block called `name`, which `where` asks for. @throws InputError if there is none
using BlockSource = std::function<YamlNode(const std::string& name, const Where& where)>;

/// @throws InputError with the place
Model read_model(const YamlNode& root, const BlockSource& blocks);

/// Checks a block file by itself: its keys, its parameters, its ops' kinds and keys.
/// @throws InputError with the place
void check_block(const YamlNode& root, const BlockSource& blocks);

}  // namespace gable
