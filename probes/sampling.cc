#include "probes/sampling.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "analyzer/measured/statistics.h"

namespace gable {

SamplePlan sample_plan(Effort effort) {
  if (effort == Effort::kQuick) return {1, 3, 7};
  if (effort == Effort::kFull) return {3, 20, 50};
  return {2, 5, 20};
}

std::vector<double> sample(const ProbeContext& context, const SamplePlan& plan, const std::function<double()>& once) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  std::vector<double> times;
  for (int i = -plan.warmups; i < plan.wanted; ++i) {
    if (context.interrupted && context.interrupted()) throw Interrupted();
    const double time = once();
    if (i >= 0) times.push_back(time);
    const double spent = std::chrono::duration<double>(Clock::now() - begin).count();
    if (spent > context.budget_s && static_cast<int>(times.size()) >= plan.least) break;
  }
  return times;
}

Figure rate_figure(std::string probe, std::string config, Unit unit, double work, const std::vector<double>& times) {
  const Summary summary = summarize(times);
  Figure figure;
  figure.probe = std::move(probe);
  figure.config = std::move(config);
  figure.unit = unit;
  figure.value = work / summary.median;
  figure.best = work / summary.min;
  figure.spread = summary.spread();
  figure.samples = static_cast<std::int64_t>(summary.n);
  return figure;
}

Figure time_figure(std::string probe, std::string config, const std::vector<double>& times) {
  const Summary summary = summarize(times);
  Figure figure;
  figure.probe = std::move(probe);
  figure.config = std::move(config);
  figure.unit = Unit::kSeconds;
  figure.value = summary.median;
  figure.best = summary.min;
  figure.spread = summary.spread();
  figure.samples = static_cast<std::int64_t>(summary.n);
  return figure;
}

void refuse_above(Figure& figure, double limit, double tolerance, const std::string& what) {
  if (limit <= 0 || figure.best <= limit * (1 + tolerance) || !figure.refused.empty()) return;
  figure.refused = fmt::format("its best, {}, is above {} ({})", format_si(figure.best, unit_symbol(figure.unit)),
                               format_si(limit, unit_symbol(figure.unit)), what);
}

}  // namespace gable
