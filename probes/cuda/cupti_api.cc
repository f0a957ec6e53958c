#include "probes/cuda/cupti_api.h"

#include <fmt/format.h>

#include <vector>

#include "analyzer/base/units.h"
#include "probes/dynamic_library.h"

namespace gable {
namespace {

void bind(CuptiHostApi& api, const DynamicLibrary& library) {
  CuptiBinder required(library);
  required(api.initialize, "cuptiProfilerHostInitialize");
  required(api.deinitialize, "cuptiProfilerHostDeinitialize");
  required(api.get_base_metrics, "cuptiProfilerHostGetBaseMetrics");
  required(api.config_add_metrics, "cuptiProfilerHostConfigAddMetrics");
  required(api.get_config_image_size, "cuptiProfilerHostGetConfigImageSize");
  required(api.get_config_image, "cuptiProfilerHostGetConfigImage");
  required(api.get_num_of_passes, "cuptiProfilerHostGetNumOfPasses");
  required(api.evaluate_to_gpu_values, "cuptiProfilerHostEvaluateToGpuValues");
  api.why_not = required.why_not();
}

void bind(CuptiRangeApi& api, const DynamicLibrary& library) {
  CuptiBinder required(library);
  required(api.profiler_initialize, "cuptiProfilerInitialize");
  required(api.profiler_deinitialize, "cuptiProfilerDeInitialize");
  required(api.device_supported, "cuptiProfilerDeviceSupported");
  required(api.get_counter_availability, "cuptiProfilerGetCounterAvailability");
  required(api.get_chip_name, "cuptiDeviceGetChipName");
  required(api.enable, "cuptiRangeProfilerEnable");
  required(api.disable, "cuptiRangeProfilerDisable");
  required(api.get_counter_data_size, "cuptiRangeProfilerGetCounterDataSize");
  required(api.counter_data_initialize, "cuptiRangeProfilerCounterDataImageInitialize");
  required(api.set_config, "cuptiRangeProfilerSetConfig");
  required(api.start, "cuptiRangeProfilerStart");
  required(api.stop, "cuptiRangeProfilerStop");
  required(api.push_range, "cuptiRangeProfilerPushRange");
  required(api.pop_range, "cuptiRangeProfilerPopRange");
  required(api.decode_data, "cuptiRangeProfilerDecodeData");
  required(api.get_counter_data_info, "cuptiRangeProfilerGetCounterDataInfo");
  required(api.get_range_info, "cuptiRangeProfilerCounterDataGetRangeInfo");
  api.why_not = required.why_not();
}

}  // namespace

const CuptiApi& cupti_api() {
  static const CuptiApi api = [] {
    CuptiApi loaded;
    const std::vector<std::string> names = cupti_library_names();
    const DynamicLibrary library(names);
    loaded.library = library.name();
    bind(loaded.activity, library);
    bind(loaded.host, library);
    bind(loaded.range, library);
    if (!library) {
      const std::string why = fmt::format(
          "CUPTI is missing ({}); install the toolkit's, or name one in GABLE_CUPTI_LIB", library.why_not());
      loaded.activity.why_not = loaded.host.why_not = loaded.range.why_not = why;
    }
    return loaded;
  }();
  return api;
}

std::string cupti_trouble(CUptiResult result, std::string_view call) {
  const int number = static_cast<int>(result);
  const std::string_view text = cupti_remedy(number);
  if (text.empty()) return fmt::format("CUPTI failed with error {} in {}", number, call);
  return fmt::format("{} (CUPTI error {} in {})", text, number, call);
}

void check_cupti(CUptiResult result, std::string_view call, const char* file, int line) {
  if (result == CUPTI_SUCCESS) return;
  const int number = static_cast<int>(result);
  if (!cupti_remedy(number).empty()) throw CuptiRefusal(result, cupti_trouble(result, call));
  throw DeviceError(call, fmt::format("CUPTI error {}", number), file, line);
}

std::string dropped_records(std::int64_t count) {
  return fmt::format("{} of the profiler lost, times are too low; measure a smaller step", counted(count, "record"));
}

}  // namespace gable
