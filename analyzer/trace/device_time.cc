#include "analyzer/trace/device_time.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace gable {
namespace {

std::size_t index_of(DeviceWork work) { return static_cast<std::size_t>(work); }

/// A start or end of an event.
struct Edge {
  std::int64_t ns = 0;
  int change = 0;
  std::size_t work = 0;
};

/// How long each kind of work is exposed: the running ones are counted while time goes on.
void add_exposed(const Trace& trace, const std::vector<std::uint32_t>& events, DeviceTime& time) {
  std::vector<Edge> edges;
  for (const std::uint32_t i : events) {
    const DeviceEvent& event = trace.events[i];
    const std::size_t work = index_of(work_of(event, trace.texts.at(event.name)));
    time.total_ns[work] += event.end_ns - event.start_ns;
    edges.push_back({event.start_ns, 1, work});
    edges.push_back({event.end_ns, -1, work});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.ns < b.ns; });
  std::array<std::int64_t, kDeviceWorkCount> running{};
  std::int64_t before_ns = 0;
  for (const Edge& edge : edges) {
    for (std::size_t work = 0; work < kDeviceWorkCount; ++work) {
      if (running.at(work) == 0) continue;
      time.exposed_ns[work] += edge.ns - before_ns;
      break;
    }
    running.at(edge.work) += edge.change;
    before_ns = edge.ns;
  }
}

/// Gaps and what they waited for; events are in the order of their start.
class Gaps {
 public:
  Gaps(const Trace& trace, const Links& links, std::vector<LaunchStretch>& stretches)
      : trace_(trace), links_(links), stretches_(stretches) {}

  void add(std::uint32_t index, DeviceTime& time) {
    const DeviceEvent& event = trace_.events[index];
    const std::int64_t waited_ns = started_ ? waited(index) : 0;
    started_ = true;
    time.waited_ns += waited_ns;
    if (waited_ns > 0) {
      if (open_.events == 0) open_ = {index, index, free_ns_, event.end_ns, 0, 0, 0};
      open_.last = index;
      open_.end_ns = std::max(open_.end_ns, event.end_ns);
      ++open_.events;
      open_.busy_ns += event.end_ns - event.start_ns;
      open_.waited_ns += waited_ns;
    } else if (event.start_ns > free_ns_) {
      close();
    } else if (open_.events > 0) {  // back to back with one that waited
      open_.last = index;
      open_.end_ns = std::max(open_.end_ns, event.end_ns);
      ++open_.events;
      open_.busy_ns += event.end_ns - event.start_ns;
    }
    free_ns_ = std::max(free_ns_, event.end_ns);
  }

  void close() {
    if (open_.events > 1) stretches_.push_back(open_);
    open_ = {};
  }

 private:
  /// How long the device was free for before the event was launched.
  [[nodiscard]] std::int64_t waited(std::uint32_t index) const {
    const std::uint32_t launch = links_.launch[index];
    if (launch == kNobody) return 0;
    const std::int64_t launched_ns = std::min(trace_.launches[launch].start_ns, trace_.events[index].start_ns);
    return std::max<std::int64_t>(0, launched_ns - free_ns_);
  }

  const Trace& trace_;
  const Links& links_;
  std::vector<LaunchStretch>& stretches_;
  LaunchStretch open_;
  std::int64_t free_ns_ = INT64_MIN;
  bool started_ = false;
};

}  // namespace

DeviceWork work_of(const DeviceEvent& event, std::string_view name) {
  if (event.kind == DeviceEvent::Kind::kMemcpy) return DeviceWork::kCopy;
  const bool collective = name.starts_with("nccl") || name.find("ncclDev") != std::string_view::npos ||
                          name.find("ncclKernel") != std::string_view::npos || name.starts_with("rccl");
  return collective ? DeviceWork::kCommunication : DeviceWork::kCompute;
}

DeviceTimeline make_timeline(const Trace& trace, const Links& links) {
  DeviceTimeline timeline;
  if (!trace.has_clock || trace.events.empty()) return timeline;
  std::map<std::int32_t, std::vector<std::uint32_t>> by_device;
  std::int64_t first_ns = INT64_MAX;
  std::int64_t last_ns = INT64_MIN;
  for (std::uint32_t i = 0; i < trace.events.size(); ++i) {
    by_device[trace.events[i].device].push_back(i);
    first_ns = std::min(first_ns, trace.events[i].start_ns);
    last_ns = std::max(last_ns, trace.events[i].end_ns);
  }
  for (auto& [device, events] : by_device) {
    std::sort(events.begin(), events.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::tuple(trace.events[a].start_ns, trace.events[a].end_ns, a) <
             std::tuple(trace.events[b].start_ns, trace.events[b].end_ns, b);
    });
    DeviceTime time;
    time.device = device;
    time.events = static_cast<std::int64_t>(events.size());
    time.wall_ns = last_ns - first_ns;
    add_exposed(trace, events, time);
    Gaps gaps(trace, links, timeline.stretches);
    for (const std::uint32_t event : events) gaps.add(event, time);
    gaps.close();
    std::int64_t sum_ns = 0;
    for (std::size_t work = 0; work < kDeviceWorkCount; ++work) {
      time.busy_ns += time.exposed_ns[work];
      sum_ns += time.total_ns[work];
    }
    time.overlapped_ns = sum_ns - time.busy_ns;
    time.idle_ns = time.wall_ns - time.busy_ns;
    timeline.devices.push_back(time);
  }
  std::stable_sort(timeline.stretches.begin(), timeline.stretches.end(),
                   [](const LaunchStretch& a, const LaunchStretch& b) { return a.waited_ns > b.waited_ns; });
  return timeline;
}

}  // namespace gable
