// Repeating a launch until its time is known, and what a figure makes of the times.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analyzer/measured/statistics.h"
#include "probes/cuda/peaks.h"
#include "probes/cuda/session.h"
#include "probes/probe.h"

namespace gable::cuda {

/// How long to warm up and to sample.
struct SamplingPlan {
  double warmup_s = 0.2;
  double sample_s = 1e-3;      ///< launches are batched until a sample takes this long: events resolve about 0.5 us
  int samples = 20;            ///< at least, unless out of time
  double at_least_s = 0;       ///< goes on until this much was measured
  bool through_graph = false;  ///< batches are replayed as a CUDA graph: no gaps between short kernels
  int most_launches = 1000;    ///< a batch
  double pause_s = 0;          ///< idle before each sample, then one launch untimed: power and clocks recover
};

/// The plan of a kind of probe at an effort: quick ones warm up for a quarter of the time and take 10 samples.
SamplingPlan memory_plan(Effort effort);
SamplingPlan burst_plan(Effort effort);
SamplingPlan sustained_plan(Effort effort);
SamplingPlan trial_plan();  ///< for choosing between variants: short

struct Sampled {
  std::vector<double> seconds;  ///< of one launch, one value a sample
  std::int64_t launches = 0;    ///< a sample
  Reading reading;              ///< means over the readings that said something
  bool stopped = false;         ///< out of time before there were as many samples as planned

  [[nodiscard]] Summary summary() const { return summarize(seconds); }
};

/// Deadline of a probe on the session's clock.
class Deadline {
 public:
  Deadline(const Session& session, const ProbeContext& context);
  /// Whether the budget is used up; no budget never is. @throws Interrupted
  [[nodiscard]] bool over() const;

 private:
  const Session* session_;
  const ProbeContext* context_;
  double end_s_;
};

/// Launches of one kind, timed. Past the deadline three samples are enough.
/// @throws DeviceError; Interrupted (probes/sampling.h)
Sampled sample(const Session& session, const std::function<void()>& launch, const SamplingPlan& plan,
               const Deadline& deadline);

/// A rate: `work` of a launch over its time.
Figure rate_figure(std::string_view probe, std::string config, Unit unit, double work, const Sampled& sampled);
/// A latency: the time of a launch.
Figure time_figure(std::string_view probe, std::string config, const Sampled& sampled);
/// A figure that does not count, and why.
Figure refused_figure(std::string_view probe, std::string config, Unit unit, std::string why);
/// Refuses a figure whose best is above what the device could do, with the arithmetic. A peak of 0 bounds nothing.
void refuse_above(Figure& figure, const Peak& peak);

}  // namespace gable::cuda
