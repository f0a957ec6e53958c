#include "probes/cpu/recorder.h"

#include <chrono>

namespace gable {
namespace {

using Clock = std::chrono::steady_clock;

class CpuRecorder final : public Recorder {
 public:
  void begin_step() override {
    times_.clear();
    step_ = Clock::now();
  }
  void begin(std::uint64_t id) override {
    id_ = id;
    task_ = Clock::now();
  }
  void end() override { times_.push_back({id_, task_, Clock::now()}); }

  /// A task ends when its threads have met, so nothing overlaps; what lies between tasks is the host's.
  StepRecord end_step() override {
    StepRecord record;
    record.wall_s = seconds(step_, Clock::now());
    for (const Timed& timed : times_) {
      const double time = seconds(timed.begin, timed.end);
      record.busy_s += time;
      if (record.tasks.empty() || record.tasks.back().id != timed.id) record.tasks.push_back({timed.id, 0, {}});
      record.tasks.back().time_s += time;
    }
    return record;
  }

 private:
  struct Timed {
    std::uint64_t id;
    Clock::time_point begin, end;
  };
  static double seconds(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  }
  std::vector<Timed> times_;
  Clock::time_point step_;
  Clock::time_point task_;
  std::uint64_t id_ = 0;
};

}  // namespace

std::unique_ptr<Recorder> make_cpu_recorder() { return std::make_unique<CpuRecorder>(); }

}  // namespace gable
