// The seam to CUPTI: tables of function pointers, loaded when first asked for and never linked. Tests fill tables with
// fakes, or load the real library where there is one and need no GPU.
#pragma once

#include <cuda.h>
#include <cupti.h>
#include <cupti_profiler_host.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "analyzer/base/error.h"
#include "probes/cuda/cupti_activity_api.h"

namespace gable {

/// Which metrics a chip has and what collecting them takes: works without a GPU. CUDA 12.6 and later.
struct CuptiHostApi {
  std::string why_not = "not loaded";
  decltype(&::cuptiProfilerHostInitialize) initialize = nullptr;
  decltype(&::cuptiProfilerHostDeinitialize) deinitialize = nullptr;
  decltype(&::cuptiProfilerHostGetBaseMetrics) get_base_metrics = nullptr;
  decltype(&::cuptiProfilerHostConfigAddMetrics) config_add_metrics = nullptr;
  decltype(&::cuptiProfilerHostGetConfigImageSize) get_config_image_size = nullptr;
  decltype(&::cuptiProfilerHostGetConfigImage) get_config_image = nullptr;
  decltype(&::cuptiProfilerHostGetNumOfPasses) get_num_of_passes = nullptr;
  decltype(&::cuptiProfilerHostEvaluateToGpuValues) evaluate_to_gpu_values = nullptr;
};

/// Counters of ranges on a device. CUDA 12.6 and later.
struct CuptiRangeApi {
  std::string why_not = "not loaded";
  decltype(&::cuptiProfilerInitialize) profiler_initialize = nullptr;
  decltype(&::cuptiProfilerDeInitialize) profiler_deinitialize = nullptr;
  decltype(&::cuptiProfilerDeviceSupported) device_supported = nullptr;
  decltype(&::cuptiProfilerGetCounterAvailability) get_counter_availability = nullptr;
  decltype(&::cuptiDeviceGetChipName) get_chip_name = nullptr;
  decltype(&::cuptiRangeProfilerEnable) enable = nullptr;
  decltype(&::cuptiRangeProfilerDisable) disable = nullptr;
  decltype(&::cuptiRangeProfilerGetCounterDataSize) get_counter_data_size = nullptr;
  decltype(&::cuptiRangeProfilerCounterDataImageInitialize) counter_data_initialize = nullptr;
  decltype(&::cuptiRangeProfilerSetConfig) set_config = nullptr;
  decltype(&::cuptiRangeProfilerStart) start = nullptr;
  decltype(&::cuptiRangeProfilerStop) stop = nullptr;
  decltype(&::cuptiRangeProfilerPushRange) push_range = nullptr;
  decltype(&::cuptiRangeProfilerPopRange) pop_range = nullptr;
  decltype(&::cuptiRangeProfilerDecodeData) decode_data = nullptr;
  decltype(&::cuptiRangeProfilerGetCounterDataInfo) get_counter_data_info = nullptr;
  decltype(&::cuptiRangeProfilerCounterDataGetRangeInfo) get_range_info = nullptr;
};

struct CuptiApi {
  std::string library;  ///< the name that it was loaded by
  CuptiActivityApi activity;
  CuptiHostApi host;
  CuptiRangeApi range;
};

/// The real tables. A CUPTI that is in the process is used: a second copy beside it would not see what the first does.
/// Else $GABLE_CUPTI_LIB, else the toolkit's.
const CuptiApi& cupti_api();

/// The parameters of a profiler's call, which start with their size: cupti_params<X>(X_STRUCT_SIZE).
template <typename Params>
Params cupti_params(std::size_t size) {
  Params made{};
  made.structSize = size;
  return made;
}

/// A trouble with a remedy, which `what()` tells.
class CuptiRefusal : public CapabilityError {
 public:
  CuptiRefusal(CUptiResult result, const std::string& line) : CapabilityError(line), result_(result) {}
  [[nodiscard]] CUptiResult result() const { return result_; }

 private:
  CUptiResult result_;
};

/// What `result` of `call` means and what to do, in one line.
std::string cupti_trouble(CUptiResult result, std::string_view call);

/// Nothing where `result` is a success.
/// @throws CuptiRefusal; DeviceError for troubles without a remedy, with the caller's place
void check_cupti(CUptiResult result, std::string_view call, const char* file = __builtin_FILE(),
                 int line = __builtin_LINE());

/// "12 records of the profiler were lost: ...", with what to do.
std::string dropped_records(std::int64_t count);

}  // namespace gable
