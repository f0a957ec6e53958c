#include "analyzer/cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>

#include "analyzer/base/error.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

std::string system_message(int code) { return std::generic_category().message(code); }

/// A path that cannot be right is wrong input; a full or broken disk is not.
[[noreturn]] void cannot(std::string_view what, const std::string& path, int code) {
  constexpr std::array kOfPath = {EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, EEXIST, ENAMETOOLONG, ELOOP, ENXIO};
  const std::string message = fmt::format("{}: cannot {}: {}", path, what, system_message(code));
  if (std::find(kOfPath.begin(), kOfPath.end(), code) != kOfPath.end()) throw InputError(message);
  throw OutputError(message);
}

[[noreturn]] void cannot_write(const std::string& path) { cannot("write", path, errno); }

/// A device or a pipe is written to, never replaced.
bool is_special(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

/// @throws InputError unless entries can be made in the folder
void check_folder(const std::string& out, const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw InputError(fmt::format("--out {}: {} is not a folder", out, folder.string()));
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    throw InputError(fmt::format("--out {}: cannot write in {}: {}", out, folder.string(), system_message(errno)));
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

void check_out_folder(const std::string& path) {
  std::error_code error;
  fs::path there = fs::absolute(path, error);
  while (!fs::exists(there, error) && there.has_relative_path()) there = there.parent_path();
  check_folder(path, there);
}

void check_out_file(const std::string& path, std::string_view option) {
  std::error_code error;
  if (fs::is_directory(path, error))
    throw InputError(fmt::format("{} {}: is a folder; name a file in it", option, path));
  if (is_special(path)) return;
  const fs::path folder = fs::absolute(path, error).parent_path();
  if (!fs::exists(folder, error))
    throw InputError(fmt::format("{} {}: there is no folder {}", option, path, folder.string()));
  check_folder(path, folder);
}

void write_files(std::span<const OutputFile> files, std::ostream& err) {
  std::deque<TemporaryFile> all;
  std::error_code error;
  for (const OutputFile& file : files) {
    if (fs::is_directory(file.path, error)) cannot("write", file.path, EISDIR);  // before another one is in its place
    if (is_special(file.path)) {
      GrowingFile special(file.path, 0);
      special.append(file.text);
      special.finish();
    } else {
      all.emplace_back(file.path).write_all(file.text);
    }
  }
  for (TemporaryFile& file : all) file.rename_to_target();
  for (const OutputFile& file : files) err << "wrote " << file.path << "\n";
}

void write_files(const std::string& folder, std::span<const OutputFile> files, std::ostream& err) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) cannot("create the folder", folder, error.value());
  write_files(files, err);
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
