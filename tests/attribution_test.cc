// Easy to break: a memset of a library that nobody owns, graph nodes that share one correlation, ranges that are not
// ours inside ranges that are, times of the host compared with times of the device, a record handed over twice.
#include "analyzer/measured/attribution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/approx.h"

using namespace gable;

namespace {

using Kind = ActivityKind;

Activity on_device(Kind kind, std::string_view name, std::uint64_t correlation, std::uint64_t start, std::uint64_t end,
                   std::uint32_t stream = 7) {
  return {.kind = kind, .stream = stream, .start_ns = start, .end_ns = end, .correlation = correlation, .name = name};
}
Activity kernel(std::string_view name, std::uint64_t correlation, std::uint64_t start, std::uint64_t end,
                std::uint32_t stream = 7) {
  return on_device(Kind::kKernel, name, correlation, start, end, stream);
}
Activity node(std::string_view name, std::uint64_t correlation, std::uint64_t start, std::uint64_t end,
              std::uint64_t graph_node) {
  Activity record = kernel(name, correlation, start, end);
  record.graph_node = graph_node;
  return record;
}
Activity external(std::uint64_t correlation, std::uint64_t id) {
  return {.kind = Kind::kExternal, .correlation = correlation, .id = id};
}
Activity api(std::uint64_t correlation, std::uint64_t start, std::uint64_t thread = 1) {
  return {.kind = Kind::kApi, .start_ns = start, .end_ns = start + 5, .correlation = correlation, .thread = thread};
}
Activity opens(std::string_view name, std::uint64_t id, std::uint64_t at, std::uint64_t thread = 1) {
  return {.kind = Kind::kRangeStart, .start_ns = at, .id = id, .thread = thread, .name = name};
}
Activity closes(std::uint64_t id, std::uint64_t at) {  // CUPTI gives the end of a range no name
  return {.kind = Kind::kRangeEnd, .start_ns = at, .id = id};
}

/// "task 12" is task 12; other ranges are a library's.
AttributionOptions by_range() {
  AttributionOptions options;
  options.task_of_range = [](std::string_view name) -> std::optional<std::uint64_t> {
    if (!name.starts_with("task ")) return std::nullopt;
    return std::stoull(std::string(name.substr(5)));
  };
  return options;
}

/// "3: gemm x1 40 ns", a line a kernel, of tasks and then of "-".
std::vector<std::string> lines(const Attribution& result) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& task, const auto& row) {
    out.push_back(task + ": " + row.name + " x" + std::to_string(row.launches) + " " +
                  std::to_string(static_cast<std::int64_t>(row.time_s * 1e9 + 0.5)) + " ns");
  };
  for (const TaskActivity& task : result.tasks) {
    for (const MeasuredKernel& row : task.kernels) add(std::to_string(task.id), row);
  }
  for (const Unattributed& row : result.unattributed) add("-", row);
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("nested pushes: the innermost id, handed over last, wins") {
  const std::vector<Activity> records = {external(1, 3), external(1, 4), api(1, 100), kernel("gemm", 1, 120, 160)};
  CHECK(lines(attribute(records)) == Lines{"4: gemm x1 40 ns"});
}

TEST_CASE("nested ranges: the innermost of ours that encloses the call on its thread") {
  const std::vector<Activity> records = {opens("task 1", 1, 100),
                                         opens("task 2", 2, 200),
                                         opens("cublasLtMatmul", 3, 210),
                                         closes(3, 290),
                                         closes(2, 300),
                                         closes(1, 400),
                                         opens("task 9", 4, 0, 2),
                                         api(11, 150),  // inside 1
                                         api(12, 220),  // inside 2, and a range of a library, which is looked through
                                         api(13, 300),  // still inside 2: the ends belong to a range
                                         api(14, 301),  // back in 1
                                         api(15, 401),  // in none
                                         api(16, 220, 2),  // on another thread, in a range that is never closed
                                         kernel("a", 11, 1000, 1010),
                                         kernel("b", 12, 1010, 1030),
                                         kernel("c", 13, 1030, 1060),
                                         kernel("d", 14, 1060, 1100),
                                         kernel("e", 15, 1100, 1150),
                                         kernel("f", 16, 1150, 1210)};
  CHECK(lines(attribute(records, by_range())) ==
        Lines{"1: a x1 10 ns", "1: d x1 40 ns", "2: b x1 20 ns", "2: c x1 30 ns", "9: f x1 60 ns", "-: e x1 50 ns"});
  CHECK(attribute(records).tasks.empty());  // without a rule for names no range is ours
  CHECK(attribute(records, by_range()).missing_correlation == 0);
}

TEST_CASE("ranges that overlap without nesting: the one that started last, as long as it is open") {
  const std::vector<Activity> records = {
      opens("task 1", 1, 100), opens("task 2", 2, 200), closes(1, 250), closes(2, 300), api(11, 240), api(12, 260),
      kernel("a", 11, 1, 2),   kernel("b", 12, 3, 5)};
  CHECK(lines(attribute(records, by_range())) == Lines{"2: a x1 1 ns", "2: b x1 2 ns"});
  const std::vector<Activity> same_start = {
      opens("task 2", 2, 100), opens("task 1", 1, 100), closes(2, 150), closes(1, 300), api(11, 120),
      kernel("a", 11, 1, 2)};
  CHECK(lines(attribute(same_start, by_range())) == Lines{"2: a x1 1 ns"});  // the shorter one is inside
}

TEST_CASE("an external id wins over a range") {
  const std::vector<Activity> records = {opens("task 1", 1, 100), api(11, 150), external(11, 5), closes(1, 200),
                                         kernel("a", 11, 300, 301)};
  CHECK(lines(attribute(records, by_range())) == Lines{"5: a x1 1 ns"});
}

TEST_CASE("nodes of a graph: by the map of nodes, else of the task that launched it") {
  const std::vector<Activity> records = {external(1, 3), api(1, 10), node("qkv", 1, 20, 30, 101),
                                         node("softmax", 1, 30, 50, 102), node("out", 1, 50, 90, 103)};
  CHECK(lines(attribute(records)) == Lines{"3: qkv x1 10 ns", "3: softmax x1 20 ns", "3: out x1 40 ns"});
  AttributionOptions options;
  options.task_of_node = {{101, 7}, {102, 8}};
  CHECK(lines(attribute(records, options)) == Lines{"3: out x1 40 ns", "7: qkv x1 10 ns", "8: softmax x1 20 ns"});
}

TEST_CASE("memsets of a product are its own") {
  // As every aten::mm of a trace from an H100: a memset of the workspace, then the kernel; two calls, one task.
  const std::vector<Activity> records = {external(1, 6), api(1, 10), on_device(Kind::kMemset, "memset", 1, 100, 102),
                                         external(2, 6), api(2, 20), kernel("sm90_xmma_gemm", 2, 110, 150)};
  const Attribution result = attribute(records);
  CHECK(lines(result) == Lines{"6: memset x1 2 ns", "6: sm90_xmma_gemm x1 40 ns"});
  CHECK(result.tasks[0].time_s == rel(42e-9));  // 2 + 40
  CHECK(result.busy_s == rel(42e-9));
}

TEST_CASE("a device record whose launch is missing is kept, and counted") {
  const std::vector<Activity> records = {kernel("lost", 40, 100, 130),
                                         kernel("lost", 41, 130, 140),
                                         api(42, 50),
                                         kernel("nobody's", 42, 140, 200),
                                         external(43, 1),
                                         kernel("gemm", 43, 200, 205)};
  const Attribution result = attribute(records);
  CHECK(result.missing_correlation == 2);  // of 42 there is a call, of 43 an external id
  CHECK(lines(result) == Lines{"1: gemm x1 5 ns", "-: nobody's x1 60 ns", "-: lost x2 40 ns"});  // longest first
  CHECK(result.busy_s == rel(105e-9));                                                           // 100..205
}

TEST_CASE("clock skew: a kernel that starts before its call is its call's all the same") {
  const std::vector<Activity> records = {opens("task 1", 1, 1000), api(11, 1010), closes(1, 1020),
                                         kernel("a", 11, 900, 950)};
  const Attribution result = attribute(records, by_range());
  CHECK(lines(result) == Lines{"1: a x1 50 ns"});
  CHECK(result.first_start_ns == 900);
  CHECK(result.last_end_ns == 950);
}

TEST_CASE("buffers out of order give the same") {
  std::vector<Activity> records = {
      opens("task 1", 1, 100),  api(11, 110),    closes(1, 120), opens("task 2", 2, 120),   api(12, 130),
      closes(2, 140),           external(13, 3), api(13, 150),   kernel("a", 11, 200, 210), kernel("b", 12, 205, 235),
      kernel("c", 13, 240, 250)};
  const Lines expected = {"1: a x1 10 ns", "2: b x1 30 ns", "3: c x1 10 ns"};
  std::ranges::sort(records, {}, &Activity::correlation);
  for (std::size_t i = 0; i < records.size(); ++i) {
    std::rotate(records.begin(), records.begin() + 1, records.end());
    const Attribution result = attribute(records, by_range());
    REQUIRE(lines(result) == expected);
    REQUIRE(result.busy_s == rel(45e-9));       // 200..235 and 240..250
    REQUIRE(result.overlapped_s == rel(5e-9));  // 205..210
  }
  std::ranges::reverse(records);
  CHECK(lines(attribute(records, by_range())) == expected);
}

TEST_CASE("records handed over twice count once") {
  const std::vector<Activity> records = {external(1, 3),
                                         external(1, 3),
                                         api(1, 10),
                                         api(1, 10),
                                         kernel("a", 1, 20, 30),
                                         kernel("a", 1, 20, 30),
                                         node("n", 2, 40, 50, 5),
                                         node("n", 2, 40, 50, 6)};  // two nodes, not one twice
  const Attribution result = attribute(records);
  CHECK(lines(result) == Lines{"3: a x1 10 ns", "-: n x2 20 ns"});
  CHECK(result.duplicates == 1);
  CHECK(result.device_records == 3);
}

TEST_CASE("two streams: busy time is the union, the rest is overlapped") {
  const std::vector<Activity> records = {external(1, 1),
                                         external(2, 2),
                                         external(3, 1),
                                         kernel("long", 1, 100, 200, 7),    // alone until 150
                                         kernel("short", 2, 150, 170, 14),  // wholly inside
                                         kernel("tail", 3, 190, 250, 14)};  // 10 inside, 50 after
  const Attribution result = attribute(records);
  CHECK(result.busy_s == rel(150e-9));       // 100..250
  CHECK(result.overlapped_s == rel(30e-9));  // 100 + 20 + 60 - 150
  CHECK(result.tasks[0].time_s == rel(160e-9));
  CHECK(result.tasks[1].time_s == rel(20e-9));
}

TEST_CASE("zero timestamps: not collected, counted, no time") {
  const std::vector<Activity> records = {external(1, 1),           external(2, 1),
                                         external(3, 1),           kernel("a", 1, 0, 0),
                                         kernel("a", 2, 100, 110), kernel("backwards", 3, 100, 90)};
  const Attribution result = attribute(records);
  CHECK(result.not_collected == 2);
  CHECK(lines(result) == Lines{"1: a x1 10 ns"});
  CHECK(result.busy_s == rel(10e-9));
  CHECK(result.first_start_ns == 100);
}

TEST_CASE("the profiler's own time, and nothing at all") {
  const std::vector<Activity> records = {{.kind = Kind::kOverhead, .start_ns = 10, .end_ns = 40}};
  CHECK(attribute(records).overhead_s == rel(30e-9));
  const Attribution empty = attribute({});
  CHECK(empty.tasks.empty());
  CHECK(empty.busy_s == 0);
  CHECK(empty.first_start_ns == 0);
}

TEST_CASE("a million records: every step is a sort, a hash or one sweep") {
  // 250,000 launches of 4 records on one thread, each in a range of its own inside one that is open throughout, so that
  // a search of the enclosing ranges one by one would take 3e10 steps.
  constexpr std::uint64_t kLaunches = 250000;
  std::vector<Activity> records = {opens("task 1", kLaunches + 1, 0)};
  for (std::uint64_t i = 0; i < kLaunches; ++i) {
    records.push_back(opens(i % 2 == 0 ? "task 2" : "task 3", i, 10 * i));
    records.push_back(api(i + 1, 10 * i + 1));
    records.push_back(closes(i, 10 * i + 2));
    records.push_back(kernel("k", i + 1, 10 * i + 5, 10 * i + 9));
  }
  const Attribution result = attribute(records, by_range());
  REQUIRE(result.tasks.size() == 2);
  for (const TaskActivity& task : result.tasks) {
    CHECK(task.kernels[0].launches == kLaunches / 2);
    CHECK(task.time_s == rel(4e-9 * kLaunches / 2));
  }
  CHECK(result.overlapped_s == 0);
}
