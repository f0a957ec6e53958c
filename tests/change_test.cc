// Changes to what is analysed. Easy to break here: a dtype that narrows activations along with weights, a glob that
// matches too much, rows that are "kept" although there were fewer, two changes of one thing that overwrite each other.
#include "analyzer/study/change.h"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/spec/library.h"
#include "tests/error_text.h"

namespace gable {
namespace {

Configuration configuration(const std::string& model) {
  Configuration base;
  base.model = load_model(model);
  base.options.step.recipe = std::make_shared<const Recipe>(load_recipe(std::string(kIdealRecipe)));
  return base;
}

Configuration with(const std::string& model, const std::vector<std::string>& texts) {
  std::vector<Change> changes;
  for (const std::string& text : texts) changes.push_back(parse_change(text));
  return changed(configuration(model), changes);
}

/// The op of that full path, costed.
OpCost cost_of(const Configuration& configuration, const std::string& path) {
  CostedModel costed;
  cost_model(configuration.model, configuration.options.cost, costed);
  for (std::size_t i = 0; i < costed.ops.size(); ++i) {
    if (configuration.model.full_path(configuration.model.ops[i]) == path) return costed.ops[i];
  }
  FAIL(path);
  return {};
}

TEST_CASE("changes: what is written is what is meant") {
  struct Case {
    std::string text;
    Change::Kind kind;
    std::string target, field, value;
  };
  using Kind = Change::Kind;
  const std::array<Case, 7> cases = {{
      {"V=25128", Kind::kDim, "V", "", "25128"},
      {" B = 2*T ", Kind::kDim, "B", "", "2*T"},
      {"recipe=flash", Kind::kRecipe, "recipe", "", "flash"},
      {"fuse=h/scale..h/softmax", Kind::kFuse, "fuse", "", "h/scale..h/softmax"},
      {"lm_head.dtype=int8", Kind::kField, "lm_head", "dtype", "int8"},
      {"*/fc.dtype=weights=int8,act=bf16", Kind::kField, "*/fc", "dtype", "weights=int8,act=bf16"},
      {"a.b.tokens=1", Kind::kField, "a.b", "tokens", "1"},  // op names may have dots
  }};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Change change = parse_change(c.text);
    CHECK(change.kind == c.kind);
    CHECK(change.target == c.target);
    CHECK(change.field == c.field);
    CHECK(change.value == c.value);
  }
}

TEST_CASE("changes: a dtype alone is that of the weights; activations stay") {
  const OpCost op = cost_of(with("gpt2-split", {"lm_head.dtype=int8"}), "top/lm_head");
  CHECK(op.dtypes.weights == Dtype::kInt8);
  CHECK(op.dtypes.act == Dtype::kFp32);
  CHECK(op.compute == Dtype::kFp32);
  CHECK(op.one.read.value() == 768 * 50257 + 4 * 6 * 768);
  CHECK(op.one.written.value() == 4 * 6 * 50257);
  const OpCost both = cost_of(with("gpt2-split", {"lm_head.dtype=weights=int8,act=bf16"}), "top/lm_head");
  CHECK(both.one.read.value() == 768 * 50257 + 2 * 6 * 768);
  CHECK(cost_of(with("gpt2-split", {"top/h/softmax.dtype=bf16"}), "top/h/softmax").dtypes.act == Dtype::kBf16);
}

TEST_CASE("changes: an op is named in every part, by path, full path or glob") {
  const Configuration both = with("gpt2-split", {"h/fc.dtype=int8"});
  CHECK(cost_of(both, "bottom/h/fc").dtypes.weights == Dtype::kInt8);
  CHECK(cost_of(both, "top/h/fc").dtypes.weights == Dtype::kInt8);
  CHECK(cost_of(both, "top/h/proj").dtypes.weights == Dtype::kFp32);
  const Configuration top = with("gpt2-split", {"top/h/*.dtype=int8"});
  CHECK(cost_of(top, "bottom/h/fc").dtypes.weights == Dtype::kFp32);
  CHECK(cost_of(top, "top/h/fc").dtypes.weights == Dtype::kInt8);
  CHECK(cost_of(top, "top/lm_head").dtypes.weights == Dtype::kFp32);
}

TEST_CASE("changes: fields of ops, and the rows that are kept") {
  CHECK(cost_of(with("gpt2-split", {"lm_head.tokens=1"}), "top/lm_head").one.matrix_flop.value() == 2 * 768 * 50257);
  CHECK(cost_of(with("gpt2-split", {"ln_f.tokens=B"}), "top/ln_f").one.output.value() == 768);  // its field is `rows`
  CHECK(cost_of(with("gpt2-split", {"h/fc.out=2*D"}), "top/h/fc").one.matrix_flop.value() == 2 * 6 * 768 * 2 * 768);
  CHECK(cost_of(with("gpt2-split", {"lm_head.bias=true"}), "top/lm_head").one.params.value() == 769 * 50257);
  // A glob leaves alone what has no such field: 6 rows of every product and norm become 3.
  const Configuration half = with("gpt2-split", {"top/*.tokens=3"});
  CHECK(cost_of(half, "top/h/fc").args.values[0] == 3);
  CHECK(cost_of(half, "top/h/ln_1").args.values[0] == 3);
}

TEST_CASE("changes: their order does not matter") {
  for (const auto& texts : {std::vector<std::string>{"T=12", "lm_head.tokens=12"}, {"lm_head.tokens=12", "T=12"}})
    CHECK(cost_of(with("gpt2-split", texts), "top/lm_head").args.values[0] == 12);
}

TEST_CASE("changes: recipe and fusions") {
  const Configuration then = with("gpt2-split", {"recipe=flash", "fuse=qkv", "fuse=h/ln_1..h/qkv"});
  CHECK(then.options.step.recipe->name == "flash");
  CHECK(then.options.step.fuse == std::vector<std::string>{"qkv", "h/ln_1..h/qkv"});
}

TEST_CASE("changes: what is wrong, and what would be right") {
  struct Wrong {
    std::vector<std::string> changes;
    std::string message;
  };
  const std::string form = " is no change; write DIM=v, recipe=R, fuse=NAME or OP.FIELD=v";
  const std::array<Wrong, 26> cases = {{
      {{"lm_head"}, "--change: 'lm_head'" + form},
      {{""}, "--change: ''" + form},
      {{"=3"}, "--change: '=3'" + form},
      {{"V="}, "--change: 'V='" + form},
      {{".dtype=int8"}, "--change: '.dtype=int8'" + form},
      {{"lm_head.=int8"}, "--change: 'lm_head.=int8'" + form},
      {{"Q=3"}, "--change Q=3: model 'gpt2-split' has no dim 'Q'; known: B, P, past, T, D, H, L, V"},
      {{"B=1.5"}, "--change B=1.5: '1.5' is not a whole number"},
      {{"T=2048"}, "--change T=2048: dim 'T' is 2048; it can be at most P - past = 1024"},
      {{"recipe=flsh"}, "--change recipe=flsh: no recipe 'flsh', did you mean 'flash'?"},
      {{"recipe=/nowhere.yaml"}, "/nowhere.yaml: cannot read: no such file"},
      {{"fuse=qvk"}, "--change fuse=qvk: no fusion 'qvk', nor a run of ops \"a..b\", did you mean 'qkv'?"},
      {{"fuse=h/softmax..h/scale"}, "--change fuse=h/softmax..h/scale: the first op must come before the last"},
      {{"fuse=h/add_2..ln_f"}, "--change fuse=h/add_2..ln_f: 'ln_f' is not in the same block"},
      {{"fuse=wte..lm_head"}, "--change fuse=wte..lm_head: the two ops are in different parts of the model"},
      {{"lm_hed.dtype=int8"},
       "--change lm_hed.dtype=int8: model 'gpt2-split' has no op 'lm_hed', did you mean 'lm_head'?"},
      {{"lm_head.dtpe=int8"},
       "--change lm_head.dtpe=int8: op 'lm_head' (linear) has no field 'dtpe', did you mean 'dtype'?"},
      {{"*.heads=4"},
       "--change *.heads=4: op 'wte' (embedding) has no field 'heads'; known: tokens, vocab, width, dtype"},
      {{"lm_head.dtype=int9"}, "--change lm_head.dtype=int9: unknown dtype 'int9', did you mean 'int8'?"},
      {{"lm_head.tokens=7"},
       "--change lm_head.tokens=7: op 'lm_head' has 6 rows of input; at most that many can be kept"},
      {{"lm_head.tokens=0"}, "--change lm_head.tokens=0: op 'lm_head': tokens = 0 is 0; it must be at least 1"},
      {{"lm_head.out=Q"}, "--change lm_head.out=Q: unknown dim 'Q'; known: B, P, past, T, D, H, L, V"},
      {{"V=1", "V=2"}, "--change V=2: contradicts --change V=1; what is to be compared needs a run each"},
      {{"recipe=flash", "recipe=fused"},
       "--change recipe=fused: contradicts --change recipe=flash; what is to be compared needs a run each"},
      {{"fuse=qkv", "fuse=qkv"}, "--change fuse=qkv is given twice"},
      {{"*head.dtype=int8", "top/lm_head.dtype=int4"},
       "--change top/lm_head.dtype=int4: contradicts --change *head.dtype=int8: both set dtype of 'top/lm_head'"},
  }};
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.message);
    const std::string said = input_error([&] {
      const Configuration then = with("gpt2-split", wrong.changes);
      CostedModel costed;
      cost_model(then.model, then.options.cost, costed);
      return 0;
    });
    CHECK(said == wrong.message);
  }
}

}  // namespace
}  // namespace gable
