#include "probes/inject/record_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include "probes/inject/lines.h"

namespace gable::inject {
namespace {

/// Its words with spaces between them; "" where it cannot be read.
std::string command_line() {
  std::array<char, 4096> bytes{};
  const int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);  // NOLINT(cppcoreguidelines-pro-type-vararg)
  if (file < 0) return "";
  const ssize_t length = read(file, bytes.data(), bytes.size());
  close(file);
  std::string line(bytes.data(), length < 0 ? 0 : static_cast<std::size_t>(length));
  while (!line.empty() && line.back() == '\0') line.pop_back();
  for (char& c : line) c = c == '\0' ? ' ' : c;
  return line;
}

/// A limit on the size of files must not end the program by a signal that its own writes did not cause.
class NoFileSizeSignal {
 public:
  NoFileSizeSignal() {
    sigemptyset(&only_);
    sigaddset(&only_, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &only_, &before_);
  }
  NoFileSizeSignal(const NoFileSizeSignal&) = delete;
  NoFileSizeSignal& operator=(const NoFileSizeSignal&) = delete;
  ~NoFileSizeSignal() {
    const timespec now{};
    if (too_large_ && sigismember(&before_, SIGXFSZ) == 0) sigtimedwait(&only_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  void came() { too_large_ = true; }

 private:
  sigset_t only_{};
  sigset_t before_{};
  bool too_large_ = false;
};

constexpr int kMostNames = 1000;  ///< programs that a process may replace itself by

}  // namespace

RecordFile::RecordFile(std::string folder, pid_t process)
    : folder_(std::move(folder)), process_(process), command_(command_line()) {}

bool RecordFile::make() {
  // A program that replaced another one has its process id.
  for (int i = 0; i < kMostNames; ++i) {
    path_ = folder_ + "/" + std::to_string(process_) + (i == 0 ? "" : "-" + std::to_string(i)) + ".json";
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg)
    const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0 && errno == EEXIST) continue;
    if (file < 0) return false;
    std::string head = R"({"schemaVersion":1,"gable_record":1,"displayTimeUnit":"ms","process":{"pid":)" +
                       std::to_string(process_) + R"(,"command":)";
    add_text(head, command_);
    head += "},\"traceEvents\":[\n";
    made_ = write(file, head);
    close(file);
    return made_;
  }
  return false;
}

bool RecordFile::write(int file, std::string_view text) {
  NoFileSizeSignal blocked;
  const auto whole = static_cast<off_t>(text.size());
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (errno == EFBIG) blocked.came();
      static_cast<void>(ftruncate(file, size_) == 0);  // no half of a line stays
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ += whole;
  return true;
}

bool RecordFile::append(std::string_view lines) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (ended_ || (!made_ && !make())) return false;
    if (lines.empty()) return true;
    // Not made anew: whoever asked for the recording may have taken it already.
    const int file = open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);  // NOLINT(cppcoreguidelines-pro-type-vararg)
    if (file < 0) return false;
    const bool written = write(file, lines);
    close(file);
    return written;
  } catch (...) {
    return false;
  }
}

void RecordFile::end(const FileFacts& facts) noexcept {
  try {
    std::string tail = R"({"ph":"M","name":"process_name","pid":)" + std::to_string(process_) + R"(,"args":{"name":)";
    add_text(tail, command_);
    tail += "}}\n],\"deviceProperties\":[";
    for (const std::string& device : facts.devices) tail += (&device == facts.devices.data() ? "" : ",") + device;
    tail += "]";
    const auto add = [&tail](std::string_view key, std::uint64_t number) {
      tail.append(",\"").append(key).append("\":");
      add_number(tail, number);
    };
    if (facts.driver_version != 0) add("cuda_driver_version", facts.driver_version);
    if (facts.cupti_version != 0) add("cupti_version", facts.cupti_version);
    if (!facts.why_no_kernels.empty()) {
      tail += ",\"why_no_kernels\":";
      add_text(tail, facts.why_no_kernels);
    }
    add("dropped", facts.dropped);
    tail += "}\n";
    static_cast<void>(append(tail));
    const std::lock_guard lock(mutex_);
    ended_ = true;
  } catch (...) {  // the file has no end then, as one of a killed process
  }
}

}  // namespace gable::inject
