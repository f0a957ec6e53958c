// Hand-computed costs of framework calls, one list a family; framework_op_calls_test.cc sees to it that every row of
// the table of calls is among them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/trace/framework_op.h"
#include "tests/op_rows.h"

namespace gable {

/// A call in short: "bf16[4,197,768]" a tensor, "bf16[]" one without dims, "=True" a scalar or list, "_" None,
/// "{fp32[2];fp32[3]}" a list of tensors; arguments are separated by blanks.
Call call_of(std::string_view name, std::string_view args);

/// What a call must cost, every number worked out by hand. What is left out is 0.
struct CallByHand {
  Whole matrix_flop = 0;
  Whole vector_flop = 0;
  Whole read = 0;
  Whole written = 0;
  std::optional<Whole> unique = {};  ///< read + written if left out
  Whole masked = 0;
  Whole recomputed = 0;
  std::string_view kind = {};  ///< "" none
  bool flop_known = true;
  std::string_view shape = {};  ///< not looked at if left out
  Pass pass = Pass::kForward;
};

struct CallTest {
  std::string_view names;  ///< of all ops that cost the same, separated by blanks
  std::string_view args;
  CallByHand want;
};

std::vector<CallTest> product_call_rows();
std::vector<CallTest> convolution_call_rows();
std::vector<CallTest> attention_call_rows();
std::vector<CallTest> norm_call_rows();
std::vector<CallTest> softmax_call_rows();
std::vector<CallTest> elementwise_call_rows();
std::vector<CallTest> copy_call_rows();
std::vector<CallTest> reduction_call_rows();
std::vector<CallTest> indexed_call_rows();
std::vector<CallTest> pooling_call_rows();
std::vector<CallTest> optimizer_call_rows();
std::vector<CallTest> collective_call_rows();

/// Checks every count of every row.
void check_calls(const std::vector<CallTest>& rows);
/// That the arguments do not tell the cost of any of these.
void check_untold(const std::vector<std::pair<std::string_view, std::string_view>>& calls);

}  // namespace gable
