// Files are written whole or not at all; but for those that hours of work grow line by line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gable {

/// Creates the folder if it is missing. @throws OutputError
void make_folder(const std::string& folder);

/// Writes to a temporary name beside `path`, then renames: an existing file is replaced only by a whole new one, and
/// nothing is left behind on failure. @throws OutputError
void write_file(const std::string& path, const std::string& text);

/// A file whose content must survive an interruption, a full disk or a crash, so that the work can be continued:
/// everything goes to its real name at once.
class GrowingFile {
 public:
  /// Keeps the first `keep` bytes of what is there. @throws OutputError
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
