// Easy to break here: bytes saved twice, parameters that stay although they are used once a pass, a negative rest.
#include "analyzer/roofline/residency.h"

#include <doctest/doctest.h>

#include "analyzer/roofline/analysis.h"
#include "tests/op_rows.h"

namespace gable {
namespace {

/// A kernel that reads `in` bytes of activations and `weights` bytes of parameters and writes `out` bytes.
Kernel op(std::int64_t in, std::int64_t weights, std::int64_t out, std::int64_t count = 1, std::int64_t repeats = 1) {
  Kernel cost;
  cost.one.read = in + weights;
  cost.one.written = out;
  cost.one.unique = cost.one.touched();
  cost.one.param_bytes = weights;
  cost.one.launches = 1;
  cost.count = count;
  cost.executions = count * repeats;
  return cost;
}

using Chain = std::vector<Kernel>;

std::vector<std::int64_t> dram(const Chain& chain, bool resident_l2, double l2_bytes) {
  std::vector<std::int64_t> bytes;
  std::vector<Count> counts;
  dram_bytes(chain, resident_l2, l2_bytes, counts);
  for (const Count count : counts) bytes.push_back(count.value());
  return bytes;
}

using Bytes = std::vector<std::int64_t>;

TEST_CASE("residency: without it every compulsory byte crosses DRAM") {
  Chain costed({op(10, 20, 30), op(30, 5, 7)});
  costed[0].one.read = 1000;  // touched more often than once
  CHECK(dram(costed, false, 1e9) == Bytes{10 + 20 + 30, 30 + 5 + 7});
}

TEST_CASE("residency: a pass that fits needs no DRAM, parameters included") {
  const Chain costed({op(10, 20, 30), op(30, 5, 7, 1, 2)});
  constexpr double kPass = (10 + 20 + 30) + 2 * (30 + 5 + 7);
  CHECK(dram(costed, true, kPass) == Bytes{0, 0});
  CHECK(dram(costed, true, kPass - 1) != Bytes{0, 0});
}

TEST_CASE("residency: an output stays for the next op where both fit") {
  // 60 + 42 bytes are touched by the first two; the third has weights that make the pass too large.
  const Chain costed({op(10, 20, 30), op(30, 5, 7), op(7, 1000, 1)});
  CHECK(dram(costed, true, 102) == Bytes{10 + 20 + 30, 5 + 7, 7 + 1000 + 1});  // 30 not read again
  CHECK(dram(costed, true, 101) == Bytes{60, 42, 1008});
  CHECK(dram(costed, true, 42 + 1008) == Bytes{10 + 20 + 30, 5 + 7, 1000 + 1});  // both outputs stay
}

TEST_CASE("residency: an input counts as the output before it, up to that output's size") {
  const Kernel far = op(0, 1000, 0);
  CHECK(dram(Chain({op(10, 0, 30), op(30 + 30, 0, 30), far}), true, 200) == Bytes{40, 30 + 30, 1000});  // a residual
  CHECK(dram(Chain({op(10, 0, 30), op(20, 0, 30), far}), true, 200) == Bytes{40, 30, 1000});       // a slice is used
  CHECK(dram(Chain({op(10, 0, 30), op(0, 20, 30), far}), true, 200) == Bytes{40, 20 + 30, 1000});  // weights only
}

TEST_CASE("residency: instances of an op share what stays") {
  // Four heads write 10 each for one op that reads 40; all four and the reader must fit: 4 * 15 + 50.
  const Chain costed({op(5, 0, 10, 4), op(40, 0, 10), op(0, 1000, 0)});
  CHECK(dram(costed, true, 110) == Bytes{15, 10, 1000});
  CHECK(dram(costed, true, 109) == Bytes{15, 50, 1000});
  // 3 readers of 40 bytes in all: 40/3 rounds down, so that no byte is saved twice.
  const Chain uneven({op(5, 0, 40), op(20, 0, 10, 3), op(0, 1000, 0)});
  CHECK(dram(uneven, true, 200) == Bytes{45, 20 + 10 - 13, 1000});
}

TEST_CASE("residency: what one pass of a repeated block hands over is not saved in the others") {
  // The first of 10 repetitions reads what the op before wrote; the other 9 read what the block itself wrote.
  Chain costed({op(10, 0, 100), op(200, 0, 200, 1, 10), op(200, 0, 10)});
  costed[1].loop = 0;
  CHECK(dram(costed, true, 110 + 400) == Bytes{110, 400, 210});
  // Within a repetition they follow each other.
  Chain block({op(10, 0, 100, 1, 10), op(100, 0, 200, 1, 10)});
  for (Kernel& cost : block) cost.loop = 0;
  CHECK(dram(block, true, 110 + 300) == Bytes{110, 200});
}

TEST_CASE("residency: never negative, never more than every byte, for each op of the table") {
  // Rows that repeat make what is touched and what is distinct differ.
  Chain costed;
  for (const auto& rows : {matrix_rows(), conv_rows(), attention_rows(), norm_rows(), elementwise_rows(),
                           indexed_rows(), window_rows(), custom_rows()}) {
    for (const CostRow& row : rows) {
      Kernel cost;
      cost.one = cost_of(row.op, row.fields, row.dtypes, row.mode);
      costed.push_back(cost);
    }
  }
  for (std::int64_t l2 = 1; l2 < 10'000'000; l2 *= 2) {
    std::vector<Count> bytes;
    dram_bytes(costed, true, static_cast<double>(l2), bytes);
    REQUIRE(bytes.size() == costed.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      CAPTURE(l2);
      CAPTURE(i);
      CHECK(bytes[i].value() >= 0);
      CHECK(bytes[i].value() <= costed[i].one.unique.value());
    }
  }
}

}  // namespace
}  // namespace gable
