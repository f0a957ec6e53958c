// Products through cuBLASLt. What is easy to break here: which operand is which once a row-major product is handed to a
// column-major library, strides of batches, scalars of the wrong type, objects that are freed twice or never.
#include <doctest/doctest.h>

#include <vector>

#include "probes/cuda/lt_gemm.h"
#include "tests/cuda_fake.h"

namespace gable {
namespace fake = cuda::fake;
namespace {

/// The definition of GemmCall, for fp32.
std::vector<float> expected(const LtGemmSpec& s, const std::vector<float>& a, const std::vector<float>& b,
                            const std::vector<float>& bias, std::vector<float> out) {
  for (std::int64_t batch = 0; batch < s.batch; ++batch) {
    for (std::int64_t i = 0; i < s.m; ++i) {
      for (std::int64_t j = 0; j < s.n; ++j) {
        float sum = 0;
        for (std::int64_t l = 0; l < s.k; ++l) {
          const std::int64_t at_a = batch * s.m * s.k + (s.a_transposed ? l * s.m + i : i * s.k + l);
          const std::int64_t at_b = batch * s.k * s.n + (s.b_transposed ? j * s.k + l : l * s.n + j);
          sum += a[static_cast<std::size_t>(at_a)] * b[static_cast<std::size_t>(at_b)];
        }
        float& element = out[static_cast<std::size_t>((batch * s.m + i) * s.n + j)];
        element = sum + (s.accumulate ? element : 0) + (s.bias ? bias[static_cast<std::size_t>(j)] : 0);
      }
    }
  }
  return out;
}

std::vector<float> counting(std::int64_t n, float first) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(first + static_cast<float>(i % 7));
  return values;
}

}  // namespace

TEST_CASE("row-major products, every way of storing the operands") {
  fake::reset();
  const LtContext context(fake::api(), nullptr);
  for (int bits = 0; bits < 32; ++bits) {
    LtGemmSpec spec;
    spec.m = 3;
    spec.n = 4;
    spec.k = 5;
    spec.batch = (bits & 16) != 0 ? 2 : 1;
    spec.a_transposed = (bits & 1) != 0;
    spec.b_transposed = (bits & 2) != 0;
    spec.accumulate = (bits & 4) != 0;
    spec.bias = (bits & 8) != 0;
    CAPTURE(bits);
    const std::vector<float> a = counting(spec.batch * 15, 1);
    const std::vector<float> b = counting(spec.batch * 20, -3);
    const std::vector<float> bias = counting(4, 100);
    std::vector<float> out = counting(spec.batch * 12, 1000);
    const std::vector<float> right = expected(spec, a, b, bias, out);
    fake::state().fresh = true;
    LtGemm(context, spec).run({a.data(), b.data(), out.data(), bias.data()});
    CHECK(out == right);
  }
}

TEST_CASE("int8 multiplies into int32") {
  fake::reset();
  const LtContext context(fake::api(), nullptr);
  LtGemmSpec spec;
  spec.dtype = Dtype::kInt8;
  spec.m = spec.n = 1;
  spec.k = 2;
  spec.b_transposed = true;
  const std::int8_t a[] = {100, -100};
  const std::int8_t b[] = {120, 7};
  std::int32_t out = 0;
  fake::state().fresh = true;
  LtGemm(context, spec).run({a, b, &out});
  CHECK(out == 100 * 120 - 100 * 7);
}

TEST_CASE("algorithms are asked for, chosen and named") {
  fake::reset();
  const LtContext context(fake::api(), nullptr);
  CHECK(context.version() == "13.1.0");
  LtGemm gemm(context, LtGemmSpec{}, 16);
  CHECK(gemm.algorithms() == 3);
  CHECK(gemm.choice() == "cublasLt algo 100, tile 1, split-k 1");
  gemm.choose(2);
  CHECK(gemm.choice() == "cublasLt algo 102, tile 1, split-k 1");
  gemm.choose(99);
  CHECK(gemm.chosen() == 2);
  float a = 2;
  float b = 3;
  float out = 0;
  const auto task = gemm.task({&a, &b, &out});
  task();
  CHECK(fake::state().algorithms == std::vector<int>{2});
  CHECK(LtGemm(context, LtGemmSpec{}).algorithms() == 1);
}

TEST_CASE("what cuBLASLt does not do is said before it runs") {
  fake::reset().unsupported = {CUDA_R_8F_E4M3};
  const LtContext context(fake::api(), nullptr);
  LtGemmSpec spec;
  spec.dtype = Dtype::kFp8E4m3;
  CHECK_THROWS_WITH_AS(LtGemm(context, spec),
                       "cuBLASLt has no product for fp8_e4m3 1x1x1 batch 1: no algorithm on this device",
                       LtUnsupported);
  spec.dtype = Dtype::kInt4;
  CHECK_THROWS_WITH_AS(LtGemm(context, spec), "cuBLASLt has no product for int4 1x1x1 batch 1: no such operands",
                       std::invalid_argument);
  spec.dtype = Dtype::kFp32;
  spec.n = 0;
  CHECK_THROWS_WITH_AS(LtGemm(context, spec), "cuBLASLt has no product for fp32 1x0x1 batch 1: sizes are at least 1",
                       std::invalid_argument);
}

TEST_CASE("without the library") {
  CudaApi api = fake::api();
  api.lt.why_not = "libcublasLt.so.13: cannot open shared object file";
  CHECK_THROWS_WITH_AS(LtContext(api, nullptr), "no cuBLASLt: libcublasLt.so.13: cannot open shared object file",
                       CapabilityError);
}

TEST_CASE("scales of fp4: tiles of 128 rows and 4 groups of 16") {
  CHECK(lt_scale_bytes(Dtype::kFp4, 128, 64) == 128 * 4);
  CHECK(lt_scale_bytes(Dtype::kFp4, 129, 65) == 256 * 8);
  CHECK(lt_scale_bytes(Dtype::kBf16, 128, 64) == 0);
  CHECK(lt_out_dtype(Dtype::kFp4) == Dtype::kBf16);
  CHECK(lt_out_dtype(Dtype::kInt8) == Dtype::kInt32);
  CHECK(lt_out_dtype(Dtype::kTf32) == Dtype::kFp32);
}

TEST_CASE("the workspace is given back") {
  fake::reset();
  { const LtContext context(fake::api(), nullptr); }
  CHECK(fake::state().live_allocations == 0);
}

}  // namespace gable
