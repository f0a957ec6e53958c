// The runtime and NVML of the device that is not there.
#include <cstdlib>
#include <cstring>

#include "tests/cuda_fake.h"
#include "tests/cuda_fake_lt.h"

namespace gable::cuda::fake {
namespace {

/// Two SMs of a Hopper at 1 GHz, 64 bits of memory at 1 GHz, 64 KiB of L2.
int attribute(cudaDeviceAttr which) {
  switch (which) {
    case cudaDevAttrComputeCapabilityMajor:
      return 9;
    case cudaDevAttrMultiProcessorCount:
      return 2;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate:
      return 1000000;
    case cudaDevAttrGlobalMemoryBusWidth:
      return 64;
    case cudaDevAttrL2CacheSize:
      return 65536;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return 2048;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      return 49152;
    default:
      return 0;
  }
}

cudaError_t allocate(void** out, std::size_t bytes) {
  *out = std::calloc(bytes, 1);
  ++state().live_allocations;
  return cudaSuccess;
}

cudaError_t release(void* data) {
  std::free(data);
  --state().live_allocations;
  return cudaSuccess;
}

cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind /*kind*/) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t copy_async(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t /*stream*/) {
  ++state().launches["copy"];
  state().clock_s += static_cast<double>(bytes) / state().link_bytes_per_s;
  copy(to, from, bytes, kind);
  if (state().corrupt) ++*static_cast<char*>(to);
  return cudaSuccess;
}

void set_device(RuntimeApi& api) {
  api.get_device_count = [](int* n) {
    *n = 1;
    return cudaSuccess;
  };
  api.driver_get_version = [](int* v) {
    *v = 13020;
    return cudaSuccess;
  };
  api.runtime_get_version = [](int* v) {
    *v = 13000;
    return cudaSuccess;
  };
  api.get_device_properties = [](cudaDeviceProp* p, int /*device*/) {
    std::strcpy(p->name, "NVIDIA Test");
    return cudaSuccess;
  };
  api.device_get_attribute = [](int* value, cudaDeviceAttr which, int /*device*/) {
    *value = attribute(which);
    return cudaSuccess;
  };
  api.device_get_pci_bus_id = [](char* text, int /*length*/, int /*device*/) {
    std::strcpy(text, "0000:01:00.0");
    return cudaSuccess;
  };
  api.get_device = [](int* device) {
    *device = 0;
    return cudaSuccess;
  };
  api.set_device = [](int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; };
  api.device_synchronize = [] { return cudaSuccess; };
  api.get_last_error = [] { return cudaSuccess; };
  api.mem_get_info = [](std::size_t* free, std::size_t* total) {
    *free = static_cast<std::size_t>(state().free_bytes);
    *total = *free;
    return cudaSuccess;
  };
}

void set_streams(RuntimeApi& api) {
  api.stream_create = [](cudaStream_t* stream, unsigned /*flags*/) {
    *stream = nullptr;
    return cudaSuccess;
  };
  api.stream_destroy = [](cudaStream_t /*stream*/) { return cudaSuccess; };
  api.stream_synchronize = [](cudaStream_t /*stream*/) { return cudaSuccess; };
  api.stream_begin_capture = [](cudaStream_t /*stream*/, cudaStreamCaptureMode /*mode*/) {
    state().capturing = true;
    state().captured_s = 0;
    return cudaSuccess;
  };
  // A graph is how long it takes.
  api.stream_end_capture = [](cudaStream_t /*stream*/, cudaGraph_t* graph) {
    state().capturing = false;
    *graph = reinterpret_cast<cudaGraph_t>(new double(state().captured_s));
    return cudaSuccess;
  };
  api.graph_instantiate = [](cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long /*flags*/) {
    *exec = reinterpret_cast<cudaGraphExec_t>(new double(*reinterpret_cast<double*>(graph)));
    return cudaSuccess;
  };
  api.graph_launch = [](cudaGraphExec_t exec, cudaStream_t /*stream*/) {
    ++state().launches["graph"];
    state().clock_s += *reinterpret_cast<double*>(exec);
    return cudaSuccess;
  };
  api.graph_exec_destroy = [](cudaGraphExec_t exec) {
    delete reinterpret_cast<double*>(exec);
    return cudaSuccess;
  };
  api.graph_destroy = [](cudaGraph_t graph) {
    delete reinterpret_cast<double*>(graph);
    return cudaSuccess;
  };
}

/// An event is when it happened.
void set_events(RuntimeApi& api) {
  api.event_create = [](cudaEvent_t* event, unsigned /*flags*/) {
    *event = reinterpret_cast<cudaEvent_t>(new double(0));
    return cudaSuccess;
  };
  api.event_destroy = [](cudaEvent_t event) {
    delete reinterpret_cast<double*>(event);
    return cudaSuccess;
  };
  api.event_record = [](cudaEvent_t event, cudaStream_t /*stream*/) {
    *reinterpret_cast<double*>(event) = state().clock_s;
    return cudaSuccess;
  };
  api.event_synchronize = [](cudaEvent_t /*event*/) { return cudaSuccess; };
  api.event_elapsed_time = [](float* ms, cudaEvent_t begin, cudaEvent_t end) {
    *ms = static_cast<float>(1e3 * (*reinterpret_cast<double*>(end) - *reinterpret_cast<double*>(begin)));
    return cudaSuccess;
  };
}

NvmlApi make_nvml() {
  NvmlApi api;
  api.why_not = "";
  api.device_by_pci_bus_id = [](const char* id, NvmlApi::Device* device) {
    static int card = 0;
    *device = &card;
    return std::strcmp(id, "0000:01:00.0") == 0 ? 0 : 1;
  };
  api.driver_version = [](char* text, unsigned /*length*/) {
    std::strcpy(text, "580.65.06");
    return 0;
  };
  api.clock_info = [](NvmlApi::Device /*device*/, int clock, unsigned* mhz) {
    *mhz = clock == 1 ? 990 : 1000;
    return 0;
  };
  api.power_usage = [](NvmlApi::Device /*device*/, unsigned* mw) {
    *mw = 350500;
    return 0;
  };
  api.temperature = [](NvmlApi::Device /*device*/, int /*sensor*/, unsigned* celsius) {
    *celsius = 61;
    return 0;
  };
  api.pcie_generation = [](NvmlApi::Device /*device*/, unsigned* generation) {
    *generation = 3;
    return 0;
  };
  api.pcie_width = [](NvmlApi::Device /*device*/, unsigned* width) {
    *width = 8;
    return 0;
  };
  return api;  // the others are missing, as in an old driver
}

CudaApi make_api() {
  CudaApi api;
  set_device(api.runtime);
  set_streams(api.runtime);
  set_events(api.runtime);
  api.runtime.malloc = allocate;
  api.runtime.free = release;
  api.runtime.malloc_host = allocate;
  api.runtime.free_host = release;
  api.runtime.memcpy = copy;
  api.runtime.memcpy_async = copy_async;
  api.lt = make_lt();
  api.nvml = make_nvml();
  return api;
}

}  // namespace

const CudaApi& api() {
  static const CudaApi table = make_api();
  return table;
}

}  // namespace gable::cuda::fake
