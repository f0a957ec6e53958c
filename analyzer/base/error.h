// Errors that reach the user. Library code throws them; only main catches.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gable {

/// A place in an input file; line and column count from 1, 0 means "the file as a whole".
/// An empty file name means that the input was a command-line flag.
struct Where {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  /// The same place, moved right by `offset` columns.
  [[nodiscard]] Where shifted(int offset) const { return {file, line, column + offset}; }
};

/// "models/a.yaml:12:7", "models/a.yaml", or "" without a file.
std::string to_string(const Where& where);

/// The user's input is wrong. `what()` is the whole line: place, what is wrong, what would be right. Exit code 2.
class InputError : public std::runtime_error {
 public:
  InputError(Where where, const std::string& message);
  explicit InputError(const std::string& message) : InputError(Where{}, message) {}

  [[nodiscard]] const Where& where() const { return where_; }

 private:
  Where where_;
};

/// What was asked for is not on this machine (a profile, a GPU). Exit code 3.
class CapabilityError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A call of a device's driver or library failed while it ran. `what()` names the call, its error and the place in the
/// sources: "cudaMalloc: cudaErrorMemoryAllocation (probes/cuda/session.cc:41)". Exit code 4.
class DeviceError : public std::runtime_error {
 public:
  /// `file` may be a path from anywhere; what leads to the project's own folders is cut off.
  DeviceError(std::string_view call, std::string_view name, std::string_view file, int line);

  [[nodiscard]] const std::string& call() const { return call_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string call_;
  std::string name_;
};

/// Output could not be written (disk full, no permission, closed pipe). Exit code 1.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gable
