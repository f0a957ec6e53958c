#include "probes/cuda/cupti_session.h"

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include "probes/cuda/buffer_pool.h"
#include "probes/cuda/cupti_layouts.h"
#include "probes/cuda/cupti_records.h"
#include "probes/cuda/kernel_name.h"

namespace gable {
namespace {

/// Where the callbacks leave what they read. CUPTI gives them no pointer of ours, and may call after a session's end:
/// this is made once and never goes.
struct Sink {
  std::atomic<bool> taken{false};  ///< by a session
  const CuptiActivityApi* api = nullptr;
  RecordReader read = nullptr;
  bool may_reject = false;  ///< a request for a buffer; before CUDA 12.9 CUPTI can crash then (seen by libkineto)
  BufferPool pool;

  std::mutex mutex;  ///< of what follows; never held in a call of CUPTI
  bool open = false;
  std::vector<Activity> activities;
  std::int64_t dropped = 0;
  std::unordered_map<std::string, std::string> names;  ///< readable, by what CUPTI says
};

Sink& sink() {
  static Sink& sink = *new Sink;
  return sink;
}

constexpr int kFlushes = 10;  ///< a millisecond apart

void CUPTIAPI on_buffer_requested(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
  *buffer = sink().pool.take(!sink().may_reject);
  *size = *buffer == nullptr ? 0 : BufferPool::kBufferBytes;
  *most_records = 0;  // as many as fit
}

/// Reads a buffer without a lock. Names still point to what CUPTI owns.
std::vector<Activity> read_buffer(const Sink& sink, std::uint8_t* buffer, std::size_t bytes, std::int64_t& unread) {
  std::vector<Activity> activities;
  CUpti_Activity* record = nullptr;
  CUptiResult status = CUPTI_SUCCESS;
  while ((status = sink.api->get_next_record(buffer, bytes, &record)) == CUPTI_SUCCESS) {
    Activity activity;
    if (sink.read(*record, activity)) activities.push_back(activity);
  }
  if (status != CUPTI_ERROR_MAX_LIMIT_REACHED) ++unread;  // an incomplete record hides those after it
  return activities;
}

/// Names become the session's own.
void receive(Sink& to, std::span<Activity> activities, std::int64_t dropped) {
  const std::lock_guard lock(to.mutex);
  if (!to.open) return;
  to.dropped += dropped;
  for (Activity& activity : activities) {
    if (activity.name.empty()) continue;
    const auto [name, added] = to.names.try_emplace(std::string(activity.name));
    if (added) name->second = readable_name(name->first.c_str());
    activity.name = name->second;
  }
  to.activities.insert(to.activities.end(), activities.begin(), activities.end());
}

/// Runs on CUPTI's thread, or on one that flushes: no call of CUDA, and no lock during a call of CUPTI.
void CUPTIAPI on_buffer_completed(CUcontext context, std::uint32_t stream, std::uint8_t* buffer, std::size_t /*size*/,
                                  std::size_t valid_bytes) {
  Sink& to = sink();
  std::size_t lost = 0;
  const CUptiResult status = to.api->get_num_dropped_records(context, stream, &lost);
  std::int64_t dropped = status == CUPTI_SUCCESS ? static_cast<std::int64_t>(lost) : 0;
  try {
    std::vector<Activity> activities;
    if (valid_bytes > 0) activities = read_buffer(to, buffer, valid_bytes, dropped);
    receive(to, activities, dropped);
  } catch (const std::bad_alloc&) {  // must not pass through CUPTI
    receive(to, {}, 1);
  }
  to.pool.give_back(buffer);
}

CuptiRecords drain() {
  Sink& from = sink();
  const std::lock_guard lock(from.mutex);
  return {std::exchange(from.activities, {}), std::exchange(from.dropped, 0)};
}

void open_sink(bool open) {
  const std::lock_guard lock(sink().mutex);
  sink().open = open;
  sink().activities.clear();
  sink().dropped = 0;
}

struct KindRow {
  CUpti_ActivityKind kind;
  bool required;
  std::string_view call;
};
/// KIND_KERNEL would make kernels wait for each other; the two APIs give correlations their threads and external ids.
constexpr std::array kKinds = {
    KindRow{CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, true, "cuptiActivityEnable(CONCURRENT_KERNEL)"},
    KindRow{CUPTI_ACTIVITY_KIND_MEMCPY, true, "cuptiActivityEnable(MEMCPY)"},
    KindRow{CUPTI_ACTIVITY_KIND_MEMCPY2, false, ""},
    KindRow{CUPTI_ACTIVITY_KIND_MEMSET, true, "cuptiActivityEnable(MEMSET)"},
    KindRow{CUPTI_ACTIVITY_KIND_RUNTIME, true, "cuptiActivityEnable(RUNTIME)"},
    KindRow{CUPTI_ACTIVITY_KIND_DRIVER, true, "cuptiActivityEnable(DRIVER)"},
    KindRow{CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION, true, "cuptiActivityEnable(EXTERNAL_CORRELATION)"},
    KindRow{CUPTI_ACTIVITY_KIND_MARKER, false, ""},
    KindRow{CUPTI_ACTIVITY_KIND_OVERHEAD, false, ""},
};

void CUPTIAPI on_callback(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}

}  // namespace

std::unique_ptr<CuptiSession> CuptiSession::start(const CuptiActivityApi& api, std::string& why_not) {
  if (!api.why_not.empty()) {
    why_not = api.why_not;
    return nullptr;
  }
  std::uint32_t version = 0;
  if (const CUptiResult status = api.get_version(&version); status != CUPTI_SUCCESS) {
    why_not = cupti_trouble(status, "cuptiGetVersion");
    return nullptr;
  }
  const RecordReader read = record_reader(version, why_not);
  if (read == nullptr) return nullptr;
  if (sink().taken.exchange(true)) {
    why_not = "this process records already; CUPTI has one client";
    return nullptr;
  }
  sink().api = &api;
  sink().read = read;
  sink().may_reject = version >= kCuptiBearsNoBuffer;
  std::unique_ptr<CuptiSession> session(new CuptiSession(api));  // its end undoes what was done
  if (!session->enable(why_not)) return nullptr;
  return session;
}

bool CuptiSession::enable(std::string& why_not) {
  const auto failed = [&](CUptiResult status, std::string_view call) {
    if (status == CUPTI_SUCCESS) return false;
    why_not = cupti_trouble(status, call);
    return true;
  };
  // Subscribing first is how clients of CUPTI agree who may register callbacks: a second one would take them away.
  if (failed(api_.subscribe(&subscriber_, on_callback, nullptr), "cuptiSubscribe")) {
    subscriber_ = nullptr;
    return false;
  }
  open_sink(true);
  if (failed(api_.register_callbacks(on_buffer_requested, on_buffer_completed), "cuptiActivityRegisterCallbacks")) {
    return false;
  }
  for (const KindRow& row : kKinds) {
    const CUptiResult status = api_.enable(row.kind);
    if (status == CUPTI_SUCCESS) enabled_.push_back(row.kind);
    if (row.required && failed(status, row.call)) return false;
  }
  silence_chatter(api_);
  return true;
}

CuptiSession::~CuptiSession() {
  for (const CUpti_ActivityKind kind : enabled_) api_.disable(kind);
  open_sink(false);
  if (!enabled_.empty()) api_.flush_all(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);  // buffers come back to the pool
  if (subscriber_ != nullptr) api_.unsubscribe(subscriber_);
  sink().taken = false;
}

void CuptiSession::push(std::uint64_t id) { api_.push_external_id(kTaskIds, id); }

void CuptiSession::pop() {
  std::uint64_t last = 0;
  api_.pop_external_id(kTaskIds, &last);
}

CuptiRecords CuptiSession::take() {
  // A flush leaves out buffers with a record that CUPTI has not completed, which can lag behind the device. Buffers
  // that are still out may be such ones: ask again for a while, then take them as they are.
  for (int i = 0; i < kFlushes; ++i) {
    check_cupti(api_.flush_all(0), "cuptiActivityFlushAll");
    if (sink().pool.in_use() == 0) return drain();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  check_cupti(api_.flush_all(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED), "cuptiActivityFlushAll(FORCED)");
  return drain();
}

std::uint64_t CuptiSession::now_ns() const {
  std::uint64_t now = 0;
  return api_.get_timestamp(&now) == CUPTI_SUCCESS ? now : 0;
}

}  // namespace gable
