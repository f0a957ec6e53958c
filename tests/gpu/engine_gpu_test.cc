// Easy to break here: memory that is not freed with its last copy, a fill that differs from the CPU's, a product with
// an operand the wrong way round, a refusal that comes only when the task runs.
#include <stdexcept>

#include "probes/cuda/engine.h"
#include "probes/random.h"
#include "tests/gpu/tensor.h"

using namespace gable;
using namespace gable::gpu;

namespace {

std::int64_t free_bytes() {
  std::size_t free = 0;
  std::size_t total = 0;
  check_cuda(cuda_runtime().mem_get_info(&free, &total), "cudaMemGetInfo");
  return static_cast<std::int64_t>(free);
}

TEST_CASE("memory: freed with the last copy, out of memory says what was free") {
  constexpr std::int64_t kBytes = std::int64_t{256} << 20;
  const std::int64_t before = free_bytes();
  Buffer piece;
  {
    const Buffer buffer = engine().allocate(kBytes / 4, Dtype::kFp32);
    piece = buffer.piece(5, 7);
    CHECK(buffer.n == kBytes / 4);
  }
  CHECK(piece.n == 7);
  CHECK(free_bytes() <= before - kBytes);  // the piece keeps all of it
  piece = {};
  CHECK(free_bytes() >= before - (std::int64_t{1} << 20));
  try {
    engine().allocate(std::int64_t{1} << 45, Dtype::kFp32);
    FAIL("no device has 128 TiB");
  } catch (const OutOfMemory& error) {
    CHECK(error.needed_bytes == std::int64_t{1} << 47);
    CHECK(error.free_bytes > 0);
    CHECK(error.free_bytes < error.needed_bytes);
  }
  // The error does not stick to the next launch.
  const Tensor out = Tensor::result(5, Dtype::kFp32);
  engine().fill(out.buffer(), {Fill::What::kOne});
  out.check(Reals(5, 1));
  CHECK(static_cast<bool>(engine().allocate(0, Dtype::kFp32)));
}

TEST_CASE("fills are the functions of random.h") {
  for (const std::int64_t n : kSizes) {
    CAPTURE(n);
    for (const Dtype dtype : kFloats) {
      CAPTURE(row(dtype).name);
      const Tensor uniform = Tensor::result(n, dtype, 1);
      engine().fill(uniform.buffer(), {Fill::What::kUniform, 0.3, 1, 42});
      const Tensor expected = Tensor::random(n, dtype, 42, 0.3F);
      CHECK(uniform.read() == expected.values());
      const Tensor constant = Tensor::result(n, dtype, 3);
      engine().fill(constant.buffer(), {Fill::What::kOne});
      CHECK(constant.read() == Reals(static_cast<std::size_t>(n), 1));
      engine().fill(constant.buffer(), {Fill::What::kZero});
      CHECK(constant.read() == Reals(static_cast<std::size_t>(n), 0));
    }
    const auto count = static_cast<std::size_t>(n);
    std::vector<std::int64_t> index(count, -1);
    const Buffer on_device = indices(index);
    engine().fill(on_device, {Fill::What::kIndex, 1, 7, 3});
    engine().to_host(on_device, index.data());
    std::vector<std::uint8_t> mask(count, 9);
    const Buffer mask_on_device = bytes(mask);
    engine().fill(mask_on_device, {Fill::What::kBernoulli, 0.25, 1, 4});
    engine().to_host(mask_on_device, mask.data());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i)
      wrong += index[i] != random_index(3, i, 7) || mask[i] != random_bernoulli(4, i, 0.25F);
    CHECK(wrong == 0);
  }
}

/// op(a) * op(b) of one batch after the other, with `start` (out or bias) added.
Reals product(const GemmCall& call, const Tensor& a, const Tensor& b, const Tensor& out, const Tensor& bias) {
  Reals result;
  for (std::int64_t batch = 0; batch < call.batch; ++batch) {
    for (std::int64_t i = 0; i < call.m; ++i) {
      for (std::int64_t j = 0; j < call.n; ++j) {
        double sum = call.accumulate ? out[(batch * call.m + i) * call.n + j] : 0;
        if (call.bias) sum += bias[j];
        for (std::int64_t k = 0; k < call.k; ++k) {
          const std::int64_t in_a = call.a_transposed ? k * call.m + i : i * call.k + k;
          const std::int64_t in_b = call.b_transposed ? j * call.k + k : k * call.n + j;
          sum += a[batch * call.m * call.k + in_a] * b[batch * call.k * call.n + in_b];
        }
        result.push_back(sum);
      }
    }
  }
  return result;
}

TEST_CASE("matrix products: transposed, accumulating, in batches, with a bias, of odd sizes") {
  struct Size {
    std::int64_t m, n, k, batch;
  };
  for (const Dtype dtype : kFloats) {
    for (const Size& size : {Size{1, 1, 1, 1}, Size{8, 16, 32, 1}, Size{33, 17, 65, 1}, Size{16, 24, 40, 3}}) {
      for (int flags = 0; flags < 16; ++flags) {
        GemmCall call;
        call.m = size.m;
        call.n = size.n;
        call.k = size.k;
        call.batch = size.batch;
        call.a_transposed = (flags & 1) != 0;
        call.b_transposed = (flags & 2) != 0;
        call.accumulate = (flags & 4) != 0;
        const bool with_bias = (flags & 8) != 0;
        if (with_bias && (dtype == Dtype::kFp64 || size.batch > 1)) continue;  // cuBLASLt need not have them
        CAPTURE(row(dtype).name);
        CAPTURE(size.m);
        CAPTURE(flags);
        const Tensor a = Tensor::random(size.batch * size.m * size.k, dtype, 1, 1);
        const Tensor b = Tensor::random(size.batch * size.k * size.n, dtype, 2, 1);
        const Tensor out = Tensor::random(size.batch * size.m * size.n, dtype, 3, 1);
        const Tensor bias = Tensor::random(size.n, dtype, 4, 1);
        call.a = a.buffer();
        call.b = b.buffer();
        call.out = out.buffer();
        if (with_bias) call.bias = bias.buffer();
        run(call);
        CHECK(engine().last_choice().rfind("cublasLt algo", 0) == 0);
        out.check(product(call, a, b, out, bias), 4);
      }
    }
  }
}

TEST_CASE("what cannot be done is refused when it is prepared") {
  const Buffer ints = engine().allocate(8, Dtype::kInt8);
  const Buffer floats = engine().allocate(8, Dtype::kFp32);
  const Buffer halves = engine().allocate(8, Dtype::kFp16);
  CHECK_THROWS_AS(engine().prepare(MapCall{MapFn::kGelu, ints, {}, ints}), std::invalid_argument);
  CHECK_THROWS_AS(engine().prepare(MapCall{MapFn::kAdd, floats, halves, floats}), std::invalid_argument);
  CHECK_THROWS_AS(engine().prepare(MapCall{MapFn::kAdd, floats, {}, floats}), std::invalid_argument);
  CHECK_THROWS_AS(engine().prepare(MapCall{MapFn::kGelu, floats.piece(0, 4), {}, floats}), std::invalid_argument);
  CHECK_THROWS_AS(engine().prepare(RopeCall{false, floats.piece(0, 3), floats, floats.piece(0, 3)}),
                  std::invalid_argument);
  RowsCall rows;
  rows.rows = 2;
  rows.width = 5;  // 10 elements of buffers with 8
  rows.x = floats;
  rows.out = floats;
  CHECK_THROWS_AS(engine().prepare(rows), std::invalid_argument);
  GemmCall gemm;
  gemm.m = gemm.n = gemm.k = 2;
  gemm.a = floats;
  gemm.b = halves;
  gemm.out = floats;
  CHECK_THROWS_AS(engine().prepare(gemm), std::invalid_argument);
}

}  // namespace
