// Times by events. What is easy to break here: an op that runs twice in a step, events that are left from the step
// before.
#include <doctest/doctest.h>

#include "probes/cuda/event_recorder.h"
#include "tests/approx.h"
#include "tests/cuda_fake.h"

namespace gable {
namespace fake = cuda::fake;

TEST_CASE("times of a task are summed, those between tasks are nobody's") {
  fake::State& state = fake::reset();
  const auto recorder = make_event_recorder(fake::api().runtime, fake::clock().now);
  for (const double scale : {1.0, 2.0}) {
    recorder->begin_step();
    for (const std::uint64_t id : {7U, 8U, 7U}) {
      recorder->begin(id);
      state.clock_s += scale * 1e-3 * static_cast<double>(id);
      recorder->end();
      state.clock_s += scale * 1e-3;
    }
    const StepRecord step = recorder->end_step();
    CHECK(step.wall_s == rel(scale * 25e-3, 1e-6));
    CHECK(step.busy_s == rel(scale * 22e-3, 1e-6));
    CHECK(step.overlapped_s == 0);
    REQUIRE(step.tasks.size() == 2);
    CHECK(step.tasks[0].id == 7);
    CHECK(step.tasks[0].time_s == rel(scale * 14e-3, 1e-6));
    CHECK(step.tasks[1].time_s == rel(scale * 8e-3, 1e-6));
    CHECK(step.dropped == 0);
  }
}

}  // namespace gable
