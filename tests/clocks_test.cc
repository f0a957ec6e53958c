// Two clocks. Easy to break here: a wait counted twice, a repeated block run once, copies that nobody dispatches, a
// loop that goes round a million times one by one, or is taken for steady before it is.
#include "analyzer/roofline/clocks.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "analyzer/spec/recipe_reader.h"
#include "reports/insights.h"
#include "tests/approx.h"
#include "tests/test_host.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

// On the tiny device (1 TB/s) each copy moves 8 MB: 8 us without launch latency.
constexpr const char* kModel =
    "name: m\ndims: {L: 3}\nops:\n  - {name: first, op: copy, n: 1000000}\n  - {name: h, block: b, repeat: L}\n";
constexpr const char* kBlock = "name: b\nparams: [L]\nops:\n  - {op: copy, n: 1000000*L/L}\n";

Analysis copies(const AnalysisOptions& options = {}) {
  const BlockSource blocks = [](const std::string&, const Where&) { return parse_yaml(kBlock, "b.yaml"); };
  return analyze(read_model(parse_yaml(kModel, "m.yaml"), blocks), tiny_hardware(), options);
}

TEST_CASE("clocks: a fast CPU runs ahead, the GPU waits for the first kernel only") {
  // cpu 1, 2, 3, 4 us; the first kernel starts at 1 + 5 us, the others follow it: 6 + 4 * 8 us.
  const Clocks clocks = run_clocks(copies(), host_with(1e-6, 5e-6), false);
  CHECK(clocks.step_s == rel(6e-6 + 4 * 8e-6));
  CHECK(clocks.idle_s == rel(6e-6));
  CHECK(clocks.cpu_s == rel(4e-6));
  CHECK(clocks.gpu_s == rel(32e-6));
  CHECK_FALSE(clocks.cpu_bound());
}

TEST_CASE("clocks: with a slow CPU each kernel waits for its dispatch") {
  // cpu 20, 40, 60, 80 us; kernels start at 25, 45, 65, 85 and end 8 us later.
  const Clocks clocks = run_clocks(copies(), host_with(20e-6, 5e-6), false);
  CHECK(clocks.step_s == rel(93e-6));
  CHECK(clocks.idle_s == rel(93e-6 - 32e-6));
  CHECK(clocks.cpu_bound());
  REQUIRE(clocks.spans.size() == 2);
  CHECK(clocks.spans[0].name == "model");
  CHECK(clocks.spans[0].launches == 1);
  CHECK(clocks.spans[1].name == "h");
  CHECK(clocks.spans[1].launches == 3);
  CHECK(clocks.spans[1].cpu_s == rel(60e-6));
  CHECK(clocks.spans[1].idle_s == rel(3 * 12e-6));  // 45 - 33 us, and so on
}

TEST_CASE("clocks: a block is CPU-bound where the GPU waits, not where the CPU has more to do") {
  ClockSpan span{"h", "forward", 1, 2e-3, 1e-3, 0};
  CHECK_FALSE(span.cpu_bound());  // kernels from before keep the GPU busy
  span.idle_s = 9e-6;             // 0.9 % of its time
  CHECK_FALSE(span.cpu_bound());
  span.idle_s = 1e-3;
  CHECK(span.cpu_bound());
  span.gpu_s = 3e-3;
  CHECK_FALSE(span.cpu_bound());
}

TEST_CASE("clocks: the report says utilisation at the time of both clocks") {
  const Analysis analysis = analyze(load_model("gpt2"), load_hardware("a100-pcie-40"), {});
  const Host host = load_host("python-modules");
  const ClockReport report{host, false, run_clocks(analysis, host, false)};
  const std::vector<std::string> lines = clock_findings(analysis, report);
  const double mfu = 100 * analysis.total.model_peak_s / report.clocks.step_s;
  CHECK(std::find(lines.begin(), lines.end(),
                  fmt::format("MFU {0:.1f} %, HFU {0:.1f} % at the time of both clocks.", mfu)) != lines.end());
  ReportOptions options;
  options.clocks = report;
  const auto json = nlohmann::json::parse(render_json(analysis, options));
  CHECK(json["clocks"]["mfu"].get<double>() == rel(mfu / 100));
  CHECK(json["clocks"]["hfu"].get<double>() == rel(mfu / 100));
}

TEST_CASE("clocks: where nothing runs, nothing takes time") {
  for (const bool graph : {false, true}) {
    AnalysisOptions options;
    options.step.phase = Phase::kOptimizer;
    options.step.recipe = std::make_shared<const Recipe>(load_recipe("pytorch-eager"));  // no parameters, no launch
    const Clocks clocks = run_clocks(copies(options), host_with(1e-6, 5e-6), graph);
    CHECK(clocks.step_s == 0);
    CHECK(clocks.spans.empty());
  }
}

TEST_CASE("clocks: a CUDA graph is dispatched once") {
  const Clocks clocks = run_clocks(copies(), host_with(20e-6, 5e-6), true);
  CHECK(clocks.step_s == rel(25e-6 + 32e-6));
  CHECK(clocks.cpu_s == rel(20e-6));
  CHECK_FALSE(clocks.cpu_bound());
}

/// Every launch by itself, as the definition says.
struct OneByOne {
  double latency_s = 0;
  double cpu_s = 0;
  double gpu_s = 0;
  std::vector<double> idle_s;
  std::int64_t syncs = 0;
  double wait_s = 0;

  void run(const LaunchLoop& loop) {
    for (std::int64_t i = 0; i < loop.times; ++i) {
      for (const LaunchLoop& inner : loop.body) run(inner);
      if (loop.body.empty()) launch(loop);
      if (!loop.sync) continue;
      ++syncs;
      wait_s += std::max(0.0, gpu_s - cpu_s);
      cpu_s = std::max(cpu_s, gpu_s);
    }
  }
  void launch(const LaunchLoop& launch) {
    cpu_s += launch.cpu_s;
    const double start_s = std::max(gpu_s, cpu_s + latency_s);
    idle_s[launch.span] += start_s - gpu_s;
    gpu_s = start_s + launch.gpu_s;
  }
};

/// Times are multiples of 1/8, whose sums and products are exact in a double.
LaunchLoop random_loop(std::mt19937& random, int depth) {
  const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
  LaunchLoop loop;
  loop.times = below(4) == 0 ? below(60) : below(4);
  loop.cpu_s = below(40) / 8.0;
  loop.gpu_s = below(40) / 8.0;
  loop.span = static_cast<std::size_t>(below(3));
  loop.sync = below(12) == 0;
  for (int i = depth == 0 ? 0 : below(4); i > 0; --i) loop.body.push_back(random_loop(random, depth - 1));
  return loop;
}

TEST_CASE("clocks: loops give to the bit what their launches one by one give") {
  std::mt19937 random(17);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same loops in every run
  for (int i = 0; i < 3000; ++i) {
    CAPTURE(i);
    LaunchOrder order;
    order.spans.resize(3);
    order.loops = {random_loop(random, 3), random_loop(random, 2), random_loop(random, 3)};
    OneByOne expected{i % 3 * 2.5, 0, 0, std::vector<double>(3), 0, 0};
    for (const LaunchLoop& loop : order.loops) expected.run(loop);
    const Clocks clocks = run_clocks(order, expected.latency_s);
    REQUIRE(clocks.step_s == std::max(expected.cpu_s, expected.gpu_s));
    REQUIRE(clocks.syncs == expected.syncs);
    REQUIRE(clocks.wait_s == expected.wait_s);
    for (std::size_t span = 0; span < 3; ++span) REQUIRE(clocks.spans[span].idle_s == expected.idle_s[span]);
  }
}

/// The copies above in training: 4 forward, 4 backward, and an optimizer without parameters, which takes no time.
Analysis training(std::int64_t micro_batches) {
  AnalysisOptions options;
  options.cost.mode = Mode::kTrain;
  options.step.phase = Phase::kStep;
  options.step.recipe = std::make_shared<const Recipe>(load_recipe("ideal"));
  options.step.micro_batches = micro_batches;
  return copies(options);
}

TEST_CASE("clocks: a micro-batch runs backward before the next one runs forward") {
  // Forward 4 * 12 us of dispatch, backward 4 * 1 us, optimizer 1 us; kernels of 8 us.
  Host host = host_with(1e-6, 0);
  host.forward.value = 12e-6;
  // One: kernels start at 12, 24, 36, 48 us; the backward ones follow, up to 56 + 4 * 8 = 88 us.
  CHECK(run_clocks(training(1), host, false).step_s == rel(88e-6));
  // Two: the CPU goes on at 52 us: the second forward starts at 88 us, with its dispatch done at 64, 76, 88, 100 us:
  // 88, 96, 104, 112 us, which no kernel waits for, and all ends at 88 + 8 * 8 us. Two forward passes first would
  // dispatch for 96 us and end at 104 + 8 * 8 us.
  CHECK(run_clocks(training(2), host, false).step_s == rel((88 + 64) * 1e-6));
  // The CPU is 36 us behind the GPU after one, 48 after two, and 12 more with each: the GPU never waits again.
  for (const std::int64_t n : {3, 4, 1000, 10'000'000}) {
    CAPTURE(n);
    const Clocks clocks = run_clocks(training(n), host, false);
    CHECK(clocks.step_s == rel((88 + 64 * static_cast<double>(n - 1)) * 1e-6));
    CHECK(clocks.idle_s == rel((12 + 3 * 4) * 1e-6, 1e-9));
  }
}

TEST_CASE("clocks: ten million micro-batches that the CPU holds up take as long to simulate as a few") {
  // 8 launches of 20 us a micro-batch, then the optimizer's.
  const Clocks clocks = run_clocks(training(10'000'000), host_with(20e-6, 5e-6), false);
  CHECK(clocks.step_s == rel(10'000'000 * 160e-6 + 20e-6 + 5e-6));
  CHECK(clocks.cpu_s == rel(10'000'000 * 160e-6 + 20e-6));
  CHECK(clocks.gpu_s == rel(10'000'000 * 64e-6));
  CHECK(clocks.idle_s == rel(clocks.step_s - clocks.gpu_s));
}

TEST_CASE("clocks: at a synchronisation point the CPU waits for the GPU, and the GPU then for the CPU") {
  const BlockSource blocks = [](const std::string&, const Where&) { return parse_yaml(kBlock, "b.yaml"); };
  const RecipeSource no_base = [](const std::string&, const Where&) { return Recipe(); };
  const std::string recipe = "name: r\ndoc: d\nops: {copy: {forward: [{kernel: op, sync: true}]}}\n";
  AnalysisOptions options;
  options.step.recipe = std::make_shared<const Recipe>(read_recipe(parse_yaml(recipe, "r.yaml"), no_base));
  // Each of the 4: 1 us of dispatch, 5 us of latency, a kernel of 8 us; then the next one is dispatched.
  const Clocks clocks = run_clocks(copies(options), host_with(1e-6, 5e-6), false);
  CHECK(clocks.step_s == rel(4 * 14e-6));
  CHECK(clocks.syncs == 4);
  CHECK(clocks.wait_s == rel(4 * 13e-6));
  CHECK(clocks.idle_s == rel(4 * 6e-6));
  CHECK(clocks.cpu_s == rel(4e-6));
  // Inside a graph it cannot wait: 1 + 5 us, then the kernels.
  const Clocks graph = run_clocks(copies(options), host_with(1e-6, 5e-6), true);
  CHECK(graph.step_s == rel(6e-6 + 32e-6));
  CHECK(graph.syncs == 0);
}

TEST_CASE("clocks: of what is shipped, loss scaling alone synchronises, unless the optimizer is fused") {
  const auto syncs = [](const std::string& recipe, Dtype amp, const std::vector<std::string>& fuse = {}) {
    AnalysisOptions options;
    options.cost.mode = Mode::kTrain;
    options.step.phase = Phase::kStep;
    options.step.recipe = std::make_shared<const Recipe>(load_recipe(recipe));
    options.step.amp = amp;
    options.step.fuse = fuse;
    options.step.clip = true;
    options.step.micro_batches = 3;
    const Analysis analysis = analyze(load_model("gpt2"), load_hardware("a100-pcie-40"), options);
    return run_clocks(analysis, load_host("python-modules"), false).syncs;
  };
  for (const std::string& recipe : list_specs(SpecKind::kRecipe)) CHECK(syncs(recipe, Dtype::kBf16) == 0);
  CHECK(syncs("ideal", Dtype::kFp16) == 0);
  CHECK(syncs("pytorch-eager", Dtype::kFp16) == 1);
  CHECK(syncs("pytorch-eager", Dtype::kFp16, {"adamw"}) == 0);
  CHECK(syncs("fused", Dtype::kFp16) == 0);
}

TEST_CASE("clocks: the shipped hosts say where their constants come from") {
  for (const std::string& name : list_specs(SpecKind::kHost)) {
    CAPTURE(name);
    const Host host = load_host(name);
    CHECK(host.name == name);
    for (const Quantity* quantity : {&host.forward, &host.backward, &host.optimizer, &host.latency}) {
      CHECK(quantity->value > 0);
      CHECK_FALSE(quantity->origin.empty());
    }
  }
  CHECK(load_host("python-modules").forward.value == rel(25e-6));
  CHECK(load_host("python-modules").backward.value == rel(14e-6));
}

}  // namespace
}  // namespace gable
