// Names of kernels, as people write them.
#pragma once

#include <string>

namespace gable {

/// A kernel's name demangled; other names as they are.
std::string readable_name(const char* name);

}  // namespace gable
