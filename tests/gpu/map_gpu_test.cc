// Easy to break here: the elements after the last whole pack, buffers off the alignment, an operand that repeats, a
// mask of bytes read as something else, a result written over its input.
#include <cmath>

#include "probes/math.h"
#include "probes/random.h"
#include "tests/gpu/tensor.h"

using namespace gable;
using namespace gable::gpu;

namespace {

double expected_value(MapFn fn, double x, double y, double scalar) {
  double value = 0;
  with_map_fn(fn, [&]<MapFn kFn>() { value = map_value<kFn>(x, y, scalar); });
  return value;
}

struct Case {
  MapFn fn;
  Dtype dtype;
  std::int64_t n, y_n;
  std::int64_t x_offset, y_offset, out_offset;
};

void check_case(const Case& c) {
  CAPTURE(static_cast<int>(c.fn));
  CAPTURE(row(c.dtype).name);
  CAPTURE(c.n);
  CAPTURE(c.y_n);
  CAPTURE(c.x_offset);
  const double scalar = 1.25;
  const MapOperand operand = second_operand(c.fn);
  const Tensor x = Tensor::random(c.n, c.dtype, 1, 4, c.x_offset);
  const Tensor y = Tensor::random(c.y_n, c.dtype, 2, 4, c.y_offset);
  const Tensor out = Tensor::result(c.n, c.dtype, c.out_offset);
  std::vector<std::uint8_t> mask;
  for (std::int64_t i = 0; i < c.y_n + c.y_offset; ++i) {
    const std::uint8_t bit = random_bernoulli(5, static_cast<std::uint64_t>(i), 0.5F);
    mask.push_back(static_cast<std::uint8_t>(bit * 3));  // any byte but 0 is true
  }
  MapCall call{c.fn, x.buffer(), {}, out.buffer(), scalar};
  if (operand == MapOperand::kValue) call.y = y.buffer();
  if (operand == MapOperand::kByte) call.y = bytes(mask).piece(c.y_offset, c.y_n);
  run(call);
  Reals expected;
  for (std::int64_t i = 0; i < c.n; ++i) {
    const double of_y =
        operand == MapOperand::kByte ? mask[static_cast<std::size_t>(c.y_offset + i % c.y_n)] : y[i % c.y_n];
    expected.push_back(expected_value(c.fn, x[i], of_y, scalar));
  }
  out.check(expected, 2);
}

TEST_CASE("every function, size and dtype") {
  for (int fn = 0; fn < kMapFnCount; ++fn)
    for (const Dtype dtype : kFloats)
      for (const std::int64_t n : kSizes) check_case({static_cast<MapFn>(fn), dtype, n, n, 0, 0, 0});
}

TEST_CASE("off the alignment, each buffer alone and all together") {
  for (const MapFn fn : {MapFn::kAdd, MapFn::kMask, MapFn::kGelu}) {
    for (const Dtype dtype : kFloats) {
      for (const std::int64_t n : {33, 1000, 4096}) {
        check_case({fn, dtype, n, n, 1, 0, 0});
        check_case({fn, dtype, n, n, 0, 3, 0});
        check_case({fn, dtype, n, n, 0, 0, 5});
        check_case({fn, dtype, n, n, 1, 1, 1});
      }
    }
  }
}

TEST_CASE("an operand that repeats") {
  for (const MapFn fn : {MapFn::kMul, MapFn::kMask, MapFn::kDropout, MapFn::kGeluGrad}) {
    for (const Dtype dtype : kFloats) {
      for (const std::int64_t y_n : {1, 7, 8, 64, 1000}) check_case({fn, dtype, 4000, y_n, 0, 0, 0});
      check_case({fn, dtype, 4000, 24, 0, 1, 0});
      check_case({fn, dtype, 4001, 8, 0, 0, 0});  // the last repetition is cut
    }
  }
}

TEST_CASE("over its own input, and of nothing") {
  for (const Dtype dtype : kFloats) {
    const Tensor x = Tensor::random(300000, dtype, 3);
    run(MapCall{MapFn::kAdd, x.buffer(), x.buffer(), x.buffer()});
    Reals expected = x.values();
    for (double& v : expected) v += v;
    x.check(expected);
    run(MapCall{MapFn::kGelu, x.buffer().piece(0, 0), {}, x.buffer().piece(0, 0)});
    x.check(expected);
  }
}

TEST_CASE("masked scores of -infinity") {
  for (const Dtype dtype : kFloats) {
    const Tensor x = Tensor::random(40, dtype, 3);
    std::vector<std::uint8_t> mask(40, 1);
    mask[33] = 0;
    run(MapCall{MapFn::kMask, x.buffer(), bytes(mask), x.buffer(), -INFINITY});
    const Reals got = x.read();
    CHECK(got[33] == -INFINITY);
    CHECK(got[32] == x[32]);
  }
}

TEST_CASE("copies: bytes as they are, and from any format to any") {
  for (const std::int64_t n : kSizes) {
    for (const std::int64_t offset : {0, 1}) {
      for (const Dtype from : kFloats) {
        for (const Dtype to : kFloats) {
          CAPTURE(n);
          CAPTURE(row(from).name);
          CAPTURE(row(to).name);
          const Tensor x = Tensor::random(n, from, 6, 4, offset);
          const Tensor out = Tensor::result(n, to);
          run(MapCall{MapFn::kCopy, x.buffer(), {}, out.buffer()});
          CHECK(out.read() == Tensor(x.values(), to).values());
        }
      }
    }
    std::vector<std::uint8_t> some;
    for (std::int64_t i = 0; i < n; ++i) some.push_back(static_cast<std::uint8_t>(i * 7));
    const Buffer x = bytes(some);
    const Buffer out = bytes(std::vector<std::uint8_t>(some.size(), 255));
    run(MapCall{MapFn::kCopy, x, {}, out});
    std::vector<std::uint8_t> got(some.size());
    engine().to_host(out, got.data());
    CHECK(got == some);
  }
}

}  // namespace
