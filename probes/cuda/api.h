// The seams to CUDA's libraries: tables of function pointers. The real ones come from cuda_api(); tests fill tables
// with fakes and need no GPU. What the toolkit links (the runtime) is in a table for that reason alone; cuBLASLt and
// NVML are loaded when the table is first asked for.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <string>

#include "analyzer/base/error.h"

namespace gable {

/// The calls of the CUDA runtime that this program uses, under their own names.
struct RuntimeApi {
  decltype(&::cudaGetDeviceCount) get_device_count = nullptr;
  decltype(&::cudaDriverGetVersion) driver_get_version = nullptr;
  decltype(&::cudaRuntimeGetVersion) runtime_get_version = nullptr;
  decltype(&::cudaGetDeviceProperties) get_device_properties = nullptr;
  decltype(&::cudaDeviceGetAttribute) device_get_attribute = nullptr;
  decltype(&::cudaDeviceGetPCIBusId) device_get_pci_bus_id = nullptr;
  decltype(&::cudaGetDevice) get_device = nullptr;
  decltype(&::cudaSetDevice) set_device = nullptr;
  decltype(&::cudaDeviceSynchronize) device_synchronize = nullptr;
  decltype(&::cudaGetLastError) get_last_error = nullptr;
  decltype(&::cudaMemGetInfo) mem_get_info = nullptr;
  cudaError_t (*malloc)(void**, std::size_t) = nullptr;
  decltype(&::cudaFree) free = nullptr;
  cudaError_t (*malloc_host)(void**, std::size_t) = nullptr;
  decltype(&::cudaFreeHost) free_host = nullptr;
  decltype(&::cudaMemcpy) memcpy = nullptr;
  decltype(&::cudaMemcpyAsync) memcpy_async = nullptr;
  decltype(&::cudaMemsetAsync) memset_async = nullptr;
  decltype(&::cudaStreamCreateWithFlags) stream_create = nullptr;
  decltype(&::cudaStreamDestroy) stream_destroy = nullptr;
  decltype(&::cudaStreamSynchronize) stream_synchronize = nullptr;
  decltype(&::cudaStreamBeginCapture) stream_begin_capture = nullptr;
  decltype(&::cudaStreamEndCapture) stream_end_capture = nullptr;
  cudaError_t (*graph_instantiate)(cudaGraphExec_t*, cudaGraph_t, unsigned long long) = nullptr;
  decltype(&::cudaGraphLaunch) graph_launch = nullptr;
  decltype(&::cudaGraphExecDestroy) graph_exec_destroy = nullptr;
  decltype(&::cudaGraphDestroy) graph_destroy = nullptr;
  decltype(&::cudaEventCreateWithFlags) event_create = nullptr;
  decltype(&::cudaEventDestroy) event_destroy = nullptr;
  decltype(&::cudaEventRecord) event_record = nullptr;
  decltype(&::cudaEventSynchronize) event_synchronize = nullptr;
  decltype(&::cudaEventElapsedTime) event_elapsed_time = nullptr;
};

/// The calls of cuBLASLt that this program uses. All are set, or `why_not` says why none is.
struct LtApi {
  std::string library;                 ///< the name that it was loaded by
  std::string why_not = "not loaded";  ///< "" where the table is usable
  decltype(&::cublasLtGetVersion) get_version = nullptr;
  decltype(&::cublasLtGetStatusName) get_status_name = nullptr;
  decltype(&::cublasLtCreate) create = nullptr;
  decltype(&::cublasLtDestroy) destroy = nullptr;
  decltype(&::cublasLtMatmulDescCreate) desc_create = nullptr;
  decltype(&::cublasLtMatmulDescDestroy) desc_destroy = nullptr;
  decltype(&::cublasLtMatmulDescSetAttribute) desc_set = nullptr;
  decltype(&::cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&::cublasLtMatrixLayoutDestroy) layout_destroy = nullptr;
  decltype(&::cublasLtMatrixLayoutSetAttribute) layout_set = nullptr;
  decltype(&::cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&::cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&::cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&::cublasLtMatmulAlgoGetHeuristic) get_heuristic = nullptr;
  decltype(&::cublasLtMatmulAlgoConfigGetAttribute) algo_get = nullptr;
  decltype(&::cublasLtMatmul) matmul = nullptr;
};

/// The few calls of NVML, declared here because no toolkit from wheels has nvml.h. Each may be null: what is missing,
/// not permitted or refused under MIG is left out of the figures. All return 0 on success.
struct NvmlApi {
  std::string why_not = "not loaded";  ///< "" where the library is open and initialised
  using Device = void*;
  int (*device_by_pci_bus_id)(const char*, Device*) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*clock_info)(Device, int, unsigned*) = nullptr;   ///< clock 1: SM, 2: memory; MHz
  int (*power_usage)(Device, unsigned*) = nullptr;       ///< mW
  int (*temperature)(Device, int, unsigned*) = nullptr;  ///< sensor 0: the GPU; degrees Celsius
  int (*clocks_event_reasons)(Device, unsigned long long*) = nullptr;
  int (*power_limit)(Device, unsigned*) = nullptr;      ///< enforced; mW
  int (*pcie_generation)(Device, unsigned*) = nullptr;  ///< of the link as it is now
  int (*pcie_width)(Device, unsigned*) = nullptr;
  int (*mig_mode)(Device, unsigned*, unsigned*) = nullptr;  ///< now, after a reset
};

struct CudaApi {
  RuntimeApi runtime;
  LtApi lt;
  NvmlApi nvml;
};

/// The real tables; libraries are loaded by the first call.
const CudaApi& cuda_api();
/// The runtime alone, which loads nothing.
const RuntimeApi& cuda_runtime();

/// @throws DeviceError where a call of the runtime failed; the place is the caller's
inline void check_cuda(cudaError_t status, std::string_view call, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE()) {
  if (status != cudaSuccess) throw DeviceError(call, ::cudaGetErrorName(status), file, line);
}

/// @throws DeviceError where a call of cuBLASLt failed
void check_lt(const LtApi& lt, cublasStatus_t status, std::string_view call, const char* file = __builtin_FILE(),
              int line = __builtin_LINE());

}  // namespace gable
