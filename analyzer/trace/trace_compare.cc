#include "analyzer/trace/trace_compare.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace gable {
namespace {

class Pairs {
 public:
  Pairs(std::int64_t before_steps, std::int64_t after_steps)
      : before_steps_(static_cast<double>(before_steps)), after_steps_(static_cast<double>(after_steps)) {}

  TracePair& at(const std::string& name) {
    const auto [found, added] = place_.try_emplace(name, pairs_.size());
    if (added) pairs_.push_back({name, {}, {}, 0, 0, 0, 0});
    return pairs_[found->second];
  }
  void add_before(const std::string& name, std::int64_t ns, std::int64_t launches) {
    TracePair& pair = at(name);
    pair.before_ns += static_cast<double>(ns) / before_steps_;
    pair.before_launches += static_cast<double>(launches) / before_steps_;
  }
  void add_after(const std::string& name, std::int64_t ns, std::int64_t launches) {
    TracePair& pair = at(name);
    pair.after_ns += static_cast<double>(ns) / after_steps_;
    pair.after_launches += static_cast<double>(launches) / after_steps_;
  }
  /// Without those that neither has.
  std::vector<TracePair> in_order() {
    std::erase_if(pairs_, [](const TracePair& pair) { return pair.before_ns == 0 && pair.after_ns == 0; });
    return std::move(pairs_);
  }
  std::vector<TracePair> largest_first() {
    std::stable_sort(pairs_.begin(), pairs_.end(), [](const TracePair& a, const TracePair& b) {
      return std::fabs(a.difference_s()) > std::fabs(b.difference_s());
    });
    return std::move(pairs_);
  }

 private:
  double before_steps_;
  double after_steps_;
  std::vector<TracePair> pairs_;
  std::unordered_map<std::string, std::size_t> place_;
};

std::vector<TracePair> pair_names(Pairs pairs, const std::vector<NamedTime>& before,
                                  const std::vector<NamedTime>& after) {
  for (const NamedTime& name : before) pairs.add_before(name.name, name.time_ns, name.launches);
  for (const NamedTime& name : after) pairs.add_after(name.name, name.time_ns, name.launches);
  return pairs.largest_first();
}

std::vector<TracePair> pair_ops(Pairs pairs, const TraceStudy& before, const TraceStudy& after) {
  for (std::size_t i = 0; i < before.sums.ops.size(); ++i) {
    const TraceOp& op = before.sums.ops[i];
    pairs.add_before(op.title(), op.time_ns, op.launches);
    if (TracePair& pair = pairs.at(op.title()); !pair.before) pair.before = i;
  }
  for (std::size_t i = 0; i < after.sums.ops.size(); ++i) {
    const TraceOp& op = after.sums.ops[i];
    pairs.add_after(op.title(), op.time_ns, op.launches);
    if (TracePair& pair = pairs.at(op.title()); !pair.after) pair.after = i;
  }
  return pairs.largest_first();
}

std::vector<TracePair> pair_totals(Pairs pairs, const TraceStudy& before, const TraceStudy& after) {
  const auto add = [&](const TraceStudy& study, void (Pairs::*to)(const std::string&, std::int64_t, std::int64_t)) {
    const DeviceTime all = all_devices(study.timeline);
    const auto work = [&](DeviceWork which) { return all.total_ns[static_cast<std::size_t>(which)]; };
    std::int64_t kernels_ns = 0;
    for (const NamedTime& kernel : study.sums.kernels) kernels_ns += kernel.time_ns;
    (pairs.*to)("kernels, copies and fills", kernels_ns, static_cast<std::int64_t>(study.trace.events.size()));
    if (!study.trace.has_clock) return;
    (pairs.*to)("wall", all.wall_ns, 0);
    (pairs.*to)("busy", all.busy_ns, 0);
    (pairs.*to)("idle", all.idle_ns, 0);
    (pairs.*to)("waited for launches", all.waited_ns, 0);
    (pairs.*to)("communication", work(DeviceWork::kCommunication), 0);
    (pairs.*to)("copies", work(DeviceWork::kCopy), 0);
  };
  add(before, &Pairs::add_before);
  add(after, &Pairs::add_after);
  return pairs.in_order();
}

}  // namespace

TraceComparison compare_traces(TraceStudy before, TraceStudy after) {
  TraceComparison made;
  if (!before.step_starts_ns.empty() && !after.step_starts_ns.empty()) {
    made.before_steps = static_cast<std::int64_t>(before.step_starts_ns.size());
    made.after_steps = static_cast<std::int64_t>(after.step_starts_ns.size());
  }
  const Pairs pairs(made.before_steps, made.after_steps);
  made.totals = pair_totals(pairs, before, after);
  made.families = pair_names(pairs, before.sums.families, after.sums.families);
  made.ops = pair_ops(pairs, before, after);
  made.kernels = pair_names(pairs, before.sums.kernels, after.sums.kernels);
  made.before = std::move(before);
  made.after = std::move(after);
  return made;
}

}  // namespace gable
