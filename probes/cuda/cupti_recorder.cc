#include "probes/cuda/cupti_recorder.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analyzer/measured/attribution.h"
#include "probes/cuda/availability.h"
#include "probes/cuda/cupti_session.h"

namespace gable {
namespace {

using Clock = std::chrono::steady_clock;

class CuptiRecorder final : public Recorder {
 public:
  CuptiRecorder(std::unique_ptr<CuptiSession> session, const RuntimeApi& cuda)
      : session_(std::move(session)), cuda_(cuda) {}

  void begin_step() override {
    wait();
    session_->take();  // what ran before is nobody's
    ids_.clear();
    place_.clear();
    begin_ns_ = session_->now_ns();
    begin_ = Clock::now();
  }

  void begin(std::uint64_t id) override {
    const auto [found, added] = place_.try_emplace(id, ids_.size());
    if (added) ids_.push_back(id);
    session_->push(found->second + 1);  // 0 is what CUPTI says where there is no id
  }

  void end() override { session_->pop(); }

  StepRecord end_step() override {
    wait();
    const double host_s = std::chrono::duration<double>(Clock::now() - begin_).count();
    const CuptiRecords records = session_->take();
    Attribution found = attribute(records.activities);

    StepRecord step;
    step.wall_s = wall_s(found, host_s);
    step.busy_s = found.busy_s;
    step.overlapped_s = found.overlapped_s;
    for (const std::uint64_t id : ids_) step.tasks.push_back({.id = id, .time_s = 0, .kernels = {}});
    for (TaskActivity& task : found.tasks) {
      if (task.id == 0 || task.id > ids_.size()) continue;  // pushed by someone else
      TaskTime& time = step.tasks[task.id - 1];
      time.time_s = task.time_s;
      time.kernels = std::move(task.kernels);
    }
    step.unattributed = std::move(found.unattributed);
    step.dropped = records.dropped + found.not_collected;  // a record without times is as good as none
    return step;
  }

 private:
  void wait() const { check_cuda(cuda_.device_synchronize(), "cudaDeviceSynchronize"); }

  /// To the end of the last kernel, on the clock of the records; where that makes no sense (nothing ran, the clocks of
  /// host and device are apart), to the return of the wait, which is some microseconds later.
  [[nodiscard]] double wall_s(const Attribution& found, double host_s) const {
    if (begin_ns_ == 0 || found.last_end_ns <= begin_ns_) return host_s;
    return std::min(static_cast<double>(found.last_end_ns - begin_ns_) / 1e9, host_s);
  }

  std::unique_ptr<CuptiSession> session_;
  const RuntimeApi& cuda_;
  std::vector<std::uint64_t> ids_;  ///< in the order of their first begin()
  std::unordered_map<std::uint64_t, std::size_t> place_;
  std::uint64_t begin_ns_ = 0;
  Clock::time_point begin_;
};

}  // namespace

std::unique_ptr<Recorder> make_cupti_recorder(std::string& why_not) {
  return make_cupti_recorder(cupti_api().activity, cuda_runtime(), why_not);
}

std::unique_ptr<Recorder> make_cupti_recorder(const CuptiActivityApi& cupti, const RuntimeApi& cuda,
                                              std::string& why_not) {
  why_not = why_no_cuda(cuda);
  if (!why_not.empty()) return nullptr;
  std::unique_ptr<CuptiSession> session = CuptiSession::start(cupti, why_not);
  if (!session) return nullptr;
  return std::make_unique<CuptiRecorder>(std::move(session), cuda);
}

}  // namespace gable
