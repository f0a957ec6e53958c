// Fusions of a recipe: `silu_gate: {doc: ..., chain: [silu, mul]}`.
#pragma once

#include "analyzer/spec/recipe.h"
#include "analyzer/spec/yaml.h"

namespace gable {

/// The kind called `name`. @throws InputError if there is none
const OpKind* read_kind(const std::string& name, const Where& where);

/// Reads `fusions:` and `fuse:` of a recipe whose optimizers have been read. @throws InputError
void read_fusions(const YamlNode& root, Recipe& recipe);

}  // namespace gable
