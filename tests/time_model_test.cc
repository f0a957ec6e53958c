// Easy to break here: a time below the roof, a jump where nothing steps, a kernel that gets faster with more work.
#include "analyzer/predict/time_model.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "analyzer/predict/calibration.h"
#include "tests/approx.h"

namespace gable {
namespace {

/// 100 SMs, 100 TFLOP/s, 1 TB/s, 10 MB of L2.
ChipFacts chip(bool matrix_unit = true) {
  ChipFacts facts;
  facts.sms = 100;
  facts.flop_per_s = 100e12;
  facts.has_matrix_unit = matrix_unit;
  facts.bytes_per_s = 1e12;
  facts.l2_bytes = 10e6;
  facts.l2_bytes_per_s = 4e12;
  return facts;
}

/// 2 cores, 200 GFLOP/s, 20 GB/s, 100 MB of cache at 100 GB/s.
ChipFacts cpu() {
  ChipFacts facts;
  facts.is_cpu = true;
  facts.sms = 2;
  facts.flop_per_s = 200e9;
  facts.bytes_per_s = 20e9;
  facts.l2_bytes = 100e6;
  facts.l2_bytes_per_s = 100e9;
  return facts;
}

std::vector<ChipFacts> chips() { return {chip(true), chip(false), cpu()}; }

std::vector<double> priors(const TimeModel& model) {
  std::vector<double> values;
  for (const ConstantRow& constant : model.constants) values.push_back(constant.prior);
  return values;
}

double seconds(const Shape& shape, const ChipFacts& facts) {
  const TimeModel& model = time_model(shape.kind, facts);
  return model.time(shape, facts, priors(model)).total_s;
}

TEST_CASE("time models: a stream of 105 MB, by hand") {
  // Half of L2, 5 MB, is still there: 100 MB at 0.85 TB/s, 5 MB at 3.5 times that, after 1.5 us.
  const Shape shape{ShapeKind::kStream, Dtype::kInt8, {1, 0, 105'000'000, 0}};
  CHECK(seconds(shape, chip()) == rel(1.5e-6 + 100e6 / 0.85e12 + 5e6 / (3.5 * 0.85e12)));
  // The shortest kernel there is.
  CHECK(seconds({ShapeKind::kStream, Dtype::kInt8, {1, 0, 1, 0}}, chip()) == rel(2e-6));
}

TEST_CASE("time models: a broadcast input is read again where L2 does not hold it until then") {
  // 4-byte elements: 25 million in, 25 million out. 1,000 elements more stay in L2 between their uses ...
  const std::int64_t n = 25'000'000;
  const double small = seconds({ShapeKind::kStream, Dtype::kFp32, {1, 1, n, 1000}}, chip());
  CHECK(small == rel(seconds({ShapeKind::kStream, Dtype::kFp32, {1, 1, n, 0}}, chip()) + 4000 / 0.85e12));
  // ... 5 million, 20 MB, do not: each of the n is read from DRAM, as if there were two inputs of full size.
  const double large = seconds({ShapeKind::kStream, Dtype::kFp32, {1, 1, n, 5'000'000}}, chip());
  CHECK(large == rel(seconds({ShapeKind::kStream, Dtype::kFp32, {2, 1, n, 0}}, chip())));
}

TEST_CASE("time models: a softmax of rows that warps keep reads and writes once") {
  const Shape shape{ShapeKind::kSoftmax, Dtype::kFp32, {1'000'000, 1000}};
  CHECK(seconds(shape, chip()) == rel(3e-6 + 8e9 / 0.87e12));
}

TEST_CASE("time models: sums and gathers, by hand") {
  // 1,000 sums of 100,000 FP32 elements, 400 MB: as a stream of them, and 16.6 halvings of the partial sums.
  const double bytes = 1000 * 100'001 * 4.0;
  CHECK(seconds({ShapeKind::kReduce, Dtype::kFp32, {1000, 100'000}}, chip()) ==
        rel(1.5e-6 + (bytes - 5e6) / 0.85e12 + 5e6 / (3.5 * 0.85e12) + 60e-9 * std::log2(1e5)));
  // 100,000 rows of 10 FP32 elements, all different: 40 bytes are two sectors of 32, written as they are, an index
  // each.
  const double far = 100'000 * (64 + 40 + 8.0) - 5e6;
  CHECK(seconds({ShapeKind::kGather, Dtype::kFp32, {100'000, 10, 1'000'000}}, chip()) ==
        rel(1.5e-6 + far / 0.8e12 + 5e6 / (3.5 * 0.8e12)));
}

TEST_CASE(
    "time models: between the steps of tiles a product's time is smooth, at a step it rises by one wave at most") {
  for (const bool matrix_unit : {true, false}) {
    const ChipFacts facts = chip(matrix_unit);
    Shape shape{ShapeKind::kGemm, Dtype::kBf16, {1, 1, 4096, 4096}};
    // The largest tile, 256 x 128, over all of K, on one of 100 SMs that reach 0.87 of 1 TFLOP/s at the least.
    const double wave = 2 * 256 * 128 * 4096.0 / (0.87 * 0.75 * 1e12);
    double before = 0;
    for (std::int64_t m = 1; m < 5000; ++m) {
      shape.dims[1] = m;
      const double now = seconds(shape, facts);
      CAPTURE(m);
      if (m > 1) {
        CHECK(now - before <= wave);
        if ((m - 1) % 16 != 0) CHECK(now / before < 1.005);  // all tiles have multiples of 16 rows
      }
      before = now;
    }
  }
}

TEST_CASE("time models: a CPU's stream of 40 MB, by hand") {
  // 0.4 of the cache, 40 MB, is as much as is streamed: half of it is still there. 80 GB/s from the cache, 16 from
  // DRAM.
  const Shape shape{ShapeKind::kStream, Dtype::kInt8, {1, 0, 40'000'000, 0}};
  CHECK(seconds(shape, cpu()) == rel(3e-6 + 20e6 / 80e9 + 20e6 / 16e9));
}

TEST_CASE("time models: a CPU's rows, by hand") {
  // Of 3 rows one core has 2. 24 KB are far below the cache: 1 / (1 + (40e6 / 24e3)^2) of them come from DRAM.
  const Shape shape{ShapeKind::kSoftmax, Dtype::kFp32, {3, 1000}};
  const double far = 24e3 / (1 + std::pow(40e6 / 24e3, 2));
  CHECK(seconds(shape, cpu()) == rel(3e-6 + 2 * 1000 * 0.5e-9 + (24e3 - far) / 80e9 + far / 16e9));
}

TEST_CASE("time models: a CPU's product, by hand") {
  // 62 + 2 rows, 1008 + 16 columns, 1000 + 24 steps of k at 0.75 of the peak; beside it 4,032,000 bytes of weights from
  // DRAM at 0.6 x 20 GB/s and 62 x 2008 activations from the cache at 0.7 x 100 GB/s, of which 0.6 is not hidden. Of
  // the activations a trace is no longer in a tenth of the cache; of the results among them it is read, then written.
  const auto load = [](double rows) {
    const double others = 4 * rows * 2008;
    const double missed = 1 / (1 + std::pow(10e6 / others, 2));
    return (4'032'000 + (others + 4 * rows * 1008) * missed) / 12e9 + others / 70e9;
  };
  const double compute = 2.0 * 64 * 1024 * 1024 / 150e9;
  CHECK(compute > load(62));
  CHECK(seconds({ShapeKind::kGemm, Dtype::kFp32, {1, 62, 1008, 1000}}, cpu()) == rel(4e-6 + compute + 0.6 * load(62)));
  // One row: the weights are what takes the time.
  const double one = 2.0 * 3 * 1024 * 1024 / 150e9;
  CHECK(seconds({ShapeKind::kGemm, Dtype::kFp32, {1, 1, 1008, 1000}}, cpu()) == rel(4e-6 + load(1) + 0.6 * one));
}

TEST_CASE(
    "time models: products of activations, which are still in the cache, take no longer than those with weights") {
  const Shape gemm{ShapeKind::kGemm, Dtype::kFp32, {12, 64, 64, 64}};
  Shape bmm = gemm;
  bmm.kind = ShapeKind::kBmm;
  CHECK(seconds(bmm, cpu()) < seconds(gemm, cpu()));
}

/// Shapes of each kind whose last number grows.
struct Growing {
  Shape shape;
  std::size_t dim;
};
std::vector<Growing> growing() {
  return {{{ShapeKind::kGemm, Dtype::kBf16, {1, 1, 4096, 4096}}, 1},
          {{ShapeKind::kGemm, Dtype::kBf16, {1, 333, 1, 2048}}, 2},
          {{ShapeKind::kGemm, Dtype::kBf16, {1, 2048, 768, 1}}, 3},
          {{ShapeKind::kGemm, Dtype::kBf16, {1, 128, 128, 1}}, 3},
          {{ShapeKind::kBmm, Dtype::kBf16, {1, 128, 64, 128}}, 0},
          {{ShapeKind::kStream, Dtype::kFp32, {2, 1, 1, 0}}, 2},
          {{ShapeKind::kReduce, Dtype::kFp32, {64, 1}}, 1},
          {{ShapeKind::kGather, Dtype::kFp32, {1, 768, 500}}, 0},
          {{ShapeKind::kGemm, Dtype::kBf16, {1, 4096, 4096, 1024, 1}}, 4},
          {{ShapeKind::kLayerNorm, Dtype::kFp32, {1, 1024}}, 0},
          {{ShapeKind::kSoftmax, Dtype::kFp32, {1, 4096}}, 0},
          {{ShapeKind::kPrefill, Dtype::kBf16, {2, 512, 0, 16, 4, 128}}, 0},
          {{ShapeKind::kPrefill, Dtype::kBf16, {2, 256, 0, 32, 8, 128}}, 2},
          {{ShapeKind::kDecode, Dtype::kBf16, {8, 1, 1, 32, 8, 128}}, 2},
          {{ShapeKind::kDecode, Dtype::kBf16, {1, 1, 511, 32, 8, 128}}, 0}};
}

TEST_CASE("time models: more work never takes less time") {
  for (const ChipFacts& facts : chips()) {
    for (Growing grow : growing()) {
      double before = 0;
      for (std::int64_t size = 1; size < 20'000; size += 1 + size / 50) {
        grow.shape.dims.at(grow.dim) = size;
        const double now = seconds(grow.shape, facts);
        CAPTURE(describe(grow.shape));
        CHECK(now >= before * (1 - 1e-12));
        before = std::max(before, now);
      }
    }
  }
}

TEST_CASE("time models: never below the roofs that the constants stand for") {
  for (const ChipFacts& facts : chips()) {
    for (const std::int64_t m : {1, 16, 100, 1000, 10'000}) {
      for (const std::int64_t n : {64, 1000, 8192}) {
        for (const std::int64_t k : {64, 1000, 8192}) {
          const Shape shape{ShapeKind::kGemm, Dtype::kBf16, {1, m, n, k}};
          CAPTURE(describe(shape));
          CHECK(seconds(shape, facts) > work_of(shape).flop / facts.flop_per_s);
          if (facts.is_cpu) CHECK(seconds(shape, facts) > static_cast<double>(2 * n * k) / facts.bytes_per_s);
        }
      }
    }
  }
}

TEST_CASE("time models: a large product approaches the rate of its constant") {
  // 16384^3: waves, prologue and memory vanish beside 2 x 16384^3 / 90 TFLOP/s; the clock drops by at most a tenth.
  const Shape shape{ShapeKind::kGemm, Dtype::kBf16, {1, 16384, 16384, 16384}};
  const double ideal = 2 * std::pow(16384.0, 3) / (0.9 * 100e12);
  CHECK(seconds(shape, chip()) > ideal);
  CHECK(seconds(shape, chip()) < ideal * 1.25);
}

TEST_CASE("time models: every constant has a prior that it may have, and changes some time") {
  for (const TimeModel& model : time_models()) {
    CAPTURE(model.name);
    CHECK(!model.doc.empty());
    for (const ConstantRow& constant : model.constants) {
      CAPTURE(constant.name);
      CHECK(!constant.doc.empty());
      CHECK(constant.prior > 0);
      CHECK(constant.prior <= constant.most);
      CHECK(constant.log_sd > 0);
    }
  }
}

}  // namespace
}  // namespace gable
