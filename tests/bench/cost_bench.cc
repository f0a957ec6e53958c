// Costing and timing a model that is already loaded: what a sweep repeats.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"

namespace {

using namespace gable;

void cost(benchmark::State& state, const char* name) {
  const Model model = load_model(name);
  const CostOptions options;
  CostedModel costed;
  for (auto _ : state) {
    cost_model(model, options, costed);
    benchmark::DoNotOptimize(costed.ops.data());
  }
  state.counters["ops"] = static_cast<double>(model.ops.size());
}
BENCHMARK_CAPTURE(cost, gpt2, "gpt2")->Name("cost_gpt2");
BENCHMARK_CAPTURE(cost, gpt3_175b, "gpt3-175b")->Name("cost_gpt3_175b");

/// `--set B=b,T=t` with another b and t each time, costed and timed on an A100.
void sweep(benchmark::State& state) {
  Model model = load_model("gpt2");
  const Hardware hw = load_hardware("a100-pcie-40");
  const AnalysisOptions options;
  CostedModel costed;
  double seconds = 0;
  int variation = 0;
  for (auto _ : state) {
    ++variation;
    set_dim(model, "B", fmt::format_int(variation % 1000 + 1).str());
    set_dim(model, "T", fmt::format_int(variation / 1000 % 1000 + 1).str());
    cost_model(model, options.cost, costed);
    seconds += evaluate_point(costed, hw, options).time_s;
  }
  benchmark::DoNotOptimize(seconds);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sweep)->Iterations(1'000'000)->Unit(benchmark::kSecond);

}  // namespace
