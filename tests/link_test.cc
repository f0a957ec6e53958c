// Easy to break: ranges that share a start or an end, an id of the profiler that names another op, launches on another
// thread, clocks of whole microseconds.
#include "analyzer/trace/link.h"

#include <doctest/doctest.h>

#include <string>

using namespace gable;

namespace {

HostRange range(Trace& trace, std::string_view name, std::int64_t start, std::int64_t end, std::uint32_t thread = 1,
                std::uint64_t external = 0) {
  HostRange made{HostRange::Kind::kOp, trace.texts.add(name), thread, start, end, external, 0};
  trace.ranges.push_back(made);
  return made;
}
void launch(Trace& trace, std::uint64_t correlation, std::int64_t start, std::int64_t end, std::uint32_t thread = 1) {
  trace.launches.push_back({trace.texts.add("cudaLaunchKernel"), thread, start, end, correlation});
}
void kernel(Trace& trace, std::uint64_t correlation, std::int64_t start, std::uint64_t external = 0) {
  DeviceEvent event;
  event.name = trace.texts.add("k");
  event.start_ns = start;
  event.end_ns = start + 10;
  event.correlation = correlation;
  event.external = external;
  trace.events.push_back(event);
}

std::string owner(const Trace& trace, const Links& links, std::size_t event = 0) {
  const std::uint32_t found = links.innermost[event];
  return found == kNobody ? "-" : std::string(trace.texts.at(trace.ranges[found].name));
}

}  // namespace

TEST_CASE("the innermost range around the launch has the event") {
  Trace trace;
  range(trace, "outer", 0, 100);
  range(trace, "inner", 10, 50);
  range(trace, "later", 60, 90);
  range(trace, "other thread", 0, 100, 2);
  launch(trace, 1, 20, 25);
  launch(trace, 2, 55, 58);
  launch(trace, 3, 70, 75);
  launch(trace, 4, 120, 125);
  for (std::uint64_t c = 1; c <= 4; ++c) kernel(trace, c, 200);
  const Links links = link_events(trace);
  CHECK(owner(trace, links, 0) == "inner");
  CHECK(owner(trace, links, 1) == "outer");
  CHECK(owner(trace, links, 2) == "later");
  CHECK(owner(trace, links, 3) == "-");
  CHECK(links.parent[0] == kNobody);
  CHECK(links.parent[1] == 0);
  CHECK(links.parent[2] == 0);
  CHECK(links.parent[3] == kNobody);
}

TEST_CASE("where launch and the profiler's id disagree the launch is right") {
  Trace trace;
  range(trace, "by launch", 0, 100, 1, 7);
  range(trace, "by id", 200, 300, 1, 8);
  launch(trace, 1, 20, 25);
  kernel(trace, 1, 400, 8);
  kernel(trace, 99, 400, 8);  // its launch is not in the file
  kernel(trace, 98, 150, 8);  // nor is this one's, and it ran before that op began
  const Links links = link_events(trace);
  CHECK(owner(trace, links, 0) == "by launch");
  CHECK(owner(trace, links, 1) == "by id");
  CHECK(owner(trace, links, 2) == "-");
  CHECK(links.by_external == 1);
}

TEST_CASE("ranges of equal start nest by length, of equal times by the order of the file") {
  Trace trace;
  range(trace, "short", 0, 10);
  range(trace, "long", 0, 100);
  range(trace, "twin outer", 200, 300);
  range(trace, "twin inner", 200, 300);
  launch(trace, 1, 0, 5);
  launch(trace, 2, 250, 255);
  kernel(trace, 1, 400);
  kernel(trace, 2, 400);
  const Links links = link_events(trace);
  CHECK(owner(trace, links, 0) == "short");
  CHECK(links.parent[0] == 1);
  CHECK(owner(trace, links, 1) == "twin inner");
  CHECK(links.parent[3] == 2);
}

TEST_CASE("with whole microseconds one op ends when the next one begins") {
  Trace trace;
  range(trace, "first", 100, 105);
  range(trace, "second", 105, 110);
  range(trace, "child that ends late", 106, 111);
  launch(trace, 1, 105, 107);
  kernel(trace, 1, 400);
  const Links links = link_events(trace);
  CHECK(owner(trace, links) == "second");
  CHECK(links.parent[1] == kNobody);
  CHECK(links.parent[2] == 1);
}

TEST_CASE("an annotation that crosses an op neither hides it nor keeps it open") {
  Trace trace;
  range(trace, "op", 0, 10 * 1000);
  range(trace, "phase", 5 * 1000, 100 * 1000);
  trace.ranges.back().kind = HostRange::Kind::kAnnotation;
  range(trace, "later op", 70 * 1000, 80 * 1000);
  launch(trace, 1, 7 * 1000, 8 * 1000);
  launch(trace, 2, 60 * 1000, 61 * 1000);
  launch(trace, 3, 75 * 1000, 76 * 1000);
  for (std::uint64_t c = 1; c <= 3; ++c) kernel(trace, c, 200 * 1000);
  const Links links = link_events(trace);
  CHECK(owner(trace, links, 0) == "op");
  CHECK(owner(trace, links, 1) == "phase");
  CHECK(owner(trace, links, 2) == "later op");
  CHECK(links.parent[1] == kNobody);  // it outlives the op
  CHECK(links.parent[2] == 1);
}

TEST_CASE("all nodes of a graph have its launch, and none has an op") {
  Trace trace;
  range(trace, "before", 0, 10);
  launch(trace, 5, 50, 60);
  for (int i = 0; i < 3; ++i) kernel(trace, 5, 100 + 20 * i);
  const Links links = link_events(trace);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(links.launch[i] == 0);
    CHECK(owner(trace, links, i) == "-");
  }
}

TEST_CASE("of a runtime call and the driver call in it the outer one counts") {
  Trace trace;
  range(trace, "op", 0, 12);
  launch(trace, 5, 13, 14);  // the driver's
  launch(trace, 5, 10, 20);
  kernel(trace, 5, 100);
  CHECK(owner(trace, link_events(trace)) == "op");
}
