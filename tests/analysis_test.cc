// Easy to break here: totals that are not the sum of their rows, an optional part that slips in, a time that is not
// multiplied by the executions, an attained rate of 0/0.
#include "analyzer/roofline/analysis.h"

#include <doctest/doctest.h>

#include "analyzer/spec/model_reader.h"
#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/time_of.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

constexpr std::string_view kModel = R"(name: small
title: Three parts with a repeated block
source: made up
dtype: fp32
dims:
  N: 1000000
  R: 3
parts:
  - name: first
    ops:
      - {name: move, op: copy, n: N}
      - {name: h, block: pair, repeat: R}
  - name: second
    ops:
      - {name: square, op: matmul, m: 1000, n: 1000, k: 1000, count: 2}
      - {name: drop, op: dropout, n: N}
  - name: extra
    optional: true
    ops:
      - {name: move, op: copy, n: N}
)";

constexpr std::string_view kBlock = R"(name: pair
params: [N]
ops:
  - {name: act, op: gelu, n: N}
  - {name: move, op: copy, n: N}
)";

Model small_model() {
  return read_model(parse_yaml(kModel, "small.yaml"),
                    [](const std::string& name, const Where&) { return parse_yaml(kBlock, name + ".yaml"); });
}

// One execution on the tiny device: 10 TFLOP/s shared, DRAM 1 TB/s, L2 4 TB/s, launch 1 us.
constexpr double kMoveTime = 1e-6 + 8e6 / 1e12;     // 10^6 elements in and out; also gelu's, as 5e6 FLOP take 0.5 us
constexpr double kSquareTime = 1e-6 + 2e9 / 10e12;  // 2 * 1000^3 FLOP; 12 MB take 12 us

TEST_CASE("analysis: rows, parts and the total, by hand") {
  const Analysis result = analyze(small_model(), tiny_hardware(), {});
  REQUIRE(result.rows.size() == 5);
  REQUIRE(result.parts.size() == 2);
  CHECK(result.spec(result.rows[2]).path == "h/move");
  CHECK(result.rows[2].cost.executions == 3);
  CHECK(result.rows[2].time.total_s == rel(kMoveTime));
  CHECK(result.rows[2].totals.time_s == rel(3 * kMoveTime));
  CHECK(result.rows[2].totals.dram_bytes.value() == 3 * 8'000'000);
  CHECK(result.rows[3].cost.executions == 2);
  CHECK(result.rows[3].totals.cost.matrix_flop.value() == 2 * 2'000'000'000LL);
  CHECK(result.rows[3].totals.time_s == rel(2 * kSquareTime));
  CHECK(result.rows[4].totals.time_s == 0);  // dropout in evaluation

  const PartRow& first = result.parts[0];
  CHECK(first.first == 0);
  CHECK(first.last == 3);
  CHECK(first.totals.time_s == rel(7 * kMoveTime));
  CHECK(first.totals.cost.vector_flop.value() == 3 * 5'000'000);
  CHECK(first.totals.cost.launches.value() == 1 + 3 * 2);
  CHECK(first.totals.bound() == Bound::kMemory);
  CHECK(first.totals.roof() == Roof::kDram);
  const PartRow& second = result.parts[1];
  CHECK(second.first == 3);
  CHECK(second.last == 5);
  CHECK(second.totals.time_s == rel(2 * kSquareTime));
  CHECK(second.totals.bound() == Bound::kCompute);
  CHECK(second.totals.roof() == Roof::kVector);

  CHECK(result.total.time_s == rel(7 * kMoveTime + 2 * kSquareTime));
  CHECK(result.total.bound() == Bound::kCompute);  // 402 us against 63
  CHECK(result.total.bound_s.at(static_cast<std::size_t>(Bound::kMemory)) == rel(7 * kMoveTime));
  CHECK(result.total.roof_s.at(static_cast<std::size_t>(Roof::kVector)) == rel(2 * kSquareTime));
  CHECK(result.total.cost.launches.value() == 7 + 2);
}

TEST_CASE("analysis: intensity, attained rates and the bandwidth that the peak would need") {
  const Analysis result = analyze(small_model(), tiny_hardware(), {});
  const Totals& squares = result.rows[3].totals;  // 2 * (2e9 FLOP, 12e6 bytes)
  CHECK(squares.intensity() == rel(2e9 / 12e6));
  CHECK(squares.flop_per_s() == rel(2e9 / kSquareTime));
  CHECK(squares.bytes_per_s() == rel(12e6 / kSquareTime));
  CHECK(squares.compute_s == rel(2 * 2e9 / 10e12));
  CHECK(squares.bandwidth_for_peak() == rel(12e6 / (2e9 / 10e12)));
  const Totals& copies = result.rows[0].totals;
  CHECK(copies.intensity() == 0);
  CHECK(copies.flop_per_s() == 0);
  CHECK(copies.bytes_per_s() == rel(8e6 / kMoveTime));
  CHECK(copies.bandwidth_for_peak() == 0);
  const Totals& dropped = result.rows[4].totals;
  CHECK(dropped.intensity() == 0);
  CHECK(dropped.flop_per_s() == 0);
  CHECK(dropped.bytes_per_s() == 0);
  CHECK(dropped.bandwidth_for_peak() == 0);
}

TEST_CASE("analysis: compute time is the larger of two units, or their sum on one") {
  AnalysisOptions options;
  options.cost.dtype = parse_dtype_choice("fp16");
  Hardware hw = tiny_hardware();
  const Totals squares = analyze(small_model(), hw, options).rows[3].totals;
  CHECK(squares.compute_s == rel(2 * 2e9 / 160e12));
  const Totals gelu = analyze(small_model(), hw, options).rows[1].totals;
  CHECK(gelu.compute_s == rel(3 * 5e6 / 20e12));
}

TEST_CASE("analysis: only the parts that are asked for") {
  AnalysisOptions options;
  options.cost.parts = {"extra"};
  const Analysis extra = analyze(small_model(), tiny_hardware(), options);
  REQUIRE(extra.parts.size() == 1);
  CHECK(extra.model.parts[extra.parts[0].part].name == "extra");
  CHECK(extra.total.time_s == rel(kMoveTime));
  options.cost.parts = {"all"};
  CHECK(analyze(small_model(), tiny_hardware(), options).total.time_s == rel(8 * kMoveTime + 2 * kSquareTime));
  options.cost.parts = {"secnd"};
  CHECK(input_error([&] { return analyze(small_model(), tiny_hardware(), options); }) ==
        "--parts: model 'small' has no part 'secnd', did you mean 'second'?");
}

TEST_CASE("analysis: training runs the dropout") {
  AnalysisOptions options;
  options.cost.mode = Mode::kTrain;
  const Analysis result = analyze(small_model(), tiny_hardware(), options);
  CHECK(result.rows[4].totals.time_s == rel(1e-6 + 9e6 / 1e12));  // 4 MB in, 4 MB and a mask of 1 MB out
}

TEST_CASE("analysis: --resident l2 keeps what fits") {
  AnalysisOptions options;
  options.resident_l2 = true;
  Hardware hw = tiny_hardware();
  hw.l2_capacity.value = 16e6;  // two copies of 8 MB
  const Analysis result = analyze(small_model(), hw, options);
  CHECK(result.rows[2].totals.dram_bytes.value() == 3 * 4'000'000);  // read from gelu, written to DRAM
  hw.l2_capacity.value = 15e6;
  CHECK(analyze(small_model(), hw, options).rows[2].totals.dram_bytes.value() == 3 * 8'000'000);
  hw.l2_capacity.value = 1e9;  // the pass: 7 * 8 MB + 2 * 12 MB
  const Analysis all = analyze(small_model(), hw, options);
  CHECK(all.total.dram_bytes.value() == 0);
  CHECK(all.rows[0].time.roof == Roof::kL2);
  CHECK(all.rows[0].time.total_s == rel(1e-6 + 8e6 / 4e12));
}

TEST_CASE("analysis: the time alone is the same time") {
  for (const bool resident : {false, true}) {
    AnalysisOptions options;
    options.resident_l2 = resident;
    options.roofs = parse_roofs("compute,dram");
    Hardware hw = tiny_hardware();
    hw.l2_capacity.value = 20e6;
    const Analysis result = analyze(small_model(), hw, options);
    CHECK(time_of(small_model(), hw, options) == rel(result.total.time_s));
  }
}

TEST_CASE("analysis: totals of some of an op's executions") {
  const Analysis result = analyze(small_model(), tiny_hardware(), {});
  const Totals one = share_of(result.rows[1], 3);
  CHECK(one.time_s == rel(kMoveTime));
  CHECK(one.cost.vector_flop.value() == 5'000'000);
  CHECK(one.dram_bytes.value() == 8'000'000);
  const Totals all = share_of(result.rows[1], 1);
  CHECK(all.time_s == rel(result.rows[1].totals.time_s));
  CHECK(all.cost == result.rows[1].totals.cost);
  CHECK(all.dram_bytes == result.rows[1].totals.dram_bytes);
}

TEST_CASE("analysis: a dtype that the device has no rate for") {
  AnalysisOptions options;
  options.cost.dtype = parse_dtype_choice("fp64");
  CHECK(input_error([&] { return analyze(small_model(), tiny_hardware(), options); }) ==
        "tiny has no rate for fp64, nor for a dtype that holds its values; it has fp32, fp16, tf32");
}

}  // namespace
}  // namespace gable
