// Predictions without their process: products of ever new shapes, the kernels of a training step, a sweep, a fit.
// Constants are fitted to made-up times of an A100, which cost what measured ones do.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "analyzer/predict/model_prediction.h"
#include "analyzer/spec/library.h"
#include "analyzer/study/sweep.h"

namespace {

using namespace gable;

constexpr std::size_t kRows = 256;

/// Sizes from 128 to 8192 in even steps of their logarithm, so many of each kind.
std::vector<Timing> made_up(std::size_t count) {
  const Hardware hw = load_hardware("a100-pcie-40");
  std::vector<Timing> rows;
  const auto size = [&](std::size_t i, std::size_t stride) {
    const double at = static_cast<double>(i * stride % count) / static_cast<double>(count);
    return static_cast<std::int64_t>(128 * std::pow(64, at));
  };
  for (std::size_t i = 0; i < count; ++i) {
    for (const ShapeKind kind : {ShapeKind::kGemm, ShapeKind::kBmm, ShapeKind::kStream}) {
      Timing row;
      row.shape = {kind, Dtype::kFp32, {kind == ShapeKind::kBmm ? 8 : 1, size(i, 1), size(i, 37), size(i, 101)}};
      if (kind == ShapeKind::kStream) row.shape.dims = {2, 1, size(i, 1) * size(i, 37), 0};
      const ShapeWork work = work_of(row.shape);
      row.time_s = 3e-6 + work.flop / 15e12 + work.bytes / 1.3e12;
      rows.push_back(row);
    }
  }
  return rows;
}

const Predictor& fitted() {
  static const Predictor kPredictor(load_hardware("a100-pcie-40"), made_up(kRows));
  return kPredictor;
}

/// Products on matrix units, whose model has the most tilings.
std::vector<Timing> matrix_rows() {
  std::vector<Timing> rows;
  for (Timing& row : made_up(kRows)) {
    if (row.shape.kind != ShapeKind::kGemm) continue;
    row.shape.dtype = Dtype::kBf16;
    rows.push_back(row);
  }
  return rows;
}

Calibration matrix_calibration(const std::vector<Timing>& rows) {
  static const ChipFacts kFacts = facts_of(load_hardware("a100-sxm-80"), Dtype::kBf16);
  return {time_model(ShapeKind::kGemm, kFacts), kFacts, rows};
}

void gemm_shapes(benchmark::State& state) {
  const Calibration calibration = matrix_calibration(matrix_rows());
  std::int64_t m = 1;
  for (auto _ : state) {
    benchmark::DoNotOptimize(calibration.time_of(product_shape(Dtype::kBf16, 1, m, 4096, 1024 + m % 4096)));
    ++m;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(gemm_shapes)->Name("predict_gemm_shapes");

void step(benchmark::State& state, const char* name) {
  AnalysisOptions options;
  options.cost.mode = Mode::kTrain;
  options.step.phase = Phase::kStep;
  options.step.recipe = std::make_shared<Recipe>(load_recipe("pytorch-eager"));
  const Prepared prepared = prepare(load_model(name), options);
  Scratch scratch;
  const Hardware hw = load_hardware("a100-pcie-40");
  for (auto _ : state) {
    state.PauseTiming();
    const Predictor forgetful = fitted();  // what it remembers of the round before would be all there is to do
    state.ResumeTiming();
    double sum = 0;
    evaluate_point(prepared, hw, scratch);
    for (const Kernel& kernel : scratch.kernels)
      sum += forgetful.time_of(kernel) * static_cast<double>(kernel.executions);
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(scratch.kernels.size()));
}
BENCHMARK_CAPTURE(step, gpt3, "gpt3-175b")->Name("predict_gpt3_step")->Unit(benchmark::kMicrosecond);

void sweep(benchmark::State& state) {
  const Sweep points{make_grid({parse_axis("B=1..100"), parse_axis("T=1..100")}),
                     {{load_model("gpt2"), {}, false}},
                     {{load_hardware("a100-pcie-40"), ""}},
                     {fitted()}};
  Evaluator evaluator(points);
  for (auto _ : state) benchmark::DoNotOptimize(evaluator.evaluate(0, points.grid.size).back().point.predicted_s);
  state.SetItemsProcessed(state.iterations() * points.grid.size);
}
BENCHMARK(sweep)->Name("predict_sweep")->Iterations(1)->Unit(benchmark::kSecond);

void calibrate(benchmark::State& state) {
  const std::vector<Timing> rows = matrix_rows();
  for (auto _ : state) benchmark::DoNotOptimize(matrix_calibration(rows).leave_one_out_errors());
}
BENCHMARK(calibrate)->Name("calibrate_256")->Iterations(3)->Unit(benchmark::kSecond);

}  // namespace
