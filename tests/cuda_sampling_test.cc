// Repeating a launch until its time is known. What is easy to break here: a loop that never ends, a budget that is not
// kept, times of a batch taken for those of a launch.
#include <doctest/doctest.h>

#include "probes/cuda/sampling.h"
#include "probes/sampling.h"
#include "tests/approx.h"
#include "tests/cuda_fake.h"

namespace gable::cuda {
namespace {

struct Bench {
  fake::State& state = fake::reset();
  Session session{fake::api(), fake::kernels(), fake::clock()};
  ProbeContext context;

  Sampled take(double launch_s, const SamplingPlan& plan) {
    return sample(
        session, [&] { state.clock_s += launch_s; }, plan, Deadline(session, context));
  }
};

}  // namespace

TEST_CASE("launches are batched until a sample is long enough") {
  Bench bench;
  SamplingPlan plan;
  plan.warmup_s = 0.2;
  plan.sample_s = 1e-3;
  const Sampled sampled = bench.take(10e-6, plan);
  CHECK(sampled.seconds.size() == 20);
  CHECK(sampled.launches == 100);  // 1 ms / 10 us
  CHECK(sampled.summary().median == rel(10e-6, 1e-5));
  CHECK(sampled.reading.clock_hz == rel(990e6));
  CHECK(sampled.reading.power_w == rel(350.5));
  CHECK(!sampled.stopped);

  plan.most_launches = 7;
  CHECK(bench.take(10e-6, plan).launches == 7);
  CHECK(bench.take(1, plan).launches == 1);
}

TEST_CASE("sustained: goes on until enough was measured") {
  Bench bench;
  SamplingPlan plan;
  plan.sample_s = 0.05;
  plan.at_least_s = 5;
  const Sampled sampled = bench.take(0.0101, plan);
  CHECK(sampled.launches == 5);
  CHECK(sampled.seconds.size() == 100);  // 5 x 10.1 ms each
}

TEST_CASE("the budget ends it, with a few samples; an interruption at once") {
  Bench bench;
  bench.context.budget_s = 1;
  SamplingPlan plan;
  plan.warmup_s = 0;
  const Sampled late = bench.take(0.4, plan);
  CHECK(late.seconds.size() == 3);
  CHECK(late.stopped);
  bench.context.interrupted = [] { return true; };
  CHECK_THROWS_AS(bench.take(0.001, plan), Interrupted);
}

TEST_CASE("a clock that stands still ends too") {
  Bench bench;
  SamplingPlan plan;
  plan.warmup_s = 0;
  plan.at_least_s = 1;
  const Sampled sampled = bench.take(0, plan);
  CHECK(rate_figure("p", "c", Unit::kFlopPerSecond, 1, sampled).refused == "took no measurable time");
}

TEST_CASE("a burst rests between its samples") {
  Bench bench;
  SamplingPlan plan;
  plan.warmup_s = 0;
  plan.pause_s = 0.03;
  bench.take(0.001, plan);
  CHECK(bench.state.paused_s == rel(20 * 0.03));
}

TEST_CASE("a graph holds a batch") {
  Bench bench;
  SamplingPlan plan;
  plan.warmup_s = 0.01;
  plan.sample_s = 1;
  plan.most_launches = 50;
  plan.through_graph = true;
  const auto launch = [&] { check_cuda(bench.session.kernels().empty(nullptr, 0, nullptr), "empty"); };
  const Sampled sampled = sample(bench.session, launch, plan, Deadline(bench.session, bench.context));
  CHECK(sampled.launches == 50);
  CHECK(sampled.summary().median == rel(1e-6, 1e-5));  // what a node of the fake takes
  CHECK(bench.state.launches["graph"] == 21);          // the first uploads it
}

TEST_CASE("figures: the median of a rate, its best, its spread") {
  Sampled sampled;
  sampled.seconds = {1, 2, 4};
  sampled.reading.clock_hz = 5;
  sampled.reading.clocks_event_reasons = 4;
  const Figure rate = rate_figure("p", "c", Unit::kBytesPerSecond, 8, sampled);
  CHECK(rate.value == 4);
  CHECK(rate.best == 8);
  CHECK(rate.spread == rel((3.0 - 1.5) / 2));  // quartiles of the times
  CHECK(rate.samples == 3);
  CHECK(rate.config == "c; power cap");
  const Figure time = time_figure("p", "c", sampled);
  CHECK(time.value == 2);
  CHECK(time.best == 1);
  CHECK(time.unit == Unit::kSeconds);
}

TEST_CASE("a figure above the peak is refused, with the arithmetic") {
  Sampled sampled;
  sampled.seconds = {1e-3};
  Figure figure = rate_figure("p", "c", Unit::kFlopPerSecond, 2e9, sampled);
  refuse_above(figure, {1.5e12, "2 SMs x ..."});
  CHECK(figure.refused == "its best, 2.000 TFLOP/s, is above 1.500 TFLOP/s (2 SMs x ...)");
  figure.refused = "";
  refuse_above(figure, {2e12 + 1, "x"});
  CHECK(figure.refused == "");
  refuse_above(figure, {});
  CHECK(figure.refused == "");
}

}  // namespace gable::cuda
