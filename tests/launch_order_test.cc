// The order of launches. Easy to break here: all forward passes before all backward passes, gradients added in the
// first micro-batch, a block that ends the forward pass and begins the backward pass taken for one.
#include "analyzer/roofline/launch_order.h"

#include <doctest/doctest.h>

#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "tests/test_host.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

constexpr const char* kModel =
    "name: m\ndims: {L: 2, N: 2}\nops:\n  - {name: first, op: linear, tokens: 4, in: 4, out: 4, bias: false}\n"
    "  - {name: outer, block: outer, repeat: N, with: {L: L}}\n";
constexpr const char* kOuter =
    "name: outer\nparams: [L]\nops:\n  - {name: before, op: relu, n: 16*L/L}\n  - {name: h, block: h, repeat: L}\n";
constexpr const char* kInner = "name: h\nparams: [L]\nops:\n  - {op: relu, n: 16*L/L}\n";

Model nested_model() {
  const BlockSource blocks = [](const std::string& name, const Where&) {
    return parse_yaml(name == "h" ? kInner : kOuter, name + ".yaml");
  };
  return read_model(parse_yaml(kModel, "m.yaml"), blocks);
}

AnalysisOptions training(std::int64_t micro_batches, bool keep_gradients = false) {
  AnalysisOptions options;
  options.cost.mode = Mode::kTrain;
  options.step.phase = Phase::kStep;
  options.step.recipe = std::make_shared<const Recipe>(load_recipe("pytorch-eager"));
  options.step.micro_batches = micro_batches;
  options.step.keep_gradients = keep_gradients;
  return options;
}

/// "first" of "first forward", one letter a launch.
void spell(const LaunchLoop& loop, const std::vector<ClockSpan>& spans, std::string& out) {
  for (std::int64_t i = 0; i < loop.times; ++i) {
    if (loop.body.empty()) {
      const ClockSpan& span = spans[loop.span];
      const std::string letters = span.name == "model" ? "mM" : span.name == "outer" ? "oO" : "hH";
      out += span.pass == "optimizer" ? '+' : letters[span.pass == "forward" ? 0 : 1];
    }
    for (const LaunchLoop& inner : loop.body) spell(inner, spans, out);
  }
}

std::string spelled(const AnalysisOptions& options) {
  const LaunchOrder order = launch_order(analyze(nested_model(), tiny_hardware(), options), host_with(1e-6, 0));
  std::string out;
  for (const LaunchLoop& loop : order.loops) spell(loop, order.spans, out);
  return out;
}

std::int64_t launches_in(const std::vector<LaunchLoop>& loops) {
  std::int64_t sum = 0;
  for (const LaunchLoop& loop : loops) sum += loop.times * (loop.body.empty() ? 1 : launches_in(loop.body));
  return sum;
}

TEST_CASE("launch order: forward, then backward, of each micro-batch; the optimizer last") {
  // Each pass of `outer` runs its own op once and h twice. Backward of the linear op: wgrad alone, its input needs
  // none.
  const std::string forward = "mohhohh";
  const std::string backward = "HHOHHO";
  AnalysisOptions options = training(1);
  const std::string update = std::string(8, '+');  // adamw-foreach
  CHECK(spelled(options) == forward + backward + "M" + update);
  // From the second micro-batch on its gradient is added to the one before.
  CHECK(spelled(training(3)) ==
        forward + backward + "M" + forward + backward + "MM" + forward + backward + "MM" + update);
  // Gradients that stay allocated are added to from the first on, and zeroed after the update.
  CHECK(spelled(training(2, true)) == forward + backward + "MM" + forward + backward + "MM" + update + "+");
}

TEST_CASE("launch order: a recomputed block runs forward again right before its backward pass") {
  AnalysisOptions options = training(1);
  options.step.recompute = Recompute::kBlock;
  // h again and its gradient, twice; then the op of `outer` itself, and all that once more.
  CHECK(spelled(options) == "mohhohh" + std::string("HHHHOO") + "HHHHOO" + "M" + std::string(8, '+'));
}

TEST_CASE("launch order: every launch of the analysis, once, for what is shipped") {
  for (const std::string& name : list_specs(SpecKind::kModel)) {
    for (const Recompute recompute : {Recompute::kNone, Recompute::kBlock}) {
      CAPTURE(name);
      AnalysisOptions options = training(4);
      options.step.recompute = recompute;
      const Analysis analysis = analyze(load_model(name), load_hardware("a100-pcie-40"), options);
      const LaunchOrder order = launch_order(analysis, host_with(1e-6, 0));
      CHECK(launches_in(order.loops) == (analysis.total.cost.launches + analysis.total.cost.memcpys).value());
      std::int64_t launches = 0;
      for (const ClockSpan& span : order.spans) launches += span.launches;
      CHECK(launches == analysis.total.cost.launches.value());
    }
  }
}

}  // namespace
}  // namespace gable
