// Records of what ran on a device and when, through CUPTI's Activity API.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/measured/attribution.h"
#include "probes/cuda/cupti_api.h"

namespace gable {

struct CuptiRecords {
  std::vector<Activity> activities;  ///< names live until the program ends
  std::int64_t dropped = 0;          ///< records that CUPTI had no room for, or that could not be read
};

/// Recording goes on from start() to the end of the object. There is one at a time in a process, since CUPTI has one
/// client. `api` outlives the program: CUPTI's threads may call back late.
class CuptiSession {
 public:
  /// The device must be known to work: without a driver CUPTI fails with errors that say nothing.
  /// @return null, and why in one line with what to do
  static std::unique_ptr<CuptiSession> start(const CuptiActivityApi& api, std::string& why_not);
  CuptiSession(const CuptiSession&) = delete;
  CuptiSession& operator=(const CuptiSession&) = delete;
  ~CuptiSession();

  /// What this thread launches belongs to task `id`, until pop(). May be nested.
  void push(std::uint64_t id);
  void pop();

  /// What was recorded since the last call. The device must have been synchronised: flushing does not wait for it.
  /// @throws DeviceError, CapabilityError
  CuptiRecords take();

  /// Now, on the clock of the records; 0 where CUPTI does not tell.
  [[nodiscard]] std::uint64_t now_ns() const;

 private:
  explicit CuptiSession(const CuptiActivityApi& api) : api_(api) {}
  bool enable(std::string& why_not);

  const CuptiActivityApi& api_;
  CUpti_SubscriberHandle subscriber_ = nullptr;
  std::vector<CUpti_ActivityKind> enabled_;
};

}  // namespace gable
