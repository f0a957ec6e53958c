// The file of one process: grows by whole lines, readable at any time but for its missing end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gable::inject {

/// What is known only later, or at the end.
struct FileFacts {
  std::vector<std::string> devices;  ///< each an object of "deviceProperties"
  std::uint64_t cupti_version = 0;   ///< 0 where none was used
  std::uint64_t driver_version = 0;  ///< as cuDriverGetVersion tells: 13000
  std::string why_no_kernels;        ///< "" where they are recorded
  std::uint64_t dropped = 0;
};

/// No descriptor is kept open: programs close those that they do not know, and would then write to ours as theirs.
class RecordFile {
 public:
  RecordFile(std::string folder, pid_t process);
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  /// Whole lines, or none of them. The file is made when the first come. @return whether they are in the file
  bool append(std::string_view lines) noexcept;
  /// Nothing can be appended after.
  void end(const FileFacts& facts) noexcept;

 private:
  bool make();
  bool write(int file, std::string_view text);

  std::string folder_;
  pid_t process_;
  std::string command_;
  std::mutex mutex_;
  std::string path_;  ///< "" until it is made
  bool made_ = false;
  bool ended_ = false;
  off_t size_ = 0;
};

}  // namespace gable::inject
