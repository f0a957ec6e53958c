// Easy to break here: keys and values of grouped heads counted a head each, the cache in the dtype of the activations,
// a causal triangle where the convention is the whole rectangle, a score matrix that leaks into the bytes.
#include <doctest/doctest.h>

#include "tests/error_text.h"
#include "tests/op_rows.h"

namespace gable {
namespace {

constexpr Dtypes kFp8Cache{Dtype::kBf16, Dtype::kBf16, Dtype::kFp32, Dtype::kFp8E4m3};
constexpr Dtypes kFp4Cache{Dtype::kBf16, Dtype::kBf16, Dtype::kFp32, Dtype::kFp4};

TEST_CASE("attention and rope, by hand") { check_costs(attention_rows()); }

TEST_CASE("attention: the FLOP are those of its two products, a causal mask costs one vector FLOP a score") {
  const OpFields fields = {{"batch", 2}, {"heads", 6}, {"head_dim", 8}, {"q_len", 5}};
  OpFields causal = fields;
  causal.emplace_back("causal", 1);
  const Cost scores = cost_of("matmul", {{"m", 5}, {"n", 5}, {"k", 8}, {"batch", 2 * 6}});
  const Cost values = cost_of("matmul", {{"m", 5}, {"n", 8}, {"k", 5}, {"batch", 2 * 6}});
  CHECK(cost_of("attention", fields).matrix_flop == scores.matrix_flop + values.matrix_flop);
  CHECK(cost_of("attention", causal).matrix_flop == scores.matrix_flop + values.matrix_flop);
  CHECK(cost_of("attention", causal).vector_flop == cost_of("attention", fields).vector_flop + scores.output);
  CHECK(cost_of("attention", causal).touched() == cost_of("attention", fields).touched());
}

TEST_CASE("attention: fields that contradict each other") {
  const auto attention = [](std::int64_t kv_heads, std::int64_t kv_len, std::int64_t causal) {
    return input_error([&] {
      return cost_of("attention", {{"batch", 1},
                                   {"heads", 6},
                                   {"head_dim", 8},
                                   {"q_len", 5},
                                   {"kv_len", kv_len},
                                   {"kv_heads", kv_heads},
                                   {"causal", causal}});
    });
  };
  CHECK(attention(6, 5, 0) == "no error");
  CHECK(attention(1, 5, 1) == "no error");
  CHECK(attention(4, 5, 0) == "heads is not a multiple of kv_heads");
  CHECK(attention(12, 5, 0) == "heads is not a multiple of kv_heads");
  CHECK(attention(6, 4, 0) == "no error");  // cross attention
  CHECK(attention(6, 4, 1) == "causal attention needs kv_len >= q_len");
}

}  // namespace

std::vector<CostRow> attention_rows() {
  return {
      // Scores: 2 sequences, 6 heads, 5 x 5. Scale 1 and softmax 5 each.
      {"attention",
       {{"batch", 2}, {"heads", 6}, {"head_dim", 8}, {"q_len", 5}},
       {.matrix_flop = 2 * (2 * 6 * 5 * 5 * 8) + 2 * (2 * 6 * 5 * 5 * 8),  // Q K^T and P V
        .vector_flop = (1 + 5) * (2 * 6 * 5 * 5),
        .read = 4 * (2 * 6 * 5 * 8) * 3,  // Q, K, V
        .written = 4 * (2 * 6 * 5 * 8),
        .output = 2 * 6 * 5 * 8}},
      // Groups of three query heads share keys and values; the mask adds 1 a score.
      {"attention",
       {{"batch", 2}, {"heads", 6}, {"head_dim", 8}, {"q_len", 5}, {"kv_len", 7}, {"kv_heads", 2}, {"causal", 1}},
       {.matrix_flop = 4 * (2 * 6 * 5 * 7 * 8),  // the whole rectangle, causal or not
        .vector_flop = (1 + 5 + 1) * (2 * 6 * 5 * 7),
        .read = 2 * (2 * 6 * 5 * 8) + 1 * (2 * 2 * 7 * 8) * 2,  // Q in bf16; K and V in fp8
        .written = 2 * (2 * 6 * 5 * 8),
        .output = 2 * 6 * 5 * 8},
       kFp8Cache},
      // Decoding one token against 101 cached: K and V of 3 * 101 * 5 = 1515 values of half a byte each.
      {"attention",
       {{"batch", 1}, {"heads", 3}, {"head_dim", 5}, {"q_len", 1}, {"kv_len", 101}, {"causal", 1}},
       {.matrix_flop = 4 * (3 * 1 * 101 * 5),
        .vector_flop = 7 * (3 * 1 * 101),
        .read = 2 * (3 * 1 * 5) + 758 + 758,
        .written = 2 * (3 * 1 * 5),
        .output = 3 * 1 * 5},
       kFp4Cache},
      // Two products and one sum an element; cosine and sine of 8 elements together.
      {"rope",
       {{"n", 24}, {"table", 8}},
       {.vector_flop = 3 * 24, .read = 4 * 24 + 4 * 8, .written = 4 * 24, .output = 24}},
      {"rope", {{"n", 25}}, {.vector_flop = 3 * 25, .read = 13, .written = 13, .output = 25}, uniform(Dtype::kFp4)},
  };
}

}  // namespace gable
