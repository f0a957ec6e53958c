// What kernels should compute. What is easy to break here: sums that wrap, subnormals of small formats, ties of
// rounding, which half of a byte comes first.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "probes/cuda/host_check.h"
#include "tests/approx.h"

namespace gable::cuda {

TEST_CASE("the sum of a pattern is that of its words") {
  for (const std::int64_t n : {0, 1, 2, 7, 1000, 70001}) {
    std::uint32_t sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += pattern_word(i, 5);
    CAPTURE(n);
    CHECK(pattern_sum(n, 5) == sum);
  }
  // n (n - 1) / 2 = 2^35 * (2^36 - 1) = -2^35 modulo 2^64, and modulo 2^32 nothing is left of it or of n * seed.
  CHECK(pattern_sum(std::int64_t{1} << 36, 5) == 0);
}

TEST_CASE("words of streams") {
  CHECK(pattern_word(0, 7) == 7);
  CHECK(pattern_word(1, 7) == 2654435768U);
  CHECK(stream_word(StreamFn::kWrite, 1, 7, 0) == 2654435768U);
  // 2654435768 >> 22 is 632: 632 + 3 * 632 = 2528
  float value = 0;
  const std::uint32_t word = stream_word(StreamFn::kTriad, 1, 7, 7);
  std::memcpy(&value, &word, sizeof value);
  CHECK(value == 2528.0F);
}

TEST_CASE("elements of every format") {
  const std::uint16_t bf16[] = {0x3f80, 0xc040};
  CHECK(decoded(Dtype::kBf16, bf16, 0) == 1);
  CHECK(decoded(Dtype::kBf16, bf16, 1) == -3);
  const std::uint16_t fp16[] = {0x3c00, 0xc200, 0x0001};
  CHECK(decoded(Dtype::kFp16, fp16, 0) == 1);
  CHECK(decoded(Dtype::kFp16, fp16, 1) == -3);
  CHECK(decoded(Dtype::kFp16, fp16, 2) == 0x1p-24);
  const std::uint8_t fp8[] = {0x38, 0xb8, 0x01, 0x7e};
  CHECK(decoded(Dtype::kFp8E4m3, fp8, 0) == 1);
  CHECK(decoded(Dtype::kFp8E4m3, fp8, 1) == -1);
  CHECK(decoded(Dtype::kFp8E4m3, fp8, 2) == 0x1p-9);
  CHECK(decoded(Dtype::kFp8E4m3, fp8, 3) == 448);
  const std::uint8_t fp4[] = {0x71, 0xa5};  // 0.5 and 6, 3 and -1
  CHECK(decoded(Dtype::kFp4, fp4, 0) == 0.5);
  CHECK(decoded(Dtype::kFp4, fp4, 1) == 6);
  CHECK(decoded(Dtype::kFp4, fp4, 2) == 3);
  CHECK(decoded(Dtype::kFp4, fp4, 3) == -1);
  const std::int8_t int8[] = {-128, 127};
  CHECK(decoded(Dtype::kInt8, int8, 0) == -128);
  const double fp64[] = {0.1};
  CHECK(decoded(Dtype::kFp64, fp64, 0) == 0.1);
}

TEST_CASE("rounding to fp16, ties to even") {
  CHECK(rounded_to_fp16(0) == 0);
  CHECK(rounded_to_fp16(1 + 0x1p-11) == 1);               // half a step above 1
  CHECK(rounded_to_fp16(1 + 3 * 0x1p-11) == 1 + 0x1p-9);  // half a step above an odd one
  CHECK(rounded_to_fp16(-2.0001) == -2);
  CHECK(rounded_to_fp16(0x1p-24 * 1.4) == 0x1p-24);  // subnormal
}

TEST_CASE("chains of multiply-adds") {
  // Thread 0: chain c begins with (101 c mod 256 - 128) / 128. No round: their sum.
  double sum = 0;
  for (const int start : {0, 101, 202, 47, 148, 249, 94, 195}) sum += (start - 128) / 128.0;
  CHECK(fma_result(Dtype::kFp64, 0, 0) == sum);
  CHECK(fma_result(Dtype::kFp32, 0, 0) == sum);
  // The formats part after some steps, and a round more is another result.
  CHECK(fma_result(Dtype::kFp64, 3, 4) != fma_result(Dtype::kFp32, 3, 4));
  CHECK(fma_result(Dtype::kFp32, 3, 4) != fma_result(Dtype::kFp32, 3, 5));
  CHECK(fma_result(Dtype::kFp16, 3, 4) != fma_result(Dtype::kFp16, 3, 5));
  CHECK(std::abs(fma_result(Dtype::kFp16, 3, 64)) <= 8 * 1.8);
}

TEST_CASE("products and how far they may be off") {
  const float a[] = {1, -2, 3};
  const float b[] = {4, 5, 6};
  const Dot exact = dot(Dtype::kFp32, a, b, 3);
  CHECK(exact.value == 12);
  CHECK(exact.magnitude == 32);
  CHECK(gemm_tolerance(Dtype::kFp32, Dtype::kFp32, exact) == rel(12 * 0x1p-23 + 32 * 2e-5));
  CHECK(gemm_tolerance(Dtype::kBf16, Dtype::kBf16, exact) == rel(12 * 0x1p-8 + 32 * 1e-4));
  CHECK(gemm_tolerance(Dtype::kInt8, Dtype::kInt32, exact) == 0);
}

}  // namespace gable::cuda
