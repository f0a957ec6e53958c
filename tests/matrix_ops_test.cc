// Easy to break here: the 2 of a multiply-add, a bias counted where there is none, weights taken in the dtype of the
// activations, half bytes rounded over several tensors together.
#include <doctest/doctest.h>

#include "tests/op_rows.h"

namespace gable {
namespace {

constexpr Dtypes kInt8Weights{Dtype::kInt8, Dtype::kBf16, Dtype::kFp32, Dtype::kBf16};
constexpr Dtypes kInt8Cache{Dtype::kBf16, Dtype::kBf16, Dtype::kFp32, Dtype::kInt8};
constexpr Dtypes kInt4Weights{Dtype::kInt4, Dtype::kFp16, Dtype::kFp32, Dtype::kFp16};

OpFields linear_3_5_7() { return {{"tokens", 3}, {"in", 5}, {"out", 7}}; }

std::vector<CostRow> linear_rows() {
  return {
      {"linear",
       linear_3_5_7(),
       {.matrix_flop = 2 * 3 * 5 * 7,           // a multiply-add per weight and token
        .vector_flop = 3 * 7,                   // the bias, added to each output
        .read = 4 * (3 * 5) + 4 * (5 * 7 + 7),  // input, weights and bias
        .written = 4 * (3 * 7),
        .param_bytes = 4 * (5 * 7 + 7),
        .params = 5 * 7 + 7,
        .tensors = 2,
        .output = 3 * 7}},
      {"linear",
       {{"tokens", 3}, {"in", 5}, {"out", 7}, {"bias", 0}},
       {.matrix_flop = 2 * 3 * 5 * 7,
        .read = 4 * (3 * 5) + 4 * (5 * 7),
        .written = 4 * (3 * 7),
        .param_bytes = 4 * (5 * 7),
        .params = 5 * 7,
        .tensors = 1,
        .output = 3 * 7}},
  };
}

std::vector<CostRow> linear_dtype_rows() {
  return {
      {"linear",
       linear_3_5_7(),
       {.matrix_flop = 2 * 3 * 5 * 7,
        .vector_flop = 3 * 7,
        .read = 2 * (3 * 5) + 1 * (5 * 7 + 7),  // bf16 activations, int8 weights
        .written = 2 * (3 * 7),
        .param_bytes = 1 * (5 * 7 + 7),
        .params = 5 * 7 + 7,
        .tensors = 2,
        .output = 3 * 7},
       kInt8Weights},
      {"linear",
       linear_3_5_7(),
       {.matrix_flop = 2 * 3 * 5 * 7,
        .vector_flop = 3 * 7,
        .read = 2 * (3 * 5) + 18 + 4,  // 35 and 7 values of half a byte, each tensor rounded up
        .written = 2 * (3 * 7),
        .param_bytes = 18 + 4,
        .params = 5 * 7 + 7,
        .tensors = 2,
        .output = 3 * 7},
       kInt4Weights},
      {"linear",
       linear_3_5_7(),
       {.matrix_flop = 2 * 3 * 5 * 7,
        .vector_flop = 3 * 7,
        .read = 8 + 18 + 4,  // 15, 35 and 7 values of half a byte
        .written = 11,       // 21 values
        .param_bytes = 18 + 4,
        .params = 5 * 7 + 7,
        .tensors = 2,
        .output = 3 * 7},
       uniform(Dtype::kFp4)},
      {"linear",
       linear_3_5_7(),
       {.matrix_flop = 2 * 3 * 5 * 7,
        .vector_flop = 3 * 7,
        .read = 8 * (3 * 5 + 5 * 7 + 7),
        .written = 8 * (3 * 7),
        .param_bytes = 8 * (5 * 7 + 7),
        .params = 5 * 7 + 7,
        .tensors = 2,
        .output = 3 * 7},
       uniform(Dtype::kFp64)},
  };
}

std::vector<CostRow> matmul_rows() {
  return {
      {"matmul",
       {{"m", 3}, {"n", 5}, {"k", 7}},
       {.matrix_flop = 2 * 3 * 5 * 7,
        .read = 4 * (3 * 7 + 7 * 5),  // both operands
        .written = 4 * (3 * 5),
        .output = 3 * 5}},
      {"matmul",
       {{"m", 3}, {"n", 5}, {"k", 7}, {"batch", 6}},
       {.matrix_flop = 2 * 6 * 3 * 5 * 7,
        .read = 2 * 6 * (3 * 7 + 7 * 5),
        .written = 2 * 6 * (3 * 5),
        .output = 6 * 3 * 5},
       kInt8Weights},  // no weights here: both operands are activations
      {"matmul",
       {{"m", 3}, {"n", 5}, {"k", 7}, {"batch", 6}, {"kv", 1}},
       {.matrix_flop = 2 * 6 * 3 * 5 * 7,
        .read = 2 * 6 * (3 * 7) + 1 * 6 * (7 * 5),  // bf16 activations, an int8 cache
        .written = 2 * 6 * (3 * 5),
        .output = 6 * 3 * 5},
       kInt8Cache},
      // A copy that a stride makes necessary is a kernel of its own, no part of the product.
      {"matmul",
       {{"m", 3}, {"n", 5}, {"k", 7}, {"strided_a", 1}, {"strided_b", 1}, {"strided_out", 1}},
       {.matrix_flop = 2 * 3 * 5 * 7, .read = 4 * (3 * 7 + 7 * 5), .written = 4 * (3 * 5), .output = 3 * 5}},
      {"matmul",
       {{"m", 3}, {"n", 5}, {"k", 7}},
       {.matrix_flop = 2 * 3 * 5 * 7,
        .read = 11 + 18,  // 21 and 35 values of half a byte
        .written = 8,     // 15 values
        .output = 3 * 5},
       uniform(Dtype::kInt4)},
  };
}

TEST_CASE("linear, by hand") {
  check_costs(linear_rows());
  check_costs(linear_dtype_rows());
}

TEST_CASE("matmul, by hand") { check_costs(matmul_rows()); }

TEST_CASE("linear: the largest count that fits, and one beyond") {
  constexpr std::int64_t kMebi = std::int64_t{1} << 20U;
  const OpFields fits = {{"tokens", kMebi}, {"in", kMebi}, {"out", kMebi * 2 - 1}, {"bias", 0}};
  CHECK(cost_of("linear", fits).matrix_flop.value() == 2 * kMebi * kMebi * (kMebi * 2 - 1));
  CHECK_THROWS_AS(cost_of("linear", {{"tokens", kMebi}, {"in", kMebi}, {"out", kMebi * 4}}), CountOverflow);
}

}  // namespace

std::vector<CostRow> matrix_rows() {
  std::vector<CostRow> all = linear_rows();
  for (const auto& rows : {linear_dtype_rows(), matmul_rows()}) all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

}  // namespace gable
