// Easy to break here: an empty stride, windows that reach over the edge, positions beside the maxima, adaptive windows
// of unlike sizes.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

// 2 images of 3 channels, 8 x 8; windows of 2
constexpr int kX = 2 * 3 * 8 * 8;
constexpr int kY = 2 * 3 * 4 * 4;

TEST_CASE("calls of pooling, by hand") { check_calls(pooling_call_rows()); }

TEST_CASE("calls of pooling: arguments that do not tell the cost") {
  check_untold({{"aten::avg_pool2d", "fp32[2,3,8,8] =[9,9] =[1,1] =[0,0] =False"},
                {"aten::avg_pool2d", "fp32[2,3,8,8] =[2,2] =[0,0] =[0,0] =False"},
                {"aten::avg_pool2d", "fp32[2,3,8,8] = =[2,2] =[0,0] =False"},
                {"aten::avg_pool2d", "fp32[8,8] =[2,2] =[2,2] =[0,0] =False"},
                {"aten::_adaptive_avg_pool2d", "fp32[2,3,8,8] =[0,0]"},
                {"aten::_adaptive_avg_pool2d", "fp32[2,3,8,8] _"},
                {"aten::upsample_nearest2d", "fp32[2,3,8,8] _ =2. =2."},
                {"aten::upsample_nearest3d", "fp32[2,3,4,4,4] =[8,8] _ _ _"},
                {"aten::upsample_nearest1d", "fp32[2,3,8,8] =[16] _"}});
}

}  // namespace

std::vector<CallTest> pooling_call_rows() {
  return {
      {"aten::max_pool2d_with_indices",
       "fp32[2,3,8,8] =[2,2] =[2,2] =[0,0] =[1,1] =False",
       {.vector_flop = 4 * kY, .read = 4 * kX, .written = (4 + 8) * kY, .kind = "pool", .shape = "2x3x8x8 k2x2"}},
      {"aten::max_pool2d",
       "fp32[2,3,8,8] =[2] =[] =[0] =[1] =False",
       {.vector_flop = 4 * kY, .read = 4 * kX, .written = 4 * kY, .kind = "pool"}},
      {"aten::max_pool2d_with_indices",  // 3 x 2 windows: 2 and 4 positions; the kind has square ones only
       "fp32[2,3,8,8] =[3,2] =[3,2] =[0,0] =[1,1] =False",
       {.vector_flop = 6 * (6 * 2 * 4), .read = 4 * kX, .written = (4 + 8) * (6 * 2 * 4)}},
      {"aten::max_pool2d_with_indices",  // rounded up: ceil((8 - 3)/3) + 1 = 3 each way
       "fp32[2,3,8,8] =[3,3] =[3,3] =[0,0] =[1,1] =True",
       {.vector_flop = 9 * (6 * 9), .read = 4 * kX, .written = (4 + 8) * (6 * 9)}},
      {"aten::max_pool2d_with_indices_backward",
       "fp32[2,3,4,4] fp32[2,3,8,8] =[2,2] =[2,2] =[0,0] =[1,1] =False long[2,3,4,4]",
       {.vector_flop = kY, .read = (4 + 8) * kY, .written = 4 * kX, .kind = "pool", .pass = Pass::kDgrad}},
      {"aten::avg_pool2d",
       "fp32[2,3,8,8] =[2,2] =[2,2] =[0,0] =False =True _",
       {.vector_flop = 4 * kY, .read = 4 * kX, .written = 4 * kY, .kind = "pool"}},
      {"aten::avg_pool2d_backward",
       "fp32[2,3,4,4] fp32[2,3,8,8] =[2,2] =[2,2] =[0,0] =False =True _",
       {.vector_flop = 4 * kY, .read = 4 * kY, .written = 4 * kX, .kind = "pool", .pass = Pass::kDgrad}},
      {"aten::_adaptive_avg_pool2d aten::adaptive_avg_pool2d",
       "fp32[2,3,8,8] =[4,4]",
       {.vector_flop = 4 * kY, .read = 4 * kX, .written = 4 * kY, .kind = "pool"}},
      {"aten::_adaptive_avg_pool2d",  // 8 to 3: rows 0-2, 2-5, 5-7, together 10
       "fp32[2,3,8,8] =[3,3]",
       {.vector_flop = 6 * 10 * 10, .read = 4 * kX, .written = 4 * 6 * 9}},
      {"aten::_adaptive_avg_pool2d_backward",
       "fp32[2,3,4,4] fp32[2,3,8,8]",
       {.vector_flop = 4 * kY, .read = 4 * kY, .written = 4 * kX, .kind = "pool", .pass = Pass::kDgrad}},
      {"aten::_adaptive_avg_pool2d_backward",
       "fp32[2,3,3,3] fp32[2,3,8,8]",
       {.vector_flop = 6 * 10 * 10, .read = 4 * 6 * 9, .written = 4 * kX, .pass = Pass::kDgrad}},
      {"aten::upsample_nearest2d", "fp32[2,3,8,8] =[16,16] _ _", {.read = 4 * kX, .written = 4 * 4 * kX}},
      {"aten::upsample_bilinear2d",
       "fp32[2,3,8,8] =[16,16] =False _ _",
       {.vector_flop = 9 * 4 * kX, .read = 4 * kX, .written = 4 * 4 * kX}},
      {"aten::upsample_nearest1d",
       "fp32[2,3,64] =[128] _",
       {.read = 4 * kX, .written = 4 * 2 * kX, .shape = "2x3x64 -> 128"}},
      {"aten::upsample_nearest3d",
       "fp32[2,3,4,4,4] =[8,8,8] _ _ _",
       {.read = 4 * kX, .written = 4 * 8 * kX, .shape = "2x3x4x4x4 -> 8x8x8"}},
      {"aten::upsample_nearest1d_backward",
       "fp32[2,3,128] =[128] =[2,3,64] _",
       {.vector_flop = 2 * kX, .read = 4 * 2 * kX, .written = 4 * kX, .pass = Pass::kDgrad}},
      {"aten::upsample_nearest3d_backward",
       "fp32[2,3,8,8,8] =[8,8,8] =[2,3,4,4,4] _ _ _",
       {.vector_flop = 8 * kX, .read = 4 * 8 * kX, .written = 4 * kX, .pass = Pass::kDgrad}},
      {"aten::upsample_nearest2d_backward",
       "fp32[2,3,16,16] =[16,16] =[2,3,8,8] _ _",
       {.vector_flop = 4 * kX, .read = 4 * 4 * kX, .written = 4 * kX, .pass = Pass::kDgrad}},
      {"aten::upsample_bilinear2d_backward",
       "fp32[2,3,16,16] =[16,16] =[2,3,8,8] =False _ _",
       {.vector_flop = 8 * 4 * kX, .read = 4 * 4 * kX, .written = 4 * kX, .pass = Pass::kDgrad}},
  };
}

}  // namespace gable
