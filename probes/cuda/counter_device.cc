#include "probes/cuda/counter_device.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <string_view>
#include <utility>

#include "analyzer/base/error.h"
#include "probes/dynamic_library.h"

namespace gable {

std::string chip_name(const CuptiRangeApi& api, int device) {
  auto call = cupti_params<CUpti_Device_GetChipName_Params>(CUpti_Device_GetChipName_Params_STRUCT_SIZE);
  call.deviceIndex = static_cast<std::size_t>(device);
  check_cupti(api.get_chip_name(&call), "cuptiDeviceGetChipName");
  return call.pChipName;
}

void check_counters_supported(const CuptiRangeApi& api, int device) {
  auto call = cupti_params<CUpti_Profiler_DeviceSupported_Params>(CUpti_Profiler_DeviceSupported_Params_STRUCT_SIZE);
  call.cuDevice = device;
  call.api = CUPTI_PROFILER_RANGE_PROFILING;
  check_cupti(api.device_supported(&call), "cuptiProfilerDeviceSupported");
  if (call.isSupported == CUPTI_PROFILER_CONFIGURATION_SUPPORTED) return;
  const std::array<std::pair<CUpti_Profiler_Support_Level, std::string_view>, 6> causes = {{
      {call.architecture, "its architecture is too old"},
      {call.sli, "SLI is on"},
      {call.vGpu, "its host does not allow it for a virtual GPU"},
      {call.confidentialCompute, "it is in confidential computing mode"},
      {call.cmp, "it is a mining GPU"},
      {call.wsl, "WSL does not support it"},
  }};
  std::string_view why = "CUPTI does not say why";
  for (const auto& [level, text] : causes) {
    if (level == CUPTI_PROFILER_CONFIGURATION_UNSUPPORTED || level == CUPTI_PROFILER_CONFIGURATION_DISABLED) why = text;
  }
  throw CapabilityError(fmt::format("the counters of this GPU cannot be read: {}", why));
}

std::vector<std::uint8_t> counter_availability(const CuptiRangeApi& api, CUcontext context) {
  auto call = cupti_params<CUpti_Profiler_GetCounterAvailability_Params>(
      CUpti_Profiler_GetCounterAvailability_Params_STRUCT_SIZE);
  call.ctx = context;
  check_cupti(api.get_counter_availability(&call), "cuptiProfilerGetCounterAvailability");
  std::vector<std::uint8_t> image(call.counterAvailabilityImageSize);
  call.pCounterAvailabilityImage = image.data();
  check_cupti(api.get_counter_availability(&call), "cuptiProfilerGetCounterAvailability");
  return image;
}

CurrentContext driver_current_context() {
  static const DynamicLibrary driver(std::array<std::string, 1>{"libcuda.so.1"});
  CurrentContext current = nullptr;
  driver.bind(current, "cuCtxGetCurrent");
  return current;
}

std::string admin_only_note(const std::string& params_path) {
  std::ifstream file(params_path);
  for (std::string line; std::getline(file, line);) {
    if (line == "RmProfilingAdminOnly: 1") return fmt::format("; {} says RmProfilingAdminOnly: 1", params_path);
  }
  return "";
}

}  // namespace gable
