// `analyze sweep` without its process: a million points of gpt2 on an A100, evaluated and written as CSV in memory.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <thread>

#include "analyzer/spec/library.h"
#include "analyzer/study/sweep.h"
#include "reports/sweep_report.h"

namespace {

using namespace gable;

void sweep(benchmark::State& state, std::size_t threads) {
  const Sweep points{make_grid({parse_axis("B=1..1000"), parse_axis("T=1..1000")}),
                     {{load_model("gpt2"), {}, false}},
                     {{load_hardware("a100-pcie-40"), ""}}};
  std::size_t bytes = 0;
  for (auto _ : state) {
    run_sweep(
        points, {0, threads}, [&](std::span<const SweepRow> rows) { return sweep_csv(points, rows); },
        [&](std::vector<SweepRow>&&, const std::string& text) { bytes += text.size(); });
  }
  benchmark::DoNotOptimize(bytes);
  state.SetItemsProcessed(state.iterations() * points.grid.size);
  state.counters["threads"] = static_cast<double>(threads);
}
BENCHMARK_CAPTURE(sweep, one, 1)->Name("sweep_one_core")->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(sweep, all, std::max(1U, std::thread::hardware_concurrency()))
    ->Name("sweep_all_cores")
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kSecond);

}  // namespace
