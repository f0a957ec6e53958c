// Easy to break here: a copy that costs nothing, a broadcast operand read in full, a mask in the dtype of the
// activations, dropout that costs something in evaluation.
#include <doctest/doctest.h>

#include "tests/error_text.h"
#include "tests/op_rows.h"

namespace gable {
namespace {

/// One read and one write of 15 elements of 2 bytes.
CostRow unary(std::string_view op, std::int64_t flop_per_element) {
  return {op,
          {{"n", 15}},
          {.vector_flop = flop_per_element * 15, .read = 2 * 15, .written = 2 * 15, .output = 15},
          uniform(Dtype::kBf16)};
}

std::vector<CostRow> binary_rows(std::string_view op) {
  return {
      // 2 reads + 1 write
      {op, {{"n", 15}}, {.vector_flop = 15, .read = 4 * 15 + 4 * 15, .written = 4 * 15, .output = 15}},
      // a second operand of 5 elements, broadcast
      {op, {{"n", 15}, {"other", 5}}, {.vector_flop = 15, .read = 4 * 15 + 4 * 5, .written = 4 * 15, .output = 15}},
      // 15 and 5 values of half a byte
      {op,
       {{"n", 15}, {"other", 5}},
       {.vector_flop = 15, .read = 8 + 3, .written = 8, .output = 15},
       uniform(Dtype::kFp4)},
  };
}

TEST_CASE("elementwise ops, by hand") { check_costs(elementwise_rows()); }

TEST_CASE("dropout: nothing is launched in evaluation") {
  const Cost cost = cost_of("dropout", {{"n", 15}});
  CHECK(cost.launches == 0);
  CHECK(cost.touched() == 0);
  CHECK(cost.flop() == 0);
}

TEST_CASE("reduce: more sums than elements") {
  const auto reduce = [](std::int64_t n, std::int64_t out) {
    return input_error([&] { return cost_of("reduce", {{"n", n}, {"out", out}}); });
  };
  CHECK(reduce(12, 12) == "no error");
  CHECK(reduce(12, 13) == "out is larger than n");
}

TEST_CASE("add, mul, mask: the second operand is no larger than the first") {
  const auto error = [](std::string_view op, const std::string& field, std::int64_t n) {
    return input_error([&] { return cost_of(op, {{"n", 12}, {field, n}}); });
  };
  CHECK(error("add", "other", 12) == "no error");
  CHECK(error("add", "other", 13) == "other is larger than n; the larger operand is n");
  CHECK(error("mul", "other", 13) == "other is larger than n; the larger operand is n");
  CHECK(error("mask", "mask", 13) == "mask is larger than n");
}

}  // namespace

std::vector<CostRow> elementwise_rows() {
  std::vector<CostRow> all = {
      unary("gelu", 1 + 1 + 1 + 1 + 1),                   // scale, erf, add, half, multiply
      unary("gelu_tanh", 2 + 1 + 1 + 1 + 1 + 1 + 1 + 1),  // cube, scale, add, scale, tanh, add, half, multiply
      unary("silu", 1 + 1 + 1 + 1),                       // negate, exp, add, divide
      unary("sigmoid", 1 + 1 + 1 + 1),
      unary("relu", 1),
      unary("tanh", 1),
      unary("scale", 1),
      unary("concat", 0),
      unary("copy", 0),
      {"copy", {{"n", 15}}, {.read = 8, .written = 8, .output = 15}, uniform(Dtype::kInt4)},
      // one selection an element; a byte a mask element whatever the dtype
      {"mask", {{"n", 15}}, {.vector_flop = 15, .read = 4 * 15 + 15, .written = 4 * 15, .output = 15}},
      {"mask",
       {{"n", 15}, {"mask", 5}},
       {.vector_flop = 15, .read = 2 * 15 + 5, .written = 2 * 15, .output = 15},
       uniform(Dtype::kFp16)},
      {"dropout", {{"n", 15}}, {.output = 15, .launches = 0}},
      {"split", {{"n", 15}}, {.output = 15, .launches = 0}},  // views
      {"split", {{"n", 15}}, {.output = 15, .launches = 0}, uniform(Dtype::kFp16), Mode::kTrain},
      // select 1, scale 1; the mask is written, a byte an element
      {"dropout",
       {{"n", 15}},
       {.vector_flop = 2 * 15, .read = 4 * 15, .written = 4 * 15 + 15, .output = 15},
       uniform(Dtype::kFp32),
       Mode::kTrain},
      // 12 elements in 3 sums of 4 need 3 * 3 additions
      {"reduce", {{"n", 12}, {"out", 3}}, {.vector_flop = 3 * 3, .read = 4 * 12, .written = 4 * 3, .output = 3}},
      {"reduce", {{"n", 12}}, {.vector_flop = 11, .read = 2 * 12, .written = 2, .output = 1}, uniform(Dtype::kBf16)},
      {"reduce", {{"n", 12}, {"out", 12}}, {.read = 4 * 12, .written = 4 * 12, .output = 12}},
  };
  for (const std::string_view op : {"add", "mul"}) {
    for (const CostRow& row : binary_rows(op)) all.push_back(row);
  }
  return all;
}

}  // namespace gable
