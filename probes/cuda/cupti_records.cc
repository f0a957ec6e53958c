#include "probes/cuda/cupti_records.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "probes/cuda/cupti_layouts.h"

namespace gable {
namespace {

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

/// Reads what attribution needs of a record into `activity`. @return whether it is of use
struct ActivityReader {
  Activity& activity;

  template <typename Record>
  void device(const Record& record, ActivityKind kind) const {
    activity.kind = kind;
    activity.start_ns = record.start;
    activity.end_ns = record.end;
    activity.correlation = record.correlationId;
    activity.stream = record.streamId;
    activity.graph_node = record.graphNodeId;
  }

  template <typename Kernel>
  bool kernel(const Kernel& record) const {
    device(record, ActivityKind::kKernel);
    if (const char* const name = record.name; name != nullptr) activity.name = name;
    return true;
  }

  template <typename Memcpy>
  bool memcpy(const Memcpy& record) const {
    device(record, ActivityKind::kMemcpy);
    activity.name = memcpy_name(record.copyKind);
    return true;
  }

  bool memset(const CUpti_ActivityMemset4& record) const {
    device(record, ActivityKind::kMemset);
    activity.name = "memset";
    return true;
  }

  bool call(const CUpti_ActivityAPI& record) const {
    activity.kind = ActivityKind::kApi;
    activity.start_ns = record.start;
    activity.end_ns = record.end;
    activity.correlation = record.correlationId;
    activity.thread = record.threadId;
    return true;
  }

  bool external(const CUpti_ActivityExternalCorrelation& record) const {
    activity.kind = ActivityKind::kExternal;
    activity.correlation = record.correlationId;
    activity.id = record.externalId;
    return record.externalKind == kTaskIds;
  }

  bool marker(const CUpti_ActivityMarker2& record) const {
    const unsigned flags = record.flags;
    activity.kind =
        (flags & CUPTI_ACTIVITY_FLAG_MARKER_START) != 0 ? ActivityKind::kRangeStart : ActivityKind::kRangeEnd;
    activity.start_ns = record.timestamp;
    activity.id = record.id;
    activity.thread = record.objectId.pt.threadId;
    if (const char* const name = record.name; name != nullptr) activity.name = name;
    return (flags & (CUPTI_ACTIVITY_FLAG_MARKER_START | CUPTI_ACTIVITY_FLAG_MARKER_END)) != 0;
  }

  bool overhead(const CUpti_ActivityOverhead& record) const {
    activity.kind = ActivityKind::kOverhead;
    activity.start_ns = record.start;
    activity.end_ns = record.end;
    return true;
  }

  [[nodiscard]] static bool device_facts(const CUpti_ActivityDevice4&) { return false; }
  [[nodiscard]] static bool graph(const CUpti_ActivityGraphTrace&) { return false; }
};

}  // namespace

RecordReader record_reader(std::uint32_t cupti_version, std::string& why_not) {
  if (cupti_version < kCupti12) {
    why_not = fmt::format("CUPTI of CUDA 11 or older (version {}); name one of CUDA 12 or later in GABLE_CUPTI_LIB",
                          cupti_version);
    return nullptr;
  }
  const std::uint32_t major = cupti_major(cupti_version);
  if (major > kNewestCuptiMajor) {
    why_not = fmt::format(
        "CUPTI of CUDA {} has records that this build, of CUDA {}, cannot read; build with the newer toolkit, or name "
        "an "
        "older CUPTI in GABLE_CUPTI_LIB",
        major, kNewestCuptiMajor);
    return nullptr;
  }
  if (major >= 13) {
    return [](const CUpti_Activity& record, Activity& activity) {
      return read_record<NewestKernel>(record, ActivityReader{activity});
    };
  }
  return [](const CUpti_Activity& record, Activity& activity) {
    return read_record<CUpti_ActivityKernel9>(record, ActivityReader{activity});
  };
}

}  // namespace gable
