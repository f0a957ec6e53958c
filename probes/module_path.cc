#include "probes/module_path.h"

#include <fmt/format.h>

#include <filesystem>

namespace gable {

std::string module_path(std::string_view name) {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return fmt::format("{}/lib/gable/libgable_{}.so", program.parent_path().parent_path().string(), name);
}

}  // namespace gable
