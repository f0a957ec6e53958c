// Which struct a record of CUPTI is in, by the version that wrote it: records are packed, and each CUDA version appends
// fields to them. A reader gives a function for each.
#pragma once

#include <cupti.h>

#include <cstdint>

namespace gable {

/// cuptiGetVersion(), from cupti_version.h: 19 is CUDA 12.0; from 13.0 on major * 10000 + minor * 100 + patch.
inline constexpr std::uint32_t kCupti12 = 19;
inline constexpr std::uint32_t kCupti13 = 130000;
/// CUDA 12.9: the first that bears it when a request for a buffer is refused; before, it can crash (seen by libkineto).
inline constexpr std::uint32_t kCuptiBearsNoBuffer = 27;

/// Of versions from kCupti12 on.
constexpr std::uint32_t cupti_major(std::uint32_t version) {
  constexpr std::uint32_t kPerMajor = 10000;
  return version < kCupti13 ? 12 : version / kPerMajor;
}
inline constexpr std::uint32_t kNewestCuptiMajor = cupti_major(CUPTI_API_VERSION);  ///< whose records can be read

#if CUPTI_API_VERSION >= 130000
using NewestKernel = CUpti_ActivityKernel10;
#else
using NewestKernel = CUpti_ActivityKernel9;
#endif

/// Hands a record to `reader`; false for other kinds. `Kernel` is what changed between CUDA 12 and 13. Of the others
/// the first layout of CUDA 12 is a prefix of all later ones.
template <typename Kernel, typename Reader>
bool read_record(const CUpti_Activity& record, Reader&& reader) {
  switch (record.kind) {
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
    case CUPTI_ACTIVITY_KIND_KERNEL:
      return reader.kernel(reinterpret_cast<const Kernel&>(record));
    case CUPTI_ACTIVITY_KIND_MEMCPY:
      return reader.memcpy(reinterpret_cast<const CUpti_ActivityMemcpy5&>(record));
    case CUPTI_ACTIVITY_KIND_MEMCPY2:
      return reader.memcpy(reinterpret_cast<const CUpti_ActivityMemcpyPtoP4&>(record));
    case CUPTI_ACTIVITY_KIND_MEMSET:
      return reader.memset(reinterpret_cast<const CUpti_ActivityMemset4&>(record));
    case CUPTI_ACTIVITY_KIND_RUNTIME:
    case CUPTI_ACTIVITY_KIND_DRIVER:
      return reader.call(reinterpret_cast<const CUpti_ActivityAPI&>(record));
    case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION:
      return reader.external(reinterpret_cast<const CUpti_ActivityExternalCorrelation&>(record));
    case CUPTI_ACTIVITY_KIND_MARKER:
      return reader.marker(reinterpret_cast<const CUpti_ActivityMarker2&>(record));
    case CUPTI_ACTIVITY_KIND_OVERHEAD:
      return reader.overhead(reinterpret_cast<const CUpti_ActivityOverhead&>(record));
    case CUPTI_ACTIVITY_KIND_DEVICE:
      return reader.device_facts(reinterpret_cast<const CUpti_ActivityDevice4&>(record));
    case CUPTI_ACTIVITY_KIND_GRAPH_TRACE:
      return reader.graph(reinterpret_cast<const CUpti_ActivityGraphTrace&>(record));
    default:
      return false;
  }
}

}  // namespace gable
