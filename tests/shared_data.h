// Traces that are too large, or not ours, to lie in the repository.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gable {

/// The path of a sample, in the folder that GABLE_SHARED_DATA names or beside the sources; nothing where it is absent.
inline std::optional<std::string> shared_trace(std::string_view name) {
  const char* folder = std::getenv("GABLE_SHARED_DATA");
  const std::filesystem::path in = folder != nullptr
                                       ? std::filesystem::path(folder)
                                       : std::filesystem::path(GABLE_SOURCE_DIR) / "../shared/data/traces";
  const std::filesystem::path path = in / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path.string();
}

}  // namespace gable
