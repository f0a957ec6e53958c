#include "analyzer/roofline/clocks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace gable {
namespace {

/// Both clocks. How far the GPU is ahead is kept instead of its time: what comes next depends on that alone.
struct State {
  double cpu_s = 0;
  double lead_s = 0;           ///< GPU clock - CPU clock
  std::vector<double> idle_s;  ///< by span
  std::int64_t syncs = 0;
  double wait_s = 0;  ///< at them
};

/// What a time round a loop tells about the next ones. A step of the clocks only adds to the lead or takes the larger
/// of it and a constant, so that once round is lead -> max(lead + drift, constant); with a synchronisation point it is
/// a constant alone.
struct Round {
  bool waited = false;  ///< GPU or CPU did for the other: the lead is the constant now, whatever it was before
  double slack_s = std::numeric_limits<double>::infinity();  ///< least lead that was left where work was at hand

  void join(const Round& other) {
    waited = waited || other.waited;
    slack_s = std::min(slack_s, other.slack_s);
  }
};

class Simulation {
 public:
  Simulation(double latency_s, std::size_t spans, double started_s) : latency_s_(latency_s) {
    state_.cpu_s = started_s;
    state_.lead_s = -started_s;
    state_.idle_s.resize(spans);
  }

  Round run(const LaunchLoop& loop) {
    Round all;
    bool from_constant = false;
    for (std::int64_t left = loop.times; left > 0;) {
      const State before = state_;
      Round round = once(loop);
      const std::int64_t alike = like_it(round, from_constant, before, --left);
      repeat(before, alike, round);
      left -= alike;
      from_constant = round.waited;
      all.join(round);
    }
    return all;
  }

  [[nodiscard]] const State& state() const { return state_; }

 private:
  Round once(const LaunchLoop& loop) {
    Round round;
    if (loop.body.empty()) launch(loop, round);
    for (const LaunchLoop& inner : loop.body) round.join(run(inner));
    if (loop.sync) synchronise(round);
    return round;
  }

  void launch(const LaunchLoop& launch, Round& round) {
    state_.cpu_s += launch.cpu_s;
    state_.lead_s -= launch.cpu_s;
    const double spare_s = state_.lead_s - latency_s_;
    if (spare_s < 0) {
      state_.idle_s[launch.span] -= spare_s;
      state_.lead_s = latency_s_;
      round.waited = true;
    } else {
      round.slack_s = std::min(round.slack_s, spare_s);
    }
    state_.lead_s += launch.gpu_s;
  }

  void synchronise(Round& round) {
    ++state_.syncs;
    state_.wait_s += state_.lead_s;  // which is not negative: the GPU has just run what the CPU had dispatched
    state_.cpu_s += state_.lead_s;
    state_.lead_s = 0;
    round.waited = true;
  }

  /// How many of the `left` next times round add what this one did to both clocks.
  [[nodiscard]] std::int64_t like_it(const Round& round, bool from_constant, const State& before,
                                     std::int64_t left) const {
    if (round.waited) return from_constant ? left : 0;  // the lead began and ended as the constant, and so on
    const double drift_s = state_.lead_s - before.lead_s;
    if (drift_s >= 0) return left;  // the GPU falls back further and further: it never waits again
    const double until_idle = std::floor(round.slack_s / -drift_s) - 1;  // one less, for the rounding
    return until_idle < static_cast<double>(left) ? std::max<std::int64_t>(0, static_cast<std::int64_t>(until_idle))
                                                  : left;
  }

  void repeat(const State& before, std::int64_t times, Round& round) {
    const auto n = static_cast<double>(times);
    state_.syncs += times * (state_.syncs - before.syncs);
    state_.wait_s += n * (state_.wait_s - before.wait_s);
    state_.cpu_s += n * (state_.cpu_s - before.cpu_s);
    for (std::size_t i = 0; i < state_.idle_s.size(); ++i)
      state_.idle_s[i] += n * (state_.idle_s[i] - before.idle_s[i]);
    if (round.waited) return;
    const double drift_s = n * (state_.lead_s - before.lead_s);
    state_.lead_s += drift_s;
    round.slack_s += std::min(0.0, drift_s);
  }

  double latency_s_;
  State state_;
};

Clocks simulated(LaunchOrder order, double latency_s, double started_s) {
  Simulation simulation(latency_s, order.spans.size(), started_s);
  for (const LaunchLoop& loop : order.loops) simulation.run(loop);
  const State& state = simulation.state();
  Clocks clocks;
  clocks.step_s = state.cpu_s + std::max(0.0, state.lead_s);
  clocks.syncs = state.syncs;
  clocks.wait_s = state.wait_s;
  clocks.spans = std::move(order.spans);
  for (std::size_t i = 0; i < clocks.spans.size(); ++i) {
    ClockSpan& span = clocks.spans[i];
    span.idle_s = state.idle_s[i];
    clocks.cpu_s += span.cpu_s;
    clocks.gpu_s += span.gpu_s;
    clocks.idle_s += span.idle_s;
  }
  return clocks;
}

/// Without dispatch and synchronisation points: capture refuses those.
void make_graph(std::vector<LaunchLoop>& loops) {
  for (LaunchLoop& loop : loops) {
    loop.cpu_s = 0;
    loop.sync = false;
    make_graph(loop.body);
  }
}

}  // namespace

Clocks run_clocks(LaunchOrder order, double latency_s) { return simulated(std::move(order), latency_s, 0); }

Clocks run_clocks(const Analysis& analysis, const Host& host, bool graph) {
  LaunchOrder order = launch_order(analysis, host);
  if (!graph || order.spans.empty()) return run_clocks(std::move(order), host.latency.value);
  const double once_s = host.forward.value;
  make_graph(order.loops);
  for (ClockSpan& span : order.spans) span.cpu_s = 0;
  order.spans.front().cpu_s = once_s;
  return simulated(std::move(order), host.latency.value, once_s);
}

}  // namespace gable
