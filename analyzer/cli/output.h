// Files are written whole or not at all; but for those that hours of work grow line by line.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace gable {

/// What is wrong with --out is told before anything is computed. @throws InputError
void check_out_folder(const std::string& path);
void check_out_file(const std::string& path, std::string_view option = "--out");

struct OutputFile {
  std::string path;
  std::string text;
};

/// Writes to temporary names beside them, then renames: existing files are replaced only by whole new ones, and only
/// when all are written; nothing is left behind on failure. Names them on `err`.
/// @throws InputError for a path where nothing can be written, OutputError
void write_files(std::span<const OutputFile> files, std::ostream& err);
/// The same into a folder, which is created if it is missing.
void write_files(const std::string& folder, std::span<const OutputFile> files, std::ostream& err);

/// A file whose content must survive an interruption, a full disk or a crash, so that the work can be continued:
/// everything goes to its real name at once.
class GrowingFile {
 public:
  /// Keeps the first `keep` bytes of what is there. @throws InputError for a path where nothing can be written,
  /// OutputError
  GrowingFile(std::string path, std::int64_t keep);
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;
  ~GrowingFile();

  void append(std::string_view text);  ///< @throws OutputError
  void finish();                       ///< closes; nothing can be appended after. @throws OutputError

 private:
  std::string path_;
  int file_ = -1;
};

}  // namespace gable
