// Repeats a measurement until it has enough samples or its time is up.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "probes/probe.h"

namespace gable {

/// How often, by the effort asked for.
struct SamplePlan {
  int warmups = 2;
  int least = 5;  ///< taken even when time is up
  int wanted = 20;
};
SamplePlan sample_plan(Effort effort);

/// Runs `once` and keeps what it returns (seconds), until `plan.wanted` samples or `context.budget_s` are spent.
/// @throws Interrupted
std::vector<double> sample(const ProbeContext& context, const SamplePlan& plan, const std::function<double()>& once);

/// The user's Ctrl-C between two samples.
class Interrupted {};

/// A rate from times: work / time of each sample; the figure is the median, the best that of the shortest.
Figure rate_figure(std::string probe, std::string config, Unit unit, double work, const std::vector<double>& times);

/// A time from times; the best is the shortest.
Figure time_figure(std::string probe, std::string config, const std::vector<double>& times);

/// Refuses a figure above `limit` times 1 + `tolerance`, with the reason.
void refuse_above(Figure& figure, double limit, double tolerance, const std::string& what);

}  // namespace gable
