#include "analyzer/trace/input_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"

namespace gable {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;

[[noreturn]] void cannot_read(const std::string& path, std::string_view why) {
  throw InputError(Where{std::make_shared<const std::string>(path)}, fmt::format("cannot read: {}", why));
}

}  // namespace

std::int64_t input_size(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) cannot_read(path, "no such file");
  if (error) cannot_read(path, error.message());
  if (!std::filesystem::is_regular_file(status)) cannot_read(path, "not a regular file");
  const auto size = std::filesystem::file_size(path, error);
  if (error) cannot_read(path, error.message());
  const std::ifstream in(path, std::ios::binary);
  if (!in) cannot_read(path, std::strerror(errno));
  return static_cast<std::int64_t>(size);
}

std::string read_input(const std::string& path, std::int64_t most_bytes, const ReadProgress& progress) {
  const std::int64_t size = input_size(path);
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::string piece(kPieceBytes, '\0');
  while (in && size <= most_bytes && static_cast<std::int64_t>(text.size()) <= most_bytes) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece, 0, static_cast<std::size_t>(in.gcount()));
    if (progress)
      progress(static_cast<std::int64_t>(text.size()), std::max(size, static_cast<std::int64_t>(text.size())));
  }
  if (in.bad()) cannot_read(path, std::strerror(errno));
  // A file that grows while it is read is as large as what came.
  if (size > most_bytes || static_cast<std::int64_t>(text.size()) > most_bytes)
    cannot_read(path, fmt::format("{} bytes; at most {}", format_grouped(size), format_grouped(most_bytes)));
  return text;
}

std::string as_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (true) {
    const std::size_t prefix = valid_utf8_prefix(text);
    valid += text.substr(0, prefix);
    if (prefix == text.size()) return valid;
    valid += '?';
    text.remove_prefix(prefix + 1);
  }
}

}  // namespace gable
