#include "analyzer/roofline/launch_order.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace gable {
namespace {

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

/// A kernel with what tells where it stands.
struct Placed {
  const Kernel* kernel = nullptr;
  double time_s = 0;        ///< of one execution, without launch latency
  std::vector<int> blocks;  ///< around it, outermost first
  std::size_t span = 0;
};

std::vector<int> blocks_around(const Model& model, int group) {
  std::vector<int> blocks;
  for (; group >= 0; group = model.groups[static_cast<std::size_t>(group)].parent) blocks.push_back(group);
  std::reverse(blocks.begin(), blocks.end());
  return blocks;
}

Count starts(const Kernel& kernel) { return kernel.one.launches + kernel.one.memcpys; }

/// The kernels in the order of execution, which the rows of ops do not keep.
std::vector<Placed> placed(const Analysis& analysis) {
  const double latency = analysis.options.roofs.launch ? analysis.hw.launch_latency.value : 0;
  std::vector<Placed> all;
  for (const OpRow& row : analysis.rows) {
    const std::vector<int> blocks = blocks_around(analysis.model, analysis.model.ops[row.op].group);
    for (const KernelRow& kernel : row.kernels) {
      const double time = std::max(0.0, kernel.time.total_s - starts(kernel.kernel).real() * latency);
      const bool nothing = time == 0 && starts(kernel.kernel) == Count(0);  // an optimizer without parameters
      if (!nothing) all.push_back({&kernel.kernel, time, blocks, 0});
    }
  }
  std::sort(all.begin(), all.end(), [](const Placed& a, const Placed& b) { return a.kernel->order < b.kernel->order; });
  return all;
}

/// The spans with their sums; says in `kernels` which one each belongs to.
std::vector<ClockSpan> spans_of(const Analysis& analysis, const Host& host, std::vector<Placed>& kernels) {
  std::vector<ClockSpan> spans;
  std::map<std::pair<std::string, std::string_view>, std::size_t> known;
  for (Placed& at : kernels) {
    const Kernel& kernel = *at.kernel;
    const std::string& name = at.blocks.empty()
                                  ? analysis.model.parts[analysis.model.ops[kernel.op].part].name
                                  : analysis.model.groups[static_cast<std::size_t>(at.blocks.back())].path;
    const std::string_view pass = pass_group(kernel.pass);
    const auto [found, fresh] = known.try_emplace({name, pass}, spans.size());
    if (fresh) spans.push_back({name, pass, 0, 0, 0, 0});
    at.span = found->second;
    ClockSpan& span = spans[at.span];
    const Count times(kernel.executions);
    span.launches += (kernel.one.launches * times).value();
    span.cpu_s += (starts(kernel) * times).real() * dispatch_time(host, kernel.pass);
    span.gpu_s += at.time_s * times.real();
  }
  return spans;
}

/// The launches of a kernel share its work. Where the CPU waits for it, it waits for the last of them.
LaunchLoop launches_of(const Placed& at, const Host& host) {
  const Kernel& kernel = *at.kernel;
  const std::int64_t each = starts(kernel).value();
  LaunchLoop launch;
  launch.times = std::max<std::int64_t>(1, each);
  launch.cpu_s = each > 0 ? dispatch_time(host, kernel.pass) : 0;
  launch.gpu_s = at.time_s / static_cast<double>(std::max<std::int64_t>(1, each));
  launch.span = at.span;
  LaunchLoop instances;
  instances.times = kernel.count;
  instances.sync = kernel.sync;
  instances.body.push_back(std::move(launch));
  return instances;
}

/// Runs of kernels in one block and one pass go round as a whole. `depth`: blocks around all of them.
std::vector<LaunchLoop> nested(const Analysis& analysis, const Host& host, std::span<const Placed> kernels,
                               std::size_t depth) {
  std::vector<LaunchLoop> loops;
  for (std::size_t i = 0, end = 0; i < kernels.size(); i = end) {
    const Placed& first = kernels[i];
    end = i + 1;
    if (first.blocks.size() == depth) {
      loops.push_back(launches_of(first, host));
      continue;
    }
    const auto together = [&](const Placed& at) {
      return at.blocks.size() > depth && at.blocks[depth] == first.blocks[depth] &&
             pass_group(at.kernel->pass) == pass_group(first.kernel->pass);
    };
    while (end < kernels.size() && together(kernels[end])) ++end;
    const std::vector<std::int64_t>& repeats = analysis.costed.repeats;  // those around included
    const std::int64_t around = depth == 0 ? 1 : repeats[static_cast<std::size_t>(first.blocks[depth - 1])];
    LaunchLoop block;
    block.times = repeats[static_cast<std::size_t>(first.blocks[depth])] / around;
    block.body = nested(analysis, host, kernels.subspan(i, end - i), depth + 1);
    loops.push_back(std::move(block));
  }
  return loops;
}

}  // namespace

LaunchOrder launch_order(const Analysis& analysis, const Host& host) {
  std::vector<Placed> kernels = placed(analysis);
  LaunchOrder order;
  order.spans = spans_of(analysis, host, kernels);
  const std::int64_t micro_batches = analysis.options.step.micro_batches;
  const auto add = [&](std::int64_t times, auto runs_there) {
    std::vector<Placed> those;
    std::copy_if(kernels.begin(), kernels.end(), std::back_inserter(those), runs_there);
    if (!those.empty()) order.loops.push_back({times, nested(analysis, host, those, 0), 0, 0, 0, false});
  };
  const auto updates = [](const Placed& at) { return at.kernel->pass == Pass::kOptimizer; };
  // A gradient is added to the one before from the second micro-batch on.
  add(1, [&](const Placed& at) { return !updates(at) && at.kernel->micro_batches == micro_batches; });
  if (micro_batches > 1) add(micro_batches - 1, [&](const Placed& at) { return !updates(at); });
  add(1, updates);
  return order;
}

}  // namespace gable
