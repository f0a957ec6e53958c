// Easy to break here: the order of names (fields, train, operands, let) that number the values, what an entry inherits,
// a key that is accepted and means nothing, a base that builds on what builds on it.
#include "analyzer/spec/recipe_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/library.h"
#include "tests/error_text.h"
#include "tests/temp_folder.h"

namespace gable {
namespace {

constexpr std::string_view kBase = R"(name: base
doc: what the others build on
ops:
  softmax:
    let: {n: rows*width}
    backward: [{kernel: reduce, read: {act: 2*n}, write: {act: n}}]
    saves: {output: {act: n}}
  gelu: {backward: []}
fusions:
  gate: {doc: a gate, chain: [silu, mul]}
optimizers:
  adamw: {states: 2, kernels: [{kernel: stream, read: {weights: 4*params}}]}
)";

Recipe base_only(const std::string& name, const Where& where) {
  if (name == "base")
    return read_recipe(parse_yaml(kBase, "base"), [](const std::string&, const Where&) { return Recipe(); });
  throw InputError(where, "no recipe '" + name + "'");
}

Recipe read(const std::string& body) {
  return read_recipe(parse_yaml("name: mine\ndoc: a test\n" + body, "r.yaml"), base_only);
}

std::string error_of(const std::string& body) {
  return input_error([&] { return read(body); });
}

/// The error of an entry for softmax (fields rows, width) with one line below it.
std::string op_error(const std::string& line) { return error_of("ops:\n  softmax:\n    " + line + "\n"); }

TEST_CASE("recipe: a kernel with all its keys") {
  const Recipe recipe = read(R"(source: a paper
ops:
  softmax:
    let: {n: rows*width, half: ceil(n/2)}
    forward:
      - {kernel: op, sync: true}
      - {name: move, kernel: memcpy, n: n}
    backward:
      - {name: work, kernel: reduce, pass: wgrad, when: train, launches: rows, flop: 3*n, matrix_flop: half, recomputed: half - 1, read: {act: n, weights: 1, kv: 2, accum: 3, index: 4, byte: 5}, write: {act: half}, sync: true}
      - {kernel: copy, n: half}
)");
  CHECK(recipe.name == "mine");
  CHECK(recipe.doc == "a test");
  CHECK(recipe.source == "a paper");
  CHECK(recipe.base.empty());
  const OpRecipe& op = recipe.ops.at("softmax");
  CHECK(op.let_names == std::vector<std::string>{"n", "half"});
  const std::vector<std::int64_t> values = {3, 5, 1, 2, 15, 8};  // rows, width, train, operands, n, half
  CHECK(op.lets[0].evaluate(values) == 15);
  CHECK(op.lets[1].evaluate(values) == 8);
  REQUIRE(op.forward.size() == 2);
  CHECK(op.forward[0].as_op);
  CHECK(op.forward[0].sync);
  CHECK_FALSE(op.forward[1].sync);
  CHECK(op.forward[0].name == "op");
  CHECK(op.forward[1].kernel == KernelClass::kMemcpy);
  CHECK(op.forward[1].reads.at(0).elements.evaluate(values) == 15);
  CHECK(op.forward[1].writes.at(0).elements.evaluate(values) == 15);
  REQUIRE(op.backward->size() == 2);
  const KernelSpec& work = op.backward->front();
  CHECK(work.name == "work");
  CHECK(work.kernel == KernelClass::kReduce);
  CHECK(work.pass == Pass::kWgrad);
  CHECK(work.when->evaluate(values) == 1);
  CHECK(work.launches.evaluate(values) == 3);
  CHECK(work.vector_flop.evaluate(values) == 45);
  CHECK(work.matrix_flop.evaluate(values) == 8);
  CHECK(work.recomputed.evaluate(values) == 7);
  CHECK(work.sync);
  REQUIRE(work.reads.size() == 6);
  const Dtypes dtypes = {Dtype::kInt8, Dtype::kBf16, Dtype::kFp32, Dtype::kFp8E4m3};
  std::vector<std::int64_t> bytes;
  for (const Operand& operand : work.reads)
    bytes.push_back(operand_bytes(operand.tensor, operand.elements.evaluate(values), dtypes).value());
  CHECK(bytes == std::vector<std::int64_t>{2 * 15, 1 * 1, 1 * 2, 4 * 3, 8 * 4, 1 * 5});
  const KernelSpec& copy = op.backward->back();
  CHECK(copy.name == "copy");
  CHECK(copy.pass == Pass::kDgrad);
  CHECK(copy.launches.evaluate(values) == 1);
  CHECK_FALSE(copy.when.has_value());
}

TEST_CASE("recipe: a product's bytes and FLOP follow from its shape") {
  const Recipe recipe = read(
      "ops:\n  linear:\n    backward:\n"
      "      - {kernel: gemm, batch: 2, m: tokens, n: in + 1, k: out, b: weights, c: accum, flop: bias, write: "
      "{weights: out}}\n");
  const KernelSpec& gemm = recipe.ops.at("linear").backward->front();
  const std::vector<std::int64_t> values = {3, 4, 7, 1, 1, 1};  // tokens, in, out, bias, train, operands
  CHECK(gemm.matrix_flop.evaluate(values) == 2 * 2 * 3 * 5 * 7);
  CHECK(gemm.vector_flop.evaluate(values) == 1);
  REQUIRE(gemm.reads.size() == 2);
  REQUIRE(gemm.writes.size() == 2);
  CHECK(gemm.reads[0].tensor == Tensor::kAct);
  CHECK(gemm.reads[0].elements.evaluate(values) == 2 * 3 * 7);
  CHECK(gemm.reads[1].tensor == Tensor::kWeights);
  CHECK(gemm.reads[1].elements.evaluate(values) == 2 * 7 * 5);
  CHECK(gemm.writes[0].tensor == Tensor::kAccum);
  CHECK(gemm.writes[0].elements.evaluate(values) == 2 * 3 * 5);
  CHECK(gemm.writes[1].elements.evaluate(values) == 7);
  REQUIRE(gemm.shape.has_value());
  CHECK(gemm.shape->batch.evaluate(values) == 2);
  CHECK(gemm.shape->m.evaluate(values) == 3);
  CHECK(gemm.shape->n.evaluate(values) == 5);
  CHECK(gemm.shape->k.evaluate(values) == 7);
}

TEST_CASE("recipe: roles of what is kept") {
  const Recipe recipe = read(R"(ops:
  softmax:
    saves: {input: {act: 1}, input2: {act: 2}, output: {act: 3}, weights: {act: 4}, stats: {accum: 5}, index: {index: 6}, constant: {byte: 7}, targets: {index: 8}, probs: {act: 9, when: train}}
)");
  using Role = SavedSpec::Role;
  const std::vector<Role> roles = {Role::kInput, Role::kInput, Role::kOutput, Role::kWeights, Role::kSide,
                                   Role::kSide,  Role::kSide,  Role::kSide,   Role::kInside};
  const std::vector<SavedSpec>& saves = recipe.ops.at("softmax").saves;
  REQUIRE(saves.size() == roles.size());
  for (std::size_t i = 0; i < saves.size(); ++i) {
    CAPTURE(saves[i].name);
    CHECK(saves[i].role == roles[i]);
    CHECK(saves[i].tensor.elements.evaluate({}) == static_cast<std::int64_t>(i) + 1);
    CHECK(saves[i].when.has_value() == (saves[i].name == "probs"));
  }
  CHECK(saves[0].input == 0);
  CHECK(saves[1].input == 1);
}

TEST_CASE("recipe: an entry keeps what it does not restate, names included") {
  const Recipe recipe = read(R"(base: base
ops:
  softmax.custom: {let: {twice: 2*n}, forward: [{kernel: copy, n: twice}]}
  softmax: {saves: {input: {act: n}}}
  tanh: {saves: {output: {act: n}}}
)");
  CHECK(recipe.base == "base");
  CHECK(recipe.source.empty());
  const OpRecipe& kind = recipe.ops.at("softmax");
  CHECK(kind.let_names == std::vector<std::string>{"n"});
  CHECK(kind.forward.at(0).as_op);
  REQUIRE(kind.backward.has_value());
  CHECK(kind.backward->size() == 1);
  CHECK(kind.saves.at(0).name == "input");
  // The form stands first in the file and inherits from the kind all the same.
  const OpRecipe& form = recipe.ops.at("softmax.custom");
  CHECK(form.kind == "softmax");
  CHECK(form.form == "custom");
  CHECK(form.let_names == std::vector<std::string>{"n", "twice"});
  CHECK(form.forward.at(0).kernel == KernelClass::kCopy);
  CHECK(form.backward->size() == 1);
  CHECK(form.saves.at(0).name == "input");
  CHECK(form.forward.at(0).reads.at(0).elements.evaluate(std::vector<std::int64_t>{3, 5, 1, 1, 15, 30}) == 30);
  CHECK(recipe.ops.at("gelu").backward->empty());
  CHECK_FALSE(recipe.ops.at("tanh").backward.has_value());
  CHECK(recipe.find(*find_op("softmax"), "custom") == &form);
  CHECK(recipe.find(*find_op("softmax"), "other") == &kind);
  CHECK(recipe.find(*find_op("linear"), "") == nullptr);
}

TEST_CASE("recipe: a form of the base wins over the kind's new entry") {
  const RecipeSource forms = [](const std::string&, const Where&) {
    return read("ops: {gelu.custom: {forward: [{kernel: copy, n: n}]}}");
  };
  const Recipe recipe = read_recipe(
      parse_yaml("{name: r, doc: d, base: b, ops: {gelu: {backward: []}, gelu.custom: {saves: {input: {act: n}}}}}",
                 "r"),
      forms);
  CHECK(recipe.ops.at("gelu.custom").forward.at(0).kernel == KernelClass::kCopy);
  CHECK_FALSE(recipe.ops.at("gelu.custom").backward.has_value());
}

TEST_CASE("recipe: fusions, optimizers and what runs between ops") {
  const Recipe recipe = read(R"(base: base
fusions:
  norm: {chain: [add, "layernorm|rmsnorm", "dropout?"], kernel: reduce, reads_output: true}
  qkv: {siblings: [linear, linear]}
  heads: {batched: true}
  act: {one_kernel: [gelu, silu]}
  step: {optimizer: slow}
fuse: [norm, gate, norm]
optimizers:
  slow: {doc: naive, states: 1 + 1, kernels: [{kernel: stream, launches: tensors, write: {weights: params}}]}
optimizer_forms: {adamw: slow}
fan_in: {kernel: stream, read: {act: 2*n}, write: {act: n}}
accumulate: {kernel: stream, read: {weights: 2*params}, write: {weights: params}}
)");
  CHECK(recipe.fuse == std::vector<std::string>{"norm", "gate"});
  const FusionSpec& norm = recipe.fusions.at("norm");
  CHECK(norm.kernel == KernelClass::kReduce);
  CHECK(norm.reads_output);
  REQUIRE(norm.chain.size() == 3);
  CHECK(norm.chain[1].kinds == std::vector<const OpKind*>{find_op("layernorm"), find_op("rmsnorm")});
  CHECK(norm.chain[2].optional);
  CHECK(recipe.fusions.at("qkv").siblings.size() == 2);
  CHECK(recipe.fusions.at("heads").batched);
  CHECK(recipe.fusions.at("act").one_kernel.size() == 2);
  CHECK(recipe.fusions.at("step").optimizer == "slow");
  CHECK(recipe.fusions.at("gate").doc == "a gate");
  const OptimizerSpec* optimizer = recipe.find_optimizer("adamw");
  REQUIRE(optimizer != nullptr);
  CHECK(optimizer->name == "slow");
  CHECK(optimizer->states == 2);
  CHECK(optimizer->kernels.at(0).pass == Pass::kOptimizer);
  CHECK(optimizer->kernels.at(0).launches.evaluate(std::vector<std::int64_t>{100, 7}) == 7);
  CHECK(recipe.find_optimizer("slow") == optimizer);
  CHECK(recipe.find_optimizer("lion") == nullptr);
  CHECK(recipe.fan_in->pass == Pass::kDgrad);
  CHECK(recipe.accumulate->pass == Pass::kWgrad);
}

struct Wrong {
  std::string text;
  std::string error;
};

TEST_CASE("recipe: errors of a recipe as a whole") {
  const auto whole = [](const std::string& text) {
    return input_error([&] { return read_recipe(parse_yaml(text, "r.yaml"), base_only); });
  };
  CHECK(whole("doc: d") == "r.yaml:1:1: a recipe has no 'name:'");
  CHECK(whole("name: r") == "r.yaml:1:1: a recipe has no 'doc:'");
  CHECK(whole("[a]") == "r.yaml:1:1: a recipe must be a map of keys and values, not a list");
  CHECK(whole("{name: a b, doc: d}") ==
        "r.yaml:1:8: the recipe's name 'a b' is not a plain name (letters, digits, '.', '_', '-')");
  for (const Wrong& wrong : std::vector<Wrong>{
           {"op: {}", "r.yaml:3:1: unknown key 'op' in a recipe, did you mean 'ops'?"},
           {"base: bsae", "r.yaml:3:7: no recipe 'bsae'"},
           {"ops: []", "r.yaml:3:6: ops must be a map, not a list"},
           {"ops: {linaer: {}}", "r.yaml:3:7: unknown op 'linaer', did you mean 'linear'?"},
           {"ops: {gelu.: {}}", "r.yaml:3:7: 'gelu.' has no plain name after the dot"},
           {"ops: {gelu: }", "r.yaml:3:13: 'gelu' must be a map of keys and values, not nothing"},
           {"ops: {gelu: {forwards: []}}", "r.yaml:3:14: unknown key 'forwards' in 'gelu', did you mean 'forward'?"},
           {"fuse: [gaet]\nbase: base", "r.yaml:3:8: unknown fusion 'gaet', did you mean 'gate'?"},
           {"fuse: []", "r.yaml:3:7: fuse is an empty list"},
           {"fan_in: {kernel: stream, read: {act: params}}", "r.yaml:3:38: unknown name 'params'; known: n"},
           {"fan_in: {kernel: op}",
            "r.yaml:3:9: 'kernel: op' is the op as its row states it, which is a forward kernel"},
           {"accumulate: {kernel: stream, pass: dgrad}", "r.yaml:3:36: unknown pass 'dgrad', did you mean 'wgrad'?"},
       }) {
    CAPTURE(wrong.text);
    CHECK(error_of(wrong.text) == wrong.error);
  }
}

TEST_CASE("recipe: errors of an op") {
  for (const Wrong& wrong : std::vector<Wrong>{
           {"forward: {}", "r.yaml:5:14: kernels must be a list, not a map"},
           {"forward: [op]", "r.yaml:5:15: a kernel must be a map of keys and values, not a value"},
           {"forward: [{name: a}]", "r.yaml:5:15: a kernel has no 'kernel:'"},
           {"forward: [{kernel: gem}]", "r.yaml:5:24: unknown kernel 'gem', did you mean 'gemm'?"},
           {"forward: [{kernel: stream, flops: 1}]",
            "r.yaml:5:32: unknown key 'flops' in a stream kernel, did you mean 'flop'?"},
           {"forward: [{kernel: stream, m: 1}]",
            "r.yaml:5:32: unknown key 'm' in a stream kernel; known: name, kernel, pass, when, launches, flop, "
            "matrix_flop, recomputed, read, write, sync"},
           {"forward: [{kernel: stream, flop: rosw}]", "r.yaml:5:38: unknown name 'rosw', did you mean 'rows'?"},
           {"forward: [{kernel: stream, flop: 2*}]",
            "r.yaml:5:40: expression '2*' ends where a number or a dim is expected"},
           {"forward: [{kernel: stream, read: {acts: 1}}]",
            "r.yaml:5:39: unknown operand 'acts' in read, did you mean 'act'?"},
           {"forward: [{kernel: stream, read: 1}]", "r.yaml:5:38: read must be a map, not a value"},
           {"forward: [{kernel: stream, pass: dgrad}]", "r.yaml:5:38: unknown pass 'dgrad'; known: forward"},
           {"backward: [{kernel: stream, pass: dgard}]", "r.yaml:5:39: unknown pass 'dgard', did you mean 'dgrad'?"},
           {"backward: [{kernel: op}]",
            "r.yaml:5:16: 'kernel: op' is the op as its row states it, which is a forward kernel"},
           {"forward: [{kernel: op, flop: 1}]",
            "r.yaml:5:28: unknown key 'flop' in 'kernel: op', the op as its row states it; known: name, kernel, sync"},
           {"forward: [{kernel: gemm, m: rows, k: width}]", "r.yaml:5:15: a gemm has no 'n:'"},
           {"forward: [{kernel: gemm, n: rows, k: width}]", "r.yaml:5:15: a gemm has no 'm:'"},
           {"forward: [{kernel: gemm, matrix_flop: 1}]",
            "r.yaml:5:43: the matrix_flop of a gemm follows from m, n and k"},
           {"forward: [{kernel: gemm, m: 1, n: 1, k: 1, b: weight}]",
            "r.yaml:5:51: unknown operand 'weight' in b, did you mean 'weights'?"},
           {"let: []", "r.yaml:5:10: let must be a map, not a list"},
           {"let: {rows: 1}", "r.yaml:5:11: name 'rows' is taken by a field of the op or by the base"},
           {"let: {train: 1}", "r.yaml:5:11: name 'train' is taken by a field of the op or by the base"},
           {"let: {max: 1}", "r.yaml:5:11: 'max' is not a name for a number"},
           {"let: {b: a, a: 1}", "r.yaml:5:14: unknown name 'a'; known: rows, width, train, operands"},
           {"saves: []", "r.yaml:5:12: saves must be a map, not a list"},
           {"saves: {input: n}", "r.yaml:5:20: tensor 'input' must be a map, not a value"},
           {"saves: {input: {act: 1, byte: 1}}", "r.yaml:5:20: a saved tensor has one kind of element: {act: n}"},
           {"saves: {input: {when: train}}", "r.yaml:5:20: a saved tensor has one kind of element: {act: n}"},
           {"saves: {input: {atc: 1}}", "r.yaml:5:21: unknown operand 'atc' in tensor 'input', did you mean 'act'?"},
           {"saves: {input3: {act: 1}}", "r.yaml:5:13: an operand that is kept is 'input' or 'input2', not 'input3'"},
       }) {
    CAPTURE(wrong.text);
    CHECK(op_error(wrong.text) == wrong.error);
  }
  CHECK(error_of("base: base\nops: {softmax: {let: {n: 1}}}") ==
        "r.yaml:4:23: name 'n' is taken by a field of the op or by the base");
}

TEST_CASE("recipe: errors of fusions and optimizers") {
  const std::string one_of = " needs one of chain, siblings, batched, one_kernel and optimizer";
  for (const Wrong& wrong : std::vector<Wrong>{
           {"fusions: {f: {doc: d}}", "r.yaml:3:11: fusion 'f'" + one_of},
           {"fusions: {f: {batched: false}}", "r.yaml:3:11: fusion 'f'" + one_of},
           {"fusions: {f: {batched: true, one_kernel: [gelu]}}", "r.yaml:3:11: fusion 'f'" + one_of},
           {"fusions: {f: {batched: yes}}", "r.yaml:3:24: batched must be true or false, not 'yes'"},
           {"fusions: {f: {chian: [add, mul]}}",
            "r.yaml:3:15: unknown key 'chian' in fusion 'f', did you mean 'chain'?"},
           {"fusions: {f: {chain: [ad, mul]}}", "r.yaml:3:23: unknown op 'ad', did you mean 'add'?"},
           {"fusions: {f: {chain: [add, mul|]}}", "r.yaml:3:28: a link of a chain names ops: 'mask|add?'"},
           {"fusions: {f: {chain: [add, \"?\"]}}", "r.yaml:3:28: a link of a chain names ops: 'mask|add?'"},
           {"fusions: {f: {chain: [add]}}", "r.yaml:3:22: a chain has two or more links that are not optional"},
           {"fusions: {f: {chain: [\"add?\", mul]}}", "r.yaml:3:22: the first link of a chain cannot be optional"},
           {"fusions: {f: {siblings: []}}", "r.yaml:3:25: siblings is an empty list"},
           {"fusions: {f: {siblings: [linear, linear], kernel: gemm}}", "r.yaml:3:51: 'kernel:' belongs to a chain"},
           {"fusions: {f: {optimizer: adam}}\nbase: base",
            "r.yaml:3:26: unknown optimizer 'adam', did you mean 'adamw'?"},
           {"optimizers: {o: {states: 2}}", "r.yaml:3:17: optimizer 'o' has no 'kernels:'"},
           {"optimizers: {o: {states: -1, kernels: []}}", "r.yaml:3:26: states must be 0 or more"},
           {"optimizers: {o: {kernels: [{kernel: stream, flop: param}]}}",
            "r.yaml:3:51: unknown name 'param', did you mean 'params'?"},
           {"optimizer_forms: {adamw: adam}\nbase: base",
            "r.yaml:3:26: unknown optimizer 'adam', did you mean 'adamw'?"},
           {"optimizer_forms: {adam: adamw}\nbase: base",
            "r.yaml:3:19: unknown optimizer 'adam', did you mean 'adamw'?"},
       }) {
    CAPTURE(wrong.text);
    CHECK(error_of(wrong.text) == wrong.error);
  }
}

TEST_CASE("recipe: bases are found beside the recipe, then among the shipped ones, and form no cycle") {
  const TempFolder folder;
  const auto recipe = [&](const std::string& name, const std::string& base) {
    return folder.file(name + ".yaml", "name: " + name + "\ndoc: d\nbase: " + base + "\n");
  };
  CHECK(load_recipe(recipe("mine", "pytorch-eager")).ops.contains("rmsnorm.custom"));
  CHECK(load_recipe(recipe("more", "mine")).base == "mine");
  const std::string a = recipe("a", "b");
  const std::string b = recipe("b", "a");
  CHECK(input_error([&] { return load_recipe(a); }) == b + ":3:7: recipe 'a' builds on itself: a -> b -> a");
  const std::string self = recipe("self", "self");
  CHECK(input_error([&] { return load_recipe(self); }) == self + ":3:7: recipe 'self' builds on itself: self -> self");
  const std::string lost = recipe("lost", "pytorch-eagre");
  CHECK(input_error([&] { return load_recipe(lost); }) == lost + ":3:7: no recipe 'pytorch-eagre', neither " +
                                                              folder.path() +
                                                              "/pytorch-eagre.yaml nor a shipped one, did you mean "
                                                              "'pytorch-eager'?");
  CHECK(input_error([] { return load_recipe("flahs"); }) == "--recipe: no recipe 'flahs', did you mean 'flash'?");
}

}  // namespace
}  // namespace gable
