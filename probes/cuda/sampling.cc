#include "probes/cuda/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "probes/sampling.h"

namespace gable::cuda {
namespace {

constexpr int kEnoughPastDeadline = 3;
constexpr int kReadings = 3;
constexpr std::size_t kMostSamples = 100000;  ///< of a clock that stands still

/// Runs a batch of launches; as a graph, the batch is captured once and replayed.
class Batch {
 public:
  Batch(const Session& session, const std::function<void()>& launch, std::int64_t n, bool graph)
      : session_(&session), launch_(&launch), n_(n) {
    if (graph) capture();
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    if (exec_ != nullptr) static_cast<void>(session_->runtime().graph_exec_destroy(exec_));
  }

  void run() const {
    if (exec_ != nullptr) {
      check_cuda(session_->runtime().graph_launch(exec_, session_->stream()), "cudaGraphLaunch");
      return;
    }
    for (std::int64_t i = 0; i < n_; ++i) (*launch_)();
  }

 private:
  void capture() {
    const RuntimeApi& runtime = session_->runtime();
    check_cuda(runtime.stream_begin_capture(session_->stream(), cudaStreamCaptureModeThreadLocal),
               "cudaStreamBeginCapture");
    for (std::int64_t i = 0; i < n_; ++i) (*launch_)();
    cudaGraph_t graph = nullptr;
    check_cuda(runtime.stream_end_capture(session_->stream(), &graph), "cudaStreamEndCapture");
    const cudaError_t status = runtime.graph_instantiate(&exec_, graph, 0);
    static_cast<void>(runtime.graph_destroy(graph));
    check_cuda(status, "cudaGraphInstantiate");
  }

  const Session* session_;
  const std::function<void()>* launch_;
  std::int64_t n_;
  cudaGraphExec_t exec_ = nullptr;
};

double timed_s(const Session& session, const Batch& batch) {
  session.mark_begin();
  batch.run();
  session.mark_end();
  return session.marked_s();
}

/// Launches until the warm-up is over. @return how many launches fill a sample
std::int64_t warm_up(const Session& session, const std::function<void()>& launch, const SamplingPlan& plan,
                     const Deadline& deadline) {
  launch();  // loads code, faults pages: its time says nothing
  session.synchronize();
  const double end = session.now() + plan.warmup_s;
  std::int64_t n = 1;
  do {
    const double one = timed_s(session, Batch(session, launch, n, false)) / static_cast<double>(n);
    const double wanted = one > 0 ? std::ceil(0.999 * plan.sample_s / one) : plan.most_launches;
    // At most doubled: the first times are long, and a batch of a wrong guess could take minutes.
    n = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::min(wanted, 1e9)), 1,
                                 std::min<std::int64_t>(2 * n, plan.most_launches));
  } while (session.now() < end && !deadline.over());
  return n;
}

/// Means of readings, each over those that said something.
class ReadingMean {
 public:
  void add(const Reading& reading) {
    add(clock_, reading.clock_hz);
    add(memory_clock_, reading.memory_clock_hz);
    add(power_, reading.power_w);
    add(temperature_, reading.temperature_c);
    reasons_ |= reading.clocks_event_reasons;
  }
  [[nodiscard]] Reading mean() const {
    return {mean(clock_), mean(memory_clock_), mean(power_), mean(temperature_), reasons_};
  }

 private:
  struct Sum {
    double sum = 0;
    int n = 0;
  };
  static void add(Sum& sum, double value) {
    if (value <= 0) return;
    sum.sum += value;
    ++sum.n;
  }
  static double mean(const Sum& sum) { return sum.n > 0 ? sum.sum / sum.n : 0; }
  Sum clock_, memory_clock_, power_, temperature_;
  unsigned long long reasons_ = 0;
};

/// What NVML said while it ran.
Figure annotated(Figure figure, const Sampled& sampled) {
  figure.clock_hz = sampled.reading.clock_hz;
  figure.power_w = sampled.reading.power_w;
  figure.temperature_c = sampled.reading.temperature_c;
  const std::string reasons = clocks_event_text(sampled.reading.clocks_event_reasons);
  if (!reasons.empty()) figure.config += "; " + reasons;
  return figure;
}

}  // namespace

SamplingPlan memory_plan(Effort effort) {
  SamplingPlan plan;
  plan.warmup_s = effort == Effort::kQuick ? 0.05 : 0.2;
  plan.samples = effort == Effort::kQuick ? 10 : effort == Effort::kFull ? 50 : 20;
  return plan;
}

SamplingPlan burst_plan(Effort effort) {
  SamplingPlan plan = memory_plan(effort);
  plan.sample_s = 3e-3;
  plan.pause_s = 0.03;
  return plan;
}

SamplingPlan sustained_plan(Effort effort) {
  SamplingPlan plan;
  plan.warmup_s = effort == Effort::kQuick ? 0.2 : 1;
  plan.sample_s = 0.05;
  plan.at_least_s = effort == Effort::kQuick ? 1 : effort == Effort::kFull ? 10 : 5;
  return plan;
}

SamplingPlan trial_plan() {
  SamplingPlan plan;
  plan.warmup_s = 0;
  plan.samples = 3;
  return plan;
}

Deadline::Deadline(const Session& session, const ProbeContext& context)
    : session_(&session),
      context_(&context),
      end_s_(context.budget_s > 0 ? session.now() + context.budget_s : std::numeric_limits<double>::infinity()) {}

bool Deadline::over() const {
  if (context_->interrupted && context_->interrupted()) throw Interrupted();
  return session_->now() >= end_s_;
}

Sampled sample(const Session& session, const std::function<void()>& launch, const SamplingPlan& plan,
               const Deadline& deadline) {
  Sampled out;
  out.launches = warm_up(session, launch, plan, deadline);
  const Batch batch(session, launch, out.launches, plan.through_graph);
  if (plan.through_graph) static_cast<void>(timed_s(session, batch));  // the first replay uploads the graph
  ReadingMean readings;
  const int reading_every = std::max(plan.samples / kReadings, 1);
  double measured = 0;
  while (static_cast<int>(out.seconds.size()) < plan.samples || measured < plan.at_least_s) {
    if (out.seconds.size() >= kMostSamples) break;
    if (deadline.over() && static_cast<int>(out.seconds.size()) >= std::min(kEnoughPastDeadline, plan.samples)) {
      out.stopped = true;
      break;
    }
    if (plan.pause_s > 0) {
      session.synchronize();
      session.pause(plan.pause_s);
      launch();
    }
    session.mark_begin();
    batch.run();
    session.mark_end();
    if (static_cast<int>(out.seconds.size()) % reading_every == reading_every / 2)
      readings.add(session.monitor().read());
    const double s = session.marked_s();
    measured += s;
    out.seconds.push_back(s / static_cast<double>(out.launches));
  }
  out.reading = readings.mean();
  return out;
}

Figure rate_figure(std::string_view probe, std::string config, Unit unit, double work, const Sampled& sampled) {
  if (sampled.summary().min <= 0) return refused_figure(probe, std::move(config), unit, "took no measurable time");
  return annotated(gable::rate_figure(std::string(probe), std::move(config), unit, work, sampled.seconds), sampled);
}

Figure time_figure(std::string_view probe, std::string config, const Sampled& sampled) {
  return annotated(gable::time_figure(std::string(probe), std::move(config), sampled.seconds), sampled);
}

Figure refused_figure(std::string_view probe, std::string config, Unit unit, std::string why) {
  Figure figure;
  figure.probe = probe;
  figure.config = std::move(config);
  figure.unit = unit;
  figure.refused = std::move(why);
  return figure;
}

void refuse_above(Figure& figure, const Peak& peak) { gable::refuse_above(figure, peak.value, 0, peak.arithmetic); }

}  // namespace gable::cuda
