// Easy to break: an op that reads the wrong piece of what another wrote, weights shared between passes of a block that
// a framework keeps apart, gradients lost where an activation has two consumers.
#include <doctest/doctest.h>

#include <set>

#include "analyzer/ops/op_table.h"
#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "probes/cpu/engine.h"
#include "probes/cpu/recorder.h"
#include "probes/runner/builder.h"
#include "probes/runner/counting_engine.h"
#include "probes/runner/run.h"

using namespace gable;

namespace {

Analysis analysed(Model model, Phase phase, const char* optimizer = "adamw") {
  AnalysisOptions options;
  options.step.phase = phase;
  options.step.recipe = std::make_shared<const Recipe>(load_recipe("ideal"));
  options.step.optimizer = optimizer;
  options.cost.mode = has_backward(phase) ? Mode::kTrain : Mode::kEval;
  return analyze(std::move(model), load_hardware("a100-pcie-40"), options);
}

Analysis of_yaml(const char* yaml, Phase phase, const char* optimizer = "adamw") {
  return analysed(
      read_model(parse_yaml(yaml, "m.yaml"),
                 [](const std::string&, const Where& where) -> YamlNode { throw InputError(where, "no blocks here"); }),
      phase, optimizer);
}

/// A recorder whose clock advances by one second a task and ten a step.
class CountedSeconds final : public Recorder {
 public:
  void begin_step() override { record_ = {}; }
  void begin(std::uint64_t id) override { record_.tasks.push_back({id, 1, {{"kernel", 1, 1}}}); }
  void end() override {}
  StepRecord end_step() override {
    record_.busy_s = static_cast<double>(record_.tasks.size());
    record_.wall_s = record_.busy_s + 10;
    record_.unattributed = {{"memset", 2, 0.5}};
    record_.dropped = 3;
    return record_;
  }

 private:
  StepRecord record_;
};

constexpr const char* kChain = R"(name: chain
title: chain
source: test
dims: {N: {value: 4, doc: rows}, D: {value: 8, doc: width}}
ops:
  - {name: up, op: linear, tokens: N, in: D, out: 2*D}
  - {name: act, op: relu, n: 2*N*D}
  - {name: down, op: linear, tokens: N, in: 2*D, out: D}
  - {name: sum, op: add, from: [down, up], n: N*D}
)";

}  // namespace

TEST_CASE("every kind of op runs, passes on what it reads, or is one of those that cannot") {
  const std::set<std::string_view> not_run = {"spmm", "custom", "reduce", "gather", "scatter_add"};
  for (const OpKind* kind : op_table()) {
    CAPTURE(kind->name);
    CHECK((find_runner(kind->name) == nullptr) == not_run.contains(kind->name));
  }
}

TEST_CASE("bytes of a chain: what it reads, writes and owns, once each") {
  // input 4 x 8, weights 16 x 8 + 16, up 4 x 16, act 4 x 16, weights 8 x 16 + 8, down 4 x 8, sum 4 x 8
  constexpr std::int64_t elements = 32 + 128 + 16 + 64 + 64 + 128 + 8 + 32 + 32;
  CHECK(program_bytes(of_yaml(kChain, Phase::kForward)) == 4 * elements);
}

TEST_CASE("tasks of a step: products forward, dgrad, wgrad, sums of columns, one update a tensor") {
  CountingEngine engine;
  const Program forward = build_program(of_yaml(kChain, Phase::kForward), engine, 1);
  CHECK(forward.tasks.size() == 4);
  CHECK(forward.before.empty());
  const Program step = build_program(of_yaml(kChain, Phase::kStep, "sgd"), engine, 1);
  std::array<int, kPassCount> passes{};
  for (const TimedTask& task : step.tasks) ++passes.at(static_cast<std::size_t>(task.pass));
  CHECK(passes[static_cast<std::size_t>(Pass::kForward)] == 4);
  // sum: down gets its gradient as it is; up's first half gets a copy; down's product; relu, and its sum with that
  // copy; nobody wants the gradient of the model's input.
  CHECK(passes[static_cast<std::size_t>(Pass::kDgrad)] == 4);
  CHECK(passes[static_cast<std::size_t>(Pass::kWgrad)] == 4);      // two products, two sums of columns
  CHECK(passes[static_cast<std::size_t>(Pass::kOptimizer)] == 4);  // weights and biases
  const Program backward = build_program(of_yaml(kChain, Phase::kBackward), engine, 1);
  CHECK(backward.before.size() == 4);
  for (const TimedTask& task : backward.tasks) CHECK(task.pass != Pass::kForward);
}

TEST_CASE("a chain computes what its ops say") {
  const auto engine = make_cpu_engine(1);
  const Analysis analysis = of_yaml(kChain, Phase::kForward);
  const Program program = build_program(analysis, *engine, 7);
  for (const TimedTask& task : program.tasks) task.run();
  const auto value = [&](std::size_t buffer, std::int64_t i) {
    return static_cast<double>(static_cast<const float*>(program.held[buffer].data)[i]);
  };
  // In the order of allocation: up, its input, weights and bias; act; down, weights and bias; sum.
  const std::size_t up = 0, input = 1, weights = 2, bias = 3, act = 4, down = 5, weights2 = 6, bias2 = 7, sum = 8;
  double first = value(bias, 0);
  for (std::int64_t i = 0; i < 8; ++i) first += value(input, i) * value(weights, i);
  CHECK(value(up, 0) == doctest::Approx(first));
  CHECK(value(act, 0) == doctest::Approx(std::max(0.0, first)));
  double last = value(bias2, 0);
  for (std::int64_t i = 0; i < 16; ++i) last += value(act, i) * value(weights2, i);
  CHECK(value(down, 0) == doctest::Approx(last));
  CHECK(value(sum, 0) == doctest::Approx(last + first));
}

TEST_CASE("gradients through two consumers, a norm and a pass-on are those of finite differences, in every step") {
  // The loss of (a + relu(a)) W with a = layernorm(x): a has two consumers, one of which hands its gradient on as it
  // is.
  constexpr const char* kNet = R"(name: net
title: net
source: test
dims: {N: {value: 3, doc: rows}, D: {value: 4, doc: width}}
ops:
  - {name: norm, op: layernorm, rows: N, width: D}
  - {name: act, op: relu, n: N*D}
  - {name: both, op: add, from: [act, norm], n: N*D}
  - {name: head, op: linear, tokens: N, in: D, out: 5, bias: false}
loss:
  - {op: cross_entropy, rows: N, classes: 5}
)";
  const auto engine = make_cpu_engine(1);
  Analysis net = of_yaml(kNet, Phase::kStep, "sgd");
  const Program program = build_program(net, *engine, 3);
  const auto run = [&](bool forward) {
    for (const TimedTask& task : program.tasks) {
      if (task.pass != Pass::kOptimizer && (task.pass == Pass::kForward) == forward) task.run();
    }
  };
  const auto at = [&](std::size_t buffer, std::size_t i) -> float& {
    return static_cast<float*>(program.held[buffer].data)[i];
  };
  // In the order of allocation: norm, x, gain and its gradient, shift and its gradient, stats, act, both, head, weights
  // and their gradient, loss, stats, targets.
  const std::size_t gain = 2, gain_grad = 3, weights = 10, weights_grad = 11, losses = 12;
  REQUIRE(program.held[gain].n == 4);
  REQUIRE(program.held[weights].n == 20);
  REQUIRE(program.held[losses].n == 3);
  const auto loss = [&] {
    run(true);
    return (static_cast<double>(at(losses, 0)) + static_cast<double>(at(losses, 1)) +
            static_cast<double>(at(losses, 2))) /
           3;
  };
  struct Pair {
    std::size_t value, gradient;
  };
  for (const Pair pair : {Pair{gain, gain_grad}, Pair{weights, weights_grad}}) {
    for (const std::size_t i : {std::size_t{0}, std::size_t{3}}) {
      CAPTURE(pair.value);
      CAPTURE(i);
      constexpr float kStep = 1e-2F;
      const float before = at(pair.value, i);
      at(pair.value, i) = before + kStep;
      const double more = loss();
      at(pair.value, i) = before - kStep;
      const double less = loss();
      at(pair.value, i) = before;
      loss();
      run(false);
      const double slope = (more - less) / (2 * static_cast<double>(kStep));
      CHECK(static_cast<double>(at(pair.gradient, i)) == doctest::Approx(slope).epsilon(0.02));
    }
  }
}

TEST_CASE("each pass of a block has weights of its own; a tied head has its table's") {
  CountingEngine engine;
  Model model = load_model("gpt2-split");
  set_dim(model, "V", "100");
  set_dim(model, "P", "8");
  const std::int64_t two = program_bytes(analysed(model, Phase::kForward));
  set_dim(model, "L", "3");
  const std::int64_t three = program_bytes(analysed(model, Phase::kForward));
  // A pass more on each side: 12*D*D + 13*D parameters of fp32 each, and what the passes do not hand on to each other.
  constexpr std::int64_t block = 4 * (12 * 768 * 768 + 13 * 768);
  CHECK(three - two >= 2 * block);
  CHECK(three - two < 2 * block + (1 << 20));
}

TEST_CASE("every shipped model with ops that run prepares a whole step") {
  for (const char* name : {"gpt2-split", "chargpt", "cs336-small", "bert-large", "opt-1.3b", "resnet50", "attention"}) {
    CAPTURE(name);
    CountingEngine engine;
    const Program program = build_program(analysed(load_model(name), Phase::kStep), engine, 1);
    CHECK(program.skipped.empty());
    CHECK(engine.tasks() > 0);
  }
}

TEST_CASE("a measurement: the cold step apart, samples by op and pass, means of kernels") {
  CountingEngine engine;
  const Analysis analysis = of_yaml(kChain, Phase::kForward);
  const Program program = build_program(analysis, engine, 1);
  Device device;
  device.facts.name = "fake";
  device.facts.backend = "recorded";
  device.engine = std::make_unique<CountingEngine>();
  device.recorder = std::make_unique<CountedSeconds>();
  RunOptions options;
  options.warmup = 1;
  options.steps = 3;
  const Measurement m = run_program(analysis, program, device, options);
  REQUIRE(m.ops.size() == 4);
  CHECK(m.ops[0].op == "model/up");
  CHECK(m.ops[0].samples_s == std::vector<double>{1, 1, 1});
  CHECK(m.ops[0].cold_s == 1);
  REQUIRE(m.ops[0].kernels.size() == 1);
  CHECK(m.ops[0].kernels[0].launches == 1);
  CHECK(m.ops[0].kernels[0].time_s == 1);
  CHECK(m.step_s == std::vector<double>{14, 14, 14});
  CHECK(m.busy_s == std::vector<double>{4, 4, 4});
  CHECK(m.cold_step_s == 14);
  CHECK(m.dropped == 9);
  REQUIRE(m.unattributed.size() == 1);
  CHECK(m.unattributed[0].launches == 2);
  CHECK(m.unattributed[0].time_s == 0.5);
}

TEST_CASE("the CPU's recorder: tasks within the step, nothing overlapped") {
  const auto recorder = make_cpu_recorder();
  recorder->begin_step();
  recorder->begin(3);
  recorder->end();
  recorder->begin(1);
  recorder->end();
  const StepRecord record = recorder->end_step();
  REQUIRE(record.tasks.size() == 2);
  CHECK(record.tasks[0].id == 3);
  CHECK(record.busy_s <= record.wall_s);
  CHECK(record.overlapped_s == 0);
}
