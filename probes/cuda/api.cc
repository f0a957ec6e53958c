#include "probes/cuda/api.h"

#include <fmt/format.h>

#include "probes/dynamic_library.h"

namespace gable {
namespace {

RuntimeApi real_runtime() {
  RuntimeApi api;
  api.get_device_count = ::cudaGetDeviceCount;
  api.driver_get_version = ::cudaDriverGetVersion;
  api.runtime_get_version = ::cudaRuntimeGetVersion;
  api.get_device_properties = ::cudaGetDeviceProperties;
  api.device_get_attribute = ::cudaDeviceGetAttribute;
  api.device_get_pci_bus_id = ::cudaDeviceGetPCIBusId;
  api.get_device = ::cudaGetDevice;
  api.set_device = ::cudaSetDevice;
  api.device_synchronize = ::cudaDeviceSynchronize;
  api.get_last_error = ::cudaGetLastError;
  api.mem_get_info = ::cudaMemGetInfo;
  api.malloc = ::cudaMalloc;
  api.free = ::cudaFree;
  api.malloc_host = ::cudaMallocHost;
  api.free_host = ::cudaFreeHost;
  api.memcpy = ::cudaMemcpy;
  api.memcpy_async = ::cudaMemcpyAsync;
  api.memset_async = ::cudaMemsetAsync;
  api.stream_create = ::cudaStreamCreateWithFlags;
  api.stream_destroy = ::cudaStreamDestroy;
  api.stream_synchronize = ::cudaStreamSynchronize;
  api.stream_begin_capture = ::cudaStreamBeginCapture;
  api.stream_end_capture = ::cudaStreamEndCapture;
  api.graph_instantiate = ::cudaGraphInstantiate;
  api.graph_launch = ::cudaGraphLaunch;
  api.graph_exec_destroy = ::cudaGraphExecDestroy;
  api.graph_destroy = ::cudaGraphDestroy;
  api.event_create = ::cudaEventCreateWithFlags;
  api.event_destroy = ::cudaEventDestroy;
  api.event_record = ::cudaEventRecord;
  api.event_synchronize = ::cudaEventSynchronize;
  api.event_elapsed_time = ::cudaEventElapsedTime;
  return api;
}

LtApi real_lt() {
  LtApi api;
  const DynamicLibrary library(cuda_library_names("cublasLt"));
  api.library = library.name();
  api.why_not = library.why_not();
  if (!library) return api;
  const bool complete =
      library.bind(api.get_version, "cublasLtGetVersion") &&
      library.bind(api.get_status_name, "cublasLtGetStatusName") && library.bind(api.create, "cublasLtCreate") &&
      library.bind(api.destroy, "cublasLtDestroy") && library.bind(api.desc_create, "cublasLtMatmulDescCreate") &&
      library.bind(api.desc_destroy, "cublasLtMatmulDescDestroy") &&
      library.bind(api.desc_set, "cublasLtMatmulDescSetAttribute") &&
      library.bind(api.layout_create, "cublasLtMatrixLayoutCreate") &&
      library.bind(api.layout_destroy, "cublasLtMatrixLayoutDestroy") &&
      library.bind(api.layout_set, "cublasLtMatrixLayoutSetAttribute") &&
      library.bind(api.preference_create, "cublasLtMatmulPreferenceCreate") &&
      library.bind(api.preference_destroy, "cublasLtMatmulPreferenceDestroy") &&
      library.bind(api.preference_set, "cublasLtMatmulPreferenceSetAttribute") &&
      library.bind(api.get_heuristic, "cublasLtMatmulAlgoGetHeuristic") &&
      library.bind(api.algo_get, "cublasLtMatmulAlgoConfigGetAttribute") && library.bind(api.matmul, "cublasLtMatmul");
  if (!complete)
    api.why_not = fmt::format("{} lacks a function that is needed; version 12 or later has all", api.library);
  return api;
}

NvmlApi real_nvml() {
  NvmlApi api;
  const DynamicLibrary library(std::vector<std::string>{"libnvidia-ml.so.1"});
  api.why_not = library.why_not();
  if (!library) return api;
  int (*init)() = nullptr;
  if (!library.bind(init, "nvmlInit_v2") || init() != 0) {
    api.why_not = "libnvidia-ml.so.1: nvmlInit_v2 failed";
    return api;
  }
  // Any of these may be missing in a driver; callers look.
  library.bind(api.device_by_pci_bus_id, "nvmlDeviceGetHandleByPciBusId_v2");
  library.bind(api.driver_version, "nvmlSystemGetDriverVersion");
  library.bind(api.clock_info, "nvmlDeviceGetClockInfo");
  library.bind(api.power_usage, "nvmlDeviceGetPowerUsage");
  library.bind(api.temperature, "nvmlDeviceGetTemperature");
  if (!library.bind(api.clocks_event_reasons, "nvmlDeviceGetCurrentClocksEventReasons")) {
    library.bind(api.clocks_event_reasons, "nvmlDeviceGetCurrentClocksThrottleReasons");  // before driver 535
  }
  library.bind(api.power_limit, "nvmlDeviceGetEnforcedPowerLimit");
  library.bind(api.pcie_generation, "nvmlDeviceGetCurrPcieLinkGeneration");
  library.bind(api.pcie_width, "nvmlDeviceGetCurrPcieLinkWidth");
  library.bind(api.mig_mode, "nvmlDeviceGetMigMode");
  return api;
}

}  // namespace

const CudaApi& cuda_api() {
  static const CudaApi api{cuda_runtime(), real_lt(), real_nvml()};
  return api;
}

const RuntimeApi& cuda_runtime() {
  static const RuntimeApi api = real_runtime();
  return api;
}

}  // namespace gable
