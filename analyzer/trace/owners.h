// The op that a device event is counted with, and what that op costs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/trace/link.h"

namespace gable {

/// Element types where the profiler did not record them (lists of tensors, NVTX), told by the name of a kernel.
enum class TypeGuess : std::uint8_t { kRecorded, kBf16, kFp16, kFp32, kFp64, kFp8, kUnknown };
TypeGuess guess_type(std::string_view kernel);

/// Costs of the calls of a trace, each computed once.
class CallCosts {
 public:
  explicit CallCosts(const Trace& trace) : trace_(trace) {}

  /// Whether a tensor of the call has no element type.
  [[nodiscard]] bool lacks_types(std::uint32_t call);
  /// Null where the arguments do not tell. Valid as long as this.
  const CallCost* find(std::uint32_t call, TypeGuess guess);

 private:
  const Trace& trace_;
  std::unordered_map<std::uint64_t, std::optional<CallCost>> costs_;
  std::unordered_map<std::uint32_t, bool> lacks_;
};

/// Of each event of the trace, the range that it is counted with; kNobody for one without an op around its launch.
///
/// From the innermost op up, that is the nearest one that has a cost: kernels of a leaf without a formula count with
/// the op around it. Where such an op has kernels of its own and an op of the same cost inside it has some, too, they
/// are one. Without any that has a cost it is the innermost op.
std::vector<std::uint32_t> owners_of(const Trace& trace, const Links& links, CallCosts& costs);

}  // namespace gable
