// Easy to break: time that two streams share, what a copy hides, a gap that the host is to blame for and one that it is
// not, two devices.
#include "analyzer/trace/device_time.h"

#include <doctest/doctest.h>

using namespace gable;

namespace {

using Kind = DeviceEvent::Kind;

void event(Trace& trace, Kind kind, std::string_view name, std::int64_t start, std::int64_t end,
           std::uint64_t correlation = 0, std::int32_t device = 0) {
  DeviceEvent made;
  made.kind = kind;
  made.name = trace.texts.add(name);
  made.device = device;
  made.start_ns = start;
  made.end_ns = end;
  made.correlation = correlation;
  trace.events.push_back(made);
}

DeviceTimeline timeline_of(const Trace& trace) { return make_timeline(trace, link_events(trace)); }
std::size_t at(DeviceWork work) { return static_cast<std::size_t>(work); }

}  // namespace

TEST_CASE("busy, overlapped, exposed and idle add up") {
  Trace trace;
  event(trace, Kind::kKernel, "gemm", 0, 100);
  event(trace, Kind::kKernel, "gemm on another stream", 50, 120);            // 50 beside the first
  event(trace, Kind::kMemcpy, "Memcpy HtoD", 90, 150);                       // 30 hidden, 30 exposed
  event(trace, Kind::kKernel, "ncclDevKernel_AllReduce_Sum_f32", 140, 200);  // hides 10 of the copy's
  event(trace, Kind::kMemset, "Memset (Device)", 300, 310);                  // belongs to the kernels
  const DeviceTimeline timeline = timeline_of(trace);
  REQUIRE(timeline.devices.size() == 1);
  const DeviceTime& time = timeline.devices.front();
  CHECK(time.wall_ns == 310);
  CHECK(time.total_ns[at(DeviceWork::kCompute)] == 100 + 70 + 10);
  CHECK(time.total_ns[at(DeviceWork::kCopy)] == 60);
  CHECK(time.total_ns[at(DeviceWork::kCommunication)] == 60);
  CHECK(time.exposed_ns[at(DeviceWork::kCompute)] == 120 + 10);
  CHECK(time.exposed_ns[at(DeviceWork::kCommunication)] == 60);
  CHECK(time.exposed_ns[at(DeviceWork::kCopy)] == 150 - 120 - 10);
  CHECK(time.busy_ns == 200 + 10);
  CHECK(time.idle_ns == 100);
  CHECK(time.overlapped_ns == 180 + 60 + 60 - 210);
}

TEST_CASE("a gap before a late launch is the host's, others are not") {
  Trace trace;
  event(trace, Kind::kKernel, "a", 0, 10, 1);
  event(trace, Kind::kKernel, "b", 30, 40, 2);   // launched at 25: 15 waited, 5 to get there
  event(trace, Kind::kKernel, "c", 50, 60, 3);   // launched long before: it waited for something else
  event(trace, Kind::kKernel, "d", 80, 90, 4);   // launched at 78
  event(trace, Kind::kKernel, "e", 90, 95, 5);   // back to back
  event(trace, Kind::kKernel, "f", 99, 100, 6);  // launched at 97
  const TextId name = trace.texts.add("cudaLaunchKernel");
  trace.launches = {{name, 1, -5, -4, 1}, {name, 1, 25, 26, 2}, {name, 1, 27, 28, 3},
                    {name, 1, 78, 79, 4}, {name, 1, 79, 80, 5}, {name, 1, 97, 98, 6}};
  const DeviceTimeline timeline = timeline_of(trace);
  CHECK(timeline.devices.front().waited_ns == 15 + 18 + 2);
  REQUIRE(timeline.stretches.size() == 1);  // b stands alone
  const LaunchStretch& stretch = timeline.stretches.front();
  CHECK(stretch.first == 3);
  CHECK(stretch.last == 5);
  CHECK(stretch.events == 3);
  CHECK(stretch.waited_ns == 18 + 2);
  CHECK(stretch.busy_ns == 10 + 5 + 1);
  CHECK(stretch.start_ns == 60);
  CHECK(stretch.end_ns == 100);
}

TEST_CASE("every device has the whole trace's wall time") {
  Trace trace;
  event(trace, Kind::kKernel, "a", 0, 10, 0, 0);
  event(trace, Kind::kKernel, "a", 5, 30, 0, 3);
  const DeviceTimeline timeline = timeline_of(trace);
  REQUIRE(timeline.devices.size() == 2);
  CHECK(timeline.devices[0].device == 0);
  CHECK(timeline.devices[0].idle_ns == 20);
  CHECK(timeline.devices[1].device == 3);
  CHECK(timeline.devices[1].wall_ns == 30);
  CHECK(timeline.devices[1].busy_ns == 25);
}

TEST_CASE("without a clock there is no timeline") {
  Trace trace;
  event(trace, Kind::kKernel, "a", 0, 10);
  trace.has_clock = false;
  CHECK(timeline_of(trace).devices.empty());
}
