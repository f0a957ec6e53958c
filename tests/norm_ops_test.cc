// Easy to break here: the running statistics of batchnorm (bytes, but no parameters), a norm without gain and bias, the
// loss in the accumulator's dtype, a FLOP count an element that no longer says what its row says.
#include <doctest/doctest.h>

#include "tests/error_text.h"
#include "tests/op_rows.h"

namespace gable {
namespace {

constexpr Dtypes kFp32Weights{Dtype::kFp32, Dtype::kBf16, Dtype::kFp32, Dtype::kBf16};
constexpr Dtypes kFp16Accum{Dtype::kFp16, Dtype::kFp16, Dtype::kFp16, Dtype::kFp16};

std::vector<CostRow> row_norm_rows() {
  return {
      // sum 1, centre 1, square 1, sum 1, normalise 1, scale 1, shift 1
      {"layernorm",
       {{"rows", 3}, {"width", 5}},
       {.vector_flop = 7 * (3 * 5),
        .read = 4 * (3 * 5) + 4 * (5 + 5),  // input, gain and bias
        .written = 4 * (3 * 5),
        .param_bytes = 4 * (5 + 5),
        .params = 5 + 5,
        .tensors = 2,
        .output = 3 * 5}},
      {"layernorm",
       {{"rows", 3}, {"width", 5}, {"affine", 0}},
       {.vector_flop = 5 * (3 * 5), .read = 4 * (3 * 5), .written = 4 * (3 * 5), .output = 3 * 5}},
      {"layernorm",
       {{"rows", 3}, {"width", 5}},
       {.vector_flop = 7 * (3 * 5),
        .read = 2 * (3 * 5) + 4 * (5 + 5),  // bf16 activations, fp32 gain and bias
        .written = 2 * (3 * 5),
        .param_bytes = 4 * (5 + 5),
        .params = 5 + 5,
        .tensors = 2,
        .output = 3 * 5},
       kFp32Weights},
      {"layernorm",
       {{"rows", 3}, {"width", 5}},
       {.vector_flop = 7 * (3 * 5),
        .read = 8 + 3 + 3,  // 15 values of half a byte; gain and bias of 5 are two tensors
        .written = 8,
        .param_bytes = 3 + 3,
        .params = 5 + 5,
        .tensors = 2,
        .output = 3 * 5},
       uniform(Dtype::kFp4)},
      // square 1, sum 1, normalise 1, scale 1
      {"rmsnorm",
       {{"rows", 3}, {"width", 5}},
       {.vector_flop = 4 * (3 * 5),
        .read = 4 * (3 * 5) + 4 * 5,
        .written = 4 * (3 * 5),
        .param_bytes = 4 * 5,
        .params = 5,
        .tensors = 1,
        .output = 3 * 5}},
      {"rmsnorm",
       {{"rows", 3}, {"width", 5}, {"affine", 0}},
       {.vector_flop = 3 * (3 * 5), .read = 2 * (3 * 5), .written = 2 * (3 * 5), .output = 3 * 5},
       kFp32Weights},
  };
}

std::vector<CostRow> image_norm_rows() {
  const OpFields images = {{"batch", 2}, {"channels", 3}, {"spatial", 5}};
  return {
      // Evaluation: scale 1, shift 1, their factors folded from weight, bias, running mean and running variance.
      {"batchnorm",
       images,
       {.vector_flop = 2 * (2 * 3 * 5),
        .read = 4 * (2 * 3 * 5) + 4 * (4 * 3),
        .written = 4 * (2 * 3 * 5),
        .param_bytes = 4 * (2 * 3),  // the running statistics are no parameters
        .params = 2 * 3,
        .tensors = 2,
        .output = 2 * 3 * 5}},
      // Training: as layernorm, and the running statistics are read and written.
      {"batchnorm",
       images,
       {.vector_flop = 7 * (2 * 3 * 5),
        .read = 2 * (2 * 3 * 5) + 4 * (4 * 3),
        .written = 2 * (2 * 3 * 5) + 4 * (2 * 3),
        .param_bytes = 4 * (2 * 3),
        .params = 2 * 3,
        .tensors = 2,
        .output = 2 * 3 * 5},
       kFp32Weights,
       Mode::kTrain},
      {"batchnorm",
       images,
       {.vector_flop = 2 * (2 * 3 * 5),
        .read = 15 + 4 * 2,  // 30 values of half a byte, four tensors of 3
        .written = 15,
        .param_bytes = 2 + 2,
        .params = 2 * 3,
        .tensors = 2,
        .output = 2 * 3 * 5},
       uniform(Dtype::kFp4)},
      {"groupnorm",
       {{"batch", 2}, {"channels", 6}, {"spatial", 5}, {"groups", 3}},
       {.vector_flop = 7 * (2 * 6 * 5),
        .read = 4 * (2 * 6 * 5) + 4 * (6 + 6),
        .written = 4 * (2 * 6 * 5),
        .param_bytes = 4 * (6 + 6),
        .params = 6 + 6,
        .tensors = 2,
        .output = 2 * 6 * 5}},
      {"groupnorm",
       {{"batch", 2}, {"channels", 6}, {"spatial", 5}, {"groups", 3}, {"affine", 0}},
       {.vector_flop = 5 * (2 * 6 * 5), .read = 4 * (2 * 6 * 5), .written = 4 * (2 * 6 * 5), .output = 2 * 6 * 5}},
  };
}

std::vector<CostRow> softmax_rows() {
  return {
      // max 1, subtract 1, exp 1, sum 1, divide 1; one read, one write
      {"softmax",
       {{"rows", 3}, {"width", 5}},
       {.vector_flop = 5 * (3 * 5), .read = 4 * (3 * 5), .written = 4 * (3 * 5), .output = 3 * 5}},
      {"softmax",
       {{"rows", 3}, {"width", 5}},
       {.vector_flop = 5 * (3 * 5), .read = 2 * (3 * 5), .written = 2 * (3 * 5), .output = 3 * 5},
       kFp32Weights},
      // max 1, subtract 1, exp 1, sum 1; a class index of 8 bytes and a loss a row
      {"cross_entropy",
       {{"rows", 3}, {"classes", 5}},
       {.vector_flop = 4 * (3 * 5), .read = 2 * (3 * 5) + 8 * 3, .written = 4 * 3, .output = 3},  // fp32 losses
       uniform(Dtype::kBf16)},
      {"cross_entropy",
       {{"rows", 3}, {"classes", 5}},
       {.vector_flop = 4 * (3 * 5), .read = 2 * (3 * 5) + 8 * 3, .written = 2 * 3, .output = 3},
       kFp16Accum},
  };
}

TEST_CASE("layernorm and rmsnorm, by hand") { check_costs(row_norm_rows()); }
TEST_CASE("batchnorm and groupnorm, by hand") { check_costs(image_norm_rows()); }
TEST_CASE("softmax and cross_entropy, by hand") { check_costs(softmax_rows()); }

TEST_CASE("softmax: document 003's scores, at 3 and at 5 FLOP an element") {
  constexpr std::int64_t kScores = 6'291'456;  // claims.md, 003: S of B=8, 12 heads, 256 x 256
  CHECK(kScores == 8 * 12 * 256 * 256);
  const Cost cost = cost_of("softmax", {{"rows", 8 * 12 * 256}, {"width", 256}});
  CHECK(cost.vector_flop.value() == 31'457'280);
  CHECK(cost.vector_flop.value() * 3 == 18'874'368 * 5);
  CHECK(cost.unique.value() == 4 * 2 * kScores);  // 50.3 MB
}

TEST_CASE("groupnorm: groups that do not divide the channels") {
  const auto groupnorm = [](std::int64_t groups) {
    return input_error([&] {
      return cost_of("groupnorm", {{"batch", 1}, {"channels", 6}, {"spatial", 1}, {"groups", groups}});
    });
  };
  CHECK(groupnorm(1) == "no error");
  CHECK(groupnorm(6) == "no error");
  CHECK(groupnorm(4) == "channels is not a multiple of groups");
  CHECK(groupnorm(12) == "channels is not a multiple of groups");
}

}  // namespace

std::vector<CostRow> norm_rows() {
  std::vector<CostRow> all = row_norm_rows();
  for (const auto& rows : {image_norm_rows(), softmax_rows()}) all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

}  // namespace gable
