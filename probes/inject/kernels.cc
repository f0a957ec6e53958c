// The driver calls InitializeInjection in a process's first call of CUDA: what runs on its devices is recorded from
// then on, through CUPTI's Activity API.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "probes/cuda/buffer_pool.h"
#include "probes/cuda/cupti_activity_api.h"
#include "probes/cuda/cupti_layouts.h"
#include "probes/inject/driver.h"
#include "probes/inject/record_lines.h"
#include "probes/inject/recording.h"

namespace gable::inject {
namespace {

constexpr int kMultipleSubscribers = 39;
constexpr std::uint32_t kFlushMs = 1000;
constexpr std::uint64_t kCudaMajor = 1000;  ///< 13000 is CUDA 13.0

/// What the callbacks of CUPTI use; it gives them no pointer of ours. Made once, never deleted: they may come late.
struct Kernels {
  explicit Kernels(const CuptiActivityApi& table) : api(table), names(api.get_callback_name) {}

  CuptiActivityApi api;
  Recording* recording = nullptr;
  Names names;
  RecordSource source;
  BufferPool pool;
};
std::atomic<Kernels*> kernels{nullptr};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

std::uint64_t CUPTIAPI timestamp() { return now_ns(); }

void CUPTIAPI on_buffer_requested(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
  Kernels& to = *kernels.load();
  *buffer = to.pool.take(to.source.version < kCuptiBearsNoBuffer);
  *size = *buffer == nullptr ? 0 : BufferPool::kBufferBytes;
  *most_records = 0;  // as many as fit
}

/// The facts of a device are a line, too, for a file whose end is never written.
void take_devices(const RecordLines& from, Recording& to) {
  for (const std::string& device : from.devices) {
    to.add_device(device);
    to.write(R"({"ph":"M","name":"gable_device","pid":0,"args":)" + device + "},\n", 0);
  }
}

void read_buffer(Kernels& to, std::uint8_t* buffer, std::size_t bytes) {
  RecordLines read;
  CUpti_Activity* record = nullptr;
  CUptiResult status = CUPTI_SUCCESS;
  while ((status = to.api.get_next_record(buffer, bytes, &record)) == CUPTI_SUCCESS)
    add_record(*record, to.source, read);
  if (status != CUPTI_ERROR_MAX_LIMIT_REACHED) ++read.lost;  // an incomplete record hides those after it
  to.recording->lost(read.lost);
  take_devices(read, *to.recording);
  if (read.events > 0) to.recording->write(read.lines, read.events);
}

/// On CUPTI's thread, or on one that flushes: no call of CUDA, and no lock during a call of CUPTI.
void CUPTIAPI on_buffer_completed(CUcontext context, std::uint32_t stream, std::uint8_t* buffer, std::size_t /*size*/,
                                  std::size_t valid_bytes) {
  Kernels& to = *kernels.load();
  try {
    std::size_t lost = 0;
    if (to.api.get_num_dropped_records(context, stream, &lost) == CUPTI_SUCCESS) to.recording->lost(lost);
    if (valid_bytes > 0) read_buffer(to, buffer, valid_bytes);
  } catch (...) {
    to.recording->lost(1);
  }
  try {
    to.pool.give_back(buffer);
  } catch (...) {  // it stays with us
  }
}

void CUPTIAPI on_callback(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}

/// Once, when the program ends, and not in a child of it: later CUPTI may have ended itself.
void flush() {
  static std::atomic<bool> flushed{false};
  Kernels* const from = kernels.load();
  if (from == nullptr || from->recording != Recording::get() || flushed.exchange(true)) return;
  from->api.flush_all(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  try {
    if (!from->recording->has_devices()) {  // CUPTI did not tell of them before the driver's initialisation was over
      for (const std::string& device : driver_devices()) from->recording->add_device(device);
    }
  } catch (...) {  // the file does not tell of them
  }
}

/// What is in the process first, then as the loader and the toolkit have it. A CUPTI needs a driver that is as new.
std::vector<std::string> library_names(std::uint64_t driver) {
  std::vector<std::string> names = cupti_library_names();
  if (driver != 0 && driver / kCudaMajor < 13) std::erase(names, "libcupti.so.13");
  return names;
}

std::string trouble(CUptiResult result, std::string_view call) {
  const int number = static_cast<int>(result);
  if (number == kMultipleSubscribers) return "another profiler is attached: import its trace instead";
  const std::string what = "CUPTI error " + std::to_string(number) + " in " + std::string(call);
  const std::string remedy(cupti_remedy(number));
  return remedy.empty() ? what : remedy + " (" + what + ")";
}

struct KindRow {
  CUpti_ActivityKind kind;
  std::string_view call;  ///< "" where recording goes on without it
};
/// KIND_KERNEL would make kernels wait for each other. DEVICE comes first: its record is made when it is enabled.
constexpr std::array kKinds = {
    KindRow{CUPTI_ACTIVITY_KIND_DEVICE, ""},
    KindRow{CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, "cuptiActivityEnable(CONCURRENT_KERNEL)"},
    KindRow{CUPTI_ACTIVITY_KIND_MEMCPY, "cuptiActivityEnable(MEMCPY)"},
    KindRow{CUPTI_ACTIVITY_KIND_MEMCPY2, ""},
    KindRow{CUPTI_ACTIVITY_KIND_MEMSET, "cuptiActivityEnable(MEMSET)"},
    KindRow{CUPTI_ACTIVITY_KIND_RUNTIME, "cuptiActivityEnable(RUNTIME)"},
    KindRow{CUPTI_ACTIVITY_KIND_DRIVER, "cuptiActivityEnable(DRIVER)"},
};

/// @return "" where it records now; else why not
std::string enable(Kernels& with) {
  const CuptiActivityApi& api = with.api;
  // Before all other calls: this is how clients of CUPTI agree on who may record.
  CUpti_SubscriberHandle subscriber = nullptr;
  if (const CUptiResult status = api.subscribe(&subscriber, on_callback, nullptr); status != CUPTI_SUCCESS)
    return trouble(status, "cuptiSubscribe");
  const bool system_ids = api.set_thread_id_type != nullptr && api.set_thread_id_type(1) == CUPTI_SUCCESS;
  if (!system_ids) {
    with.source.thread = [](std::uint32_t id) { return kernels.load()->recording->thread_of(id); };
  }
  if (api.register_timestamp_callback != nullptr) api.register_timestamp_callback(timestamp);
  CUptiResult status = api.register_callbacks(on_buffer_requested, on_buffer_completed);
  std::string_view call = "cuptiActivityRegisterCallbacks";
  for (const KindRow& row : kKinds) {
    if (status != CUPTI_SUCCESS) break;
    const CUptiResult enabled = api.enable(row.kind);
    if (row.call.empty()) continue;
    status = enabled;
    call = row.call;
  }
  if (status != CUPTI_SUCCESS) {
    for (const KindRow& row : kKinds) api.disable(row.kind);
    api.unsubscribe(subscriber);
    return trouble(status, call);
  }
  if (with.source.whole_graphs) api.enable(CUPTI_ACTIVITY_KIND_GRAPH_TRACE);
  silence_chatter(api);
  if (api.flush_period != nullptr) api.flush_period(kFlushMs);
  return "";
}

std::string start(Recording& recording) {
  const std::uint64_t driver = driver_version();
  const DynamicLibrary library(library_names(driver));
  if (!library)
    return "CUPTI was not found (" + library.why_not() + "); install the toolkit's, or name one in GABLE_CUPTI_LIB";
  CuptiActivityApi api;
  bind(api, library);
  if (!api.why_not.empty()) return api.why_not;
  std::uint32_t version = 0;
  if (const CUptiResult status = api.get_version(&version); status != CUPTI_SUCCESS)
    return trouble(status, "cuptiGetVersion");
  recording.set_versions(version, driver);
  std::string why_not;
  if (!can_read_records(version, why_not)) return why_not;

  auto* const made = new Kernels(api);
  made->recording = &recording;
  const char* const graphs = std::getenv("GABLE_RECORD_GRAPHS");  // NOLINT(concurrency-mt-unsafe)
  made->source = {version, static_cast<std::uint64_t>(getpid()),
                  graphs != nullptr && std::string_view(graphs) == "graph", &made->names, nullptr};
  kernels.store(made);
  why_not = enable(*made);
  if (!why_not.empty()) return why_not;
  recording.set_flush(flush);
  // CUPTI's own end comes at exit, too, and was announced before: this runs earlier than it.
  std::atexit(flush);
  return "";
}

/// Once in a process; a child of one that has not used CUDA before the fork starts its own. Without a lock: a fork
/// meanwhile would leave it locked in the child.
void start_once() {
  Recording* const recording = Recording::get();
  if (recording == nullptr) return;
  static std::atomic<Recording*> started{nullptr};
  if (started.exchange(recording) == recording) return;
  if (kernels.load() != nullptr) {
    recording->no_kernels("a child of a program that used CUDA before");
    return;
  }
  const std::string why_not = start(*recording);
  if (!why_not.empty()) recording->no_kernels(why_not);
}

}  // namespace
}  // namespace gable::inject

/// What the driver looks for in $CUDA_INJECTION64_PATH. 1 in any case: 0 would make its program's CUDA fail.
// NOLINTNEXTLINE(readability-identifier-naming): theirs
extern "C" __attribute__((visibility("default"))) int InitializeInjection(void) {
  try {
    gable::inject::start_once();
  } catch (...) {  // not recorded
  }
  return 1;
}
