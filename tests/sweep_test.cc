// Sweeps. What is easy to break here: the order of rows when several threads make them, a ratio across a series, a
// point that fails and takes others with it, the first chunk after a resume.
#include "analyzer/study/sweep.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <stdexcept>

#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

Sweep sweep_of(Model model, Hardware hw, const std::vector<std::string>& axes) {
  std::vector<Axis> parsed;
  for (const std::string& axis : axes) parsed.push_back(parse_axis(axis));
  return {make_grid(std::move(parsed)), {{std::move(model), {}, false}}, {{std::move(hw), "made up for a test"}}};
}

Sweep sweep_of(const std::string& model, Hardware hw, const std::vector<std::string>& axes) {
  return sweep_of(load_model(model), std::move(hw), axes);
}

/// 2*B*T*T FLOP, T positions of at most P.
Model bounded() {
  const BlockSource none = [](const std::string&, const Where& where) -> YamlNode {
    throw InputError(where, "no blocks");
  };
  constexpr const char* kBounded =
      "name: bounded\ndims: {B: 1, P: 1024, T: {value: 8, max: P}}\nops: [{op: matmul, m: T, n: T, k: B}]\n";
  return read_model(parse_yaml(kBounded, "bounded.yaml"), none);
}

std::vector<SweepRow> rows_of(const Sweep& sweep) { return Evaluator(sweep).evaluate(0, sweep.grid.size); }

/// What document 004 calls an A100: 20 TFLOP/s and 900 GB/s; 5 us a launch.
Hardware document_004() {
  std::string text = replaced(kTinyHardware, "fp32: {value: 10 TFLOP/s", "fp32: {value: 20 TFLOP/s");
  text = replaced(text, "bandwidth: {value: 1 TB/s", "bandwidth: {value: 900 GB/s");
  return hardware_of(replaced(text, "launch_latency: {value: 1 us", "launch_latency: {value: 5 us"));
}

struct Product {
  std::int64_t m, n, k;
  double time_s;  ///< 5 us + max(2mnk / 20e12, 4(mk + kn + mn) / 900e9)
};

TEST_CASE("document 004: ten times the FLOP of a product, and the time") {
  const std::array<Product, 6> products = {{
      {100, 100, 50, 5e-6 + 80e3 / 900e9},  // 1 MFLOP, 80 kB: 0.089 us of DRAM, more than 0.05 us of work
      {200, 200, 125, 5e-6 + 0.5e-6},       // 10 MFLOP, 360 kB: 0.4 us of DRAM, 0.5 us of work
      {500, 500, 200, 5e-6 + 5e-6},         // 100 MFLOP, 1.8 MB: 2 us of DRAM
      {1000, 1000, 500, 5e-6 + 50e-6},      // 1 GFLOP, 8 MB
      {2000, 2000, 1250, 5e-6 + 500e-6},    // 10 GFLOP, 36 MB
      {5000, 5000, 2000, 5e-6 + 5000e-6},   // 100 GFLOP, 180 MB
  }};
  // Where the launch is most of it time hardly grows; where the work is, it grows as FLOP do: never 2 to 5 times.
  constexpr std::array<double, 5> kRounded = {1.08, 1.82, 5.5, 9.2, 9.9};
  std::vector<PointResult> results;
  std::int64_t flop = 1'000'000;
  for (const Product& product : products) {
    CAPTURE(product.m);
    Sweep sweep = sweep_of("gemm", document_004(), {"K=" + std::to_string(product.k)});
    set_dim(sweep.variants[0].model, "M", std::to_string(product.m));
    set_dim(sweep.variants[0].model, "N", std::to_string(product.n));
    results.push_back(rows_of(sweep)[0].point);
    CHECK(results.back().flop == Count(flop));
    CHECK(results.back().flop == 2 * Count(product.m) * product.n * product.k);
    CHECK(results.back().time_s == rel(product.time_s));
    flop *= 10;
  }
  for (std::size_t i = 0; i < kRounded.size(); ++i) {
    CAPTURE(i);
    const std::optional<Step> step = step_between(results[i], results[i + 1]);
    REQUIRE(step);
    CHECK(step->flop_ratio == rel(10));
    CHECK(step->time_ratio == rel(products.at(i + 1).time_s / products.at(i).time_s));
    CHECK(step->time_ratio == rel(kRounded.at(i), 0.007));
    CHECK(*step->elasticity == rel(std::log10(products.at(i + 1).time_s / products.at(i).time_s)));
  }
}

TEST_CASE("document 004 on an A100 PCIe 40 GB, in FP32: square products of about 1 MFLOP to 100 GFLOP") {
  // 19.5 TFLOP/s, 1555 GB/s, 5 us. 4*3*N*N bytes never take as long as 2*N*N*N FLOP: N/6 FLOP/byte, ridge 12.54 < 13.2.
  const std::array<std::int64_t, 6> sizes = {79, 171, 368, 794, 1710, 3684};
  const std::array<double, 5> claimed = {1.09, 1.84, 5.5, 9.2, 9.9};
  const Sweep sweep = sweep_of("gemm", load_hardware("a100-pcie-40"), {"N=79,171,368,794,1710,3684"});
  const std::vector<SweepRow> rows = rows_of(sweep);
  const auto time = [](std::int64_t n) { return 5e-6 + 2.0 * static_cast<double>(n * n * n) / 19.5e12; };
  CHECK_FALSE(rows[0].step);
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    CAPTURE(sizes.at(i));
    CHECK(rows[i].point.flop == Count(2 * sizes.at(i) * sizes.at(i) * sizes.at(i)));
    REQUIRE(rows[i].step);
    CHECK(rows[i].step->time_ratio == rel(time(sizes.at(i)) / time(sizes.at(i - 1))));
    CHECK(rows[i].step->time_ratio == rel(claimed.at(i - 1), 0.015));
    // 5 us of work are 97.5 MFLOP: 2*368^3 = 99.7 MFLOP is the first beyond.
    CHECK(rows[i].step->bottleneck_changed == (sizes.at(i) == 368));
  }
  CHECK(bottleneck(rows[1].point) == Roof::kLaunch);
  CHECK(rows[2].step->from == Roof::kLaunch);
  CHECK(bottleneck(rows[2].point) == Roof::kVector);
}

TEST_CASE("ratios stay within a series, and need FLOP that differ") {
  // P changes no FLOP.
  const std::vector<SweepRow> rows = rows_of(sweep_of(bounded(), tiny_hardware(), {"T=8,16", "P=64,128,256"}));
  REQUIRE(rows.size() == 6);
  for (const std::size_t first : {0U, 3U}) CHECK_FALSE(rows[first].step);
  REQUIRE(rows[1].step);
  CHECK(rows[1].step->flop_ratio == 1);
  CHECK(rows[1].step->time_ratio == 1);
  CHECK_FALSE(rows[1].step->elasticity);
  CHECK_FALSE(rows[1].step->bottleneck_changed);
  CHECK(rows[4].point.flop > rows[1].point.flop);
}

TEST_CASE("a point that fails is told, and the others go on") {
  const Sweep sweep = sweep_of(bounded(), tiny_hardware(), {"T=512,2048,1024,0"});
  const std::vector<SweepRow> rows = rows_of(sweep);
  CHECK(rows[0].valid());
  CHECK(rows[1].error == "dim 'T' is 2048; it can be at most P = 1024");
  CHECK(rows[1].point.time_s == 0);
  CHECK(rows[2].valid());
  CHECK_FALSE(rows[2].step);  // its neighbour has no time
  CHECK(rows[3].error == "dim 'T' is 0; it must be at least 1");
  CHECK(first_valid(sweep, [] { return false; }) == 0);
  CHECK(first_valid(sweep_of(bounded(), tiny_hardware(), {"T=2048,8"}), [] { return false; }) == 1);
  const auto none = [](const std::vector<std::string>& axes) {
    return input_error([&] { return first_valid(sweep_of(bounded(), tiny_hardware(), axes), [] { return false; }); });
  };
  CHECK(none({"T=2048,4096"}) ==
        "--vary: none of the 2 points has a result; the first, T=2048: dim 'T' is 2048; it can be at most P = 1024");
  CHECK(none({"T=2048"}) == "--vary T=2048: dim 'T' is 2048; it can be at most P = 1024");
  CHECK(input_error([] { return Evaluator(sweep_of(bounded(), tiny_hardware(), {"Q=1,2"})), 0; }) ==
        "--vary Q=1,2: model 'bounded' has no dim 'Q'; known: B, P, T, hw, dtype, recipe, phase");
}

TEST_CASE("models, devices and options by axis") {
  Sweep sweep;
  sweep.grid = make_grid({name_axis(AxisRole::kModel, "model", "--model", {"gemm", "gpt2"}), parse_axis("hw=slow,fast"),
                          parse_axis("dtype=fp32,fp16")});
  AnalysisOptions half;
  half.cost.dtype = parse_dtype_choice("fp16");
  for (const char* name : {"gemm", "gpt2"}) {
    sweep.variants.push_back({load_model(name), {}, false});
    sweep.variants.push_back({load_model(name), half, false});
  }
  sweep.hardware = {{tiny_hardware(), ""}, {document_004(), ""}};
  Evaluator evaluator(sweep);
  for (std::int64_t point = 0; point < sweep.grid.size; ++point) {
    CAPTURE(sweep.grid.describe(point));
    const auto at = static_cast<std::size_t>(point);
    const Variant& variant = sweep.variants[at / 4 * 2 + at % 2];
    const Analysis direct = analyze(variant.model, sweep.hardware[at / 2 % 2].hw, variant.options);
    const PointResult result = evaluator.evaluate(point).point;
    CHECK(result.flop == direct.total.cost.flop());
    CHECK(result.matrix_flop == direct.total.cost.matrix_flop);
    CHECK(result.bytes == direct.total.cost.unique);
    CHECK(result.launches == direct.total.cost.launches);
    CHECK(result.time_s == rel(direct.total.time_s));
    CHECK(bound_of(result) == direct.total.bound());
    CHECK(bottleneck(result) == direct.total.roof());
    CHECK(intensity(result) == direct.total.intensity());
    CHECK(evaluator.analysis(point).total.time_s == direct.total.time_s);
  }
}

TEST_CASE("each roof belongs to the class that the roofline gives it") {
  CHECK(class_of(Roof::kTensor) == Bound::kCompute);
  CHECK(class_of(Roof::kVector) == Bound::kCompute);
  CHECK(class_of(Roof::kDram) == Bound::kMemory);
  CHECK(class_of(Roof::kL2) == Bound::kMemory);
  CHECK(class_of(Roof::kLaunch) == Bound::kLaunch);
}

struct Taken {
  std::vector<SweepRow> rows;
  std::string text;
  std::int64_t end = 0;
};

/// Runs with a text of the indices, in order, and what crosses chunks: the ratio to the row before.
Taken run(const Sweep& sweep, const SweepRun& settings) {
  Taken taken;
  taken.end = run_sweep(
      sweep, settings,
      [](std::span<const SweepRow> rows) {
        std::string text;
        for (const SweepRow& row : rows)
          text += std::to_string(row.index) + " " + std::to_string(row.step ? row.step->time_ratio : 0) + "\n";
        return text;
      },
      [&](std::vector<SweepRow>&& rows, const std::string& text) {
        taken.text += text;
        taken.rows.insert(taken.rows.end(), rows.begin(), rows.end());
      });
  return taken;
}

TEST_CASE("any number of threads gives the same rows in the same order") {
  const Sweep sweep = sweep_of("gemm", tiny_hardware(), {"M=1..3", "N=1..3000"});  // 9000 points, 9 chunks
  const Taken one = run(sweep, {});
  CHECK(one.end == 9000);
  REQUIRE(one.rows.size() == 9000);
  for (std::size_t i = 0; i < one.rows.size(); ++i) REQUIRE(one.rows[i].index == static_cast<std::int64_t>(i));
  for (const std::size_t threads : {2U, 3U, 16U}) {
    CAPTURE(threads);
    CHECK(run(sweep, {0, threads}).text == one.text);
  }
  for (const std::int64_t first : {1, 1023, 1024, 3000, 8999}) {
    CAPTURE(first);
    const Taken rest = run(sweep, {first, 2});
    CHECK(rest.end == 9000);
    CHECK(one.text.ends_with(rest.text));
    CHECK(rest.rows.front().index == first);
  }
  CHECK(run(sweep, {9000, 2}).rows.empty());
}

TEST_CASE("a stop leaves whole chunks from the first point on") {
  const Sweep sweep = sweep_of("gemm", tiny_hardware(), {"N=1..20000"});
  for (const std::size_t threads : {1U, 4U}) {
    std::atomic<int> asked = 0;
    const Taken taken = run(sweep, {0, threads, [&] { return ++asked > 5; }});
    CAPTURE(threads);
    CHECK(taken.end == 5 * 1024);
    REQUIRE(taken.rows.size() == 5 * 1024);
    CHECK(taken.rows.back().index == 5 * 1024 - 1);
  }
  CHECK(run(sweep, {0, 2, [] { return true; }}).end == 0);
}

TEST_CASE("what a thread throws stops the sweep and arrives here") {
  const Sweep sweep = sweep_of("gemm", tiny_hardware(), {"N=1..20000"});
  for (const std::size_t threads : {1U, 4U}) {
    int taken = 0;
    const auto format = [](std::span<const SweepRow>) { return std::string(); };
    const auto take = [&](std::vector<SweepRow>&&, const std::string&) {
      if (++taken == 3) throw std::runtime_error("disk full");
    };
    CHECK_THROWS_WITH_AS(run_sweep(sweep, {0, threads}, format, take), "disk full", std::runtime_error);
    CHECK(taken == 3);
  }
}

}  // namespace
}  // namespace gable
