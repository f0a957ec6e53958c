// Easy to break here: the 2 of a multiply-add, a bias taken for a matrix, an operand's width that is another's, packed
// or scaled operands, which dim is summed over.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

// TraceLens' results for a ViT on an H100 (GEMM.csv): 0.930167808 GFLOP, 3.43505859375 MiB; 3.720671232, 10.27734375;
// 3.71885568, 10.27294921875.
static_assert(2 * 788 * 768 * 768 + 788 * 768 == 930'167'808);
static_assert(2 * (788 * 768 + 768 * 768 + 788 * 768 + 768) == 3'601'920);

std::vector<CallTest> addmm_rows() {
  return {
      {"aten::addmm",
       "c10::BFloat16[768] c10::BFloat16[788,768] c10::BFloat16[768,768] =1 =1",
       {.matrix_flop = 2 * 788 * 768 * 768,
        .vector_flop = 788 * 768,
        .read = 2 * (788 * 768 + 768 * 768 + 768),
        .written = 2 * 788 * 768,
        .kind = "linear",
        .shape = "788x768x768"}},
      {"aten::addmm",  // a matrix is added: read, and as many sums
       "fp32[3,5] fp32[3,7] fp32[7,5] =1 =1",
       {.matrix_flop = 2 * 3 * 5 * 7,
        .vector_flop = 3 * 5,
        .read = 4 * (3 * 7 + 7 * 5 + 3 * 5),
        .written = 4 * 3 * 5,
        .kind = "matmul"}},
      {"aten::addmm",  // times 0: not read
       "fp32[3,5] fp32[3,7] fp32[7,5] =0 =1",
       {.matrix_flop = 2 * 3 * 5 * 7, .read = 4 * (3 * 7 + 7 * 5), .written = 4 * 3 * 5, .kind = "matmul"}},
      {"aten::addmm",  // a wider bias
       "fp32[5] bf16[3,7] bf16[7,5] =1 =1",
       {.matrix_flop = 2 * 3 * 5 * 7,
        .vector_flop = 3 * 5,
        .read = 2 * (3 * 7 + 7 * 5) + 4 * 5,
        .written = 2 * 3 * 5,
        .kind = "linear"}},
      {"aten::_addmm_activation",  // ReLU: 1 an element
       "fp16[5] fp16[3,7] fp16[7,5] =1 =1 =False",
       {.matrix_flop = 2 * 3 * 5 * 7,
        .vector_flop = 3 * 5 + 3 * 5,
        .read = 2 * (3 * 7 + 7 * 5 + 5),
        .written = 2 * 3 * 5,
        .kind = "linear"}},
      {"aten::_addmm_activation",  // GELU as tanh: 9
       "fp16[5] fp16[3,7] fp16[7,5] =1 =1 =True",
       {.matrix_flop = 2 * 3 * 5 * 7,
        .vector_flop = 3 * 5 + 9 * 3 * 5,
        .read = 2 * (3 * 7 + 7 * 5 + 5),
        .written = 2 * 3 * 5,
        .kind = "linear"}},
  };
}

std::vector<CallTest> product_rows() {
  return {
      {"aten::mm aten::matmul",
       "bf16[3,7] bf16[7,5]",
       {.matrix_flop = 2 * 3 * 5 * 7,
        .read = 2 * (3 * 7 + 7 * 5),
        .written = 2 * 3 * 5,
        .kind = "matmul",
        .shape = "3x5x7"}},
      {"aten::bmm",
       "bf16[16,512,64] bf16[16,64,512]",
       {.matrix_flop = 2 * 16 * 512 * 512 * 64,
        .read = 2 * 16 * (512 * 64 + 64 * 512),
        .written = 2 * 16 * 512 * 512,
        .kind = "matmul",
        .shape = "16x 512x512x64"}},
      {"aten::baddbmm",
       "fp32[2,3,5] fp32[2,3,7] fp32[2,7,5] =1 =1",
       {.matrix_flop = 2 * 2 * 3 * 5 * 7,
        .vector_flop = 2 * 3 * 5,
        .read = 4 * 2 * (3 * 7 + 7 * 5 + 3 * 5),
        .written = 4 * 2 * 3 * 5,
        .kind = "matmul"}},
      {"aten::addbmm",
       "fp32[3,5] fp32[2,3,7] fp32[2,7,5] =1 =1",
       {.matrix_flop = 2 * 2 * 3 * 5 * 7,
        .vector_flop = 3 * 5,
        .read = 4 * (2 * 3 * 7 + 2 * 7 * 5 + 3 * 5),
        .written = 4 * 3 * 5,
        .kind = "matmul"}},
      {"aten::mv",
       "fp32[3,7] fp32[7]",
       {.matrix_flop = 2 * 3 * 7, .read = 4 * (3 * 7 + 7), .written = 4 * 3, .kind = "matmul"}},
      {"aten::addmv",
       "fp32[3] fp32[3,7] fp32[7] =1 =1",
       {.matrix_flop = 2 * 3 * 7, .vector_flop = 3, .read = 4 * (3 * 7 + 7 + 3), .written = 4 * 3, .kind = "matmul"}},
      {"aten::dot aten::vdot",
       "fp32[7] fp32[7]",
       {.matrix_flop = 2 * 7, .read = 4 * (7 + 7), .written = 4, .kind = "matmul"}},
  };
}

std::vector<CallTest> composite_rows() {
  return {
      {"aten::matmul",  // weights: the rows of all sequences together
       "bf16[2,3,7] bf16[7,5]",
       {.matrix_flop = 2 * 6 * 5 * 7, .read = 2 * (6 * 7 + 7 * 5), .written = 2 * 6 * 5, .kind = "matmul"}},
      {"aten::matmul",
       "bf16[2,4,3,7] bf16[2,4,7,5]",
       {.matrix_flop = 2 * 8 * 3 * 5 * 7,
        .read = 2 * 8 * (3 * 7 + 7 * 5),
        .written = 2 * 8 * 3 * 5,
        .kind = "matmul",
        .shape = "8x 3x5x7"}},
      {"aten::linear",
       "bf16[2,3,7] bf16[5,7] bf16[5]",
       {.matrix_flop = 2 * 6 * 5 * 7,
        .vector_flop = 6 * 5,
        .read = 2 * (6 * 7 + 7 * 5 + 5),
        .written = 2 * 6 * 5,
        .kind = "linear",
        .shape = "6x5x7"}},
      {"aten::linear",
       "bf16[3,7] bf16[5,7] _",
       {.matrix_flop = 2 * 3 * 5 * 7, .read = 2 * (3 * 7 + 7 * 5), .written = 2 * 3 * 5, .kind = "linear"}},
  };
}

std::vector<CallTest> narrow_rows() {
  return {
      {"aten::_int_mm",  // 8-bit operands, 32-bit sums
       "int8[3,7] int8[7,5]",
       {.matrix_flop = 2 * 3 * 5 * 7, .read = 3 * 7 + 7 * 5, .written = 4 * 3 * 5, .kind = "matmul"}},
      {"bitsandbytes::int8_linear_matmul",  // the second is [out, in]
       "int8[2,3,7] int8[5,7]",
       {.matrix_flop = 2 * (2 * 3) * 5 * 7, .read = 2 * 3 * 7 + 5 * 7, .written = 4 * 2 * 3 * 5, .kind = "matmul"}},
      {"aten::_scaled_mm",  // dtype 15 is bf16
       "c10::Float8_e4m3fn[3,16] c10::Float8_e4m3fn[16,32] fp32[] fp32[] bf16[32] _ =15 =True",
       {.matrix_flop = 2 * 3 * 16 * 32,
        .vector_flop = 3 * 32,
        .read = 3 * 16 + 16 * 32 + 2 * 32 + 4 + 4,
        .written = 2 * 3 * 32,
        .kind = "linear"}},
      {"aten::_scaled_mm",  // the order of arguments before PyTorch 2.5
       "c10::Float8_e4m3fn[3,16] c10::Float8_e4m3fn[16,32] _ =15 fp32[] fp32[] _ =True",
       {.matrix_flop = 2 * 3 * 16 * 32, .read = 3 * 16 + 16 * 32 + 4 + 4, .written = 2 * 3 * 32, .kind = "linear"}},
      {"aten::_scaled_mm",  // pairs of FP4 values: twice as many multiply-adds; a scale for 16 values
       "c10::Float4_e2m1fn_x2[128,32] c10::Float4_e2m1fn_x2[32,64] c10::Float8_e4m3fn[512] c10::Float8_e4m3fn[256] "
       "_ _ =15 =False",
       {.matrix_flop = 2 * 128 * 64 * (2 * 32),
        .read = 128 * 32 + 32 * 64 + 512 + 256,
        .written = 2 * 128 * 64,
        .kind = "linear"}},
      {"aten::_grouped_mm",  // rows in groups: a token meets one expert, all experts are read
       "bf16[10,7] bf16[4,7,5] int[4] _ _",
       {.matrix_flop = 2 * 10 * 7 * 5, .read = 2 * (10 * 7 + 4 * 7 * 5) + 4 * 4, .written = 2 * 10 * 5}},
      {"aten::_grouped_mm",  // the inner dim in groups: a product each
       "bf16[7,10] bf16[10,5] int[4] _ _",
       {.matrix_flop = 2 * 7 * 10 * 5, .read = 2 * (7 * 10 + 10 * 5) + 4 * 4, .written = 2 * 4 * 7 * 5}},
      {"aten::_grouped_mm",
       "bf16[4,3,7] bf16[4,7,5] _ _ _",
       {.matrix_flop = 2 * 4 * 3 * 7 * 5, .read = 2 * 4 * (3 * 7 + 7 * 5), .written = 2 * 4 * 3 * 5}},
      {"aten::_scaled_grouped_mm",
       "c10::Float8_e4m3fn[10,16] c10::Float8_e4m3fn[4,16,32] fp32[10] fp32[4,32] int[4] _ _ =15 =True",
       {.matrix_flop = 2 * 10 * 16 * 32,
        .read = 10 * 16 + 4 * 16 * 32 + 4 * 10 + 4 * 4 * 32 + 4 * 4,
        .written = 2 * 10 * 32}},
  };
}

std::vector<CallTest> packed_rows() {
  return {
      {"aten::_weight_int8pack_mm",
       "bf16[3,16] int8[32,16] bf16[32]",
       {.matrix_flop = 2 * 3 * 16 * 32,
        .read = 2 * 3 * 16 + 16 * 32 + 2 * 32,
        .written = 2 * 3 * 32,
        .kind = "linear"}},
      {"aten::_weight_int4pack_mm",  // half a byte a weight; scale and zero of groups of 32
       "bf16[3,128] int[4,1,32,4] =32 bf16[4,32,2]",
       {.matrix_flop = 2 * 3 * 128 * 32,
        .read = 2 * 3 * 128 + 128 * 32 / 2 + 2 * 4 * 32 * 2,
        .written = 2 * 3 * 32,
        .kind = "linear"}},
      {"tex_ts::te_gemm_ts",  // A is the weight [out, in], B the tokens
       "uint8[32,16] fp32[1] =0 =1 =1 uint8[3,16] fp32[1] =0 =1 =0 bf16[3,32] _ =2 _ bf16[0] =2 bf16[0] =0 uint8[8] =8",
       {.matrix_flop = 2 * 3 * 16 * 32, .read = 32 * 16 + 3 * 16, .written = 2 * 3 * 32, .kind = "linear"}},
      {"tex_ts::te_gemm_ts",
       "uint8[32,16] fp32[1] =0 =1 =1 uint8[3,16] fp32[1] =0 =1 =0 bf16[3,32] _ =2 _ bf16[32] =2 bf16[0] =0 uint8[8] "
       "=8",
       {.matrix_flop = 2 * 3 * 16 * 32,
        .vector_flop = 3 * 32,
        .read = 32 * 16 + 3 * 16 + 2 * 32,
        .written = 2 * 3 * 32,
        .kind = "linear"}},
      {"tex_ts::te_gemm_ts",  // the gradient of the weight [out, in]: A the activations, B the gradient, both as they
                              // lie
       "bf16[3,16] fp32[1] =0 =1 =0 bf16[3,32] fp32[1] =0 =1 =1 fp32[32,16] _ =0 _ bf16[32] =2 bf16[0] =1 uint8[8] =8",
       {.matrix_flop = 2 * 3 * 16 * 32, .read = 2 * (3 * 16 + 3 * 32), .written = 4 * 32 * 16, .kind = "linear"}},
  };
}

TEST_CASE("calls of products, by hand") { check_calls(product_call_rows()); }

TEST_CASE("calls of products: the dtype that is computed in") {
  const auto fp8 = call_cost(call_of("aten::_scaled_mm",
                                     "c10::Float8_e4m3fn[3,16] c10::Float8_e4m3fn[16,32] fp32[] "
                                     "fp32[] _ _ =15 =True"));
  REQUIRE(fp8.has_value());
  CHECK(fp8->compute == Dtype::kFp8E4m3);
  CHECK(fp8->kernel == KernelClass::kGemm);
  const auto packed = call_cost(call_of("aten::_weight_int8pack_mm", "bf16[3,16] int8[32,16] bf16[32]"));
  REQUIRE(packed.has_value());
  CHECK(packed->compute == Dtype::kBf16);
}

TEST_CASE("calls of products: arguments that do not tell the cost") {
  check_untold({{"aten::mm", "bf16[3,7] bf16[6,5]"},
                {"aten::mm", "bf16[3,7]"},
                {"aten::mm", "bf16[3,7] ?[7,5]"},
                {"aten::mm", "bf16[3,7] long[7,5]"},
                {"aten::mm", "bf16[0,7] bf16[7,5]"},
                {"aten::mm", "bf16[-3,7] bf16[7,5]"},
                {"aten::mm", "bf16[4000000000,4000000000] bf16[4000000000,4000000000]"},
                {"aten::bmm", "bf16[2,3,7] bf16[3,7,5]"},
                {"aten::linear", "bf16[] bf16[5,7]"},
                {"aten::_scaled_mm", "fp8_e4m3[3,16] fp8_e4m3[16,32] fp32[] fp32[] _ _ =99"},
                {"aten::_grouped_mm", "bf16[7,10] bf16[10,5] _ _ _"}});
}

}  // namespace

std::vector<CallTest> product_call_rows() {
  std::vector<CallTest> rows = addmm_rows();
  for (const auto& more : {product_rows(), composite_rows(), narrow_rows(), packed_rows()})
    rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace gable
