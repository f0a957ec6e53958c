// Easy to break here: the order of stride, padding and dilation, which differs by op; groups counted twice; a
// transposed convolution over the positions of its result; gradients that nobody asked for.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

// TraceLens' results for a ViT on an H100 (CONV_fwd.csv): 0.924844032 GFLOP, 3.421875 MiB.
static_assert(2 * 4 * 768 * 14 * 14 * 3 * 16 * 16 == 924'844'032);
static_assert(2 * (4 * 3 * 224 * 224 + 768 * 3 * 16 * 16 + 4 * 768 * 14 * 14) == 3'588'096);

constexpr int kVitFlop = 2 * 4 * 768 * 14 * 14 * 3 * 16 * 16;
constexpr int kVitIn = 4 * 3 * 224 * 224;
constexpr int kVitWeights = 768 * 3 * 16 * 16;
constexpr int kVitOut = 4 * 768 * 14 * 14;

// 2 images of 4 channels, 9 x 9, to 6 channels by 3 x 3, step 2, padding 1: (9 + 2 - 3)/2 + 1 = 5 positions each way
constexpr int kX = 2 * 4 * 9 * 9;
constexpr int kW = 6 * 4 * 3 * 3;
constexpr int kY = 2 * 6 * 5 * 5;
constexpr int kFlop = 2 * kY * 4 * 3 * 3;

constexpr CallByHand with_bias() {
  return {.matrix_flop = kFlop, .vector_flop = kY, .read = 4 * (kX + kW + 6), .written = 4 * kY, .kind = "conv2d"};
}
constexpr CallByHand without_bias() {
  return {.matrix_flop = kFlop, .read = 4 * (kX + kW), .written = 4 * kY, .kind = "conv2d"};
}

std::vector<CallTest> square_rows() {
  return {
      {"aten::cudnn_convolution",
       "bf16[4,3,224,224] bf16[768,3,16,16] =[0,0] =[16,16] =[1,1] =1 =False =False =True",
       {.matrix_flop = kVitFlop,
        .read = 2 * (kVitIn + kVitWeights),
        .written = 2 * kVitOut,
        .kind = "conv2d",
        .shape = "4x3x224x224 k16x16 s16 -> 768"}},
      {"aten::convolution aten::_convolution aten::convolution_overrideable",
       "fp32[2,4,9,9] fp32[6,4,3,3] fp32[6] =[2,2] =[1,1] =[1,1] =False =[0,0] =1 =False =False =True =True",
       with_bias()},
      {"aten::convolution", "fp32[2,4,9,9] fp32[6,4,3,3] _ =[2] =[1] =[1] =False =[0] =1", without_bias()},
      {"aten::conv2d", "fp32[2,4,9,9] fp32[6,4,3,3] fp32[6] =[2,2] =[1,1] =[1,1] =1", with_bias()},
      {"aten::miopen_convolution aten::mkldnn_convolution aten::miopen_depthwise_convolution",
       "fp32[2,4,9,9] fp32[6,4,3,3] fp32[6] =[1,1] =[2,2] =[1,1] =1 =False =False", with_bias()},
      {"aten::thnn_conv2d aten::_slow_conv2d_forward", "fp32[2,4,9,9] fp32[6,4,3,3] =[3,3] fp32[6] =[2,2] =[1,1]",
       with_bias()},
      {"aten::slow_conv_dilated2d", "fp32[2,4,9,9] fp32[6,4,3,3] =[3,3] fp32[6] =[2,2] =[1,1] =[1,1]", with_bias()},
      {"ConvBias_", "fp32[2,4,9,9] fp32[6,4,3,3] fp32[1,6,1,1] =1 =2", with_bias()},
      {"ConvBiasReLU_",
       "fp32[2,4,9,9] fp32[6,4,3,3] fp32[1,6,1,1] =1 =2",
       {.matrix_flop = kFlop, .vector_flop = kY + kY, .read = 4 * (kX + kW + 6), .written = 4 * kY, .kind = "conv2d"}},
      {"aten::convolution",  // two groups: half the taps
       "fp32[2,4,9,9] fp32[6,2,3,3] _ =[2,2] =[1,1] =[1,1] =False =[0,0] =2",
       {.matrix_flop = kFlop / 2,
        .read = 4 * (kX + kW / 2),
        .written = 4 * kY,
        .kind = "conv2d",
        .shape = "2x4x9x9 k3x3 s2 p1 g2 -> 6"}},
      {"aten::_conv_depthwise2d",  // a group a channel: one channel of taps
       "fp32[2,4,9,9] fp32[4,1,3,3] =[3,3] _ =[2,2] =[1,1] =[1,1]",
       {.matrix_flop = 2 * (2 * 4 * 5 * 5) * 3 * 3,
        .read = 4 * (kX + 4 * 3 * 3),
        .written = 4 * (2 * 4 * 5 * 5),
        .kind = "conv2d"}},
  };
}

std::vector<CallTest> other_rows() {
  return {
      {"aten::convolution",  // 7 rows and 9 columns left: no kind has two strides
       "fp32[2,4,9,9] fp32[6,4,3,1] _ =[1,1] =[0,0] =[1,1] =False =[0,0] =1",
       {.matrix_flop = 2 * (2 * 6 * 7 * 9) * 4 * 3,
        .read = 4 * (kX + 6 * 4 * 3),
        .written = 4 * (2 * 6 * 7 * 9),
        .kind = "conv2d"}},
      {"aten::convolution",  // columns padded, rows not
       "fp32[2,4,9,9] fp32[6,4,3,3] fp32[6] =[1,1] =[0,1] =[1,1] =False =[0,0] =1",
       {.matrix_flop = 2 * (2 * 6 * 7 * 9) * 4 * 9,
        .vector_flop = 2 * 6 * 7 * 9,
        .read = 4 * (kX + kW + 6),
        .written = 4 * (2 * 6 * 7 * 9),
        .shape = "2x4x9x9 k3x3 s1 p0x1 -> 6"}},
      {"aten::conv1d",  // 16 + 2 - 3 + 1
       "bf16[2,4,16] bf16[6,4,3] bf16[6] =[1] =[1] =[1] =1",
       {.matrix_flop = 2 * (2 * 6 * 16) * 4 * 3,
        .vector_flop = 2 * 6 * 16,
        .read = 2 * (2 * 4 * 16 + 6 * 4 * 3 + 6),
        .written = 2 * (2 * 6 * 16)}},
      {"aten::conv3d",
       "bf16[2,4,5,6,7] bf16[6,4,2,2,2] _ =[1,1,1] =[0,0,0] =[1,1,1] =1",
       {.matrix_flop = 2 * (2 * 6 * 4 * 5 * 6) * 4 * 8,
        .read = 2 * (2 * 4 * 5 * 6 * 7 + 6 * 4 * 8),
        .written = 2 * (2 * 6 * 4 * 5 * 6)}},
      {"aten::slow_conv3d_forward",
       "bf16[2,4,5,6,7] bf16[6,4,2,2,2] =[2,2,2] _ =[1,1,1] =[0,0,0]",
       {.matrix_flop = 2 * (2 * 6 * 4 * 5 * 6) * 4 * 8,
        .read = 2 * (2 * 4 * 5 * 6 * 7 + 6 * 4 * 8),
        .written = 2 * (2 * 6 * 4 * 5 * 6)}},
      {"aten::slow_conv_dilated3d",  // dilation 2: 5 - 2, 6 - 2, 7 - 2
       "bf16[2,4,5,6,7] bf16[6,4,2,2,2] =[2,2,2] _ =[1,1,1] =[0,0,0] =[2,2,2]",
       {.matrix_flop = 2 * (2 * 6 * 3 * 4 * 5) * 4 * 8,
        .read = 2 * (2 * 4 * 5 * 6 * 7 + 6 * 4 * 8),
        .written = 2 * (2 * 6 * 3 * 4 * 5)}},
      {"aten::conv_depthwise3d",
       "bf16[2,4,5,6,7] bf16[4,1,2,2,2] =[2,2,2] _ =[1,1,1] =[0,0,0] =[1,1,1]",
       {.matrix_flop = 2 * (2 * 4 * 4 * 5 * 6) * 8,
        .read = 2 * (2 * 4 * 5 * 6 * 7 + 4 * 8),
        .written = 2 * (2 * 4 * 4 * 5 * 6)}},
  };
}

// 2 images of 4 channels, 5 x 5, to 6 channels by 3 x 3, step 2, padding 1, 1 more: (5 - 1)*2 - 2 + 2 + 1 + 1 = 10
constexpr CallByHand transposed() {
  return {.matrix_flop = 2 * (2 * 4 * 5 * 5) * 6 * 3 * 3,
          .vector_flop = 2 * 6 * 10 * 10,
          .read = 4 * (2 * 4 * 5 * 5 + 4 * 6 * 3 * 3 + 6),
          .written = 4 * (2 * 6 * 10 * 10)};
}

std::vector<CallTest> transposed_rows() {
  CallByHand no_bias = transposed();
  no_bias.vector_flop = 0;
  no_bias.read = 4 * (2 * 4 * 5 * 5 + 4 * 6 * 3 * 3);
  return {
      {"aten::convolution", "fp32[2,4,5,5] fp32[4,6,3,3] fp32[6] =[2,2] =[1,1] =[1,1] =True =[1,1] =1", transposed()},
      {"aten::conv_transpose2d", "fp32[2,4,5,5] fp32[4,6,3,3] fp32[6] =[2,2] =[1,1] =[1,1] =1 =[1,1]", transposed()},
      {"aten::slow_conv_transpose2d", "fp32[2,4,5,5] fp32[4,6,3,3] =[3,3] fp32[6] =[2,2] =[1,1] =[1,1] =[1,1]",
       transposed()},
      {"aten::cudnn_convolution_transpose",
       "fp32[2,4,5,5] fp32[4,6,3,3] =[1,1] =[1,1] =[2,2] =[1,1] =1 =False =False =True", no_bias},
  };
}

std::vector<CallTest> backward_rows() {
  return {
      {"aten::convolution_backward",
       "fp32[2,6,5,5] fp32[2,4,9,9] fp32[6,4,3,3] =[6] =[2,2] =[1,1] =[1,1] =False =[0,0] =1 =[True,True,True]",
       {.matrix_flop = 2 * kFlop,
        .read = 4 * (kY + kW) + 4 * (kX + kY),
        .written = 4 * kX + 4 * kW,
        .kind = "conv2d",
        .pass = Pass::kDgrad}},
      {"aten::convolution_backward",  // the first layer: no gradient of the input
       "fp32[2,6,5,5] fp32[2,4,9,9] fp32[6,4,3,3] =[0] =[2,2] =[1,1] =[1,1] =False =[0,0] =1 =[False,True,False]",
       {.matrix_flop = kFlop, .read = 4 * (kX + kY), .written = 4 * kW, .kind = "conv2d", .pass = Pass::kDgrad}},
      {"aten::convolution_backward",  // the bias alone: the sum inside has it
       "fp32[2,6,5,5] fp32[2,4,9,9] fp32[6,4,3,3] =[6] =[2,2] =[1,1] =[1,1] =False =[0,0] =1 =[False,False,True]",
       {.kind = "conv2d", .pass = Pass::kDgrad}},
      {"aten::convolution_backward",
       "fp32[2,6,10,10] fp32[2,4,5,5] fp32[4,6,3,3] =[0] =[2,2] =[1,1] =[1,1] =True =[1,1] =1 =[True,True,False]",
       {.matrix_flop = 2 * (2 * (2 * 4 * 5 * 5) * 6 * 3 * 3),
        .read = 4 * (2 * 6 * 10 * 10 + 4 * 6 * 3 * 3) + 4 * (2 * 4 * 5 * 5 + 2 * 6 * 10 * 10),
        .written = 4 * (2 * 4 * 5 * 5 + 4 * 6 * 3 * 3),
        .pass = Pass::kDgrad}},
  };
}

TEST_CASE("calls of convolutions, by hand") { check_calls(convolution_call_rows()); }

TEST_CASE("calls of convolutions: arguments that do not tell the cost") {
  check_untold({
      {"aten::conv2d", "fp32[2,4,9,9] fp32[6,4,3,3] _ =[1,1] =same =[1,1] =1"},
      {"aten::conv2d", "fp32[2,4,9,9] fp32[6,4,3,3] _ =[0,0] =[1,1] =[1,1] =1"},
      {"aten::conv2d", "fp32[2,4,9,9] fp32[6,4,3,3] _ =[1,1] =[1,1] =[1,1] =0"},
      {"aten::conv2d", "fp32[2,4,9,9] fp32[6,3,3,3] _ =[1,1] =[1,1] =[1,1] =1"},
      {"aten::conv2d", "fp32[2,4,2,2] fp32[6,4,3,3] _ =[1,1] =[0,0] =[1,1] =1"},
      {"aten::conv2d", "fp32[2,4] fp32[6,4] _ =[1,1] =[0,0] =[1,1] =1"},
      {"aten::convolution_backward",
       "fp32[2,6,5,5] fp32[2,4,9,9] fp32[6,4,3,3] =[0] =[2,2] =[1,1] =[1,1] =False =[0,0] =1"},
      {"aten::convolution_backward",
       "fp32[2,6,4,4] fp32[2,4,9,9] fp32[6,4,3,3] =[0] =[2,2] =[1,1] =[1,1] =False =[0,0] =1 =[True,True,True]"},
  });
}

}  // namespace

std::vector<CallTest> convolution_call_rows() {
  std::vector<CallTest> rows = square_rows();
  for (const auto& more : {other_rows(), transposed_rows(), backward_rows()})
    rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace gable
