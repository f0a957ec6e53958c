#include "analyzer/trace/link.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <unordered_map>

namespace gable {
namespace {

/// Ranges by thread and start; of equal starts the longer one first: it is the outer. Of equal ranges the one that the
/// file has first: profilers write the outer one first.
std::vector<std::uint32_t> outer_first(const std::vector<HostRange>& ranges) {
  std::vector<std::uint32_t> order(ranges.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const HostRange& x = ranges[a];
    const HostRange& y = ranges[b];
    return std::tuple(x.thread, x.start_ns, y.end_ns, a) < std::tuple(y.thread, y.start_ns, x.end_ns, b);
  });
  return order;
}

/// The open ranges of one thread while time goes on. Ops are apart from modules and annotations: those may cross ops,
/// where a program opens and closes them as it likes.
class OpenRanges {
 public:
  OpenRanges(const std::vector<HostRange>& ranges, std::vector<std::uint32_t>& parent)
      : ranges_(ranges), parent_(parent), op_around_(ranges.size(), kNobody) {}

  /// Closes what is over before something that lasts from start_ns to end_ns on that thread: clocks of whole
  /// microseconds have one range end when the next one begins.
  void move_to(std::uint32_t thread, std::int64_t start_ns, std::int64_t end_ns) {
    if (thread != thread_) {
      ops_.clear();
      others_.clear();
    }
    thread_ = thread;
    for (std::vector<std::uint32_t>* open : {&ops_, &others_}) {
      while (!open->empty()) {
        const std::int64_t closes_ns = ranges_[open->back()].end_ns;
        if (closes_ns > start_ns || (closes_ns == start_ns && end_ns == start_ns)) break;
        open->pop_back();
      }
    }
  }

  /// The range is inside the innermost one that does not end before it; what ends a little after the one around it, by
  /// a clock's rounding, is inside.
  void open(std::uint32_t index) {
    constexpr std::int64_t kRoundingNs = 2000;
    const HostRange& range = ranges_[index];
    move_to(range.thread, range.start_ns, range.end_ns);
    std::uint32_t around = innermost();
    while (around != kNobody && ranges_[around].end_ns < range.end_ns - kRoundingNs) around = parent_[around];
    parent_[index] = around;
    const bool op = range.kind == HostRange::Kind::kOp;
    op_around_[index] = op ? index : around == kNobody ? kNobody : op_around_[around];
    (op ? ops_ : others_).push_back(index);
  }

  /// An annotation that began in an op and outlives it is not inside: then it is the op.
  [[nodiscard]] std::uint32_t innermost() const {
    if (others_.empty()) return ops_.empty() ? kNobody : ops_.back();
    if (ops_.empty() || op_around_[others_.back()] == ops_.back()) return others_.back();
    return ops_.back();
  }

 private:
  const std::vector<HostRange>& ranges_;
  std::vector<std::uint32_t>& parent_;
  std::vector<std::uint32_t> op_around_;  ///< of each range: itself if it is an op, else the nearest one around it
  std::vector<std::uint32_t> ops_;        ///< innermost last
  std::vector<std::uint32_t> others_;
  std::uint32_t thread_ = UINT32_MAX;
};

/// Fills `parent`, and gives of every launch the innermost range around it: one sweep over time.
std::vector<std::uint32_t> nest(const Trace& trace, const std::vector<std::uint32_t>& order,
                                std::vector<std::uint32_t>& parent) {
  std::vector<std::uint32_t> launches(trace.launches.size());
  std::iota(launches.begin(), launches.end(), 0U);
  std::sort(launches.begin(), launches.end(), [&](std::uint32_t a, std::uint32_t b) {
    const HostCall& x = trace.launches[a];
    const HostCall& y = trace.launches[b];
    return std::tuple(x.thread, x.start_ns, a) < std::tuple(y.thread, y.start_ns, b);
  });
  std::vector<std::uint32_t> around(launches.size(), kNobody);
  parent.assign(trace.ranges.size(), kNobody);
  OpenRanges open(trace.ranges, parent);
  std::size_t next = 0;
  for (const std::uint32_t launch : launches) {
    const HostCall& call = trace.launches[launch];
    for (; next < order.size(); ++next) {
      const HostRange& range = trace.ranges[order[next]];
      if (std::pair(range.thread, range.start_ns) > std::pair(call.thread, call.start_ns)) break;
      open.open(order[next]);
    }
    open.move_to(call.thread, call.start_ns, call.end_ns);
    around[launch] = open.innermost();
  }
  for (; next < order.size(); ++next) open.open(order[next]);
  return around;
}

/// Where a runtime call and the driver call in it share a correlation, the outer one, which began first.
std::unordered_map<std::uint64_t, std::uint32_t> launches_by_correlation(const std::vector<HostCall>& launches) {
  std::unordered_map<std::uint64_t, std::uint32_t> found;
  found.reserve(launches.size());
  for (std::uint32_t i = 0; i < launches.size(); ++i) {
    const auto [at, added] = found.emplace(launches[i].correlation, i);
    if (!added && launches[i].start_ns < launches[at->second].start_ns) at->second = i;
  }
  return found;
}

}  // namespace

Links link_events(const Trace& trace) {
  Links links;
  links.order = outer_first(trace.ranges);
  const std::vector<std::uint32_t> around = nest(trace, links.order, links.parent);
  const auto launches = launches_by_correlation(trace.launches);
  std::unordered_map<std::uint64_t, std::uint32_t> by_external;
  for (std::uint32_t i = 0; i < trace.ranges.size(); ++i) {
    const HostRange& range = trace.ranges[i];
    if (range.kind == HostRange::Kind::kOp && range.external != 0) by_external.emplace(range.external, i);
  }
  for (const DeviceEvent& event : trace.events) {
    std::uint32_t launch = kNobody;
    std::uint32_t range = kNobody;
    if (const auto found = launches.find(event.correlation); found != launches.end() && event.correlation != 0) {
      launch = found->second;
      range = around[launch];
    } else if (const auto op = by_external.find(event.external);
               op != by_external.end() && trace.ranges[op->second].start_ns <= event.start_ns) {
      range = op->second;
      ++links.by_external;
    }
    links.launch.push_back(launch);
    links.innermost.push_back(range);
  }
  return links;
}

}  // namespace gable
