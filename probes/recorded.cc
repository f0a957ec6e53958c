#include "probes/recorded.h"

#include <limits>

#include "probes/runner/counting_engine.h"

namespace gable {
namespace {

class RecordedRecorder final : public Recorder {
 public:
  explicit RecordedRecorder(Measurement measurement) : recorded_(std::move(measurement)) {}

  void begin_step() override {}
  void begin(std::uint64_t /*id*/) override {}
  void end() override {}

  StepRecord end_step() override {
    const std::int64_t step = next_++ - recorded_.warmup;
    StepRecord record = step < 0 ? cold() : warm(static_cast<std::size_t>(step) % recorded_.step_s.size());
    record.dropped = step == 0 ? recorded_.dropped : 0;
    return record;
  }

 private:
  [[nodiscard]] StepRecord cold() const {
    StepRecord record;
    record.wall_s = recorded_.cold_step_s;
    for (std::size_t id = 0; id < recorded_.ops.size(); ++id) {
      record.tasks.push_back({id, recorded_.ops[id].cold_s, {}});
      record.busy_s += recorded_.ops[id].cold_s;
    }
    return record;
  }

  [[nodiscard]] StepRecord warm(std::size_t step) const {
    StepRecord record;
    record.wall_s = recorded_.step_s[step];
    for (std::size_t id = 0; id < recorded_.ops.size(); ++id) {
      record.tasks.push_back({id, recorded_.ops[id].samples_s[step], recorded_.ops[id].kernels});
      record.busy_s += recorded_.ops[id].samples_s[step];
    }
    if (!recorded_.busy_s.empty()) record.busy_s = recorded_.busy_s[step];
    if (!recorded_.overlapped_s.empty()) record.overlapped_s = recorded_.overlapped_s[step];
    record.unattributed = recorded_.unattributed;
    return record;
  }

  Measurement recorded_;
  std::int64_t next_ = 0;
};

}  // namespace

std::unique_ptr<Recorder> make_recorded_recorder(const Measurement& measurement) {
  return std::make_unique<RecordedRecorder>(measurement);
}

Device open_recorded(const std::string& path) {
  Device device;
  device.recorded = std::make_shared<const Measurement>(load_measurement(path));
  device.facts.backend = device.recorded->backend;
  device.facts.name = device.recorded->device;
  device.facts.environment = device.recorded->environment;
  device.facts.memory_bytes = device.facts.free_bytes = std::numeric_limits<std::int64_t>::max();
  device.engine = std::make_unique<CountingEngine>();
  device.recorder = make_recorded_recorder(*device.recorded);
  return device;
}

}  // namespace gable
