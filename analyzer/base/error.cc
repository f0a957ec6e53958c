#include "analyzer/base/error.h"

#include <fmt/format.h>

#include <utility>

namespace gable {

std::string to_string(const Where& where) {
  if (!where.file) return "";
  if (where.line == 0) return *where.file;
  return fmt::format("{}:{}:{}", *where.file, where.line, where.column);
}

namespace {
std::string with_place(const Where& where, const std::string& message) {
  const std::string place = to_string(where);
  return place.empty() ? message : place + ": " + message;
}

/// "probes/cuda/session.cc" of "/home/me/gable/probes/cuda/session.cc".
std::string_view in_project(std::string_view file) {
  for (const std::string_view folder : {"/probes/", "/analyzer/", "/tests/"}) {
    const std::size_t at = file.rfind(folder);
    if (at != std::string_view::npos) return file.substr(at + 1);
  }
  return file;
}
}  // namespace

InputError::InputError(Where where, const std::string& message)
    : std::runtime_error(with_place(where, message)), where_(std::move(where)) {}

DeviceError::DeviceError(std::string_view call, std::string_view name, std::string_view file, int line)
    : std::runtime_error(fmt::format("{}: {} ({}:{})", call, name, in_project(file), line)), call_(call), name_(name) {}

}  // namespace gable
