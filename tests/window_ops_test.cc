// Easy to break here: the floor of an output size, padding on one side only, a stride that does not default to the
// kernel.
#include <doctest/doctest.h>

#include "analyzer/ops/window.h"
#include "tests/error_text.h"
#include "tests/op_rows.h"

namespace gable {
namespace {

TEST_CASE("pool, by hand") { check_costs(window_rows()); }

TEST_CASE("window: floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1") {
  struct Row {
    std::int64_t in, kernel, stride, padding, dilation, out;
  };
  for (const Row& row : {
           Row{224, 7, 2, 3, 1, 112},                                            // the stem of ResNet-50
           Row{112, 3, 2, 1, 1, 56},                                             // its pooling
           Row{56, 1, 2, 0, 1, 28},                                              // its downsampling
           Row{7, 3, 1, 1, 1, 7},                                                // "same"
           Row{7, 3, 1, 2, 2, 7},                                                // "same", dilated
           Row{5, 5, 1, 0, 1, 1}, Row{5, 5, 9, 0, 1, 1}, Row{6, 3, 2, 0, 1, 2},  // 1.5 rounds down
       }) {
    CAPTURE(row.in);
    CAPTURE(row.kernel);
    CHECK(window_count(row.in, row.kernel, row.stride, row.padding, row.dilation).value() == row.out);
  }
}

TEST_CASE("pool: a window larger than the input") {
  const auto pool = [](std::int64_t width, std::int64_t padding) {
    return input_error([&] {
      return cost_of(
          "pool",
          {{"batch", 1}, {"channels", 1}, {"height", 9}, {"width", width}, {"kernel", 3}, {"padding", padding}});
    });
  };
  CHECK(pool(3, 0) == "no error");
  CHECK(pool(2, 0) == "the kernel is larger than the padded input");
  CHECK(pool(2, 1) == "no error");
  CHECK(pool(9, 2) == "padding is larger than half the kernel");  // as torch.nn.MaxPool2d
}

}  // namespace

std::vector<CostRow> window_rows() {
  return {
      // Stride 3 by default: rows (7 + 2 - 3)/3 + 1 = 3, columns floor((10 + 2 - 3)/3) + 1 = 4.
      {"pool",
       {{"batch", 2}, {"channels", 5}, {"height", 7}, {"width", 10}, {"kernel", 3}, {"padding", 1}},
       {.vector_flop = (2 * 5 * 3 * 4) * (3 * 3),  // a compare or an addition a tap
        .read = 4 * (2 * 5 * 7 * 10),
        .written = 4 * (2 * 5 * 3 * 4),
        .output = 2 * 5 * 3 * 4}},
      // Overlapping windows read the input once: rows (7 - 3)/2 + 1 = 3, columns floor((10 - 3)/2) + 1 = 4.
      {"pool",
       {{"batch", 2}, {"channels", 5}, {"height", 7}, {"width", 10}, {"kernel", 3}, {"stride", 2}},
       {.vector_flop = (2 * 5 * 3 * 4) * (3 * 3),
        .read = 2 * (2 * 5 * 7 * 10),
        .written = 2 * (2 * 5 * 3 * 4),
        .output = 2 * 5 * 3 * 4},
       uniform(Dtype::kBf16)},
      // Global pooling of 7 x 7.
      {"pool",
       {{"batch", 1}, {"channels", 3}, {"height", 7}, {"width", 7}, {"kernel", 7}},
       {.vector_flop = 3 * (7 * 7), .read = 74, .written = 2, .output = 3},  // 147 and 3 values of half a byte
       uniform(Dtype::kFp4)},
  };
}

}  // namespace gable
