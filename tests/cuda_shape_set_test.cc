// Which sizes are timed. What is easy to break here: sizes that no memory holds, a
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

TEST_CASE("each dtype is timed in every quarter of the range of m") {
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kFp32, Dtype::kFp16, Dtype::kTf32}) {
    std::array<int, 4> quarters{};
    for (const LtGemmSpec& spec : calibration_shapes(facts(90, 132, 1.98e9), Effort::kDefault, 1)) {
      if (spec.dtype != dtype || spec.batch > 1) continue;
      ++quarters.at(static_cast<std::size_t>(spec.m < 11     ? 0
                                             : spec.m < 128  ? 1
                                             : spec.m < 1448 ? 2
                                                             : 3));  // 2^3.5, 2^7, 2^10.5
    }
    CAPTURE(row(dtype).name);
    for (const int count : quarters) CHECK(count >= 1);  // of 64 sizes 8 are of a dtype and not batched
  }
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
