// `analyze show recipe R`.
#pragma once

#include <string>

namespace gable {

/// The kernels of every op, what is kept for the backward pass, fusions and optimizers, in lines of `width` columns.
/// @throws InputError if there is no such recipe
std::string show_recipe(const std::string& name, int width);

}  // namespace gable
