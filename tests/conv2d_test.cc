// Easy to break here: an output size that is rounded up, channels that are not divided by the groups, height and width
// or the two sides of a kernel mixed up.
#include <doctest/doctest.h>

#include "tests/error_text.h"
#include "tests/op_rows.h"

namespace gable {
namespace {

constexpr Dtypes kInt8Weights{Dtype::kInt8, Dtype::kBf16, Dtype::kFp32, Dtype::kBf16};

std::vector<CostRow> large_conv_rows() {
  return {
      // The stem of ResNet-50: 224 x 224 x 3 to 112 x 112 x 64 by 7 x 7 kernels (He et al. 2015, table 1).
      {"conv2d",
       {{"batch", 1},
        {"in_channels", 3},
        {"out_channels", 64},
        {"height", 224},
        {"width", 224},
        {"kernel", 7},
        {"stride", 2},
        {"padding", 3},
        {"bias", 0}},
       {.matrix_flop = 2 * (64 * 112 * 112) * (3 * 7 * 7),
        .read = 4 * (3 * 224 * 224) + 4 * (64 * 3 * 7 * 7),
        .written = 4 * (64 * 112 * 112),
        .param_bytes = 4 * (64 * 3 * 7 * 7),
        .params = 64 * 3 * 7 * 7,
        .tensors = 1,
        .output = 64 * 112 * 112}},
      // Everything at once: rows (9 + 2 - 2*2 - 1)/2 + 1 = 4, columns (11 + 2 - 2*4 - 1)/2 + 1 = 3.
      {"conv2d",
       {{"batch", 2},
        {"in_channels", 4},
        {"out_channels", 6},
        {"height", 9},
        {"width", 11},
        {"kernel", 3},
        {"kernel_width", 5},
        {"stride", 2},
        {"padding", 1},
        {"dilation", 2},
        {"groups", 2}},
       {.matrix_flop = 2 * (2 * 6 * 4 * 3) * (2 * 3 * 5),  // 4/2 channels a group
        .vector_flop = 2 * 6 * 4 * 3,
        .read = 2 * (2 * 4 * 9 * 11) + 1 * (6 * 2 * 3 * 5 + 6),
        .written = 2 * (2 * 6 * 4 * 3),
        .param_bytes = 1 * (6 * 2 * 3 * 5 + 6),
        .params = 6 * 2 * 3 * 5 + 6,
        .tensors = 2,
        .output = 2 * 6 * 4 * 3},
       kInt8Weights},
  };
}

std::vector<CostRow> small_conv_rows() {
  return {
      // A row less changes nothing: (8 + 2 - 2*2 - 1)/2 = 2.5 rounds down, so 3 rows.
      {"conv2d",
       {{"batch", 1},
        {"in_channels", 1},
        {"out_channels", 1},
        {"height", 8},
        {"width", 9},
        {"kernel", 3},
        {"stride", 2},
        {"padding", 1},
        {"dilation", 2},
        {"bias", 0}},
       {.matrix_flop = 2 * (3 * 4) * (3 * 3),
        .read = 4 * (8 * 9) + 4 * (3 * 3),
        .written = 4 * (3 * 4),
        .param_bytes = 4 * (3 * 3),
        .params = 3 * 3,
        .tensors = 1,
        .output = 3 * 4}},
      // Depthwise: a group a channel.
      {"conv2d",
       {{"batch", 1},
        {"in_channels", 5},
        {"out_channels", 5},
        {"height", 6},
        {"width", 6},
        {"kernel", 3},
        {"padding", 1},
        {"groups", 5}},
       {.matrix_flop = 2 * (5 * 6 * 6) * (1 * 3 * 3),
        .vector_flop = 5 * 6 * 6,
        .read = 4 * (5 * 6 * 6) + 4 * (5 * 3 * 3 + 5),
        .written = 4 * (5 * 6 * 6),
        .param_bytes = 4 * (5 * 3 * 3 + 5),
        .params = 5 * 3 * 3 + 5,
        .tensors = 2,
        .output = 5 * 6 * 6}},
      // The kernel is as large as the input: one output, 27 weights and 1 bias of half a byte.
      {"conv2d",
       {{"batch", 1}, {"in_channels", 3}, {"out_channels", 1}, {"height", 3}, {"width", 3}, {"kernel", 3}},
       {.matrix_flop = 2 * 1 * (3 * 3 * 3),
        .vector_flop = 1,
        .read = 14 + 14 + 1,
        .written = 1,
        .param_bytes = 14 + 1,
        .params = 3 * 3 * 3 + 1,
        .tensors = 2,
        .output = 1},
       uniform(Dtype::kFp4)},
  };
}

TEST_CASE("conv2d, by hand") { check_costs(conv_rows()); }

TEST_CASE("conv2d: a 1 x 1 kernel is a linear layer over the pixels") {
  const Cost conv = cost_of(
      "conv2d", {{"batch", 2}, {"in_channels", 5}, {"out_channels", 7}, {"height", 3}, {"width", 4}, {"kernel", 1}});
  CHECK(conv == cost_of("linear", {{"tokens", 2 * 3 * 4}, {"in", 5}, {"out", 7}}));
}

TEST_CASE("conv2d: fields that contradict each other") {
  const auto conv = [](std::int64_t in, std::int64_t out, std::int64_t height, std::int64_t groups) {
    return input_error([&] {
      return cost_of("conv2d", {{"batch", 1},
                                {"in_channels", in},
                                {"out_channels", out},
                                {"height", height},
                                {"width", 9},
                                {"kernel", 3},
                                {"padding", 1},
                                {"dilation", 4},
                                {"groups", groups}});
    });
  };
  CHECK(conv(6, 8, 9, 2) == "no error");
  CHECK(conv(6, 8, 9, 4) == "in_channels is not a multiple of groups");
  CHECK(conv(6, 8, 9, 3) == "out_channels is not a multiple of groups");
  CHECK(conv(6, 8, 7, 2) == "no error");  // 7 + 2 = 9 rows hold 1 + 4*2 = 9
  CHECK(conv(6, 8, 6, 2) == "the kernel is larger than the padded input");
}

}  // namespace

std::vector<CostRow> conv_rows() {
  std::vector<CostRow> all = large_conv_rows();
  for (const CostRow& row : small_conv_rows()) all.push_back(row);
  return all;
}

}  // namespace gable
