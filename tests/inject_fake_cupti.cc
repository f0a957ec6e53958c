// A CUPTI without a GPU, as a library that is loaded in its place: fake_launch() makes the records of a launch, in the
// layout of the version that $FAKE_CUPTI_VERSION names.
#include <cupti.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "probes/cuda/cupti_layouts.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Fake {
  std::mutex mutex;
  CUpti_BuffersCallbackRequestFunc request = nullptr;
  CUpti_BuffersCallbackCompleteFunc complete = nullptr;
  CUpti_TimestampCallbackFunc clock = nullptr;
  std::uint8_t* buffer = nullptr;
  std::size_t size = 0;
  std::size_t used = 0;
  std::map<std::uint8_t*, std::vector<std::size_t>> offsets;  ///< of the records in a buffer
  std::map<int, bool> enabled;
  bool system_ids = false;
  std::size_t dropped = 0;
};

Fake& fake() {
  static auto& state = *new Fake;
  return state;
}

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint32_t version() { return static_cast<std::uint32_t>(number("FAKE_CUPTI_VERSION", 130000)); }

/// As CUPTI's own thread does.
void hand_over() {
  Fake& state = fake();
  std::uint8_t* const full = std::exchange(state.buffer, nullptr);
  const std::size_t used = std::exchange(state.used, 0);
  if (full != nullptr) std::thread([&] { state.complete(nullptr, 0, full, state.size, used); }).join();
}

template <typename Record>
void put(const Record& record) {
  Fake& state = fake();
  if (!state.enabled[record.kind]) return;
  if (state.buffer != nullptr && state.used + sizeof record > state.size) hand_over();
  if (state.buffer == nullptr) {
    std::size_t most = 0;
    state.request(&state.buffer, &state.size, &most);
  }
  std::memcpy(state.buffer + state.used, &record, sizeof record);
  state.offsets[state.buffer].push_back(state.used);
  state.used += sizeof record;
}

template <typename Kernel>
void put_kernel(std::uint32_t correlation, std::uint64_t start, std::uint64_t node) {
  Kernel record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.start = start;
  record.end = start + 1500;
  record.deviceId = 0;
  record.contextId = 1;
  record.streamId = 7;
  record.correlationId = correlation;
  record.gridX = 128;
  record.gridY = 2;
  record.gridZ = 1;
  record.blockX = 256;
  record.blockY = record.blockZ = 1;
  record.registersPerThread = 32;
  record.staticSharedMemory = 1024;
  record.dynamicSharedMemory = 48;
  record.graphNodeId = node;
  record.graphId = node == 0 ? 0 : 5;
  record.name = "_Z4gemmPf";
  put(record);
}

void put_call(CUpti_ActivityKind kind, std::uint32_t id, std::uint32_t correlation, std::uint64_t start) {
  CUpti_ActivityAPI record{};
  record.kind = kind;
  record.cbid = id;
  record.start = start;
  record.end = start + 500;
  record.threadId =
      fake().system_ids ? static_cast<std::uint32_t>(syscall(SYS_gettid)) : static_cast<std::uint32_t>(pthread_self());
  record.correlationId = correlation;
  put(record);
}

void put_copy(std::uint32_t correlation, std::uint64_t start) {
  CUpti_ActivityMemcpy5 copy{};
  copy.kind = CUPTI_ACTIVITY_KIND_MEMCPY;
  copy.copyKind = 1;
  copy.srcKind = 2;
  copy.dstKind = 3;
  copy.bytes = 4096;
  copy.start = start;
  copy.end = start + 100;
  copy.streamId = 7;
  copy.correlationId = correlation;
  put(copy);
  CUpti_ActivityMemset4 fill{};
  fill.kind = CUPTI_ACTIVITY_KIND_MEMSET;
  fill.memoryKind = 3;
  fill.bytes = 64;
  fill.start = start + 100;
  fill.end = start + 150;
  fill.streamId = 7;
  fill.correlationId = correlation;
  put(fill);
}

}  // namespace

/// A launch of a kernel, of a graph of one node, a copy and a call that launches nothing.
EXPORT void fake_launch(std::uint32_t launch) {
  const std::lock_guard lock(fake().mutex);
  if (fake().clock == nullptr) return;  // nobody records
  const std::uint64_t now = fake().clock();
  const auto kernel =
      version() >= gable::kCupti13 ? put_kernel<gable::NewestKernel> : put_kernel<CUpti_ActivityKernel9>;
  put_call(CUPTI_ACTIVITY_KIND_RUNTIME, CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_v7000, launch, now);
  put_call(CUPTI_ACTIVITY_KIND_RUNTIME, CUPTI_RUNTIME_TRACE_CBID_cudaGetDevice_v3020, launch + 3000000, now);
  put_call(CUPTI_ACTIVITY_KIND_DRIVER, CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch, launch + 1000000, now);
  kernel(launch, now + 1000, 0);
  kernel(launch + 1000000, now + 3000, 77);
  CUpti_ActivityGraphTrace graph{};
  graph.kind = CUPTI_ACTIVITY_KIND_GRAPH_TRACE;
  graph.correlationId = launch + 1000000;
  graph.start = now + 3000;
  graph.end = now + 4500;
  graph.graphId = 5;
  graph.streamId = 7;
  put(graph);
  put_copy(launch + 2000000, now + 6000);
}

EXPORT CUptiResult cuptiGetVersion(std::uint32_t* out) {
  *out = version();
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiGetTimestamp(std::uint64_t* out) {
  *out = fake().clock();
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiSubscribe(CUpti_SubscriberHandle* handle, CUpti_CallbackFunc, void*) {
  *handle = reinterpret_cast<CUpti_SubscriberHandle>(&fake());
  return static_cast<CUptiResult>(number("FAKE_CUPTI_SUBSCRIBE", 0));
}
EXPORT CUptiResult cuptiUnsubscribe(CUpti_SubscriberHandle) { return CUPTI_SUCCESS; }
EXPORT CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc request,
                                                  CUpti_BuffersCallbackCompleteFunc complete) {
  fake().request = request;
  fake().complete = complete;
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiActivityRegisterTimestampCallback(CUpti_TimestampCallbackFunc clock) {
  for (const auto& [kind, on] : fake().enabled) {
    if (on) return CUPTI_ERROR_INVALID_OPERATION;
  }
  fake().clock = clock;
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiSetThreadIdType(CUpti_ActivityThreadIdType type) {
  if (number("FAKE_CUPTI_OLD", 0) != 0) return CUPTI_ERROR_NOT_SUPPORTED;
  fake().system_ids = type == CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM;
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiActivityEnable(CUpti_ActivityKind kind) {
  if (number("FAKE_CUPTI_REFUSES", 0) == static_cast<std::uint64_t>(kind)) return CUPTI_ERROR_NOT_INITIALIZED;
  fake().enabled[kind] = true;
  if (kind != CUPTI_ACTIVITY_KIND_DEVICE) return CUPTI_SUCCESS;
  CUpti_ActivityDevice4 device{};
  device.kind = CUPTI_ACTIVITY_KIND_DEVICE;
  device.isCudaVisible = number("FAKE_CUPTI_NO_DEVICE", 0) == 0 ? 1 : 0;
  device.name = "NVIDIA \"Fake\"";
  device.computeCapabilityMajor = 9;
  device.numMultiprocessors = 132;
  device.globalMemorySize = 150000000000;
  put(device);
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiActivityDisable(CUpti_ActivityKind kind) {
  fake().enabled[kind] = false;
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiActivityFlushAll(std::uint32_t) {
  const std::lock_guard lock(fake().mutex);
  fake().dropped = number("FAKE_CUPTI_DROPS", 0);
  hand_over();
  return CUPTI_SUCCESS;
}
/// The real one flushes again and again.
EXPORT CUptiResult cuptiActivityFlushPeriod(std::uint32_t ms) {
  std::thread([ms] {
    while (true) {
      usleep(ms * 1000);
      cuptiActivityFlushAll(0);
    }
  }).detach();
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiActivityGetNextRecord(std::uint8_t* buffer, std::size_t, CUpti_Activity** record) {
  std::vector<std::size_t>& left = fake().offsets[buffer];
  if (left.empty()) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(buffer + left.front());
  left.erase(left.begin());
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiActivityGetNumDroppedRecords(CUcontext, std::uint32_t, std::size_t* dropped) {
  *dropped = std::exchange(fake().dropped, 0);
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiActivityPushExternalCorrelationId(CUpti_ExternalCorrelationKind, std::uint64_t) {
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiActivityPopExternalCorrelationId(CUpti_ExternalCorrelationKind, std::uint64_t*) {
  return CUPTI_SUCCESS;
}
EXPORT CUptiResult cuptiGetCallbackName(CUpti_CallbackDomain domain, std::uint32_t id, const char** name) {
  *name = domain == CUPTI_CB_DOMAIN_DRIVER_API                    ? "cuGraphLaunch_ptsz"
          : id == CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_v7000 ? "cudaLaunchKernel_v7000"
                                                                  : "cudaGetDevice_v3020";
  return CUPTI_SUCCESS;
}
