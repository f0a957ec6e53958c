// The bytes of a file, decompressed where it is gzip, a piece at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "analyzer/trace/trace.h"

namespace gable {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Up to `most` bytes; 0 only at the end. @throws InputError: cannot be read; gzip that is cut short or damaged, or
  /// that expands as no text does (a decompression bomb)
  virtual std::size_t read(char* to, std::size_t most) = 0;
  /// Of the file, before decompression.
  [[nodiscard]] virtual std::int64_t done_bytes() const = 0;
  [[nodiscard]] virtual std::int64_t all_bytes() const = 0;
};

/// @throws InputError if it cannot be read or is no regular file
std::unique_ptr<ByteSource> open_bytes(const std::string& path);

/// Of bytes in memory, which outlive it.
std::unique_ptr<ByteSource> bytes_of(std::string_view bytes, const std::string& name);

/// All bytes of a file, decompressed. @throws InputError as open_bytes() and read(), and for more than `most`
std::string read_bytes(const std::string& path, std::int64_t most, const ReadProgress& progress);

/// Decompressed bytes that a file starts with, at most `most`. @throws as read()
std::string head_of(const std::string& path, std::size_t most);

}  // namespace gable
