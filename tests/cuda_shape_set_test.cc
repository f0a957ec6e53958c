// Which sizes are timed. What is easy to break here: sizes that no memory holds, halves of the range left empty, a
// device so slow that one product takes minutes.
#include <doctest/doctest.h>

#include <array>

#include "probes/cuda/probes.h"
#include "probes/cuda/shape_set.h"
#include "tests/approx.h"

namespace gable::cuda {
namespace {

CudaFacts facts(int capability, int sms, double clock_hz) {
  CudaFacts facts;
  facts.capability = capability;
  facts.sms = sms;
  facts.clock_hz = clock_hz;
  facts.free_bytes = std::int64_t{80} << 30;
  facts.l2_bytes = 50 << 20;
  return facts;
}

}  // namespace

TEST_CASE("points fill each axis evenly, and another seed moves them") {
  for (int axis = 0; axis < 4; ++axis) {
    std::array<int, 8> eighths{};
    for (int i = 0; i < 64; ++i) ++eighths.at(static_cast<std::size_t>(8 * even_point(axis, i, 1)));
    for (const int count : eighths) {
      CAPTURE(axis);
      CHECK(count >= 5);
      CHECK(count <= 11);
    }
  }
  CHECK(even_point(0, 2, 0) == rel(0.75));               // 3 is 11 in base 2
  CHECK(even_point(1, 4, 0) == rel(2.0 / 3 + 1.0 / 9));  // 5 is 12 in base 3
  CHECK(even_point(0, 0, 1) == rel(0.5 + 0.6180339887498949 - 1));
}

TEST_CASE("shapes of the matrix peak") {
  const std::vector<LtGemmSpec> h100 = peak_shapes(facts(90, 132, 1.98e9), Dtype::kBf16);
  REQUIRE(h100.size() == 5);
  CHECK(h100[0].m == 8192);
  CHECK(h100[2].m == 16384);
  CHECK(h100[3].m == 128 * 132);
  for (const LtGemmSpec& spec : h100) CHECK((spec.b_transposed && !spec.a_transposed));
  // fp64 of a consumer chip, 128 SMs x 2 x 2 x 2.5 GHz = 1.28 TFLOP/s: 2 * 4096^3 would take 107 ms, 2048^3 takes 13.
  const std::vector<LtGemmSpec> slow = peak_shapes(facts(89, 128, 2.5e9), Dtype::kFp64);
  REQUIRE(slow.size() == 1);
  CHECK(slow[0].m == 2048);
}

TEST_CASE("shapes of the calibration") {
  const CudaFacts h100 = facts(90, 132, 1.98e9);
  CHECK(calibration_shapes(h100, Effort::kQuick, 1).size() == 16);
  CHECK(calibration_shapes(h100, Effort::kDefault, 1).size() == 64);
  const std::vector<LtGemmSpec> full = calibration_shapes(h100, Effort::kFull, 1);
  REQUIRE(full.size() == 256);
  std::int64_t least = 1 << 20;
  std::int64_t most = 0;
  int batched = 0;
  for (const LtGemmSpec& spec : full) {
    CHECK(spec.n % 8 == 0);
    CHECK(spec.k % 8 == 0);
    least = std::min(least, spec.m);
    most = std::max(most, spec.m);
    if (spec.batch > 1) ++batched;
    CHECK(gemm_memory_bytes(spec) <= h100.free_bytes / 2);
  }
  CHECK(least <= 4);
  CHECK(most >= 8192);
  CHECK(batched == 128);
}

TEST_CASE("shapes are cut until they fit; a chip without bf16 times fp32") {
  CudaFacts t4 = facts(75, 40, 1.59e9);
  t4.free_bytes = 1 << 20;
  for (const LtGemmSpec& spec : calibration_shapes(t4, Effort::kDefault, 1)) {
    CHECK(gemm_memory_bytes(spec) <= t4.free_bytes / 2);
    CHECK((spec.dtype == Dtype::kFp32 || spec.dtype == Dtype::kFp16));
  }
}

TEST_CASE("streams and rows within a quarter of the memory") {
  const CudaFacts big = facts(90, 132, 1.98e9);
  CHECK(stream_sizes(big, Effort::kDefault).front() == 4096 / 4);
  CHECK(stream_sizes(big, Effort::kDefault).back() == (std::int64_t{1} << 30) / 4);
  CHECK(stream_sizes(big, Effort::kDefault).size() == 10);
  CHECK(rows_sizes(big, Effort::kFull).size() == 6 * 7);
  CudaFacts small = big;
  small.free_bytes = 1 << 20;
  for (const RowsSize& size : rows_sizes(small, Effort::kFull)) CHECK(8 * size.rows * size.width <= 1 << 18);
}

}  // namespace gable::cuda
