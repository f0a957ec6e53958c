// Easy to break here: heads and positions that change places by op, the flag of causality found beside its place,
// shared heads of keys, values of another width, sequences packed one behind the other.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

// TraceLens' results for a ViT on an H100 (SDPA_fwd.csv): 0.476884992 GFLOP, 4.6171875 MiB.
static_assert(4LL * 4 * 12 * 197 * 197 * 64 == 476'884'992);
static_assert(2 * 4 * (4 * 12 * 197 * 64) == 4'841'472);

// 2 sequences, 4 heads of 8, 6 positions
constexpr int kQ = 2 * 4 * 6 * 8;
constexpr int kScores = 2 * 4 * 6 * 6;

constexpr CallByHand plain() {
  return {.matrix_flop = 4 * kScores * 8,
          .vector_flop = 6 * kScores,
          .read = 2 * 3 * kQ,
          .written = 2 * kQ,
          .kind = "attention",
          .shape = "B2 H4 6x6 d8"};
}
constexpr CallByHand causal() {
  CallByHand want = plain();
  want.vector_flop = 7 * kScores;
  want.masked = 4 * kScores * 8 / 2;
  want.shape = "B2 H4 6x6 d8 causal";
  return want;
}
/// Five products, one of them done again; q, result, its gradient, k, v and a number a row; three gradients.
constexpr CallByHand backward() {
  return {.matrix_flop = 10 * kScores * 8,
          .vector_flop = 6 * kScores + 2 * kQ,
          .read = 2 * 5 * kQ + 4 * (2 * 4 * 6),
          .written = 2 * 3 * kQ,
          .recomputed = 2 * kScores * 8,
          .kind = "attention",
          .pass = Pass::kDgrad};
}
constexpr CallByHand causal_backward() {
  CallByHand want = backward();
  want.vector_flop = 7 * kScores + 2 * kQ;
  want.masked = (10 - 2) * kScores * 8 / 2;
  return want;
}
constexpr CallByHand packed(CallByHand want) {
  want.shape = {};
  return want;
}

#define HEADS_FIRST "bf16[2,4,6,8] bf16[2,4,6,8] bf16[2,4,6,8] "
#define HEADS_THIRD "bf16[2,6,4,8] bf16[2,6,4,8] bf16[2,6,4,8] "
#define PACKED "bf16[12,4,8] bf16[12,4,8] bf16[12,4,8] "

std::vector<CallTest> forward_rows() {
  return {
      {"aten::_scaled_dot_product_flash_attention",
       "bf16[4,12,197,64] bf16[4,12,197,64] bf16[4,12,197,64] =0. =False =False =0.125",
       {.matrix_flop = 476'884'992,
        .vector_flop = 6 * 4 * 12 * 197 * 197,
        .read = 2 * 3 * 4 * 12 * 197 * 64,
        .written = 2 * 4 * 12 * 197 * 64,
        .kind = "attention",
        .shape = "B4 H12 197x197 d64"}},
      {"aten::_scaled_dot_product_flash_attention aten::_scaled_dot_product_flash_attention_for_cpu",
       HEADS_FIRST "=0. =False _ _", plain()},
      {"aten::_scaled_dot_product_flash_attention", HEADS_FIRST "=0. =True =False =0.125", causal()},
      {"aten::_scaled_dot_product_efficient_attention", HEADS_FIRST "_ =True =0. =False _", plain()},
      {"aten::_scaled_dot_product_efficient_attention", HEADS_FIRST "_ =True =0. =True _", causal()},
      {"aten::_scaled_dot_product_efficient_attention",  // a bias: read, and a sum a score
       HEADS_FIRST "bf16[2,1,6,6] =True =0. =False _",
       {.matrix_flop = 4 * kScores * 8,
        .vector_flop = 7 * kScores,
        .read = 2 * 3 * kQ + 2 * 2 * 6 * 6,
        .written = 2 * kQ,
        .kind = "attention"}},
      {"aten::_scaled_dot_product_cudnn_attention", HEADS_FIRST "_ =True =0. =True =False _", causal()},
      {"aten::_scaled_dot_product_fused_attention_overrideable", HEADS_FIRST "_ =0. =True =False _", causal()},
      {"aten::_flash_attention_forward", HEADS_THIRD "_ _ =6 =6 =0. =False =False =0.125", plain()},
      {"aten::_flash_attention_forward", HEADS_THIRD "_ _ =6 =6 =0. =True =False =0.125", causal()},
      {"aten::_flash_attention_forward",  // two sequences, both of 6
       PACKED "int[3] int[3] =6 =6 =0. =True =False =0.125", packed(causal())},
      {"aten::_efficient_attention_forward", HEADS_THIRD "_ _ _ =6 =6 =0. =0 =False", plain()},
      {"aten::_efficient_attention_forward", HEADS_THIRD "_ _ _ =6 =6 =0. =2 =False", causal()},
      {"flash_attn::_flash_attn_forward FlashAttnFunc", HEADS_THIRD "=0. =0.125 =True =-1 =-1", causal()},
      {"flash_attn::_flash_attn_varlen_forward", PACKED "int[3] int[3] =6 =6 =0. =0.125 =True", packed(causal())},
      {"flash_attn_3::fwd _vllm_fa3_C::fwd", HEADS_THIRD "_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ =0.125 =True",
       causal()},
      {"flash_attn_3::fwd", PACKED "_ _ _ _ int[3] int[3] _ _ _ =6 =6 _ _ _ _ _ _ _ _ _ =0.125 =True",
       packed(causal())},
      {"_vllm_fa2_C::varlen_fwd", PACKED "_ int[3] int[3] _ _ _ _ =6 =6 =0. =0.125 =False =True", packed(causal())},
  };
}

std::vector<CallTest> shape_rows() {
  return {
      {"aten::_scaled_dot_product_flash_attention",  // 4 heads share one of keys
       "bf16[2,4,6,8] bf16[2,1,10,8] bf16[2,1,10,8] =0. =False =False =0.125",
       {.matrix_flop = 4 * (2 * 4 * 6 * 10) * 8,
        .vector_flop = 6 * (2 * 4 * 6 * 10),
        .read = 2 * (kQ + 2 * (2 * 1 * 10 * 8)),
        .written = 2 * kQ,
        .kind = "attention",
        .shape = "B2 H4 6x10 d8 kv1"}},
      {"aten::_scaled_dot_product_flash_attention",  // keys of 24, values of 16
       "bf16[2,4,6,24] bf16[2,4,6,24] bf16[2,4,6,16] =0. =True =False =0.125",
       {.matrix_flop = 2 * kScores * (24 + 16),
        .vector_flop = 7 * kScores,
        .read = 2 * (2 * 4 * 6) * (24 + 24 + 16),
        .written = 2 * (2 * 4 * 6) * 16,
        .masked = kScores * (24 + 16),
        .shape = "B2 H4 6x6 d24/16 causal"}},
      {"aten::_scaled_dot_product_flash_attention",  // one query of a cache: it sees all but the upper corner
       "bf16[2,4,1,8] bf16[2,4,100,8] bf16[2,4,100,8] =0. =True =False =0.125",
       {.matrix_flop = 4 * (2 * 4 * 100) * 8,
        .vector_flop = 7 * (2 * 4 * 100),
        .read = 2 * (2 * 4 * 8 + 2 * (2 * 4 * 100 * 8)),
        .written = 2 * (2 * 4 * 8),
        .masked = 2 * 4 * 1 * 1 * (8 + 8),
        .kind = "attention"}},
      {"flash_attn::_flash_attn_forward",  // a cache in FP8
       "bf16[2,6,4,8] c10::Float8_e4m3fn[2,6,4,8] c10::Float8_e4m3fn[2,6,4,8] =0. =0.125 =False",
       {.matrix_flop = 4 * kScores * 8,
        .vector_flop = 6 * kScores,
        .read = 2 * kQ + 2 * kQ,
        .written = 2 * kQ,
        .kind = "attention"}},
      {"aten::_flash_attention_forward",  // 12 positions in two sequences, the longer of 8: the scores are not told
       PACKED "int[3] int[3] =8 =8 =0. =False =False =0.125",
       {.read = 2 * 3 * 12 * 4 * 8, .written = 2 * 12 * 4 * 8, .flop_known = false}},
      {"_vllm_fa2_C::varlen_fwd",  // pages of a cache: queries and result are all that is told
       "bf16[12,4,8] bf16[1000,16,4,8] bf16[1000,16,4,8] _ int[3] int[3] _ _ int[2,9] _ =6 =99 =0. =0.125 =False =True",
       {.read = 2 * 12 * 4 * 8, .written = 2 * 12 * 4 * 8, .flop_known = false}},
      {"_vllm_fa3_C::fwd",  // a cache of 100 positions, of which some are in use
       "bf16[2,1,4,8] bf16[2,100,4,8] bf16[2,100,4,8] _ _ _ _ _ _ _ _ int[2] =1 _ _",
       {.read = 2 * 2 * 4 * 8, .written = 2 * 2 * 4 * 8, .flop_known = false}},
      {"vllm::unified_attention_with_output",
       "bf16[12,4,8] bf16[12,2,8] bf16[12,2,8] bf16[12,4,8] =layer",
       {.read = 2 * (12 * 4 * 8 + 2 * 12 * 2 * 8), .written = 2 * 12 * 4 * 8, .flop_known = false}},
  };
}

// 8 sequences of 128 positions one behind the other in a batch of 1; 12 heads of 64.
constexpr int kLongQ = 8 * 12 * 128 * 64;
constexpr int kLongScores = 8 * 12 * 128 * 128;
#define BATCH_OF_ONE "bf16[1,1024,12,64] bf16[1,1024,12,64] bf16[1,1024,12,64] "

std::vector<CallTest> batch_of_one_rows() {
  return {
      {"aten::_efficient_attention_forward",
       BATCH_OF_ONE "_ int[9] int[9] =128 =128 =0. =0",
       {.matrix_flop = std::int64_t{4} * kLongScores * 64,
        .vector_flop = 6 * kLongScores,
        .read = 2 * 3 * kLongQ,
        .written = 2 * kLongQ,
        .kind = "attention",
        .shape = "B8 H12 128x128 d64"}},
      {"aten::_efficient_attention_forward",  // one sequence, no starts
       BATCH_OF_ONE "_ _ _ =1024 =1024 =0. =0",
       {.matrix_flop = std::int64_t{4} * (12 * 1024 * 1024) * 64,
        .vector_flop = 6 * (12 * 1024 * 1024),
        .read = 2 * 3 * kLongQ,
        .written = 2 * kLongQ,
        .kind = "attention",
        .shape = "B1 H12 1024x1024 d64"}},
      {"aten::_efficient_attention_forward",  // not all are the longest
       BATCH_OF_ONE "_ int[9] int[9] =200 =200 =0. =0",
       {.read = 2 * 3 * kLongQ, .written = 2 * kLongQ, .flop_known = false}},
      {"aten::_efficient_attention_backward",
       "bf16[1,1024,12,64] " BATCH_OF_ONE
       "_ bf16[1,1024,12,64] int[9] int[9] =128 =128 fp32[8,12,128] =0. long[] long[] =0 =False",
       {.matrix_flop = std::int64_t{10} * kLongScores * 64,
        .vector_flop = 6 * kLongScores + 2 * kLongQ,
        .read = 2 * 5 * kLongQ + 4 * (8 * 12 * 128),
        .written = 2 * 3 * kLongQ,
        .recomputed = std::int64_t{2} * kLongScores * 64,
        .kind = "attention",
        .shape = "B8 H12 128x128 d64",
        .pass = Pass::kDgrad}},
  };
}

std::vector<CallTest> backward_rows() {
  return {
      {"aten::_scaled_dot_product_flash_attention_backward",
       "bf16[2,4,6,8] " HEADS_FIRST "bf16[2,4,6,8] fp32[2,4,6] _ _ =6 =6 =0. =False long[] long[] =0.125", backward()},
      {"aten::_scaled_dot_product_flash_attention_backward",
       "bf16[2,4,6,8] " HEADS_FIRST "bf16[2,4,6,8] fp32[2,4,6] _ _ =6 =6 =0. =True long[] long[] =0.125",
       causal_backward()},
      {"aten::_scaled_dot_product_efficient_attention_backward",
       "bf16[2,4,6,8] " HEADS_FIRST "_ bf16[2,4,6,8] fp32[2,4,6] long[] long[] =0. =[True] =True _", causal_backward()},
      {"aten::_scaled_dot_product_cudnn_attention_backward",
       "bf16[2,4,6,8] " HEADS_FIRST "bf16[2,4,6,8] fp32[2,4,6] long[] long[] _ _ _ =6 =6 =0. =True _",
       causal_backward()},
      {"aten::_scaled_dot_product_fused_attention_overrideable_backward",
       "bf16[2,4,6,8] " HEADS_FIRST "_ =[True] bf16[2,4,6,8] fp32[2,4,6] _ _ =6 =6 =0. =True long[] long[] _",
       causal_backward()},
      {"aten::_flash_attention_backward",
       "bf16[2,6,4,8] " HEADS_THIRD "bf16[2,6,4,8] fp32[2,4,6] _ _ =6 =6 =0. =True long[] long[]", causal_backward()},
      {"aten::_efficient_attention_backward",
       "bf16[2,6,4,8] " HEADS_THIRD "_ bf16[2,6,4,8] _ _ =6 =6 fp32[2,4,6] =0. long[] long[] =1 =False",
       causal_backward()},
      {"flash_attn::_flash_attn_backward",
       "bf16[2,6,4,8] " HEADS_THIRD
       "bf16[2,6,4,8] fp32[2,4,6] bf16[2,6,4,8] bf16[2,6,4,8] bf16[2,6,4,8] =0. =0.125 =True",
       causal_backward()},
      {"flash_attn::_flash_attn_varlen_backward",
       "bf16[12,4,8] " PACKED
       "bf16[12,4,8] fp32[4,12] bf16[12,4,8] bf16[12,4,8] bf16[12,4,8] int[3] int[3] =6 =6 =0. =0.125 =True",
       causal_backward()},
      {"aten::_flash_attention_backward",  // keys of 24, values of 16; three products with keys, two with values
       "bf16[2,6,4,16] bf16[2,6,4,24] bf16[2,6,4,24] bf16[2,6,4,16] bf16[2,6,4,16] fp32[2,4,6] _ _ =6 =6 =0. =False",
       {.matrix_flop = 2 * kScores * (3 * 24 + 2 * 16),
        .vector_flop = 6 * kScores + 2 * (2 * 4 * 6 * 16),
        .read = 2 * (2 * 4 * 6) * (24 + 2 * 16 + 24 + 16) + 4 * (2 * 4 * 6),
        .written = 2 * (2 * 4 * 6) * (24 + 24 + 16),
        .recomputed = 2 * kScores * 24,
        .pass = Pass::kDgrad}},
  };
}

TEST_CASE("calls of attention, by hand") { check_calls(attention_call_rows()); }

TEST_CASE("calls of attention: arguments that do not tell the cost") {
  check_untold({
      {"aten::_scaled_dot_product_flash_attention", "bf16[2,4,6,8] bf16[2,4,6,8] =0. =False"},
      {"aten::_scaled_dot_product_flash_attention", "bf16[2,4,6,8] bf16[2,4,6,7] bf16[2,4,6,8] =0. =False"},
      {"aten::_scaled_dot_product_flash_attention", "bf16[6,8] bf16[6,8] bf16[6,8] =0. =False"},
      {"aten::_flash_attention_forward", "bf16[12,4,8] bf16[12,4,8] bf16[12,4,8] int[1] int[1] =6 =6 =0. =False"},
      {"aten::_efficient_attention_forward", HEADS_THIRD "_ int[3] int[3] =6 =6 =0. =0"},  // packed, in a batch of 2
      {"aten::_scaled_dot_product_flash_attention",
       "bf16[2,4,4000000000,8] bf16[2,4,4000000000,8] bf16[2,4,4000000000,8] =0. =False"},
  });
}

}  // namespace

std::vector<CallTest> attention_call_rows() {
  std::vector<CallTest> rows = forward_rows();
  for (const auto& more : {shape_rows(), batch_of_one_rows(), backward_rows()})
    rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace gable
