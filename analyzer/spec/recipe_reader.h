// YAML recipes to Recipe. docs/recipes.md is the language.
#pragma once

#include <functional>
#include <string>

#include "analyzer/spec/recipe.h"
#include "analyzer/spec/yaml.h"

namespace gable {

/// The recipe called `name`, which `where` builds on. @throws InputError if there is none
using RecipeSource = std::function<Recipe(const std::string& name, const Where& where)>;

/// @throws InputError with the place: unknown keys, kernels, ops, fields, operands
Recipe read_recipe(const YamlNode& root, const RecipeSource& bases);

}  // namespace gable
