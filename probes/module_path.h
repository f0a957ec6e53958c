// Modules lie beside the program: in lib/gable of where it was installed or built.
#pragma once

#include <string>
#include <string_view>

namespace gable {

/// Absolute; whether the file is there is not asked. `name`: "onednn".
std::string module_path(std::string_view name);

}  // namespace gable
