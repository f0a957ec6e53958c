// Easy to break here: a gain without a shift, statistics counted in evaluation, weights of another type than the
// activations, which argument is the gradient.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

constexpr int kRows = 4 * 197;
constexpr int kN = kRows * 768;  // as layer_norm of a ViT in TraceLens' Normalization.csv
// images: 2 of 6 channels, 4 x 5
constexpr int kImages = 2 * 6 * 4 * 5;

std::vector<CallTest> forward_rows() {
  return {
      {"aten::native_layer_norm aten::layer_norm",
       "bf16[4,197,768] =[768] bf16[768] bf16[768] =1e-12 =True",
       {.vector_flop = 7 * kN,
        .read = 2 * (kN + 2 * 768),
        .written = 2 * kN,
        .kind = "layernorm",
        .shape = "4x197x768"}},
      {"aten::native_layer_norm",  // a gain alone: no sum, no shift read; in FP32 under autocast
       "bf16[4,197,768] =[768] fp32[768] _ =1e-12",
       {.vector_flop = 6 * kN, .read = 2 * kN + 4 * 768, .written = 2 * kN, .kind = "layernorm"}},
      {"aten::layer_norm",
       "fp32[3,4,5] =[4,5] _ _ =1e-5",
       {.vector_flop = 5 * 60, .read = 4 * 60, .written = 4 * 60, .kind = "layernorm"}},
      {"aten::rms_norm aten::_fused_rms_norm",
       "bf16[3,8] =[8] bf16[8] =1e-6",
       {.vector_flop = 4 * 24, .read = 2 * (24 + 8), .written = 2 * 24, .kind = "rmsnorm"}},
      {"aten::rms_norm",
       "bf16[3,8] =[8] _ =1e-6",
       {.vector_flop = 3 * 24, .read = 2 * 24, .written = 2 * 24, .kind = "rmsnorm"}},
      {"_C::rms_norm vllm::rms_norm",
       "bf16[3,8] bf16[3,8] bf16[8] =1e-6",
       {.vector_flop = 4 * 24, .read = 2 * (24 + 8), .written = 2 * 24, .kind = "rmsnorm"}},
      {"_C::fused_add_rms_norm",  // the sum as well: one more tensor read and written
       "bf16[3,8] bf16[3,8] bf16[8] =1e-6",
       {.vector_flop = 24 + 4 * 24, .read = 2 * (2 * 24 + 8), .written = 2 * 2 * 24}},
      {"aten::group_norm",
       "fp32[2,6,4,5] =3 fp32[6] fp32[6] =1e-5 =True",
       {.vector_flop = 7 * kImages, .read = 4 * (kImages + 12), .written = 4 * kImages, .kind = "groupnorm"}},
      {"aten::native_group_norm",
       "fp32[2,6,4,5] fp32[6] fp32[6] =2 =6 =20 =3 =1e-5",
       {.vector_flop = 7 * kImages, .read = 4 * (kImages + 12), .written = 4 * kImages, .kind = "groupnorm"}},
      {"aten::native_group_norm",
       "fp32[2,6,4,5] _ _ =2 =6 =20 =3 =1e-5",
       {.vector_flop = 5 * kImages, .read = 4 * kImages, .written = 4 * kImages, .kind = "groupnorm"}},
      {"aten::instance_norm",
       "fp32[2,6,4,5] fp32[6] fp32[6] _ _ =True =0.1 =1e-5 =True",
       {.vector_flop = 7 * kImages, .read = 4 * (kImages + 12), .written = 4 * kImages, .kind = "groupnorm"}},
  };
}

std::vector<CallTest> batch_rows() {
  return {
      {"aten::batch_norm aten::_batch_norm_impl_index aten::native_batch_norm aten::cudnn_batch_norm "
       "aten::miopen_batch_norm aten::_native_batch_norm_legit aten::_native_batch_norm_legit_functional",
       "bf16[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6] =True =0.1 =1e-5",
       {.vector_flop = 7 * kImages,
        .read = 2 * kImages + 4 * 4 * 6,
        .written = 2 * kImages + 4 * 2 * 6,
        .kind = "batchnorm"}},
      {"aten::cudnn_batch_norm",
       "bf16[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6] =False =0.1 =1e-5",
       {.vector_flop = 2 * kImages, .read = 2 * kImages + 4 * 4 * 6, .written = 2 * kImages, .kind = "batchnorm"}},
      {"aten::_native_batch_norm_legit_no_training aten::_batch_norm_no_update",
       "bf16[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6] =0.1 =1e-5",
       {.vector_flop = 2 * kImages, .read = 2 * kImages + 4 * 4 * 6, .written = 2 * kImages, .kind = "batchnorm"}},
      {"aten::_batch_norm_with_update",
       "bf16[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6] =0.1 =1e-5",
       {.vector_flop = 7 * kImages,
        .read = 2 * kImages + 4 * 4 * 6,
        .written = 2 * kImages + 4 * 2 * 6,
        .kind = "batchnorm"}},
      {"aten::_native_batch_norm_legit",  // without running statistics, gain and shift
       "fp32[2,6,4,5] _ _ =True =0.1 =1e-5",
       {.vector_flop = 5 * kImages, .read = 4 * kImages, .written = 4 * kImages, .kind = "batchnorm"}},
  };
}

std::vector<CallTest> backward_rows() {
  return {
      {"aten::native_layer_norm_backward",
       "bf16[3,8] bf16[3,8] =[8] fp32[3,1] fp32[3,1] bf16[8] bf16[8] =[True,True,True]",
       {.vector_flop = 13 * 24,
        .read = 2 * (2 * 24 + 8) + 4 * 2 * 3,
        .written = 2 * (24 + 2 * 8),
        .kind = "layernorm",
        .pass = Pass::kDgrad}},
      {"aten::_fused_rms_norm_backward",
       "bf16[3,8] bf16[3,8] =[8] fp32[3,1] bf16[8] =[True,True]",
       {.vector_flop = 9 * 24,
        .read = 2 * (2 * 24 + 8) + 4 * 3,
        .written = 2 * (24 + 8),
        .kind = "rmsnorm",
        .pass = Pass::kDgrad}},
      {"aten::native_group_norm_backward",
       "fp32[2,6,4,5] fp32[2,6,4,5] fp32[2,3] fp32[2,3] fp32[6] =2 =6 =20 =3 =[True,True,True]",
       {.vector_flop = 13 * kImages,
        .read = 4 * (2 * kImages + 6 + 2 * 2 * 3),
        .written = 4 * (kImages + 2 * 6),
        .kind = "groupnorm",
        .pass = Pass::kDgrad}},
      {"aten::native_batch_norm_backward",
       "fp32[2,6,4,5] fp32[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6] fp32[6] =True =1e-5 =[True,True,True]",
       {.vector_flop = 13 * kImages,
        .read = 4 * (2 * kImages + 6 + 2 * 6),
        .written = 4 * (kImages + 2 * 6),
        .kind = "batchnorm",
        .pass = Pass::kDgrad}},
      {"aten::cudnn_batch_norm_backward aten::miopen_batch_norm_backward",
       "fp32[2,6,4,5] fp32[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6] fp32[6] =1e-5",
       {.vector_flop = 13 * kImages,
        .read = 4 * (2 * kImages + 6 + 2 * 6),
        .written = 4 * (kImages + 2 * 6),
        .kind = "batchnorm",
        .pass = Pass::kDgrad}},
  };
}

TEST_CASE("calls of norms, by hand") { check_calls(norm_call_rows()); }

TEST_CASE("calls of norms: arguments that do not tell the cost") {
  check_untold({{"aten::native_layer_norm", "bf16[3,8] =[7] _ _"},
                {"aten::native_layer_norm", "bf16[3,8] = _ _"},
                {"aten::native_group_norm", "fp32[2,6,4,5] fp32[6] fp32[6] =2 =6 =20 =4 =1e-5"},
                {"aten::native_group_norm", "fp32[2,6,4,5] fp32[6] fp32[6] =2 =6 =20 =0 =1e-5"},
                {"aten::cudnn_batch_norm", "bf16[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6]"},
                {"aten::native_batch_norm_backward",
                 "fp32[2,6,4,5] fp32[2,6,4,5] fp32[6] fp32[6] fp32[6] fp32[6] fp32[6] =False =1e-5"}});
}

}  // namespace

std::vector<CallTest> norm_call_rows() {
  std::vector<CallTest> rows = forward_rows();
  for (const auto& more : {batch_rows(), backward_rows()}) rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace gable
