#include "probes/cuda/cupti_records.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace gable {
namespace {

/// cuptiGetVersion(), from cupti_version.h: 19 is CUDA 12.0; from 13.0 on major * 10000 + minor * 100 + patch.
constexpr std::uint32_t kCuda12 = 19;
constexpr std::uint32_t kCuda13 = 130000;
constexpr std::uint32_t kPerMajor = 10000;
constexpr std::uint32_t kHeaders = CUPTI_API_VERSION;
constexpr std::uint32_t kNewestMajor = kHeaders < kCuda13 ? 12 : kHeaders / kPerMajor;

/// CUpti_ActivityMemcpyKind. What is copied between arrays and hosts happens too rarely for a name.
std::string_view memcpy_name(unsigned kind) {
  constexpr std::array<std::string_view, 11> kNames = {"memcpy",
                                                       "memcpy host to device",
                                                       "memcpy device to host",
                                                       "memcpy host to array",
                                                       "memcpy array to host",
                                                       "memcpy array to array",
                                                       "memcpy array to device",
                                                       "memcpy device to array",
                                                       "memcpy device to device",
                                                       "memcpy host to host",
                                                       "memcpy peer to peer"};
  return kNames[kind < kNames.size() ? kind : 0];
}

template <typename Record>
void read_device(const Record& record, ActivityKind kind, Activity& activity) {
  activity.kind = kind;
  activity.start_ns = record.start;
  activity.end_ns = record.end;
  activity.correlation = record.correlationId;
  activity.stream = record.streamId;
  activity.graph_node = record.graphNodeId;
}

template <typename Kernel>
bool read_kernel(const CUpti_Activity& raw, Activity& activity) {
  const auto& record = reinterpret_cast<const Kernel&>(raw);
  read_device(record, ActivityKind::kKernel, activity);
  if (const char* const name = record.name; name != nullptr) activity.name = name;
  return true;
}

template <typename Memcpy>
bool read_memcpy(const CUpti_Activity& raw, Activity& activity) {
  const auto& record = reinterpret_cast<const Memcpy&>(raw);
  read_device(record, ActivityKind::kMemcpy, activity);
  activity.name = memcpy_name(record.copyKind);
  return true;
}

bool read_memset(const CUpti_Activity& raw, Activity& activity) {
  read_device(reinterpret_cast<const CUpti_ActivityMemset4&>(raw), ActivityKind::kMemset, activity);
  activity.name = "memset";
  return true;
}

bool read_api(const CUpti_Activity& raw, Activity& activity) {
  const auto& record = reinterpret_cast<const CUpti_ActivityAPI&>(raw);
  activity.kind = ActivityKind::kApi;
  activity.start_ns = record.start;
  activity.end_ns = record.end;
  activity.correlation = record.correlationId;
  activity.thread = record.threadId;
  return true;
}

bool read_external(const CUpti_Activity& raw, Activity& activity) {
  const auto& record = reinterpret_cast<const CUpti_ActivityExternalCorrelation&>(raw);
  activity.kind = ActivityKind::kExternal;
  activity.correlation = record.correlationId;
  activity.id = record.externalId;
  return record.externalKind == kTaskIds;
}

bool read_marker(const CUpti_Activity& raw, Activity& activity) {
  const auto& record = reinterpret_cast<const CUpti_ActivityMarker2&>(raw);
  const unsigned flags = record.flags;
  activity.kind = (flags & CUPTI_ACTIVITY_FLAG_MARKER_START) != 0 ? ActivityKind::kRangeStart : ActivityKind::kRangeEnd;
  activity.start_ns = record.timestamp;
  activity.id = record.id;
  activity.thread = record.objectId.pt.threadId;
  if (const char* const name = record.name; name != nullptr) activity.name = name;
  return (flags & (CUPTI_ACTIVITY_FLAG_MARKER_START | CUPTI_ACTIVITY_FLAG_MARKER_END)) != 0;
}

bool read_overhead(const CUpti_Activity& raw, Activity& activity) {
  const auto& record = reinterpret_cast<const CUpti_ActivityOverhead&>(raw);  // later versions append
  activity.kind = ActivityKind::kOverhead;
  activity.start_ns = record.start;
  activity.end_ns = record.end;
  return true;
}

/// `Kernel` is what changed between CUDA 12 and 13. Of the others the first layout of CUDA 12 is a prefix of all later
/// ones.
template <typename Kernel>
bool read_record(const CUpti_Activity& record, Activity& activity) {
  switch (record.kind) {
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
    case CUPTI_ACTIVITY_KIND_KERNEL:
      return read_kernel<Kernel>(record, activity);
    case CUPTI_ACTIVITY_KIND_MEMCPY:
      return read_memcpy<CUpti_ActivityMemcpy5>(record, activity);
    case CUPTI_ACTIVITY_KIND_MEMCPY2:
      return read_memcpy<CUpti_ActivityMemcpyPtoP4>(record, activity);
    case CUPTI_ACTIVITY_KIND_MEMSET:
      return read_memset(record, activity);
    case CUPTI_ACTIVITY_KIND_RUNTIME:
    case CUPTI_ACTIVITY_KIND_DRIVER:
      return read_api(record, activity);
    case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION:
      return read_external(record, activity);
    case CUPTI_ACTIVITY_KIND_MARKER:
      return read_marker(record, activity);
    case CUPTI_ACTIVITY_KIND_OVERHEAD:
      return read_overhead(record, activity);
    default:
      return false;
  }
}

}  // namespace

RecordReader record_reader(std::uint32_t cupti_version, std::string& why_not) {
  const std::uint32_t major = cupti_version < kCuda13 ? 12 : cupti_version / kPerMajor;
  if (cupti_version < kCuda12) {
    why_not = fmt::format("CUPTI of CUDA 11 or older (version {}); name one of CUDA 12 or later in GABLE_CUPTI_LIB",
                          cupti_version);
    return nullptr;
  }
  if (major > kNewestMajor) {
    why_not = fmt::format(
        "CUPTI of CUDA {} has records that this build, of CUDA {}, cannot read; build with the newer toolkit, or name "
        "an "
        "older CUPTI in GABLE_CUPTI_LIB",
        major, kNewestMajor);
    return nullptr;
  }
#if CUPTI_API_VERSION >= 130000
  if (major >= 13) return read_record<CUpti_ActivityKernel10>;
#endif
  return read_record<CUpti_ActivityKernel9>;
}

std::string readable_name(const char* name) {
  if (name == nullptr) return "";
  if (std::string_view(name).starts_with("_Z")) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> plain(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                            &std::free);
    if (status == 0 && plain) return plain.get();
  }
  return name;
}

}  // namespace gable
