#include "analyzer/cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "analyzer/base/error.h"

namespace gable {
namespace {

std::string system_message(int code) { return std::generic_category().message(code); }

/// Removes the temporary file unless it was renamed away.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path) : target_(path), path_(fmt::format("{}.{}.tmp", path, getpid())) {
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                 0644);  // NOLINT(cppcoreguidelines-pro-type-vararg)
    if (file_ < 0) throw OutputError(fmt::format("{}: cannot write: {}", path, system_message(errno)));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_ >= 0) close(file_);
    if (!kept_) unlink(path_.c_str());
  }

  void write_all(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t written = write(file_, text.data() + done, text.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail();
      done += static_cast<std::size_t>(written);
    }
    const int closed = close(file_);
    file_ = -1;
    if (closed != 0) fail();
  }

  void rename_to_target() {
    if (rename(path_.c_str(), target_.c_str()) != 0) fail();
    kept_ = true;
  }

 private:
  [[noreturn]] void fail() const {
    throw OutputError(fmt::format("{}: cannot write: {}", target_, system_message(errno)));
  }

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

}  // namespace gable
