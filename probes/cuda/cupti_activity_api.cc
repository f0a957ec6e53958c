#include "probes/cuda/cupti_activity_api.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace gable {
namespace {

/// Calls that launch nothing and come by the thousand; as libkineto.
constexpr std::array kQuietRuntime = {CUPTI_RUNTIME_TRACE_CBID_cudaGetDevice_v3020,
                                      CUPTI_RUNTIME_TRACE_CBID_cudaSetDevice_v3020,
                                      CUPTI_RUNTIME_TRACE_CBID_cudaGetLastError_v3020};
constexpr std::array kQuietDriver = {CUPTI_DRIVER_TRACE_CBID_cuKernelGetAttribute,
                                     CUPTI_DRIVER_TRACE_CBID_cuDevicePrimaryCtxGetState,
                                     CUPTI_DRIVER_TRACE_CBID_cuCtxGetCurrent};

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

}  // namespace

std::vector<std::string> cupti_library_names() {
  std::vector<std::string> names;
  const auto add = [&names](const char* variable, const char* otherwise, const char* rest) {
    const char* const value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
    const char* const start = value != nullptr && *value != '\0' ? value : otherwise;
    if (start != nullptr) names.push_back(std::string(start) + rest);
  };
  add("GABLE_CUPTI_LIB", nullptr, "");
  const std::vector<std::string> plain = cuda_library_names("cupti");
  names.insert(names.end(), plain.begin(), plain.end());
  // Toolkits keep CUPTI in a folder of its own, which is on no search path.
  for (const char* const rest : {"/extras/CUPTI/lib64/libcupti.so", "/lib64/libcupti.so"}) {
    add("CUDA_HOME", "/usr/local/cuda", rest);
  }
  return names;
}

void bind(CuptiActivityApi& api, const DynamicLibrary& library) {
  CuptiBinder required(library);
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
  library.bind(api.get_callback_name, "cuptiGetCallbackName");
  library.bind(api.flush_period, "cuptiActivityFlushPeriod");
  library.bind(api.register_timestamp_callback, "cuptiActivityRegisterTimestampCallback");
  library.bind(api.set_thread_id_type, "cuptiSetThreadIdType");
  api.why_not = required.why_not();
}

void silence_chatter(const CuptiActivityApi& api) {
  if (api.enable_runtime_api != nullptr) {
    for (const auto id : kQuietRuntime) api.enable_runtime_api(static_cast<CUpti_CallbackId>(id), 0);
  }
  if (api.enable_driver_api != nullptr) {
    for (const auto id : kQuietDriver) api.enable_driver_api(static_cast<CUpti_CallbackId>(id), 0);
  }
}

std::string_view cupti_remedy(int result) {
  const auto* const found = std::ranges::find(kTroubles, result, &Trouble::result);
  return found == kTroubles.end() ? std::string_view{} : found->text;
}

}  // namespace gable
