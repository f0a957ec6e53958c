// Easy to break: a transposed operand taken as stored, a broadcast that starts at the wrong element where threads split
// the work, gradients whose sums miss a thread's share.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "probes/cpu/engine.h"
#include "probes/cpu/facts.h"
#include "probes/math.h"

using namespace gable;

namespace {

constexpr std::int64_t kOdd = 33001;  // above what one thread does alone, no multiple of a vector

struct Fixture {
  std::unique_ptr<Engine> engine = make_cpu_engine(2);

  Buffer random(std::int64_t n, std::uint64_t seed) {
    const Buffer buffer = engine->allocate(n, Dtype::kFp32);
    engine->fill(buffer, {Fill::What::kUniform, 1, 1, seed});
    return buffer;
  }
  Buffer empty(std::int64_t n) { return engine->allocate(n, Dtype::kFp32); }
  Buffer bytes(std::int64_t n, std::uint64_t seed) {
    const Buffer buffer = engine->allocate_bytes(n);
    engine->fill(buffer, {Fill::What::kBernoulli, 0.5, 1, seed});
    return buffer;
  }
  std::vector<double> values(const Buffer& buffer) {
    std::vector<float> host(static_cast<std::size_t>(buffer.n));
    engine->to_host(buffer, host.data());
    return {host.begin(), host.end()};
  }
  template <typename Call>
  void run(const Call& call) {
    engine->prepare(call)();
  }
};

double map_element(MapFn fn, double x, double y, double scalar) {
  double value = 0;
  with_map_fn(fn, [&]<MapFn kFn>() { value = map_value<kFn>(x, y, scalar); });
  return value;
}

/// The largest difference from what `wanted` says of each element.
template <typename Wanted>
double worst(const std::vector<double>& got, Wanted wanted) {
  double most = 0;
  for (std::size_t i = 0; i < got.size(); ++i) most = std::max(most, std::fabs(got[i] - wanted(i)));
  return most;
}

}  // namespace

TEST_CASE("products in every layout, batched, accumulated, with a bias") {
  Fixture f;
  constexpr std::int64_t m = 5, n = 37, k = 29, batch = 3;
  for (const bool a_transposed : {false, true}) {
    for (const bool b_transposed : {false, true}) {
      for (const bool accumulate : {false, true}) {
        CAPTURE(a_transposed);
        CAPTURE(b_transposed);
        CAPTURE(accumulate);
        const Buffer a = f.random(batch * m * k, 1);
        const Buffer b = f.random(batch * k * n, 2);
        const Buffer out = f.random(batch * m * n, 3);
        const std::vector<double> before = f.values(out);
        GemmCall call;
        call.m = m;
        call.n = n;
        call.k = k;
        call.batch = batch;
        call.a_transposed = a_transposed;
        call.b_transposed = b_transposed;
        call.accumulate = accumulate;
        call.a = a;
        call.b = b;
        call.out = out;
        f.run(call);
        const auto x = f.values(a);
        const auto y = f.values(b);
        CHECK(worst(f.values(out), [&](std::size_t i) {
                const auto at = static_cast<std::int64_t>(i);
                const std::int64_t p = at / (m * n), r = at % (m * n) / n, c = at % n;
                double sum = accumulate ? before[i] : 0;
                for (std::int64_t s = 0; s < k; ++s) {
                  const std::int64_t left = p * m * k + (a_transposed ? s * m + r : r * k + s);
                  const std::int64_t right = p * k * n + (b_transposed ? c * k + s : s * n + c);
                  sum += x[static_cast<std::size_t>(left)] * y[static_cast<std::size_t>(right)];
                }
                return sum;
              }) < 1e-5);
      }
    }
  }
}

TEST_CASE("weights that do not change, packed or not, and a bias") {
  Fixture f;
  constexpr std::int64_t m = 6, n = 301, k = 65;
  const Buffer x = f.random(m * k, 1);
  const Buffer w = f.random(n * k, 2);
  const Buffer bias = f.random(n, 3);
  const Buffer out = f.empty(m * n);
  GemmCall call;
  call.m = m;
  call.n = n;
  call.k = k;
  call.b_transposed = true;
  call.b_constant = true;
  call.a = x;
  call.b = w;
  call.bias = bias;
  call.out = out;
  f.run(call);
  const auto xs = f.values(x), ws = f.values(w), bs = f.values(bias);
  CHECK(worst(f.values(out), [&](std::size_t i) {
          const std::size_t r = i / n, c = i % n;
          double sum = bs[c];
          for (std::size_t s = 0; s < k; ++s) sum += xs[r * k + s] * ws[c * k + s];
          return sum;
        }) < 1e-5);
}

TEST_CASE("functions element by element, and their gradients, against the definitions in double") {
  Fixture f;
  const Buffer x = f.random(kOdd, 5);
  const Buffer out = f.empty(kOdd);
  const auto xs = f.values(x);
  for (const std::int64_t y_n : {kOdd, std::int64_t{7}, std::int64_t{1}}) {
    const Buffer y = f.random(y_n, 6);
    const auto ys = f.values(y);
    for (const MapFn fn :
         {MapFn::kCopy, MapFn::kAdd, MapFn::kMul, MapFn::kScale, MapFn::kGelu, MapFn::kGeluTanh, MapFn::kSilu,
          MapFn::kRelu, MapFn::kTanh, MapFn::kSigmoid, MapFn::kGeluGrad, MapFn::kGeluTanhGrad, MapFn::kSiluGrad,
          MapFn::kReluGrad, MapFn::kTanhGrad, MapFn::kSigmoidGrad}) {
      if (fn >= MapFn::kGeluGrad && y_n != kOdd) continue;  // a gradient is as large as what it is of
      CAPTURE(static_cast<int>(fn));
      CAPTURE(y_n);
      f.run(MapCall{fn, x, y, out, 0.25});
      CHECK(worst(f.values(out), [&](std::size_t i) {
              return map_element(fn, xs[i], ys[i % static_cast<std::size_t>(y_n)], 0.25);
            }) < 2e-6);
    }
  }
}

TEST_CASE("masks and dropout over bytes that repeat") {
  Fixture f;
  const Buffer x = f.random(kOdd, 7);
  const Buffer mask = f.bytes(11, 8);
  const Buffer out = f.empty(kOdd);
  const auto xs = f.values(x);
  const auto* bytes = static_cast<const unsigned char*>(mask.data);
  f.run(MapCall{MapFn::kMask, x, mask, out, -5});
  CHECK(worst(f.values(out), [&](std::size_t i) { return bytes[i % 11] != 0 ? xs[i] : -5; }) == 0);
  f.run(MapCall{MapFn::kDropout, x, mask, out, 2});
  CHECK(worst(f.values(out), [&](std::size_t i) { return bytes[i % 11] != 0 ? 2 * xs[i] : 0; }) == 0);
}

TEST_CASE("softmax and its gradient") {
  Fixture f;
  constexpr std::int64_t rows = 7, width = 131;
  const Buffer x = f.random(rows * width, 1);
  const Buffer y = f.empty(rows * width);
  const Buffer dy = f.random(rows * width, 2);
  const Buffer dx = f.empty(rows * width);
  RowsCall call;
  call.rows = rows;
  call.width = width;
  call.x = x;
  call.out = y;
  f.run(call);
  const auto xs = f.values(x), ys = f.values(y), dys = f.values(dy);
  CHECK(worst(ys, [&](std::size_t i) {
          double sum = 0;
          for (std::size_t j = i / width * width; j < (i / width + 1) * width; ++j) sum += std::exp(xs[j]);
          return std::exp(xs[i]) / sum;
        }) < 1e-7);
  call.fn = RowsFn::kSoftmaxGrad;
  call.x = y;
  call.dy = dy;
  call.out = dx;
  f.run(call);
  CHECK(worst(f.values(dx), [&](std::size_t i) {
          double sum = 0;
          for (std::size_t j = i / width * width; j < (i / width + 1) * width; ++j) sum += ys[j] * dys[j];
          return ys[i] * (dys[i] - sum);
        }) < 1e-7);
}

TEST_CASE("the norms' gradients are those of finite differences") {
  for (const bool centred : {true, false}) {
    CAPTURE(centred);
    Fixture f;
    constexpr std::int64_t rows = 5, width = 19;
    RowsCall call;
    call.fn = centred ? RowsFn::kLayernorm : RowsFn::kRmsnorm;
    call.rows = rows;
    call.width = width;
    call.x = f.random(rows * width, 1);
    call.gain = f.random(width, 2);
    if (centred) call.shift = f.random(width, 3);
    call.stats = f.empty(2 * rows);
    call.out = f.empty(rows * width);
    f.run(call);
    const auto xs = f.values(call.x), gains = f.values(call.gain), outs = f.values(call.out);
    const std::vector<double> shifts = centred ? f.values(call.shift) : std::vector<double>(width, 0);
    const auto norm = [&](const std::vector<double>& x, std::size_t i) {
      const std::size_t first = i / width * width;
      double mean = 0, square = 0;
      for (std::size_t j = first; j < first + width && centred; ++j) mean += x[j] / width;
      for (std::size_t j = first; j < first + width; ++j) square += (x[j] - mean) * (x[j] - mean) / width;
      return (x[i] - mean) / std::sqrt(square + 1e-5) * gains[i % width] + shifts[i % width];
    };
    CHECK(worst(outs, [&](std::size_t i) { return norm(xs, i); }) < 2e-6);

    RowsCall back = call;
    back.fn = centred ? RowsFn::kLayernormGrad : RowsFn::kRmsnormGrad;
    back.dy = f.random(rows * width, 4);
    back.out = f.empty(rows * width);
    back.gain_grad = f.empty(width);
    if (centred) back.shift_grad = f.empty(width);
    f.run(back);
    const auto dys = f.values(back.dy);
    CHECK(worst(f.values(back.out), [&](std::size_t i) {
            constexpr double kStep = 1e-5;
            auto more = xs, less = xs;
            more[i] += kStep;
            less[i] -= kStep;
            double slope = 0;
            for (std::size_t j = i / width * width; j < (i / width + 1) * width; ++j)
              slope += dys[j] * (norm(more, j) - norm(less, j)) / (2 * kStep);
            return slope;
          }) < 1e-5);
    CHECK(worst(f.values(back.gain_grad), [&](std::size_t c) {
            double sum = 0;
            for (std::size_t j = c; j < xs.size(); j += width) sum += dys[j] * (norm(xs, j) - shifts[c]) / gains[c];
            return sum;
          }) < 1e-5);
  }
}

TEST_CASE("cross entropy: the loss of a row, the gradient of the mean") {
  Fixture f;
  constexpr std::int64_t rows = 4, width = 50;
  RowsCall call;
  call.fn = RowsFn::kCrossEntropy;
  call.rows = rows;
  call.width = width;
  call.x = f.random(rows * width, 1);
  call.index = f.engine->allocate_bytes(rows * 8);
  f.engine->fill(call.index, {Fill::What::kIndex, 1, width, 2});
  call.stats = f.empty(rows);
  call.out = f.empty(rows);
  f.run(call);
  const auto* right = static_cast<const std::int64_t*>(call.index.data);
  const auto xs = f.values(call.x);
  const auto log_sum = [&](std::size_t r) {
    double sum = 0;
    for (std::size_t j = 0; j < width; ++j) sum += std::exp(xs[r * width + j]);
    return std::log(sum);
  };
  CHECK(worst(f.values(call.out),
              [&](std::size_t r) { return log_sum(r) - xs[r * width + static_cast<std::size_t>(right[r])]; }) < 1e-6);
  call.fn = RowsFn::kCrossEntropyGrad;
  call.out = f.empty(rows * width);
  f.run(call);
  CHECK(worst(f.values(call.out), [&](std::size_t i) {
          const bool hit = static_cast<std::int64_t>(i % width) == right[i / width];
          return (std::exp(xs[i] - log_sum(i / width)) - (hit ? 1 : 0)) / rows;
        }) < 1e-7);
}

TEST_CASE("sums of columns, rows looked up and added back, rotations") {
  Fixture f;
  constexpr std::int64_t rows = 211, width = 97;
  const Buffer x = f.random(rows * width, 1);
  const auto xs = f.values(x);
  const Buffer sums = f.empty(width);
  f.run(ReduceCall{rows, width, x, sums});
  CHECK(worst(f.values(sums), [&](std::size_t c) {
          double sum = 0;
          for (std::size_t r = 0; r < rows; ++r) sum += xs[r * width + c];
          return sum;
        }) < 1e-4);

  constexpr std::int64_t picks = 301;
  const Buffer index = f.engine->allocate_bytes(picks * 8);
  f.engine->fill(index, {Fill::What::kIndex, 1, rows, 3});
  const auto* place = static_cast<const std::int64_t*>(index.data);
  const Buffer picked = f.empty(picks * width);
  f.run(GatherCall{false, picks, width, x, index, picked});
  CHECK(worst(f.values(picked),
              [&](std::size_t i) { return xs[static_cast<std::size_t>(place[i / width]) * width + i % width]; }) == 0);
  f.run(GatherCall{true, picks, width, x, index, picked});
  CHECK(worst(f.values(x), [&](std::size_t i) {
          double sum = xs[i];
          for (std::size_t p = 0; p < picks; ++p) sum += static_cast<std::size_t>(place[p]) == i / width ? xs[i] : 0;
          return sum;
        }) < 1e-4);

  const Buffer table = f.random(6, 4);
  const Buffer turned = f.empty(12);
  const Buffer back = f.empty(12);
  const Buffer twelve = x.piece(0, 12);
  f.run(RopeCall{false, twelve, table, turned});
  const auto ts = f.values(table);
  const auto before = f.values(twelve);
  CHECK(f.values(turned)[8] == doctest::Approx(before[8] * ts[2] - before[9] * ts[3]));  // pair 4 of a table of 3
  CHECK(f.values(turned)[9] == doctest::Approx(before[9] * ts[2] + before[8] * ts[3]));
  f.run(RopeCall{true, turned, table, back});
  // R^T R is the square of cos^2 + sin^2 of the table, which is random here.
  CHECK(f.values(back)[8] == doctest::Approx(before[8] * (ts[2] * ts[2] + ts[3] * ts[3])));
}

TEST_CASE("updates: the arithmetic of one parameter") {
  Fixture f;
  const auto with = [&](UpdateFn fn, float p, float g, float m, float v) {
    UpdateCall call;
    call.fn = fn;
    call.parameters = f.empty(1);
    call.gradient = f.empty(1);
    call.first = f.empty(1);
    call.second = f.empty(1);
    call.norm = f.empty(1);
    const float zero = 0;
    f.engine->from_host(&p, call.parameters);
    f.engine->from_host(&g, call.gradient);
    f.engine->from_host(&m, call.first);
    f.engine->from_host(&v, call.second);
    f.engine->from_host(&zero, call.norm);
    f.run(call);
    return call;
  };
  CHECK(f.values(with(UpdateFn::kSgd, 1, 2, 0, 0).parameters)[0] == doctest::Approx(1 - 1e-3 * 2));
  const UpdateCall momentum = with(UpdateFn::kMomentum, 1, 2, 10, 0);
  CHECK(f.values(momentum.first)[0] == doctest::Approx(0.9 * 10 + 2));
  CHECK(f.values(momentum.parameters)[0] == doctest::Approx(1 - 1e-3 * 11));
  // First step from zero moments: m / (1 - 0.9) is g, the root of v / (1 - 0.999) is |g|, so the step is the rate.
  CHECK(f.values(with(UpdateFn::kAdamw, 1, 2, 0, 0).parameters)[0] ==
        doctest::Approx(1 * (1 - 1e-3 * 0.01) - 1e-3).epsilon(1e-6));
  CHECK(f.values(with(UpdateFn::kSquareSum, 1, 3, 0, 0).norm)[0] == doctest::Approx(9));
  CHECK(f.values(with(UpdateFn::kZero, 1, 3, 0, 0).gradient)[0] == 0);
}

TEST_CASE("images: a convolution, its gradients' sizes, a norm, pooling") {
  Fixture f;
  ConvCall conv;
  conv.in_channels = 2;
  conv.out_channels = 1;
  conv.height = conv.width = 3;
  conv.kernel = conv.kernel_width = 2;
  conv.x = f.random(18, 1);
  conv.weights = f.random(8, 2);
  conv.out = f.empty(4);
  f.run(conv);
  const auto xs = f.values(conv.x), ws = f.values(conv.weights);
  double corner = 0;  // output (0, 0): both channels, rows 0 and 1, columns 0 and 1
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t r = 0; r < 2; ++r) {
      for (std::size_t s = 0; s < 2; ++s) corner += xs[c * 9 + r * 3 + s] * ws[c * 4 + r * 2 + s];
    }
  }
  CHECK(f.values(conv.out)[0] == doctest::Approx(corner));

  PoolCall pool;
  pool.height = pool.width = 2;
  pool.kernel = pool.stride = 2;
  pool.x = f.empty(4);
  pool.out = f.empty(1);
  const std::vector<float> four = {1, 7, 3, 5};
  f.engine->from_host(four.data(), pool.x);
  f.run(pool);
  CHECK(f.values(pool.out)[0] == 7);
  pool.average = true;
  f.run(pool);
  CHECK(f.values(pool.out)[0] == 4);

  ChannelNormCall norm;
  norm.batch = 2;
  norm.channels = 1;
  norm.spatial = 2;
  norm.x = pool.x;  // 1 7 3 5: mean 4, variance (9 + 9 + 1 + 1) / 4 = 5
  norm.stats = f.empty(2);
  norm.out = f.empty(4);
  f.run(norm);
  CHECK(f.values(norm.out)[1] == doctest::Approx(3 / std::sqrt(5 + 1e-5)));
  norm.groups = 1;  // each image by itself: mean 4, variance 9
  norm.stats = f.empty(4);
  f.run(norm);
  CHECK(f.values(norm.out)[1] == doctest::Approx(3 / std::sqrt(9 + 1e-5)));
}

TEST_CASE("what a CPU cannot hold or compute is said when it is asked for") {
  Fixture f;
  CHECK_THROWS_AS(f.engine->allocate(std::int64_t{1} << 50U, Dtype::kFp32), OutOfMemory);
  const Buffer half = f.engine->allocate(16, Dtype::kBf16);
  CHECK_THROWS_WITH_AS(f.engine->prepare(MapCall{MapFn::kRelu, half, {}, half, 1}),
                       "the CPU engine computes in fp32, not bf16; a CUDA device takes --dtype", std::invalid_argument);
}

TEST_CASE("caches and memory as the kernel lists them") {
  const CpuFacts facts = this_cpu();
  CHECK(facts.threads >= 1);
  CHECK(facts.memory_bytes > 0);
  CHECK(read_cpu_facts("/nonexistent").threads == 1);
  CHECK(read_cpu_facts("/nonexistent").name == "unnamed CPU");
}
