// One event of a Chrome trace as PyTorch's profiler (Kineto) writes it, and the text of its parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/trace/framework_op.h"

namespace gable {

/// What of an event is read; texts are as they stand in the file, valid as long as the piece of JSON.
struct KinetoEvent {
  enum class Category : std::uint8_t {
    kOther,  ///< that says nothing of time on a device
    kOp,
    kModule,  ///< python_function, of which only modules are read
    kAnnotation,
    kNvtx,
    kKernel,
    kMemcpy,
    kMemset,
    kCall,
  };
  Category category = Category::kOther;
  bool complete = false;  ///< ph "X"
  const char* at = nullptr;
  std::string_view name;
  std::string_view pid;  ///< the token: numbers and texts both occur
  std::string_view tid;
  std::optional<std::int64_t> ts_ns;
  std::optional<std::int64_t> dur_ns;
  std::uint64_t external = 0;
  std::uint64_t correlation = 0;
  std::int64_t device = 0;
  std::int64_t stream = 0;
  std::int64_t bytes = 0;
  std::uint64_t graph_node = 0;
  std::string_view dims;  ///< JSON texts
  std::string_view types;
  std::string_view concrete;
};

/// By "cat", in the spelling of any version; kOther for an unknown one.
KinetoEvent::Category kineto_category(std::string_view cat);

/// Microseconds as written ("1428625747586.227", "12", "1.5e3") in nanoseconds; exact for up to three decimals, further
/// ones are cut. Nothing for what is no number or beyond 64 bits.
std::optional<std::int64_t> nanoseconds_of(std::string_view microseconds);

/// From the JSON of "Input Dims", "Input type" and "Concrete Inputs"; empty texts for what was not recorded. A call
/// whose lists contradict each other has the arguments up to there.
Call kineto_call(std::string_view name, std::string_view dims, std::string_view types, std::string_view concrete);

}  // namespace gable
