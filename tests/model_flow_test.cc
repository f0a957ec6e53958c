// What each op consumes. Easy to break here: a default that reaches over a part or into a block's middle, a residual
// that joins the wrong branch, `input` of an inner block that means the outer one, a loss that slips into forward
// costs.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "tests/error_text.h"

namespace gable {
namespace {

CostOptions with_parts(std::vector<std::string> parts) {
  CostOptions options;
  options.parts = std::move(parts);
  return options;
}

YamlNode test_block(const std::string& name, const Where& where) {
  if (name == "inner")
    return parse_yaml(
        "name: inner\nparams: [N]\nops:\n  - {op: gelu, n: N}\n  - {op: add, n: N, from: [gelu, input]}\n",
        "inner.yaml");
  if (name == "outer") {
    return parse_yaml(
        "name: outer\nparams: [N]\nops:\n  - {name: a, op: relu, n: N}\n  - {name: b, op: tanh, n: N, from: input}\n"
        "  - {name: in_2, block: inner, from: a}\n  - {name: in_3, block: inner, repeat: 2}\n",
        "outer.yaml");
  }
  if (name == "bad")
    return parse_yaml("name: bad\nparams: [N]\nops:\n  - {op: gelu, n: N, from: outside}\n", "bad.yaml");
  throw InputError(where, "no block '" + name + "'");
}

Model read(const std::string& text) { return read_model(parse_yaml(text, "m.yaml"), test_block); }

/// A tensor as the name of the op that makes it: "model/h/fc"; "-" for the model's input, "h>" for what enters block h.
std::string name_of(const Model& model, const TensorRef& ref) {
  switch (ref.from) {
    case TensorRef::From::kOp:
      return model.full_path(model.ops.at(ref.index));
    case TensorRef::From::kGroup:
      return model.groups.at(ref.index).path + ">";
    case TensorRef::From::kNowhere:
      break;
  }
  return "-";
}

/// "a, b" for each operand of an op.
std::string inputs_of(const Model& model, std::string_view path) {
  std::string names;
  for (const OpSpec& op : model.ops) {
    if (model.full_path(op) != path) continue;
    for (const TensorRef& ref : op.inputs) names += (names.empty() ? "" : ", ") + name_of(model, ref);
    return names;
  }
  return "no op " + std::string(path);
}

struct Flow {
  std::string op;
  std::string inputs;
};

void check_flow(const Model& model, const std::vector<Flow>& rows) {
  for (const Flow& row : rows) {
    CAPTURE(row.op);
    CHECK(inputs_of(model, row.op) == row.inputs);
  }
}

TEST_CASE("flow: an op consumes the one before, names choose others, repeated operands included") {
  const Model model = read(
      "name: m\ndims: {N: 4}\nops:\n  - {name: ids, op: embedding, tokens: N, vocab: 9, width: 1}\n  - {op: relu, n: "
      "N}\n  - {op: tanh, n: N, from: ids}\n  - {op: mul, n: N, from: [relu, relu]}\n  - {op: add, n: N, from: [mul, "
      "input]}\n  - {custom: {read: N}}\n  - {name: x, custom: {read: N}, from: [tanh, add]}\n  - {name: again, op: "
      "embedding, tokens: N, vocab: 9, width: 1}\n");
  check_flow(model, {{"model/ids", "-"},
                     {"model/relu", "model/ids"},
                     {"model/tanh", "model/ids"},
                     {"model/mul", "model/relu, model/relu"},
                     {"model/add", "model/mul, -"},
                     {"model/custom", "model/add"},
                     {"model/x", "model/tanh, model/add"},
                     {"model/again", "-"}});
}

TEST_CASE("flow: a block stands for the result of its last op, however deep, and `input` for what enters it") {
  const Model model = read(
      "name: m\ndims: {N: 4}\nops:\n  - {op: scale, n: N}\n  - {name: h, block: outer}\n  - {name: g, block: inner, "
      "from: scale}\n  - {op: relu, n: N, from: h}\n");
  check_flow(model, {{"model/scale", "-"},
                     {"model/h/a", "h>"},
                     {"model/h/b", "h>"},
                     {"model/h/in_2/gelu", "h/in_2>"},
                     {"model/h/in_2/add", "model/h/in_2/gelu, h/in_2>"},
                     {"model/h/in_3/gelu", "h/in_3>"},
                     {"model/g/gelu", "g>"},
                     {"model/relu", "model/h/in_3/add"}});
  struct Use {
    std::string path, input, output;
  };
  const std::array<Use, 4> uses = {{{"h", "model/scale", "model/h/in_3/add"},
                                    {"h/in_2", "model/h/a", "model/h/in_2/add"},
                                    {"h/in_3", "model/h/in_2/add", "model/h/in_3/add"},
                                    {"g", "model/scale", "model/g/add"}}};
  REQUIRE(model.groups.size() == uses.size());
  for (std::size_t i = 0; i < uses.size(); ++i) {
    CAPTURE(uses.at(i).path);
    CHECK(model.groups[i].path == uses.at(i).path);
    CHECK(name_of(model, model.groups[i].input) == uses.at(i).input);
    CHECK(model.full_path(model.ops.at(model.groups[i].output)) == uses.at(i).output);
  }
}

TEST_CASE("flow: a part goes on with the last one that is not optional; `part/op` reaches any earlier part") {
  const Model model = read(
      "name: m\nparts:\n  - {name: a, ops: [{op: relu, n: 4}, {op: tanh, n: 4}]}\n  - {name: b, optional: true, ops: "
      "[{op: gelu, n: 4}]}\n  - {name: c, ops: [{op: silu, n: 4}, {op: add, n: 4, from: [a/relu, b/gelu]}]}\nloss:\n  "
      "- "
      "{op: scale, n: 4}\n");
  check_flow(model, {{"a/relu", "-"},
                     {"b/gelu", "a/tanh"},
                     {"c/silu", "a/tanh"},
                     {"c/add", "a/relu, b/gelu"},
                     {"loss/scale", "c/add"}});
}

TEST_CASE("flow: the loss is a part that only --parts brings in") {
  const Model model = read("name: m\nrecipe: lazy\nops: [{op: relu, n: 4}]\nloss: [{op: scale, n: 4, form: own}]\n");
  CHECK(model.recipe == "lazy");
  CHECK(model.ops[0].form.empty());
  CHECK(model.ops[1].form == "own");
  REQUIRE(model.parts.size() == 2);
  CHECK(model.parts[1].name == "loss");
  CHECK(model.parts[1].loss);
  CHECK_FALSE(model.parts[0].loss);
  CHECK(selected_parts(model, {}) == std::vector<bool>{true, false});
  CHECK(selected_parts(model, with_parts({"loss"})) == std::vector<bool>{false, true});
  CHECK(selected_parts(model, with_parts({"all"})) == std::vector<bool>{true, true});
}

TEST_CASE("flow: wrong names are said with their place") {
  struct Wrong {
    std::string text;
    std::string message;
  };
  const auto ops = [](const std::string& op) {
    return "name: m\nops:\n  - {name: w1, op: relu, n: 4}\n  - " + op + "\n  - {name: w3, op: relu, n: 4}\n";
  };
  const std::array<Wrong, 14> cases = {{
      {ops("{op: add, n: 4, from: [w1, w3]}"), "m.yaml:4:32: 'w3' comes later; an op consumes what came before"},
      {ops("{op: add, n: 4, from: [w1, w4]}"), "m.yaml:4:32: unknown activation 'w4', did you mean 'w1'?"},
      {ops("{op: add, n: 4, from: elsewhere}"), "m.yaml:4:27: unknown activation 'elsewhere'; known: input, w1"},
      {ops("{op: add, n: 4, from: add}"), "m.yaml:4:27: 'add' cannot consume its own result"},
      {ops("{op: add, n: 4, from: []}"), "m.yaml:4:27: from is an empty list"},
      {ops("{op: add, n: 4, from: {a: b}}"), "m.yaml:4:27: from must be a text, not a map"},
      {ops("{name: input, op: add, n: 4}"),
       "m.yaml:4:5: 'input' stands for what enters the list; give the op another name"},
      {ops("{op: embedding, tokens: 4, vocab: 4, width: 4, from: w1}"),
       "m.yaml:4:58: op 'embedding' (embedding) consumes no activation; remove 'from:'"},
      {ops("{op: add, n: 4, form: a b}"),
       "m.yaml:4:27: form 'a b' is not a plain name (letters, digits, '.', '_', '-')"},
      {"name: m\ndims: {N: 4}\nops:\n  - {name: outside, op: relu, n: N}\n  - {block: bad}\n",
       "bad.yaml:4:28: unknown activation 'outside'; known: input"},
      {"name: m\ndims: {N: 4}\nops:\n  - {op: relu, n: N}\n  - {block: inner, from: [relu]}\n",
       "m.yaml:5:26: from must be a text, not a list"},
      {"name: m\nrecipe: a/b\nops: [{op: relu, n: 4}]\n",
       "m.yaml:2:9: recipe 'a/b' is not a plain name (letters, digits, '.', '_', '-')"},
      {"name: m\nparts:\n  - {name: loss, ops: [{op: relu, n: 4}]}\nloss: [{op: relu, n: 4}]\n",
       "m.yaml:3:12: 'loss:' makes a part of this name; give the part another name"},
      {"name: m\nops: [{op: relu, n: 4}]\nloss: []\n", "m.yaml:3:7: loss is an empty list"},
  }};
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.text);
    CHECK(input_error([&] { return read(wrong.text); }) == wrong.message);
  }
}

}  // namespace
}  // namespace gable
