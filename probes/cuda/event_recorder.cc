#include "probes/cuda/event_recorder.h"

#include <map>
#include <utility>
#include <vector>

namespace gable {
namespace {

/// The legacy default stream, by CUDA's convention.
cudaStream_t default_stream() { return nullptr; }

class EventRecorder : public Recorder {
 public:
  EventRecorder(const RuntimeApi& runtime, double (*now)()) : runtime_(&runtime), now_(now) {}
  ~EventRecorder() override {
    for (const Pair& pair : pairs_) {
      static_cast<void>(runtime_->event_destroy(pair.begin));
      static_cast<void>(runtime_->event_destroy(pair.end));
    }
  }

  void begin_step() override {
    check_cuda(runtime_->device_synchronize(), "cudaDeviceSynchronize");
    used_ = 0;
    begin_s_ = now_();
  }

  void begin(std::uint64_t id) override {
    if (used_ == pairs_.size()) pairs_.push_back({id, make(), make()});
    pairs_[used_].id = id;
    check_cuda(runtime_->event_record(pairs_[used_].begin, default_stream()), "cudaEventRecord");
  }

  void end() override {
    check_cuda(runtime_->event_record(pairs_[used_].end, default_stream()), "cudaEventRecord");
    ++used_;
  }

  StepRecord end_step() override {
    check_cuda(runtime_->device_synchronize(), "cudaDeviceSynchronize");
    StepRecord step;
    step.wall_s = now_() - begin_s_;
    std::map<std::uint64_t, std::size_t> places;
    for (std::size_t i = 0; i < used_; ++i) {
      const Pair& pair = pairs_[i];
      float ms = 0;
      check_cuda(runtime_->event_elapsed_time(&ms, pair.begin, pair.end), "cudaEventElapsedTime");
      const double s = 1e-3 * static_cast<double>(ms);
      const auto [place, added] = places.try_emplace(pair.id, step.tasks.size());
      if (added) step.tasks.push_back({pair.id, 0, {}});
      step.tasks[place->second].time_s += s;
      step.busy_s += s;  // one stream: tasks never overlap
    }
    return step;
  }

 private:
  struct Pair {
    std::uint64_t id;
    cudaEvent_t begin;
    cudaEvent_t end;
  };

  cudaEvent_t make() const {
    cudaEvent_t event = nullptr;
    check_cuda(runtime_->event_create(&event, cudaEventDefault), "cudaEventCreateWithFlags");
    return event;
  }

  const RuntimeApi* runtime_;
  double (*now_)();
  double begin_s_ = 0;
  std::vector<Pair> pairs_;  ///< kept from step to step
  std::size_t used_ = 0;
};

}  // namespace

std::unique_ptr<Recorder> make_event_recorder(const RuntimeApi& runtime, double (*now)()) {
  return std::make_unique<EventRecorder>(runtime, now);
}

CudaApi with_ordered_streams(CudaApi api) {
  api.runtime.stream_create = [](cudaStream_t* stream, unsigned /*flags*/) {
    return ::cudaStreamCreateWithFlags(stream, cudaStreamDefault);
  };
  return api;
}

}  // namespace gable
