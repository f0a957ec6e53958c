// Easy to break: a block that repeats, ops that the trace has and the model lacks, a step that was cut, the backward
// pass.
#include "analyzer/trace/trace_join.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/tiny_hardware.h"

using namespace gable;

namespace {

constexpr std::int64_t kUs = 1000;

CallArg tensor(std::vector<std::int64_t> dims) { return {CallArg::Kind::kTensor, std::move(dims), "float", "", {}}; }

Hardware tiny() { return read_hardware(parse_yaml(kTinyHardware, "tiny")); }

/// Calls one after the other, each of one kernel.
class Builder {
 public:
  Builder& call(const std::string& name, std::vector<CallArg> args, std::int64_t us) {
    trace.calls.push_back({name, std::move(args)});
    const auto id = static_cast<std::uint32_t>(trace.calls.size() - 1);
    trace.ranges.push_back({HostRange::Kind::kOp, trace.texts.add(name), 1, at_, at_ + 10 * kUs, 0, id});
    trace.launches.push_back({trace.texts.add("cudaLaunchKernel"), 1, at_ + kUs, at_ + 2 * kUs, id});
    DeviceEvent event;
    event.name = trace.texts.add("kernel of " + name);
    event.start_ns = at_ + 5 * kUs;
    event.end_ns = event.start_ns + us * kUs;
    event.correlation = id;
    trace.events.push_back(event);
    at_ += 100 * kUs;
    return *this;
  }
  Builder& mm(std::int64_t m, std::int64_t k, std::int64_t n, std::int64_t us) {
    return call("aten::mm", {tensor({m, k}), tensor({k, n})}, us);
  }
  Builder& step() {
    trace.ranges.push_back(
        {HostRange::Kind::kAnnotation, trace.texts.add("ProfilerStep#1"), 1, at_ - 10 * kUs, at_ + 1000 * kUs, 0, 0});
    return *this;
  }
  TraceStudy study() { return study_trace(std::move(trace), {tiny(), "a test"}); }

  Trace trace;

 private:
  std::int64_t at_ = 0;
};

constexpr std::string_view kModel = R"(
name: net
title: two blocks and a head
source: test
dims: {T: 8}
parts:
  - name: net
    ops:
      - {name: h, block: b, repeat: 2}
      - {name: head, op: linear, tokens: T, in: 4, out: 16, bias: false}
)";
constexpr std::string_view kBlock =
    "{name: b, params: [T], ops: [{name: up, op: linear, tokens: T, in: 4, out: 32, bias: false}, {name: act, op: "
    "relu, n: T*32}, "
    "{name: down, op: linear, tokens: T, in: 32, out: 4, bias: false}]}";

Analysis analysis(const AnalysisOptions& options = {}) {
  return analyze(read_model(parse_yaml(kModel, "net"),
                            [](const std::string& name, const Where&) { return parse_yaml(kBlock, name); }),
                 tiny(), options);
}

const MeasuredOp* find(const Measurement& measurement, std::string_view name) {
  const auto found =
      std::find_if(measurement.ops.begin(), measurement.ops.end(), [&](const MeasuredOp& op) { return op.op == name; });
  return found == measurement.ops.end() ? nullptr : &*found;
}

/// One pass of the model: up, act, down, twice, with a copy that the model lacks, then the head.
void forward(Builder& built, std::int64_t us) {
  for (int i = 0; i < 2; ++i) {
    built.mm(8, 4, 32, us).call("aten::relu", {tensor({8, 32})}, 1);
    built.call("aten::copy_", {tensor({8, 32}), tensor({8, 32})}, 2).mm(8, 32, 4, us + 1);
  }
  built.mm(8, 4, 16, us + 2);
}

}  // namespace

TEST_CASE("ops of a block that repeats add up, and what the model lacks keeps its name") {
  Builder built;
  forward(built, 10);
  const Measurement made = join_trace(built.study(), analysis());
  REQUIRE(find(made, "net/h/up") != nullptr);
  CHECK(find(made, "net/h/up")->executions == 2);
  CHECK(find(made, "net/h/up")->samples_s == std::vector<double>{20e-6});
  REQUIRE(find(made, "net/h/down") != nullptr);
  CHECK(find(made, "net/h/down")->samples_s.front() == rel(22e-6));
  CHECK(find(made, "net/h/act")->samples_s.front() == rel(2e-6));
  CHECK(find(made, "net/head")->samples_s.front() == rel(12e-6));
  CHECK(find(made, "net/head")->kernels.front().name == "kernel of aten::mm");
  const MeasuredOp* copy = find(made, "aten::copy_ 8x32 fp32");
  REQUIRE(copy != nullptr);
  CHECK(copy->samples_s.front() == rel(4e-6));
  CHECK(made.step_s.size() == 1);
  // Nine calls 100 us apart: from the first kernel's start to the last one's end.
  CHECK(made.step_s.front() == rel(8 * 100e-6 + 12e-6));
  CHECK(made.busy_s.front() == rel(20e-6 + 22e-6 + 2e-6 + 4e-6 + 12e-6));
}

TEST_CASE("steps are the profiler's, and one that was cut is none") {
  Builder built;
  for (const std::int64_t us : {10, 20}) {
    built.step();
    forward(built, us);
  }
  built.step().mm(8, 4, 32, 50);
  const Measurement made = join_trace(built.study(), analysis());
  CHECK(find(made, "net/h/up")->samples_s == std::vector<double>{20e-6, 40e-6});
  CHECK(find(made, "net/head")->samples_s.size() == 2);
  CHECK(made.step_s.size() == 2);
}

TEST_CASE("without steps the model is found as often as it ran") {
  Builder built;
  forward(built, 10);
  forward(built, 30);
  const Measurement made = join_trace(built.study(), analysis());
  CHECK(find(made, "net/h/up")->samples_s == std::vector<double>{20e-6, 60e-6});
}

TEST_CASE("products of the backward pass go to the op whose gradients they are, from the end") {
  Builder built;
  built.mm(8, 16, 4, 3).mm(16, 8, 4, 4);  // head: dgrad, wgrad
  for (int i = 0; i < 2; ++i) {
    built.mm(8, 4, 32, 5).mm(4, 8, 32, 6);  // down
    built.call("aten::threshold_backward", {tensor({8, 32}), tensor({8, 32})}, 1);
    built.mm(8, 32, 4, 7).mm(32, 8, 4, 8);  // up
  }
  AnalysisOptions options;
  options.step.phase = Phase::kBackward;
  options.step.recipe = std::make_shared<const Recipe>(load_recipe("ideal"));
  options.cost.mode = Mode::kTrain;
  const Measurement made = join_trace(built.study(), analysis(options));
  const auto time = [&](std::string_view name, Pass pass) {
    for (const MeasuredOp& op : made.ops) {
      if (op.op == name && op.pass == pass) return op.samples_s.front();
    }
    return 0.0;
  };
  CHECK(time("net/head", Pass::kDgrad) == rel(3e-6));
  CHECK(time("net/head", Pass::kWgrad) == rel(4e-6));
  CHECK(time("net/h/down", Pass::kDgrad) == rel(10e-6));
  CHECK(time("net/h/down", Pass::kWgrad) == rel(12e-6));
  CHECK(time("net/h/act", Pass::kDgrad) == rel(2e-6));
  CHECK(time("net/h/up", Pass::kDgrad) == rel(14e-6));
  CHECK(time("net/h/up", Pass::kWgrad) == rel(16e-6));
}

TEST_CASE("a trace of something else is refused with the largest product of both") {
  Builder built;
  built.mm(100, 100, 100, 5);
  const TraceStudy study = built.study();
  const std::string error = input_error([&] { return join_trace(study, analysis()); });
  CHECK(error.find("does what net does: the trace's largest product, aten::mm 100x100x100 fp32, does 2.000 MFLOP, the "
                   "model's, net/h/up, does 2.048 kFLOP") != std::string::npos);
}
