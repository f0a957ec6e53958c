// The CSV of a sweep where it grows: standard output, a new file, or a file that an earlier run left.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/study/sweep.h"

namespace gable {

/// What a file holds of a sweep.
struct Done {
  std::int64_t points = 0;
  std::int64_t bytes = 0;  ///< of whole lines; what follows is torn
};

/// Reads what is there and compares it with the sweep: the header, the settings and dims of every row, the whole first
/// and last row, which shows other options.
/// @throws InputError naming --resume: no such file, or not of this sweep
Done done_in(const std::string& path, const Sweep& sweep);

class SweepCsvOutput {
 public:
  /// Opens the output and writes the header where there is none. @throws InputError, OutputError
  SweepCsvOutput(const Sweep& sweep, const Options& options, const Io& io);

  void append(std::string_view text);
  void finish();

  [[nodiscard]] std::int64_t first() const { return done_.points; }  ///< point to begin with
  [[nodiscard]] const std::string& path() const { return path_; }    ///< "" for standard output

 private:
  std::ostream& out_;
  std::string path_;
  Done done_;
  std::unique_ptr<GrowingFile> file_;
};

}  // namespace gable
