// A CUPTI without a GPU: hands over buffers of real records when it is flushed, and fails where it is told to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "probes/cuda/api.h"
#include "probes/cuda/cupti_api.h"

namespace gable::testing {

using Bytes = std::vector<std::byte>;

template <typename Record>
Bytes bytes_of(const Record& record) {
  Bytes bytes(sizeof record);
  std::memcpy(bytes.data(), &record, sizeof record);
  return bytes;
}

/// The state of the one fake of a process; functions in the tables cannot carry their own.
struct FakeCupti {
  std::uint32_t version = 130001;
  int devices = 1;
  cudaError_t device_status = cudaSuccess;
  std::map<std::string, CUptiResult> fails;  ///< by the name of a call, or "enable 10" with a kind
  std::vector<std::vector<Bytes>> pending;   ///< buffers, handed over by the next flush
  int incomplete = 0;                        ///< flushes that leave the buffers with CUPTI
  std::vector<std::uint8_t*> held;           ///< by CUPTI meanwhile
  std::size_t dropped = 0;                   ///< reported once
  bool cut_short = false;                    ///< the last record of each buffer is incomplete
  std::vector<std::uint64_t> ids;            ///< as they are pushed now
  std::vector<std::uint64_t> pushed;         ///< all that were
  std::uint64_t now = 1000;                  ///< cuptiGetTimestamp
  std::vector<std::string> calls;            ///< in order, with arguments that matter
  CUpti_BuffersCallbackRequestFunc request = nullptr;
  CUpti_BuffersCallbackCompleteFunc complete = nullptr;
  std::map<std::uint8_t*, std::vector<std::size_t>> offsets;  ///< of the records in a buffer

  CUptiResult called(const std::string& name) {
    calls.push_back(name);
    const auto found = fails.find(name);
    return found == fails.end() ? CUPTI_SUCCESS : found->second;
  }
  [[nodiscard]] std::int64_t count(const std::string& name) const { return std::ranges::count(calls, name); }
};

inline FakeCupti& fake() {
  static FakeCupti state;
  return state;
}

inline std::uint8_t* ask_for_buffer() {
  std::uint8_t* buffer = nullptr;
  std::size_t size = 0;
  std::size_t most = 7;
  fake().request(&buffer, &size, &most);
  return buffer;
}

/// Fills a buffer and hands it over, as CUPTI's thread does.
inline void hand_over(const std::vector<Bytes>& records, std::uint8_t* buffer = ask_for_buffer()) {
  std::size_t used = 0;
  for (const Bytes& record : records) {
    std::memcpy(buffer + used, record.data(), record.size());
    fake().offsets[buffer].push_back(used);
    used += record.size();
  }
  fake().complete(nullptr, 0, buffer, std::size_t{4} << 20, used);
}

inline CUptiResult next_record(std::uint8_t* buffer, std::size_t /*bytes*/, CUpti_Activity** record) {
  std::vector<std::size_t>& left = fake().offsets[buffer];
  if (left.empty() || (fake().cut_short && left.size() == 1)) {
    left.clear();
    return fake().cut_short ? CUPTI_ERROR_INVALID_KIND : CUPTI_ERROR_MAX_LIMIT_REACHED;
  }
  *record = reinterpret_cast<CUpti_Activity*>(buffer + left.front());
  left.erase(left.begin());
  return CUPTI_SUCCESS;
}

inline CUptiResult flush_all(std::uint32_t flag) {
  const CUptiResult status = fake().called(flag == 0 ? "flush" : "forced flush");
  std::vector<std::uint8_t*>& held = fake().held;
  if (flag == 0 && fake().incomplete > 0) {
    --fake().incomplete;
    while (held.size() < fake().pending.size()) held.push_back(ask_for_buffer());
    return status;
  }
  std::vector<std::vector<Bytes>> buffers;
  buffers.swap(fake().pending);
  // On another thread: whoever flushes with a lock held that the callback takes would wait for ever.
  std::thread([&] {
    for (const std::vector<Bytes>& buffer : buffers) {
      std::uint8_t* const memory = held.empty() ? ask_for_buffer() : held.back();
      if (!held.empty()) held.pop_back();
      hand_over(buffer, memory);
    }
  }).join();
  return status;
}

inline CuptiActivityApi fake_activity_api() {
  CuptiActivityApi api;
  api.why_not.clear();
  api.get_version = [](std::uint32_t* version) {
    *version = fake().version;
    return fake().called("version");
  };
  api.get_timestamp = [](std::uint64_t* now) {
    *now = fake().now;
    return CUPTI_SUCCESS;
  };
  api.subscribe = [](CUpti_SubscriberHandle* subscriber, CUpti_CallbackFunc, void*) {
    *subscriber = reinterpret_cast<CUpti_SubscriberHandle>(&fake());
    return fake().called("subscribe");
  };
  api.unsubscribe = [](CUpti_SubscriberHandle) { return fake().called("unsubscribe"); };
  api.register_callbacks = [](CUpti_BuffersCallbackRequestFunc request, CUpti_BuffersCallbackCompleteFunc complete) {
    fake().request = request;
    fake().complete = complete;
    return fake().called("register");
  };
  api.enable = [](CUpti_ActivityKind kind) { return fake().called("enable " + std::to_string(kind)); };
  api.disable = [](CUpti_ActivityKind kind) { return fake().called("disable " + std::to_string(kind)); };
  api.flush_all = flush_all;
  api.get_next_record = next_record;
  api.get_num_dropped_records = [](CUcontext, std::uint32_t, std::size_t* dropped) {
    *dropped = fake().dropped;
    fake().dropped = 0;
    return CUPTI_SUCCESS;
  };
  api.push_external_id = [](CUpti_ExternalCorrelationKind, std::uint64_t id) {
    fake().ids.push_back(id);
    fake().pushed.push_back(id);
    return CUPTI_SUCCESS;
  };
  api.pop_external_id = [](CUpti_ExternalCorrelationKind, std::uint64_t* last) {
    if (fake().ids.empty()) return CUPTI_ERROR_QUEUE_EMPTY;
    *last = fake().ids.back();
    fake().ids.pop_back();
    return CUPTI_SUCCESS;
  };
  return api;
}

inline RuntimeApi fake_runtime() {
  RuntimeApi api;
  api.get_device_count = [](int* count) {
    *count = fake().devices;
    return fake().device_status;
  };
  api.driver_get_version = [](int* version) {
    *version = 13000;
    return cudaSuccess;
  };
  api.runtime_get_version = api.driver_get_version;
  api.get_last_error = []() { return cudaSuccess; };
  api.device_synchronize = []() {
    fake().calls.emplace_back("synchronize");
    return fake().device_status;
  };
  return api;
}

}  // namespace gable::testing
