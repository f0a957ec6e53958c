// Whole probes on a device that is not there. What is easy to break here: work counted twice or not at all, a wrong
// result that is timed all the same, memory that is kept, the slower of two algorithms.
#include <doctest/doctest.h>

#include "probes/cuda/probes.h"
#include "probes/sampling.h"
#include "tests/approx.h"
#include "tests/cuda_fake.h"

namespace gable::cuda {
namespace {

constexpr double kClose = 1e-5;  ///< events are floats of milliseconds

struct Bench {
  fake::State& state = fake::reset();
  Session session{fake::api(), fake::kernels(), fake::clock()};
  std::vector<ShapeTiming> shapes;
  ProbeContext context;
  Bench() {
    context.effort = Effort::kQuick;
    context.shapes = &shapes;
  }
};

const Figure& only(const std::vector<Figure>& figures) {
  REQUIRE(figures.size() == 1);
  return figures.front();
}

}  // namespace

TEST_CASE("DRAM: bytes read + bytes written, of three buffers") {
  for (const StreamFn fn : {StreamFn::kRead, StreamFn::kWrite, StreamFn::kCopy, StreamFn::kTriad}) {
    Bench bench;
    CAPTURE(static_cast<int>(fn));
    const std::vector<Figure> figures = dram_probe(bench.session, bench.context, fn);
    const Figure& figure = only(figures);
    CHECK(figure.refused == "");
    CHECK(figure.value == rel(10e9, kClose));
    CHECK(figure.samples == 10);
    CHECK(figure.clock_hz == rel(990e6));
    CHECK(figure.temperature_c == 61);
    CHECK(figure.config.starts_with("3 buffers of 64.00 KiB, "));  // a quarter of the memory each
    CHECK(bench.state.live_allocations == 0);
  }
}

TEST_CASE("a wrong result is refused and not timed") {
  for (const StreamFn fn : {StreamFn::kRead, StreamFn::kWrite, StreamFn::kCopy, StreamFn::kTriad}) {
    Bench bench;
    bench.state.corrupt = true;
    CAPTURE(static_cast<int>(fn));
    const std::vector<Figure> figures = dram_probe(bench.session, bench.context, fn);
    const Figure& figure = only(figures);
    CHECK(figure.value == 0);
    const bool read = fn == StreamFn::kRead;
    CHECK(figure.refused.starts_with(read ? "the sum of what was read is " : "word 0 is "));
  }
}

TEST_CASE("faster than the memory's clock allows") {
  Bench bench;
  bench.state.dram_bytes_per_s = 17e9;
  CHECK(only(dram_probe(bench.session, bench.context, StreamFn::kTriad)).refused ==
        "its best, 17.00 GB/s, is above 16.00 GB/s (64 bits x 2 x 1.000 GHz / 8)");
}

TEST_CASE("caches") {
  for (const CacheLevel level : {CacheLevel::kL2, CacheLevel::kL1, CacheLevel::kShared}) {
    Bench bench;
    CAPTURE(static_cast<int>(level));
    const std::vector<Figure> figures = cache_probe(bench.session, bench.context, level);
    CHECK(only(figures).refused == "");
    CHECK(only(figures).value == rel(100e9, kClose));
    bench.state.corrupt = true;
    CHECK(only(cache_probe(bench.session, bench.context, level)).refused.starts_with("the sum of what was read is "));
  }
  Bench bench;
  bench.state.cache_bytes_per_s = 200e9;
  CHECK(only(cache_probe(bench.session, bench.context, CacheLevel::kL2)).refused ==
        "its best, 200.0 GB/s, is above 128.0 GB/s (2 SMs x 64 B x 1.000 GHz)");
  CHECK(only(cache_probe(bench.session, bench.context, CacheLevel::kShared)).refused == "");
}

TEST_CASE("vector units") {
  for (const Dtype dtype : {Dtype::kFp64, Dtype::kFp32}) {
    Bench bench;
    const std::vector<Figure> figures = fma_probe(bench.session, bench.context, dtype);
    CHECK(only(figures).refused == "");
    CHECK(only(figures).value == rel(200e9, kClose));
  }
  Bench bench;
  bench.state.corrupt = true;
  CHECK(only(fma_probe(bench.session, bench.context, Dtype::kFp32)).refused.starts_with("thread 0 ends with "));
}

TEST_CASE("launches") {
  Bench bench;
  const std::vector<Figure> stream = launch_probe(bench.session, bench.context, false);
  CHECK(only(stream).value == rel(4e-6, kClose));
  CHECK(only(stream).config == "1000 empty kernels back to back");
  const std::vector<Figure> graph = launch_probe(bench.session, bench.context, true);
  CHECK(only(graph).value == rel(1e-6, kClose));
  CHECK(only(graph).config == "1000 empty kernels in a graph");
  bench.state.corrupt = true;
  CHECK(only(launch_probe(bench.session, bench.context, true)).refused == "the kernel wrote 0, not 24301");
}

TEST_CASE("the link to the host") {
  for (const bool to_device : {true, false}) {
    Bench bench;
    const std::vector<Figure> figures = transfer_probe(bench.session, bench.context, to_device);
    CHECK(only(figures).value == rel(4e9, kClose));
    CHECK(only(figures).config == "64.00 KiB pinned, PCIe gen 3 x8");
    CHECK(only(figures).refused == "");
    bench.state.link_bytes_per_s = 8e9;
    CHECK(only(transfer_probe(bench.session, bench.context, to_device)).refused ==
          "its best, 8.000 GB/s, is above 7.877 GB/s (gen 3, 8 lanes x 984.6 MB/s)");
    bench.state.corrupt = true;
    CHECK(only(transfer_probe(bench.session, bench.context, to_device)).refused.starts_with("word 0 is "));
  }
}

TEST_CASE("matrix products: the fastest algorithm, in a burst and sustained") {
  Bench bench;
  bench.state.free_bytes = 128 << 10;
  Session small(fake::api(), fake::kernels(), fake::clock());
  const std::vector<Figure> figures = matrix_probe(small, bench.context, Dtype::kBf16);
  REQUIRE(figures.size() == 2);
  CHECK(figures[0].probe == "matrix.bf16.burst");
  CHECK(figures[1].probe == "matrix.bf16.sustained");
  CHECK(figures[0].config == "64x64x64 TN, cublasLt algo 101, tile 1, split-k 1");
  CHECK(figures[1].config == "64x64x64 TN, cublasLt algo 101, tile 1, split-k 1");
  for (const Figure& figure : figures) {
    CHECK(figure.refused == "");
    CHECK(figure.value == rel(2.0 * 64 * 64 * 64 / 1e-4, kClose));
  }
  CHECK(bench.state.paused_s > 0);
  CHECK(figures[1].samples >= 20);
}

TEST_CASE("matrix products that are wrong, not supported, or too fast to be true") {
  Bench bench;
  bench.state.free_bytes = 128 << 10;
  Session small(fake::api(), fake::kernels(), fake::clock());
  bench.state.unsupported = {CUDA_R_8F_E4M3};
  CHECK(only(matrix_probe(small, bench.context, Dtype::kFp8E4m3)).refused.find("no algorithm on this device") !=
        std::string::npos);
  CHECK(only(matrix_probe(small, bench.context, Dtype::kFp4)).refused == "compute capability 9.0 has no units for it");
  bench.state.corrupt = true;
  CHECK(only(matrix_probe(small, bench.context, Dtype::kBf16)).refused.starts_with("element (63, 63) is 999"));
  bench.state.corrupt = false;
  bench.state.gemm_s = {1e-8};
  bench.context.budget_s = 1e-4;  // a sustained run would be a hundred million launches
  const std::vector<Figure> fast = matrix_probe(small, bench.context, Dtype::kBf16);
  REQUIRE(!fast.empty());
  CHECK(fast[0].refused.ends_with("is above 8.192 TFLOP/s (2 SMs x 2048 multiply-adds x 2 FLOP x 1.000 GHz)"));
}

TEST_CASE("sizes for the calibration") {
  Bench bench;
  bench.state.free_bytes = 96 << 10;
  Session small(fake::api(), fake::kernels(), fake::clock());
  CHECK(only(gemm_shapes_probe(small, bench.context)).config == "16 of 16 sizes");
  REQUIRE(bench.shapes.size() == 16);
  CHECK(bench.shapes[0].kind == "gemm");
  CHECK(bench.shapes[0].dtype == "bf16");
  CHECK(bench.shapes[0].shape.size() == 5);
  CHECK(bench.shapes[0].time_s == rel(3e-4, kClose));  // the first algorithm, as a framework would take it
  bench.shapes.clear();

  CHECK(only(stream_shapes_probe(bench.session, bench.context)).config == "2 of 2 sizes");
  REQUIRE(bench.shapes.size() == 2);
  CHECK(bench.shapes[0].shape == std::vector<std::int64_t>{1, 1, 1024, 0});
  CHECK(bench.shapes[1].shape == std::vector<std::int64_t>{2, 1, 1024, 0});
  CHECK(bench.shapes[1].time_s == rel(3 * 4096 / 10e9, 1e-4));
  bench.shapes.clear();

  CHECK(only(rows_shapes_probe(bench.session, bench.context)).config == "2 of 2 sizes");
  REQUIRE(bench.shapes.size() == 2);
  CHECK(bench.shapes[0].kind == "softmax");
  CHECK(bench.shapes[1].kind == "layernorm");
  CHECK(bench.shapes[1].shape == std::vector<std::int64_t>{8, 64});
}

TEST_CASE("an interruption leaves nothing behind") {
  Bench bench;
  int asked = 0;
  bench.context.interrupted = [&] { return ++asked > 20; };
  CHECK_THROWS_AS(dram_probe(bench.session, bench.context, StreamFn::kRead), Interrupted);
  CHECK_THROWS_AS(gemm_shapes_probe(bench.session, bench.context), Interrupted);
  CHECK(bench.state.live_allocations == 0);
}

TEST_CASE("a budget that is used up still gives figures") {
  Bench bench;
  bench.context.budget_s = 1e-9;
  CHECK(only(dram_probe(bench.session, bench.context, StreamFn::kRead)).samples == 3);
  CHECK(only(gemm_shapes_probe(bench.session, bench.context)).config == "1 of 16 sizes");
}

}  // namespace gable::cuda
