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
}  // namespace

InputError::InputError(Where where, const std::string& message)
    : std::runtime_error(with_place(where, message)), where_(std::move(where)) {}

}  // namespace gable
