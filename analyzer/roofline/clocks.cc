#include "analyzer/roofline/clocks.h"

#include <algorithm>

namespace gable {
namespace {

/// One kernel of the list with what it takes on both clocks.
struct Launch {
  const Kernel* kernel = nullptr;
  double cpu_s = 0;  ///< to dispatch once
  double gpu_s = 0;  ///< to run once
};

double dispatch_time(const Host& host, Pass pass) {
  switch (pass) {
    case Pass::kForward:
    case Pass::kRecompute:
      return host.forward.value;
    case Pass::kDgrad:
    case Pass::kWgrad:
      return host.backward.value;
    case Pass::kOptimizer:
      break;
  }
  return host.optimizer.value;
}

std::string_view pass_group(Pass pass) {
  if (pass == Pass::kForward) return "forward";
  return pass == Pass::kOptimizer ? "optimizer" : "backward";
}

/// The kernels in the order of execution, which the rows of ops do not keep.
std::vector<Launch> in_order(const Analysis& analysis, const Host& host) {
  std::vector<Launch> launches;
  std::vector<std::size_t> order;
  for (const OpRow& row : analysis.rows) {
    for (const KernelRow& kernel : row.kernels) {
      const double starts = (kernel.kernel.one.launches + kernel.kernel.one.memcpys).real();
      const double latency = analysis.options.roofs.launch ? starts * analysis.hw.launch_latency.value : 0;
      launches.push_back({&kernel.kernel, starts * dispatch_time(host, kernel.kernel.pass),
                          std::max(0.0, kernel.time.total_s - latency)});
    }
  }
  std::stable_sort(launches.begin(), launches.end(),
                   [](const Launch& a, const Launch& b) { return a.kernel->order < b.kernel->order; });
  return launches;
}

std::string span_name(const Analysis& analysis, const Kernel& kernel) {
  const OpSpec& op = analysis.model.ops[kernel.op];
  return op.group < 0 ? analysis.model.parts[op.part].name
                      : analysis.model.groups[static_cast<std::size_t>(op.group)].path;
}

class Clock {
 public:
  Clock(double latency_s, Clocks& clocks) : latency_s_(latency_s), clocks_(clocks) {}

  void launch(const Launch& launch, ClockSpan& span) {
    const auto times = launch.kernel->count;
    for (std::int64_t i = 0; i < times; ++i) {
      cpu_s_ += launch.cpu_s;
      const double start_s = std::max(gpu_s_, cpu_s_ + latency_s_);
      span.idle_s += start_s - gpu_s_;
      gpu_s_ = start_s + launch.gpu_s;
    }
    span.cpu_s += launch.cpu_s * static_cast<double>(times);
    span.gpu_s += launch.gpu_s * static_cast<double>(times);
    span.launches += (launch.kernel->one.launches * Count(times)).value();
  }

  void finish() {
    clocks_.step_s = std::max(cpu_s_, gpu_s_);
    for (const ClockSpan& span : clocks_.spans) {
      clocks_.cpu_s += span.cpu_s;
      clocks_.gpu_s += span.gpu_s;
      clocks_.idle_s += span.idle_s;
    }
  }

 private:
  double latency_s_;
  double cpu_s_ = 0;
  double gpu_s_ = 0;
  Clocks& clocks_;
};

ClockSpan& span_of(const Analysis& analysis, const Kernel& kernel, Clocks& clocks) {
  const std::string name = span_name(analysis, kernel);
  const std::string_view pass = pass_group(kernel.pass);
  auto found = std::find_if(clocks.spans.begin(), clocks.spans.end(),
                            [&](const ClockSpan& s) { return s.name == name && s.pass == pass; });
  if (found == clocks.spans.end()) found = clocks.spans.insert(found, ClockSpan{name, pass, 0, 0, 0, 0});
  return *found;
}

/// Times a kernel runs besides the instances in one pass of its block.
std::int64_t passes_of(const Kernel& kernel) { return kernel.executions / std::max<std::int64_t>(1, kernel.count); }

}  // namespace

Clocks run_clocks(const Analysis& analysis, const Host& host, bool graph) {
  Clocks clocks;
  std::vector<Launch> launches = in_order(analysis, host);
  if (graph) {
    for (Launch& launch : launches) launch.cpu_s = 0;
    if (!launches.empty())
      launches.front().cpu_s = host.forward.value / static_cast<double>(launches.front().kernel->count);
  }
  for (const Launch& launch : launches) span_of(analysis, *launch.kernel, clocks);  // so that references stay
  Clock clock(host.latency.value, clocks);
  for (std::size_t i = 0; i < launches.size();) {
    // A run of kernels of one repeated block goes round as a whole.
    std::size_t end = i + 1;
    const auto together = [&](const Kernel& a, const Kernel& b) {
      return a.loop == b.loop && a.loop >= 0 && passes_of(a) == passes_of(b);
    };
    while (end < launches.size() && together(*launches[i].kernel, *launches[end].kernel)) ++end;
    for (std::int64_t pass = 0; pass < passes_of(*launches[i].kernel); ++pass) {
      for (std::size_t at = i; at < end; ++at)
        clock.launch(launches[at], span_of(analysis, *launches[at].kernel, clocks));
    }
    i = end;
  }
  clock.finish();
  return clocks;
}

}  // namespace gable
