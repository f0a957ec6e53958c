#include "analyzer/cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "analyzer/base/error.h"

namespace gable {
namespace {

std::string system_message(int code) { return std::generic_category().message(code); }

[[noreturn]] void cannot_write(const std::string& path) {
  throw OutputError(fmt::format("{}: cannot write: {}", path, system_message(errno)));
}

int open_to_write(const std::string& path, int flags) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);  // NOLINT(cppcoreguidelines-pro-type-vararg)
}

/// `path` is the name for the message.
void write_all(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) cannot_write(path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Removes the temporary file unless it was renamed away.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path) : target_(path), path_(fmt::format("{}.{}.tmp", path, getpid())) {
    file_ = open_to_write(path_, O_EXCL);
    if (file_ < 0) cannot_write(target_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_ >= 0) close(file_);
    if (!kept_) unlink(path_.c_str());
  }

  void write_all(const std::string& text) {
    gable::write_all(file_, text, target_);
    const int closed = close(file_);
    file_ = -1;
    if (closed != 0) cannot_write(target_);
  }

  void rename_to_target() {
    if (rename(path_.c_str(), target_.c_str()) != 0) cannot_write(target_);
    kept_ = true;
  }

 private:
  std::string target_;
  std::string path_;
  int file_ = -1;
  bool kept_ = false;
};

}  // namespace

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw OutputError(fmt::format("{}: cannot create the folder: {}", folder, error.message()));
  if (!std::filesystem::is_directory(folder, error)) throw OutputError(fmt::format("{}: is not a folder", folder));
}

void write_file(const std::string& path, const std::string& text) {
  TemporaryFile file(path);
  file.write_all(text);
  file.rename_to_target();
}

GrowingFile::GrowingFile(std::string path, std::int64_t keep) : path_(std::move(path)) {
  file_ = open_to_write(path_, keep == 0 ? O_TRUNC : 0);
  // A pipe or a terminal has no length to cut.
  if (file_ < 0 || (keep > 0 && (ftruncate(file_, keep) != 0 || lseek(file_, 0, SEEK_END) < 0))) cannot_write(path_);
}

GrowingFile::~GrowingFile() {
  if (file_ >= 0) close(file_);
}

void GrowingFile::append(std::string_view text) { write_all(file_, text, path_); }

void GrowingFile::finish() {
  const int closed = close(file_);
  file_ = -1;
  if (closed != 0) cannot_write(path_);
}

}  // namespace gable
