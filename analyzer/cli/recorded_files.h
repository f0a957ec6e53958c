// What the processes of a recorded command leave in a folder: a Chrome trace each, of whole lines, whose end is missing
// where the process was killed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gable {

struct RecordedFile {
  std::string path;     ///< readable as JSON
  std::string process;  ///< "1234"; "1234-1" of the program that replaced it
  std::int64_t kernels = 0;
  std::int64_t copies = 0;  ///< and fills
  std::int64_t launches = 0;
  std::int64_t ranges = 0;
  std::int64_t dropped = 0;
  std::uint64_t device_ns = 0;  ///< sum over kernels, copies and fills
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;
  bool cut_short = false;
  std::string why_no_kernels;  ///< "" where they were recorded, or CUDA was not used
  bool used_cuda = false;

  [[nodiscard]] std::int64_t events() const { return kernels + copies + launches + ranges; }
};

/// All of them, the one with most device time first (with most events, where none has any). Waits a moment for
/// processes that are about to end; files without an end get one.
/// @throws OutputError
std::vector<RecordedFile> gather_recorded(const std::string& folder);

}  // namespace gable
