// The part of CUPTI that records what ran when, as a table. Nothing here needs more than the standard library: what is
// injected into other programs uses it, too.
#pragma once

#include <cuda.h>
#include <cupti.h>

#include <string>
#include <string_view>
#include <vector>

#include "probes/dynamic_library.h"

namespace gable {

/// Records of what ran when. Those from enable_runtime_api on may be null: an older CUPTI lacks them, the first
/// two that of CUDA 12.4.
struct CuptiActivityApi {
  std::string why_not = "not loaded";  ///< "" where the table is usable
  decltype(&::cuptiGetVersion) get_version = nullptr;
  decltype(&::cuptiGetTimestamp) get_timestamp = nullptr;
  decltype(&::cuptiSubscribe) subscribe = nullptr;
  decltype(&::cuptiUnsubscribe) unsubscribe = nullptr;
  decltype(&::cuptiActivityRegisterCallbacks) register_callbacks = nullptr;
  decltype(&::cuptiActivityEnable) enable = nullptr;
  decltype(&::cuptiActivityDisable) disable = nullptr;
  decltype(&::cuptiActivityFlushAll) flush_all = nullptr;
  decltype(&::cuptiActivityGetNextRecord) get_next_record = nullptr;
  decltype(&::cuptiActivityGetNumDroppedRecords) get_num_dropped_records = nullptr;
  decltype(&::cuptiActivityPushExternalCorrelationId) push_external_id = nullptr;
  decltype(&::cuptiActivityPopExternalCorrelationId) pop_external_id = nullptr;
  decltype(&::cuptiActivityEnableRuntimeApi) enable_runtime_api = nullptr;
  decltype(&::cuptiActivityEnableDriverApi) enable_driver_api = nullptr;
  decltype(&::cuptiGetCallbackName) get_callback_name = nullptr;
  decltype(&::cuptiActivityFlushPeriod) flush_period = nullptr;
  decltype(&::cuptiActivityRegisterTimestampCallback) register_timestamp_callback = nullptr;
  CUptiResult (*set_thread_id_type)(int) = nullptr;  ///< cuptiSetThreadIdType; 1: ids as gettid() gives them
};

/// Where CUPTI is looked for: $GABLE_CUPTI_LIB, the loader's, the toolkit's.
std::vector<std::string> cupti_library_names();

/// Fills the table, or says in `why_not` what is missing.
void bind(CuptiActivityApi& api, const DynamicLibrary& library);

/// No records of calls that launch nothing and come by the thousand, where this CUPTI can leave them out.
void silence_chatter(const CuptiActivityApi& api);

/// What an error of CUPTI means and what to do; "" where nothing is known of it.
std::string_view cupti_remedy(int result);

/// Binds the functions of a table one by one and remembers the first that is missing.
class CuptiBinder {
 public:
  explicit CuptiBinder(const DynamicLibrary& library) : library_(library), why_not_(library.why_not()) {}

  template <typename Function>
  void operator()(Function*& function, const char* name) {
    if (!library_.bind(function, name) && why_not_.empty())
      why_not_ = library_.name() + " has no " + name + ": it is older than CUDA 12.6";
  }
  [[nodiscard]] const std::string& why_not() const { return why_not_; }

 private:
  const DynamicLibrary& library_;
  std::string why_not_;
};

}  // namespace gable
