// Easy to break here: a range of the user's own that passes for an op, a name with ", " in it, brackets that do not
// close.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "analyzer/trace/trace.h"

namespace gable {
namespace {

CallArg tensor(std::vector<std::int64_t> dims) {
  CallArg arg;
  if (!dims.empty()) arg.kind = CallArg::Kind::kTensor;
  arg.dims = std::move(dims);
  return arg;
}

CallArg tensors(std::vector<CallArg> items) {
  CallArg arg;
  arg.kind = CallArg::Kind::kTensors;
  arg.items = std::move(items);
  return arg;
}

TEST_CASE("ops with the sizes of their inputs") {
  struct Row {
    std::string text;
    Call call;
  };
  const std::vector<Row> rows = {
      {"aten::mm, op_id = 3, sizes = [[2, 3], [3, 4]], input_op_ids = [(1,0), (2,0)]",
       {"aten::mm", {tensor({2, 3}), tensor({3, 4})}}},
      {"aten::add, seq = 1, op_id = 2, sizes = [[4, 4], [], []]",
       {"aten::add", {tensor({4, 4}), tensor({}), tensor({})}}},
      {"aten::cat, sizes = [[[2, 3], [2, 3]], []]",
       {"aten::cat", {tensors({tensor({2, 3}), tensor({2, 3})}), tensor({})}}},
      {"aten::stack, sizes = [[[], [5]]]", {"aten::stack", {tensors({tensor({}), tensor({5})})}}},
      {"aten::mm, sizes = [[2,3],[3,4]]", {"aten::mm", {tensor({2, 3}), tensor({3, 4})}}},
      {"aten::zeros, sizes = []", {"aten::zeros", {}}},
      {"flash_attn::_flash_attn_forward, op_id = 8, sizes = [[0, 16]]",
       {"flash_attn::_flash_attn_forward", {tensor({0, 16})}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto call = parse_nvtx_call(row.text);
    REQUIRE(call.has_value());
    CHECK(*call == row.call);
  }
}

TEST_CASE("ops whose sizes are not given or not whole have no arguments") {
  for (const std::string fields :
       {"", ", seq = 5, op_id = 7", ", op_id = 7, sizes = [[2, 3], [3", ", sizes = [[2, 3]]]x", ", sizes = [[2, -3]]",
        ", sizes = [[99999999999999999999]]", ", sizes = [[[[2]]]]", ", sizes = [2, 3]", ", sizes = 4",
        ", sizes = [[2 3]]", ", sizes = [[2,]]", ", sizes = ", ", sizes = [[2, 3], input_op_ids = []"}) {
    CAPTURE(fields);
    const auto call = parse_nvtx_call("aten::mm" + fields);
    REQUIRE(call.has_value());
    CHECK(call->name == "aten::mm");
    // "[[2, 3]]" of "[[2, 3]]]x" is a list that closes; what follows is not looked at.
    CHECK(call->args.size() == (fields.ends_with("x") ? 1U : 0U));
  }
}

TEST_CASE("names keep what the framework did not add") {
  CHECK(parse_nvtx_call("autograd::engine::evaluate_function: MmBackward0, seq = 5")->name ==
        "autograd::engine::evaluate_function: MmBackward0");
  CHECK(parse_nvtx_call("FSDP::forward (a, b), op_id = 7")->name == "FSDP::forward (a, b)");
  CHECK(parse_nvtx_call("aten::conv2d")->name == "aten::conv2d");
}

TEST_CASE("what is no op of a framework") {
  for (const std::string text : {"", "step 1", "Optimizer.step#AdamW.step, op_id = 4", "detach_, seq = 3, op_id = 9",
                                 "::", "aten::", "::mm, op_id = 3", "epoch 1, lr::warmup, op_id = 3",
                                 "my range::with blanks", ", op_id = 3", ", sizes = [[2]]"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_nvtx_call(text).has_value());
  }
}

TEST_CASE("a million brackets are no stack of calls") {
  CHECK(parse_nvtx_call("aten::mm, sizes = " + std::string(1'000'000, '['))->args.empty());
  CHECK(parse_nvtx_call("aten::mm, sizes = " + std::string(500'000, '[') + std::string(500'000, ']'))->args.empty());
}

}  // namespace
}  // namespace gable
