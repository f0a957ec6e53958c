// Easy to break here: the elements after the last whole pack, a state that is not written back, a norm that is
// overwritten rather than added to; rows of a table that repeat or lie outside, atomics on halves of words; pairs.
#include <cmath>

#include "probes/row_math.h"
#include "tests/gpu/tensor.h"

using namespace gable;
using namespace gable::gpu;

namespace {

TEST_CASE("optimizer steps") {
  for (const Dtype dtype : kFloats) {
    for (const std::int64_t n : kSizes) {
      for (const std::int64_t offset : {0, 1}) {
        for (const UpdateFn fn : {UpdateFn::kSgd, UpdateFn::kMomentum, UpdateFn::kAdamw}) {
          CAPTURE(row(dtype).name);
          CAPTURE(n);
          CAPTURE(offset);
          CAPTURE(static_cast<int>(fn));
          const Tensor p = Tensor::random(n, dtype, 1, 1, offset);
          const Tensor g = Tensor::random(n, dtype, 2, 1, offset);
          const Tensor m = Tensor::random(n, dtype, 3, 1, offset);
          Reals squares = Tensor::random(n, dtype, 4, 1).values();
          for (double& v : squares) v = std::abs(v) + 0.01;
          const Tensor v = Tensor(squares, dtype, offset);
          run(UpdateCall{fn, p.buffer(), g.buffer(), m.buffer(), v.buffer(), {}});
          Reals of_p = p.values(), of_m = m.values(), of_v = v.values();
          for (std::size_t i = 0; i < of_p.size(); ++i) {
            const double gradient = g.values()[i];
            if (fn == UpdateFn::kSgd) sgd(of_p[i], gradient);
            if (fn == UpdateFn::kMomentum) momentum(of_p[i], gradient, of_m[i]);
            if (fn == UpdateFn::kAdamw) adamw(of_p[i], gradient, of_m[i], of_v[i]);
          }
          p.check(of_p);
          m.check(of_m);
          v.check(of_v);
          CHECK(g.read() == g.values());
        }
      }
    }
  }
}

TEST_CASE("the square of the norm, over several buffers, and clipping by it") {
  for (const Dtype dtype : kFloats) {
    for (const std::int64_t n : kSizes) {
      CAPTURE(row(dtype).name);
      CAPTURE(n);
      const Tensor first = Tensor::random(n, dtype, 1, 1);
      const Tensor second = Tensor::random(33, dtype, 2, 1, 1);
      const Tensor norm({0.25}, Dtype::kFp32);
      double sum = 0.25;
      for (const Tensor* gradient : {&first, &second}) {
        run(UpdateCall{UpdateFn::kSquareSum, {}, gradient->buffer(), {}, {}, norm.buffer()});
        for (const double v : gradient->values()) sum += v * v;
      }
      norm.check({sum}, 10);
      run(UpdateCall{UpdateFn::kClipGradient, {}, first.buffer(), {}, {}, norm.buffer()});
      Reals clipped = first.values();
      for (double& v : clipped) v *= clip_factor(sum);
      first.check(clipped, 2);
      run(UpdateCall{UpdateFn::kZero, {}, second.buffer(), {}, {}, {}});
      second.check(Reals(33, 0));
    }
  }
  const Tensor small({0.1, -0.2}, Dtype::kFp32);
  const Tensor norm({0.05}, Dtype::kFp32);
  run(UpdateCall{UpdateFn::kClipGradient, {}, small.buffer(), {}, {}, norm.buffer()});
  CHECK(small.read() == small.values());  // below the limit nothing changes
}

struct Rows {
  std::int64_t rows, width, table_rows, offset;
};
constexpr std::array kGathers = {Rows{1, 1, 1, 0},    Rows{31, 33, 7, 0},   Rows{33, 31, 100, 1},
                                 Rows{5, 64, 3, 0},   Rows{5, 64, 3, 2},    Rows{1000, 768, 50, 0},
                                 Rows{3, 5000, 2, 0}, Rows{20000, 2, 9, 0}, Rows{4099, 96, 4099, 0}};

std::vector<std::int64_t> some_indices(const Rows& r) {
  std::vector<std::int64_t> index;
  for (std::int64_t i = 0; i < r.rows; ++i) index.push_back(i * 31 % r.table_rows);
  if (r.rows > 4) index[3] = -1;
  if (r.rows > 4) index[4] = r.table_rows;
  return index;
}

TEST_CASE("gather and scatter: rows that repeat, and indices outside the table") {
  for (const Dtype dtype : kFloats) {
    for (const Rows& r : kGathers) {
      CAPTURE(row(dtype).name);
      CAPTURE(r.rows);
      CAPTURE(r.width);
      CAPTURE(r.offset);
      const std::vector<std::int64_t> index = some_indices(r);
      const Tensor table = Tensor::random(r.table_rows * r.width, dtype, 1, 1, r.offset);
      const Tensor out = Tensor::result(r.rows * r.width, dtype, r.offset);
      run(GatherCall{false, r.rows, r.width, table.buffer(), indices(index), out.buffer()});
      Reals expected;
      for (const std::int64_t from : index)
        for (std::int64_t i = 0; i < r.width; ++i)
          expected.push_back(from < 0 || from >= r.table_rows ? 0 : table[from * r.width + i]);
      CHECK(out.read() == expected);

      // Multiples of 1/8 below 2, few to a row of the table: sums are exact in all dtypes, in any order.
      Reals eighths;
      const std::int64_t repeats = (r.rows + r.table_rows - 1) / r.table_rows;
      for (std::int64_t i = 0; i < r.rows * r.width; ++i)
        eighths.push_back(repeats > 16 ? (i % 100 == 0 ? 0.125 : 0) : static_cast<double>(i % 3) / 8);
      const Tensor x(eighths, dtype, r.offset);
      const Tensor sums(Reals(static_cast<std::size_t>(r.table_rows * r.width), 1), dtype, r.offset);
      run(GatherCall{true, r.rows, r.width, sums.buffer(), indices(index), x.buffer()});
      Reals added(static_cast<std::size_t>(sums.size()), 1);
      for (std::int64_t k = 0; k < r.rows; ++k) {
        const std::int64_t to = index[static_cast<std::size_t>(k)];
        if (to < 0 || to >= r.table_rows) continue;
        for (std::int64_t i = 0; i < r.width; ++i)
          added[static_cast<std::size_t>(to * r.width + i)] += x[k * r.width + i];
      }
      sums.check(added, 8);
    }
  }
}

TEST_CASE("gather of bytes and of integers") {
  const Buffer table = bytes({1, 2, 3, 4, 5, 6});
  const Buffer out = bytes(std::vector<std::uint8_t>(6, 0));
  run(GatherCall{false, 2, 3, table, indices({1, 0}), out});
  std::vector<std::uint8_t> got(6);
  engine().to_host(out, got.data());
  CHECK(got == std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3});
}

TEST_CASE("rope and back, with a table that repeats") {
  struct Size {
    std::int64_t n, table, offset;
  };
  for (const Dtype dtype : kFloats) {
    for (const Dtype of_table : {dtype, Dtype::kFp32}) {
      if (dtype == Dtype::kFp64 && of_table != dtype) continue;  // a table is as x or, for 16 bits, in fp32
      for (const Size& size : {Size{2, 2, 0}, Size{66, 2, 0}, Size{66, 66, 0}, Size{66, 90, 0}, Size{1000, 40, 2},
                               Size{1000, 40, 1}, Size{4096, 128, 0}, Size{4096, 6, 0}, Size{300000, 64, 0}}) {
        CAPTURE(row(dtype).name);
        CAPTURE(size.n);
        CAPTURE(size.table);
        const Tensor x = Tensor::random(size.n, dtype, 1, 2, size.offset);
        Reals angles;
        for (std::int64_t i = 0; i < size.table / 2; ++i) {
          angles.push_back(std::cos(0.1 * static_cast<double>(i)));
          angles.push_back(std::sin(0.1 * static_cast<double>(i)));
        }
        const Tensor table(angles, of_table);
        for (const bool backward : {false, true}) {
          CAPTURE(backward);
          const Tensor out = Tensor::result(size.n, dtype, size.offset);
          run(RopeCall{backward, x.buffer(), table.buffer(), out.buffer()});
          Reals expected;
          for (std::int64_t i = 0; i < size.n; i += 2) {
            const double c = table[i % size.table];
            const double s = backward ? -table[i % size.table + 1] : table[i % size.table + 1];
            expected.push_back(x[i] * c - x[i + 1] * s);
            expected.push_back(x[i + 1] * c + x[i] * s);
          }
          out.check(expected, 2);
        }
      }
    }
  }
}

}  // namespace
