// Easy to break here: rows along another dim than the last, a result that is wider than the input, losses that look at
// one element a row taken for those that look at all.
#include <doctest/doctest.h>

#include "tests/call_rows.h"

namespace gable {
namespace {

TEST_CASE("calls of softmax and losses, by hand") { check_calls(softmax_call_rows()); }

TEST_CASE("softmax: the rows are along the dim that was given") {
  const auto first = call_cost(call_of("aten::_softmax", "bf16[6,8] =0 =False"));
  REQUIRE(first.has_value());
  CHECK(first->args.values[0] == 8);
  CHECK(first->args.values[1] == 6);
}

TEST_CASE("calls of softmax and losses: arguments that do not tell the cost") {
  check_untold({{"aten::_softmax", "bf16[6,8] =2 =False"},
                {"aten::_softmax", "bf16[6,0] =1 =False"},
                {"aten::cross_entropy_loss", "bf16[6,8] bf16[6,8] _ =1"},
                {"aten::cross_entropy_loss", "bf16[6,8] long[5] _ =1"}});
}

}  // namespace

std::vector<CallTest> softmax_call_rows() {
  return {
      {"aten::_softmax aten::_log_softmax aten::softmax aten::log_softmax",
       "bf16[6,8] =-1 =False",
       {.vector_flop = 5 * 48, .read = 2 * 48, .written = 2 * 48, .kind = "softmax", .shape = "6x8"}},
      {"aten::_softmax",  // half to float
       "bf16[6,8] =1 =True",
       {.vector_flop = 5 * 48, .read = 2 * 48, .written = 4 * 48, .kind = "softmax"}},
      {"aten::_softmax_backward_data aten::_log_softmax_backward_data",
       "bf16[6,8] bf16[6,8] =-1 =15",
       {.vector_flop = 4 * 48, .read = 2 * 2 * 48, .written = 2 * 48, .kind = "softmax", .pass = Pass::kDgrad}},
      {"aten::_log_softmax_backward_data",  // back to half
       "fp32[6,8] fp32[6,8] =-1 =5",
       {.vector_flop = 4 * 48, .read = 4 * 2 * 48, .written = 2 * 48, .kind = "softmax", .pass = Pass::kDgrad}},
      {"aten::nll_loss_forward aten::nll_loss",  // an element and an index a row, one loss
       "fp32[6,8] long[6] _ =1 =-100",
       {.vector_flop = 6, .read = 4 * 6 + 8 * 6, .written = 4}},
      {"aten::nll_loss_forward",  // a loss a row
       "fp32[6,8] long[6] _ =0 =-100",
       {.vector_flop = 6, .read = 4 * 6 + 8 * 6, .written = 4 * 6}},
      {"aten::nll_loss2d_forward",
       "fp32[2,8,3,3] long[2,3,3] _ =1 =-100",
       {.vector_flop = 18, .read = 4 * 18 + 8 * 18, .written = 4}},
      {"aten::nll_loss_backward",
       "fp32[] fp32[6,8] long[6] _ =1 =-100 fp32[]",
       {.vector_flop = 6, .read = 4 + 8 * 6, .written = 4 * 6, .pass = Pass::kDgrad}},
      {"aten::nll_loss2d_backward",
       "fp32[] fp32[2,8,3,3] long[2,3,3] _ =1 =-100 fp32[]",
       {.vector_flop = 18, .read = 4 + 8 * 18, .written = 4 * 18, .pass = Pass::kDgrad}},
      {"aten::cross_entropy_loss",  // kind cross_entropy writes a loss a row
       "bf16[6,8] long[6] _ =1 =-100",
       {.vector_flop = 4 * 48, .read = 2 * 48 + 8 * 6, .written = 4 * 6, .kind = "cross_entropy"}},
      {"aten::mse_loss",  // subtract, square, sum
       "fp32[6,8] fp32[6,8] =1",
       {.vector_flop = 3 * 48, .read = 4 * 2 * 48, .written = 4}},
      {"aten::mse_loss", "fp32[6,8] fp32[6,8] =0", {.vector_flop = 3 * 48, .read = 4 * 2 * 48, .written = 4 * 48}},
      {"aten::mse_loss_backward",
       "fp32[] fp32[6,8] fp32[6,8] =1",
       {.vector_flop = 3 * 48, .read = 4 * 2 * 48, .written = 4 * 48, .pass = Pass::kDgrad}},
  };
}

}  // namespace gable
