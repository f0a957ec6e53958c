// Easy to break here: a row without a hand-computed cost, an op in place that finds no row, a type that is not known
// taken for one that is, arguments of a broken file that overflow or divide by zero.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "analyzer/base/text.h"
#include "tests/call_rows.h"

namespace gable {
namespace {

/// The parts between separators that are not inside braces.
std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> found;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '{') ++depth;
    if (i < text.size() && text[i] == '}') --depth;
    if (i < text.size() && (text[i] != separator || depth > 0)) continue;
    if (i > start) found.push_back(text.substr(start, i - start));
    start = i + 1;
  }
  return found;
}

CallArg arg_of(std::string_view text) {
  CallArg arg;
  if (text == "_") return arg;
  if (text.front() == '=') {
    arg.kind = CallArg::Kind::kScalar;
    arg.text = text.substr(1);
  } else if (text.front() == '{') {
    arg.kind = CallArg::Kind::kTensors;
    for (const std::string_view item : parts(text.substr(1, text.size() - 2), ';')) arg.items.push_back(arg_of(item));
  } else {
    const std::size_t open = text.find('[');
    REQUIRE(open != std::string_view::npos);
    arg.kind = CallArg::Kind::kTensor;
    arg.type = text.substr(0, open);
    for (const std::string& dim : split(text.substr(open + 1, text.size() - open - 2), ','))
      arg.dims.push_back(std::stoll(dim));
  }
  return arg;
}

void check_call(std::string_view name, const CallTest& test) {
  const std::string op(name);
  CAPTURE(op);
  CAPTURE(test.args);
  const CallByHand& want = test.want;
  CHECK(is_costed_call(name));
  const auto got = call_cost(call_of(name, test.args));
  REQUIRE(got.has_value());
  const Cost& cost = got->cost;
  CHECK(cost.matrix_flop.value() == want.matrix_flop.value);
  CHECK(cost.vector_flop.value() == want.vector_flop.value);
  CHECK(cost.read.value() == want.read.value);
  CHECK(cost.written.value() == want.written.value);
  CHECK(cost.unique.value() == (want.unique ? want.unique->value : want.read.value + want.written.value));
  CHECK(cost.masked.value() == want.masked.value);
  CHECK(cost.recomputed.value() == want.recomputed.value);
  CHECK(cost.launches.value() == 1);
  CHECK((got->kind == nullptr ? std::string_view() : got->kind->name) == want.kind);
  CHECK(got->flop_known == want.flop_known);
  CHECK(static_cast<int>(got->pass) == static_cast<int>(want.pass));
  CHECK_FALSE(got->shape.empty());
  if (!want.shape.empty()) CHECK(got->shape == want.shape);
}

std::vector<CallTest> all_rows() {
  std::vector<CallTest> all;
  for (const auto& rows : {product_call_rows(), convolution_call_rows(), attention_call_rows(), norm_call_rows(),
                           softmax_call_rows(), elementwise_call_rows(), copy_call_rows(), reduction_call_rows(),
                           indexed_call_rows(), pooling_call_rows(), optimizer_call_rows(), collective_call_rows()})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

TEST_CASE("table of calls: every row has a hand-computed cost, names are unique") {
  std::set<std::string_view> tested;
  const std::vector<CallTest> rows = all_rows();
  for (const CallTest& test : rows) {
    for (const std::string_view name : parts(test.names, ' ')) tested.insert(name);
  }
  std::set<std::string_view> names;
  for (const CallRow& row : call_table()) {
    const std::string name(row.name);
    CAPTURE(name);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.family.empty());
    CHECK_FALSE(is_view_call(row.name));
    const std::string_view stem = row.name.substr(0, row.name.find('*'));
    CHECK(std::any_of(tested.begin(), tested.end(), [&](std::string_view t) {
      return t == name || t == name + "_" || (stem != row.name && t.starts_with(stem));
    }));
  }
}

TEST_CASE("table of calls: an op in place is found by its plain name, an unknown one is not") {
  CHECK(is_costed_call("aten::add_"));
  CHECK(is_costed_call("aten::_foreach_addcdiv_"));
  CHECK(is_costed_call("nccl:_all_gather_base"));
  CHECK_FALSE(is_costed_call("aten::adds"));
  CHECK_FALSE(is_costed_call("_"));
  CHECK_FALSE(is_costed_call(""));
  CHECK_FALSE(is_costed_call("vllm::moe_forward"));
  CHECK_FALSE(call_cost(call_of("vllm::moe_forward", "bf16[4,8]")).has_value());
}

TEST_CASE("views launch nothing; what may copy is none") {
  for (const std::string_view name : {"aten::view", "aten::t", "aten::as_strided", "aten::empty_like", "detach"}) {
    CAPTURE(std::string(name));
    CHECK(is_view_call(name));
  }
  for (const std::string_view name :
       {"aten::to", "aten::_to_copy", "aten::contiguous", "aten::clone", "aten::item", ""}) {
    CAPTURE(std::string(name));
    CHECK_FALSE(is_view_call(name));
  }
}

TEST_CASE("element types, as profilers spell them") {
  struct Row {
    std::string_view name;
    std::optional<Dtype> dtype;
    std::int64_t bits;
  };
  for (const Row& row :
       {Row{"c10::BFloat16", Dtype::kBf16, 16}, Row{"BFloat16", Dtype::kBf16, 16}, Row{"at::Half", Dtype::kFp16, 16},
        Row{"float", Dtype::kFp32, 32}, Row{"torch.float64", Dtype::kFp64, 64}, Row{"double", Dtype::kFp64, 64},
        Row{"c10::Float8_e4m3fn", Dtype::kFp8E4m3, 8}, Row{"c10::Float8_e5m2", Dtype::kFp8E5m2, 8},
        Row{"long int", std::nullopt, 64}, Row{"int", Dtype::kInt32, 32}, Row{"signed char", Dtype::kInt8, 8},
        Row{"unsigned char", std::nullopt, 8}, Row{"bool", std::nullopt, 8},
        Row{"c10::complex<float>", std::nullopt, 64}}) {
    CAPTURE(std::string(row.name));
    const auto type = element_type(row.name);
    REQUIRE(type.has_value());
    CHECK(type->dtype == row.dtype);
    CHECK(type->bits == row.bits);
  }
  for (const std::string_view name : {"", "Scalar", "ScalarList", "TensorList", "flo", "floats", "c10::"}) {
    CAPTURE(std::string(name));
    CHECK_FALSE(element_type(name).has_value());
  }
}

TEST_CASE("tensors moved: each read once, a result as large as the largest; FLOP unknown") {
  // torch.compile's kernels are given what they write.
  const CallCost fused = tensors_moved(call_of("triton_poi_fused_add_relu_0", "fp32[8] fp32[8] fp32[8] =8"));
  CHECK(fused.cost.read == 3 * 4 * 8);
  CHECK(fused.cost.written == 0);
  CHECK(family_of_call("triton_poi_fused_add_relu_0") == "Triton");
  CHECK(family_of_call("aten::mm") == "GEMM");
  CHECK(family_of_call("vllm::moe_forward") == "other");
  const CallCost moved = tensors_moved(call_of("vllm::moe_forward", "bf16[4,8] =1 {fp32[3];i?[5]} long[2] _ ?[7,7]"));
  CHECK(moved.cost.read.value() == 2 * 4 * 8 + 4 * 3 + 8 * 2);
  CHECK(moved.cost.written.value() == 2 * 4 * 8);
  CHECK(moved.cost.flop().value() == 0);
  CHECK(moved.cost.launches.value() == 1);
  CHECK_FALSE(moved.flop_known);
  CHECK(moved.compute == Dtype::kBf16);
  for (const std::string_view args : {"", "_ =1", "?[3]", "bf16[-3,4]", "fp32[4000000000,4000000000,4]"}) {
    CAPTURE(std::string(args));
    const CallCost nothing = tensors_moved(call_of("x", args));
    CHECK(nothing.cost == Cost{});
    CHECK_FALSE(nothing.flop_known);
  }
}

/// Every row with arguments of every wrong kind: nothing is told, or something that is not negative.
TEST_CASE("hostile arguments: no row crashes, none gives a negative count") {
  const std::vector<std::string_view> args = {
      "",
      "_",
      "=1 =2 =3 =4",
      "{}",
      "{} {} {} {} {}",
      "{_;_} {_;_} {_;_} {_;_}",
      "bf16[]",
      "bf16[] bf16[] bf16[] bf16[] bf16[] bf16[] bf16[] bf16[] bf16[]",
      "bf16[0] bf16[0] bf16[0] bf16[0] bf16[0]",
      "bf16[0,0,0,0] bf16[0,0,0,0] bf16[0,0,0,0] =[0,0] =[0,0] =[0,0] =0 =0 =0 =0",
      "bf16[2,2,2,2] bf16[2,2,2,2] bf16[2,2,2,2] =[0,0] =[0,0] =[0,0] =0 =0 =0 =0",
      "bf16[2,2,2,2] =0 =0 =0 =0 =0 =0 =0 =0",
      "bf16[2,2,2,2] =[0,0] =[0,0] =[0,0] =[0,0] =[0,0]",
      "bf16[2,2,2,2] =-9223372036854775808 bf16[2] =-1 =-1 =-1",
      "bf16[2,2,2,2] =[9223372036854775807,1] =[9223372036854775807] =[1] =[1]",
      "bf16[2,2,2,2] =nan =inf =-inf =1e300 =",
      "bf16[-1,-1] bf16[-1,-1] bf16[-1,-1] bf16[-1,-1] bf16[-1,-1]",
      "bf16[1000000000,1000000000] bf16[1000000000,1000000000] bf16[1000000000,1000000000]",
      "bf16[1000000000000000000] bf16[1000000000000000000] bf16[1000000000000000000]",
      "{bf16[1000000000000000000];bf16[9000000000000000000]} {bf16[1000000000000000000]}",
      "bf16[4,1000000000,1000000000,64] bf16[4,1000000000,1000000000,64] bf16[4,1000000000,1000000000,64] =0 =True",
      "long[3] {long[3];bool[3]} long[3] =True long[3] long[3] long[3] long[3] long[3]",
      "bf16[2,3] bf16[4,5] bf16[6,7] bf16[8,9] bf16[10,11] bf16[12,13]",
      "?[2,3] ?[2,3] ?[2,3] ?[2,3] ?[2,3] ?[2,3] ?[2,3]",
      "Scalar[] Scalar[] Scalar[]",
  };
  for (const CallRow& row : call_table()) {
    for (const std::string_view text : args) {
      const std::string name(row.name);
      const std::string given(text);
      CAPTURE(name);
      CAPTURE(given);
      const auto cost = call_cost(call_of(row.name, text));
      if (!cost) continue;
      for (const Count count : {cost->cost.matrix_flop, cost->cost.vector_flop, cost->cost.read, cost->cost.written,
                                cost->cost.unique, cost->cost.masked, cost->cost.recomputed, cost->cost.output})
        CHECK(count.value() >= 0);
    }
  }
}

TEST_CASE("every row: an argument left out, or cut to nothing, does not crash") {
  for (const CallTest& test : all_rows()) {
    const std::string_view name = parts(test.names, ' ').front();
    const Call whole = call_of(name, test.args);
    for (std::size_t i = 0; i < whole.args.size(); ++i) {
      Call cut = whole;
      cut.args.resize(i);
      static_cast<void>(call_cost(cut));
      for (const CallArg& other : {CallArg{}, arg_of("=7"), arg_of("bf16[3]"), arg_of("{}"), arg_of("long[0]")}) {
        Call changed = whole;
        changed.args[i] = other;
        static_cast<void>(call_cost(changed));
      }
    }
  }
}

}  // namespace

Call call_of(std::string_view name, std::string_view args) {
  Call call;
  call.name = name;
  for (const std::string_view part : parts(args, ' ')) call.args.push_back(arg_of(part));
  return call;
}

void check_calls(const std::vector<CallTest>& rows) {
  for (const CallTest& test : rows) {
    for (const std::string_view name : parts(test.names, ' ')) check_call(name, test);
  }
}

void check_untold(const std::vector<std::pair<std::string_view, std::string_view>>& calls) {
  for (const auto& [name, args] : calls) {
    const std::string op(name);
    const std::string given(args);
    CAPTURE(op);
    CAPTURE(given);
    CHECK(is_costed_call(name));
    CHECK_FALSE(call_cost(call_of(name, args)).has_value());
  }
}

}  // namespace gable
