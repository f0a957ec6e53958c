#include "probes/cuda/cupti_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "analyzer/base/units.h"
#include "probes/dynamic_library.h"

namespace gable {
namespace {

/// Binds the functions of a table one by one and remembers the first that is missing.
class Binder {
 public:
  explicit Binder(const DynamicLibrary& library) : library_(library), why_not_(library.why_not()) {}

  template <typename Function>
  void operator()(Function*& function, const char* name) {
    if (!library_.bind(function, name) && why_not_.empty()) {
      why_not_ = fmt::format("{} has no {}: it is older than CUDA 12.6", library_.name(), name);
    }
  }
  [[nodiscard]] const std::string& why_not() const { return why_not_; }

 private:
  const DynamicLibrary& library_;
  std::string why_not_;
};

void bind(CuptiActivityApi& api, const DynamicLibrary& library) {
  Binder required(library);
  required(api.get_version, "cuptiGetVersion");
  required(api.get_timestamp, "cuptiGetTimestamp");
  required(api.subscribe, "cuptiSubscribe");
  required(api.unsubscribe, "cuptiUnsubscribe");
  required(api.register_callbacks, "cuptiActivityRegisterCallbacks");
  required(api.enable, "cuptiActivityEnable");
  required(api.disable, "cuptiActivityDisable");
  required(api.flush_all, "cuptiActivityFlushAll");
  required(api.get_next_record, "cuptiActivityGetNextRecord");
  required(api.get_num_dropped_records, "cuptiActivityGetNumDroppedRecords");
  required(api.push_external_id, "cuptiActivityPushExternalCorrelationId");
  required(api.pop_external_id, "cuptiActivityPopExternalCorrelationId");
  library.bind(api.enable_runtime_api, "cuptiActivityEnableRuntimeApi");
  library.bind(api.enable_driver_api, "cuptiActivityEnableDriverApi");
  api.why_not = required.why_not();
}

void bind(CuptiHostApi& api, const DynamicLibrary& library) {
  Binder required(library);
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
  Binder required(library);
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

std::vector<std::string> library_names() {
  std::vector<std::string> names;
  const auto add = [&names](const char* variable, const char* otherwise, std::string_view rest) {
    const char* const value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
    const char* const start = value != nullptr && *value != '\0' ? value : otherwise;
    if (start != nullptr) names.push_back(fmt::format("{}{}", start, rest));
  };
  add("GABLE_CUPTI_LIB", nullptr, "");
  const std::vector<std::string> plain = cuda_library_names("cupti");
  names.insert(names.end(), plain.begin(), plain.end());
  // Toolkits keep CUPTI in a folder of its own, which is on no search path.
  for (const std::string_view rest : {"/extras/CUPTI/lib64/libcupti.so", "/lib64/libcupti.so"}) {
    add("CUDA_HOME", "/usr/local/cuda", rest);
  }
  return names;
}

/// By the number, not the name: the headers of CUDA 12 lack some of the names. Causes of 35: NVIDIA's page
/// developer.nvidia.com/CUPTI_ERROR_INSUFFICIENT_PRIVILEGES; of 39: cupti_callbacks.h on cuptiSubscribe.
struct Trouble {
  int result;
  std::string_view text;
};
constexpr std::array kTroubles = {
    Trouble{15, "the driver is missing or older than this CUPTI; update it, or name an older CUPTI in GABLE_CUPTI_LIB"},
    Trouble{26, "the counters are in use; if DCGM holds them: dcgmi profiling --pause"},
    Trouble{33, "this virtual GPU cannot be profiled; its host must allow it"},
    Trouble{35,
            "the driver lets only administrators profile; run as root or with CAP_SYS_ADMIN, or load the driver with "
            "NVreg_RestrictProfilingToAdminUsers=0"},
    Trouble{
        39,
        "another profiler is attached (nsys, ncu, a debugger, torch.profiler); run without it, or import its trace"},
    Trouble{40, "this virtual GPU may not be profiled; its host must allow it"},
    Trouble{41, "a GPU in confidential computing mode cannot be profiled"},
    Trouble{42, "a mining GPU cannot be profiled"},
    Trouble{43, "this instance of a GPU in MIG mode cannot be profiled; use a whole GPU"},
    Trouble{45, "under WSL this needs a newer driver, and profiling allowed in the NVIDIA Control Panel"},
    Trouble{46, "this CUPTI does not know the GPU; use a newer one"},
};

/// "" where there is none.
std::string_view remedy(int result) {
  const auto* const found = std::ranges::find(kTroubles, result, &Trouble::result);
  return found == kTroubles.end() ? std::string_view{} : found->text;
}

}  // namespace

const CuptiApi& cupti_api() {
  static const CuptiApi api = [] {
    CuptiApi loaded;
    const std::vector<std::string> names = library_names();
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
  const std::string_view text = remedy(number);
  if (text.empty()) return fmt::format("CUPTI failed with error {} in {}", number, call);
  return fmt::format("{} (CUPTI error {} in {})", text, number, call);
}

void check_cupti(CUptiResult result, std::string_view call, const char* file, int line) {
  if (result == CUPTI_SUCCESS) return;
  const int number = static_cast<int>(result);
  if (!remedy(number).empty()) throw CuptiRefusal(result, cupti_trouble(result, call));
  throw DeviceError(call, fmt::format("CUPTI error {}", number), file, line);
}

std::string dropped_records(std::int64_t count) {
  return fmt::format("{} of the profiler lost, times are too low; measure a smaller step", counted(count, "record"));
}

}  // namespace gable
