// The model language: what is easy to break here is the place of a complaint (line and column of the word that is
// wrong, not of the map around it) and checks that silently stop checking. Every text is asserted whole.
#include "analyzer/spec/model_reader.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace gable {
namespace {

constexpr const char* kScaleBlock = "name: s\nparams: [N]\nops:\n  - {op: scale, n: N}\n";

YamlNode test_block(const std::string& name, const Where& where) {
  if (name == "s") return parse_yaml(kScaleBlock, "s.yaml");
  if (name == "loop") return parse_yaml("name: loop\nparams: [N]\nops:\n  - {block: loop}\n", "loop.yaml");
  if (name == "lazy") return parse_yaml("name: lazy\nparams: [N, M]\nops:\n  - {op: scale, n: N}\n", "lazy.yaml");
  throw InputError(where, "no block '" + name + "'");
}

Model read(const std::string& text) { return read_model(parse_yaml(text, "m.yaml"), test_block); }

CostOptions with_parts(std::vector<std::string> parts) {
  CostOptions options;
  options.parts = std::move(parts);
  return options;
}

CostedModel costed(const Model& model, const CostOptions& options = {}) {
  CostedModel result;
  cost_model(model, options, result);
  return result;
}

/// The message that reading and costing the text ends with, "" if it is right.
std::string complaint(const std::string& text) {
  try {
    static_cast<void>(costed(read(text)));
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

/// A model with these dims and one op that uses N.
std::string with_dims(const std::string& dims) { return "name: m\ndims:\n" + dims + "ops:\n  - {op: scale, n: N}\n"; }

std::string with_op(const std::string& op) { return "name: m\ndims: {N: 4}\nops:\n  - " + op + "\n"; }

struct Wrong {
  std::string text;
  std::string message;
};

TEST_CASE("wrong dims are named with their place") {
  const std::array<Wrong, 17> cases = {{
      {with_dims("  N: 0\n"), "m.yaml:3:6: dim 'N' is 0; it must be at least 1"},
      {with_dims("  N: -3\n"), "m.yaml:3:6: dim 'N' is -3; it must be at least 1"},
      {with_dims("  N: 1.5\n"), "m.yaml:3:6: '1.5' is not a whole number"},
      {with_dims("  N: .nan\n"), "m.yaml:3:6: unexpected '.' in expression '.nan'"},
      {with_dims("  N: nan\n"), "m.yaml:3:6: unknown dim 'nan'"},
      {with_dims("  N: 1e9\n"), "m.yaml:3:6: '1e9' is not a whole number"},
      {with_dims("  N: 99999999999999999999\n"), "m.yaml:3:6: the number exceeds 9.2e18 (64-bit integer)"},
      {with_dims("  N: 4000000000*4000000000\n"),
       "m.yaml:3:6: '4000000000*4000000000' exceeds 9.2e18 (64-bit integer)"},
      {with_dims("  D: 768\n  H: 7\n  N: D/H\n"),
       "m.yaml:5:6: 'D/H' is 768/7, not a whole number; use ceil() or floor() if rounding is meant"},
      {with_dims("  D: 2\n  N: D/(D-2)\n"), "m.yaml:4:6: 'D/(D-2)' divides by zero"},
      {with_dims("  N: 2*M\n  M: 3\n"), "m.yaml:3:8: dim 'M' is used before it is defined in line 4; move it up"},
      {with_dims("  N: 2*M\n  M: K\n  K: N\n"), "m.yaml:3:8: dims depend on each other in a cycle: N -> M -> K -> N"},
      {with_dims("  N: N\n"), "m.yaml:3:6: dims depend on each other in a cycle: N -> N"},
      {with_dims("  N: 4\n  M: 3\n"), "m.yaml:4:3: dim 'M' is not used by anything; remove it or use it"},
      {with_dims("  N: 4\n  max: 3\n"),
       "m.yaml:4:3: 'max' is not a name for a dim (letters, digits, '_'; not a function)"},
      {with_dims("  P: 4\n  N: {value: 5, max: P}\n"), "m.yaml:4:14: dim 'N' is 5; it can be at most P = 4"},
      {with_dims("  N: {value: 5, mx: 4}\n"), "m.yaml:3:17: unknown key 'mx' in dim 'N', did you mean 'max'?"},
  }};
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.text);
    CHECK(complaint(wrong.text) == wrong.message);
  }
}

TEST_CASE("wrong ops are named with their place") {
  const std::array<Wrong, 15> cases = {{
      {with_op("{op: matmull, m: N, n: N, k: N}"), "m.yaml:4:10: unknown op 'matmull', did you mean 'matmul'?"},
      {with_op("{op: scale, n: M}"), "m.yaml:4:20: unknown dim 'M'; known: N"},
      {with_op("{op: scale, n: 2*Nn}"), "m.yaml:4:22: unknown dim 'Nn', did you mean 'N'?"},
      {with_op("{op: scale, m: N}"),
       "m.yaml:4:17: unknown key 'm' in op 'scale' (scale); known: n, name, op, from, form, count, dtype, tied"},
      {with_op("{op: linear, in: N, out: N}"),
       "m.yaml:4:5: op 'linear' (linear) has no 'tokens:' (rows of the input (batch x sequence))"},
      {with_op("{op: scale, n: N-4}"), "m.yaml:4:20: op 'scale': n = N-4 is 0; it must be at least 1"},
      {with_op("{op: scale, n: N, count: 0}"), "m.yaml:4:30: op 'scale': count is 0; it must be at least 1"},
      {with_op("{op: linear, tokens: N, in: N, out: N, bias: yes}"),
       "m.yaml:4:50: bias of op 'linear' must be true or false, not 'yes'"},
      {with_op("{op: scale, n: N, dtype: fp31}"), "m.yaml:4:30: unknown dtype 'fp31', did you mean 'fp32'?"},
      {with_op("{op: scale, n: N, dtype: {wts: int8}}"),
       "m.yaml:4:31: unknown tensor class 'wts'; known: weights, act, accum, kv"},
      {with_op("{op: custom, flop: N}"),
       "m.yaml:4:10: a custom op is written 'custom: {flop: ..., read: ..., write: ...}'"},
      {with_op("{custom: {flops: N}}"), "m.yaml:4:15: unknown key 'flops' in custom, did you mean 'flop'?"},
      {with_op("{n: N}"), "m.yaml:4:5: an op needs 'op: KIND', 'block: NAME' or 'custom: {...}'"},
      {with_op("scale"), "m.yaml:4:5: an op must be a map of keys and values, not a value"},
      {with_op("{op: matmul, m: N*1000000000, n: N*1000000000, k: N*1000000000}"),
       "m.yaml:4:5: op 'matmul': a count exceeds 9.2e18 (64-bit integer)"},
  }};
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.text);
    CHECK(complaint(wrong.text) == wrong.message);
  }
}

TEST_CASE("wrong structure is named with its place") {
  const std::string op = "{op: scale, n: 4}";
  const std::array<Wrong, 12> cases = {{
      {"- a\n", "m.yaml:1:1: a model must be a map of keys and values, not a list"},
      {"ops: [" + op + "]\n", "m.yaml:1:1: a model has no 'name:'"},
      {"name: m\n", "m.yaml:1:1: a model has either 'parts:' or 'ops:'"},
      {"name: ../m\nops: [" + op + "]\n",
       "m.yaml:1:7: the model's name '../m' is not a plain name (letters, digits, '.', '_', '-')"},
      {"nam: m\nops: [" + op + "]\n", "m.yaml:1:1: unknown key 'nam' in a model, did you mean 'name'?"},
      {"name: m\nops: []\n", "m.yaml:2:6: ops is an empty list"},
      {"name: m\nops: [" + op + ", " + op + "]\n",
       "m.yaml:2:26: name 'scale' is given twice in this list; names must differ"},
      {"name: m\nparts:\n  - {name: a, ops: [" + op + "]}\n  - {name: a, ops: [" + op + "]}\n",
       "m.yaml:4:12: part 'a' is given twice"},
      {"name: m\nops:\n  - {block: ../s}\n",
       "m.yaml:3:13: the block's name '../s' is not a plain name (letters, digits, '.', '_', '-')"},
      {"name: m\nops:\n  - {block: s}\n", "m.yaml:3:5: parameter 'N' of the block is not given; add it to 'with:'"},
      {"name: m\nops:\n  - {block: loop, with: {N: 4}}\n", "loop.yaml:4:13: block 'loop' uses itself: loop -> loop"},
      {"name: m\nops:\n  - {block: lazy, with: {N: 4, M: 3}}\n",
       "lazy.yaml:2:13: dim 'M' is not used by anything; remove it or use it"},
  }};
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.text);
    CHECK(complaint(wrong.text) == wrong.message);
  }
}

TEST_CASE("ties are checked") {
  const std::string table = "  - {name: wte, op: embedding, tokens: 3, vocab: 10, width: 4}\n";
  const auto model = [&](const std::string& head) { return "name: m\nops:\n" + table + "  - " + head + "\n"; };
  CHECK(complaint(model("{name: head, op: linear, tokens: 3, in: 4, out: 11, bias: false, tied: wte}")) ==
        "m.yaml:4:5: op 'head' is tied to 'wte', but has 44 weights where that has 40");
  CHECK(complaint(model("{name: head, op: linear, tokens: 3, in: 4, out: 10, tied: wtee}")) ==
        "m.yaml:4:63: no op 'wtee' to tie to, did you mean 'model/wte'?");
  CHECK(complaint(model("{name: head, op: linear, tokens: 3, in: 4, out: 10, tied: head}")) ==
        "m.yaml:4:63: an op cannot be tied to itself");
  const CostedModel tied = costed(read(model("{name: head, op: linear, tokens: 3, in: 4, out: 10, tied: wte}")));
  CHECK(tied.ops[1].one.params == Count(10));                      // its own bias
  CHECK(tied.ops[1].one.param_bytes == Count((4 * 10 + 10) * 4));  // all of it is read
}

TEST_CASE("blocks repeat, nest their names and bind by name") {
  const Model model = read(
      "name: m\ndims: {N: 8, L: 3}\nops:\n  - {name: a, block: s, repeat: L}\n  - {name: b, block: s, with: {N: "
      "N/2}}\n");
  const CostedModel result = costed(model);
  REQUIRE(result.ops.size() == 2);
  CHECK(model.ops[0].path == "a/scale");
  CHECK(result.ops[0].executions == 3);
  CHECK(result.ops[0].one.output == Count(8));
  CHECK(result.ops[1].executions == 1);
  CHECK(result.ops[1].one.output == Count(4));
}

TEST_CASE("custom ops follow the dtype and count as stated") {
  const Model model = read(
      with_op("{custom: {flop: 5*N, read: 2*N*act_bits/8, write: N*act_bits/8, params: N, matrix: true}, count: 2}"));
  CostOptions options;
  const OpCost fp32 = costed(model).ops[0];
  CHECK(fp32.one.matrix_flop == Count(20));
  CHECK(fp32.one.vector_flop == Count(0));
  CHECK(fp32.one.read == Count(2 * 4 * 4));
  CHECK(fp32.one.params == Count(4));
  CHECK(fp32.executions == 2);
  options.dtype = parse_dtype_choice("bf16");
  CHECK(costed(model, options).ops[0].one.read == Count(2 * 4 * 2));
}

TEST_CASE("an op's dtype wins over --dtype, which wins over the model's") {
  const Model model =
      read("name: m\ndtype: fp16\nops:\n  - {name: a, op: scale, n: 8}\n  - {name: b, op: scale, n: 8, dtype: fp64}\n");
  CHECK(costed(model).ops[0].dtypes.act == Dtype::kFp16);
  CostOptions options;
  options.dtype = parse_dtype_choice("bf16");
  CHECK(costed(model, options).ops[0].dtypes.act == Dtype::kBf16);
  CHECK(costed(model, options).ops[1].dtypes.act == Dtype::kFp64);
}

TEST_CASE("parts: optional ones are costed only where asked for") {
  const Model model = read(
      "name: m\nparts:\n  - {name: a, ops: [{op: scale, n: 4}]}\n  - {name: b, optional: true, ops: [{op: scale, n: "
      "4}]}\n");
  CHECK(selected_parts(model, {}) == std::vector<bool>{true, false});
  CHECK(selected_parts(model, with_parts({"b"})) == std::vector<bool>{false, true});
  CHECK(selected_parts(model, with_parts({"all"})) == std::vector<bool>{true, true});
}

TEST_CASE("a file with very many dims ends soon") {
  std::string dims = "  d0: 1\n";
  for (int i = 1; i < 20'000; ++i) dims += "  d" + std::to_string(i) + ": d" + std::to_string(i - 1) + "\n";
  CHECK(complaint(with_dims(dims)) == "m.yaml:1003:3: more than 1000 dims");
}

TEST_CASE("--set takes expressions over earlier dims only") {
  Model model = read("name: m\ndims: {D: 4, N: 2*D}\nops:\n  - {op: scale, n: N}\n");
  set_dim(model, "N", "3*D");
  CHECK(costed(model).ops[0].one.output == Count(12));
  set_dim(model, "D", "5");
  CHECK(costed(model).ops[0].one.output == Count(15));
  CHECK_THROWS_WITH_AS(set_dim(model, "D", "N"), "--set D=N: only dims before 'D' can be used, 'N' is not", InputError);
}

}  // namespace
}  // namespace gable
