// Records of CUPTI become lines of the file.
#pragma once

#include <cupti.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace gable::inject {

/// Names, each made once. From any thread.
class Names {
 public:
  /// As cuptiGetCallbackName; null where this CUPTI has none.
  using NameCall = CUptiResult (*)(CUpti_CallbackDomain, std::uint32_t, const char**);
  explicit Names(NameCall name_call) : name_call_(name_call) {}

  /// Demangled.
  std::string kernel(const char* mangled);
  /// "cudaLaunchKernel"; "" for a call that starts nothing on a device.
  std::string call(CUpti_ActivityKind kind, CUpti_CallbackId id);

 private:
  NameCall name_call_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::string> kernels_;
  std::unordered_map<std::uint64_t, std::string> calls_;
};

struct RecordSource {
  std::uint32_t version = 0;  ///< of CUPTI, at run time
  std::uint64_t process = 0;
  bool whole_graphs = false;  ///< a graph's launch is one event; its nodes are left out, where there are any
  Names* names = nullptr;
  /// The id that gettid() gives for the id in a record; null where they are the same.
  std::uint64_t (*thread)(std::uint32_t) = nullptr;
};

/// What a buffer holds.
struct RecordLines {
  std::string lines;
  std::uint64_t events = 0;
  std::uint64_t lost = 0;            ///< records without times
  std::vector<std::string> devices;  ///< objects of "deviceProperties"
};

/// Whether records of this version can be read; if not, `why_not` says it in a line.
bool can_read_records(std::uint32_t version, std::string& why_not);

void add_record(const CUpti_Activity& record, const RecordSource& source, RecordLines& to);

}  // namespace gable::inject
