// Costing a model that is already loaded.
#include <benchmark/benchmark.h>

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

}  // namespace
