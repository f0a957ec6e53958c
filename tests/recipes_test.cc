// Easy to break here: a kernel lost from a list that was measured, bytes counted twice, a launch that depends on a
// flag, an op kind without a backward pass. Expected bytes are FP32, as sums over the kernels; prediction tables count
// them so.
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/spec/library.h"

namespace gable {
namespace {

using Fields = std::map<std::string, std::int64_t, std::less<>>;

/// Sums over the kernels of one pass that are launched.
struct Sums {
  std::int64_t launches = 0;
  std::int64_t memcpys = 0;
  std::int64_t bytes = 0;  ///< FP32, of the operands in the order read, written
  std::int64_t matrix_flop = 0;
  std::int64_t recomputed = 0;  ///< of matrix_flop
  std::int64_t vector_flop = 0;
};

Sums sums(const std::vector<KernelSpec>& kernels, const std::vector<std::int64_t>& values) {
  Sums total;
  for (const KernelSpec& kernel : kernels) {
    if (kernel.as_op || (kernel.when && kernel.when->evaluate(values) == 0)) continue;
    const bool memcpy = kernel.kernel == KernelClass::kMemcpy;
    (memcpy ? total.memcpys : total.launches) += kernel.launches.evaluate(values);
    total.matrix_flop += kernel.matrix_flop.evaluate(values);
    total.recomputed += kernel.recomputed.evaluate(values);
    total.vector_flop += kernel.vector_flop.evaluate(values);
    for (const auto* operands : {&kernel.reads, &kernel.writes}) {
      for (const Operand& operand : *operands)
        total.bytes += operand_bytes(operand.tensor, operand.elements.evaluate(values), uniform(Dtype::kFp32)).value();
    }
  }
  return total;
}

/// The values of an entry's expressions: fields, `train`, `operands` (2 unless given), names under `let:`.
std::vector<std::int64_t> values_of(const OpRecipe& op, const Fields& fields) {
  std::vector<std::int64_t> values;
  const OpKind& kind = *find_op(op.kind);
  for (const Field& field : kind.fields) {
    if (const auto given = fields.find(field.name); given != fields.end()) {
      values.push_back(given->second);
    } else if (const auto same_as = find_field(kind, field.fallback)) {
      values.push_back(values.at(*same_as));
    } else {
      values.push_back(field.fallback.empty() ? 1 : std::stoll(std::string(field.fallback)));
    }
  }
  values.push_back(1);  // train
  const auto operands = fields.find(kOperandsName);
  values.push_back(operands == fields.end() ? 2 : operands->second);
  for (const Expr& let : op.lets) values.push_back(let.evaluate(values));
  return values;
}

Sums forward(const Recipe& recipe, std::string_view kind, std::string_view form, const Fields& fields) {
  const OpRecipe* op = recipe.find(*find_op(kind), form);
  REQUIRE(op != nullptr);
  return sums(op->forward, values_of(*op, fields));
}

Sums backward(const Recipe& recipe, std::string_view kind, std::string_view form, const Fields& fields) {
  const OpRecipe* op = recipe.find(*find_op(kind), form);
  REQUIRE(op != nullptr);
  REQUIRE(op->backward.has_value());
  return sums(*op->backward, values_of(*op, fields));
}

/// Bytes kept by an entry, side rows apart.
std::int64_t kept(const Recipe& recipe, std::string_view kind, std::string_view form, const Fields& fields, bool side) {
  const OpRecipe* op = recipe.find(*find_op(kind), form);
  REQUIRE(op != nullptr);
  const std::vector<std::int64_t> values = values_of(*op, fields);
  std::int64_t bytes = 0;
  for (const SavedSpec& saved : op->saves) {
    if ((saved.role == SavedSpec::Role::kSide) != side) continue;
    if (saved.when && saved.when->evaluate(values) == 0) continue;
    bytes += operand_bytes(saved.tensor.tensor, saved.tensor.elements.evaluate(values), uniform(Dtype::kFp32)).value();
  }
  return bytes;
}

const Recipe& eager() {
  static const Recipe kRecipe = load_recipe("pytorch-eager");
  return kRecipe;
}
const Recipe& ideal() {
  static const Recipe kRecipe = load_recipe(std::string(kIdealRecipe));
  return kRecipe;
}

// 6 rows of width 10, so N = 60.
constexpr std::int64_t kRows = 6;
constexpr std::int64_t kWidth = 10;
constexpr std::int64_t kN = kRows * kWidth;
const Fields kRowFields = {{"rows", kRows}, {"width", kWidth}};

TEST_CASE("eager: RMSNorm written out is 6 kernels of 28N bytes, and 12 of 96N backward") {
  const Sums fwd = forward(eager(), "rmsnorm", "custom", kRowFields);
  CHECK(fwd.launches == 6);
  // pow 8N, mean 4N + 4r, add eps 8r, rsqrt 8r, mul 8N + 4r, mul weight 8N + 4w
  CHECK(fwd.bytes == 28 * kN + (4 + 8 + 8 + 4) * kRows + 4 * kWidth);
  const Sums bwd = backward(eager(), "rmsnorm", "custom", kRowFields);
  CHECK(bwd.launches == 12);
  // mul w 8N + 4w, mul xhat 12N, sum 4N + 4w, mul r 8N + 4r, mul x 12N, sum 4N + 4r, rsqrt 12r, mean div 8N, pow 8N,
  // scale 8N, mul 12N, accumulate 12N
  CHECK(8 + 12 + 4 + 8 + 12 + 4 + 8 + 8 + 8 + 12 + 12 == 96);
  CHECK(bwd.bytes == 96 * kN + (4 + 4 + 12) * kRows + 2 * 4 * kWidth);
  CHECK(kept(eager(), "rmsnorm", "custom", kRowFields, false) == 2 * 4 * kN);  // x and xhat
}

TEST_CASE("eager: without a gain RMSNorm has 5 kernels forward and 9 backward") {
  const Fields plain = {{"rows", kRows}, {"width", kWidth}, {"affine", 0}};
  CHECK(forward(eager(), "rmsnorm", "custom", plain).launches == 5);
  CHECK(backward(eager(), "rmsnorm", "custom", plain).launches == 9);
}

TEST_CASE("eager: RoPE written out is 7 kernels of 36N bytes, and 11 of 56N backward") {
  const Fields fields = {{"n", kN}};
  CHECK(4 + 4 + 6 + 4 + 4 + 6 + 8 == 36);
  CHECK(forward(eager(), "rope", "custom", fields).launches == 7);
  CHECK(forward(eager(), "rope", "custom", fields).bytes == 36 * kN);
  CHECK(4 * 4 + 2 * 6 + 2 * 4 + 2 * 4 + 12 == 56);
  CHECK(backward(eager(), "rope", "custom", fields).launches == 11);
  CHECK(backward(eager(), "rope", "custom", fields).bytes == 56 * kN);
  // Each of the four products reads one of the two tables.
  const Fields table = {{"n", kN}, {"table", 20}};
  CHECK(forward(eager(), "rope", "custom", table).bytes == 36 * kN + 4 * 4 * 10);
  CHECK(kept(eager(), "rope", "custom", table, false) == 0);
  CHECK(kept(eager(), "rope", "custom", table, true) == 4 * 20);
}

TEST_CASE("eager: softmax written out is 5 kernels of 32S bytes, and 10 of 84S backward") {
  const Sums fwd = forward(eager(), "softmax", "custom", kRowFields);
  CHECK(fwd.launches == 5);
  // max 4S + 4r + 8r, sub 8S + 4r, exp 8S, sum 4S + 4r, div 8S + 4r
  CHECK(4 + 8 + 8 + 4 + 8 == 32);
  CHECK(fwd.bytes == 32 * kN + (12 + 4 + 4 + 4) * kRows);
  const Sums bwd = backward(eager(), "softmax", "custom", kRowFields);
  CHECK(bwd.launches == 10);
  // div 8S + 4r, neg 8S, div 8S + 4r, div 8S + 4r, mul 12S, sum 4S + 4r, accumulate 12S, exp 12S, sum 4S + 4r,
  // max 8S + 8r
  CHECK(8 + 8 + 8 + 8 + 12 + 4 + 12 + 12 + 4 + 8 == 84);
  CHECK(bwd.bytes == 84 * kN + (4 + 4 + 4 + 4 + 4 + 8) * kRows);
  CHECK(kept(eager(), "softmax", "custom", kRowFields, false) == 4 * kN);  // the exponentials
}

TEST_CASE("eager: one element of each stream, bytes forward and backward") {
  struct Row {
    std::string_view kind;
    std::string_view form;
    Fields fields;
    std::int64_t launches;  // forward, besides the op itself
    std::int64_t bytes;
    std::int64_t back_launches;
    std::int64_t back_bytes;
  };
  const std::vector<Row> rows = {
      {"silu", "custom", {{"n", 1}}, 2, 8 + 12, 4, 12 + 12 + 12 + 12},
      {"gelu_tanh", "custom", {{"n", 1}}, 8, 6 * 8 + 2 * 12, 11, 5 * 8 + 6 * 12},
      {"mask", "", {{"n", 1}}, 0, 0, 1, 8 + 1},
      {"mask", "masked_fill", {{"n", 1}}, 1, 8 + 8 + 1, 1, 8 + 1},
      {"dropout", "", {{"n", 1}}, 0, 0, 1, 9},
      {"gelu", "", {{"n", 1}}, 0, 0, 1, 12},
      {"relu", "", {{"n", 1}}, 0, 0, 1, 12},
      {"scale", "", {{"n", 1}}, 0, 0, 1, 8},
      {"mul", "", {{"n", 1}}, 0, 0, 2, 12 + 12},
      {"mul", "", {{"n", 8}, {"other", 2}}, 0, 0, 3, 4 * (8 + 2 + 8) + 4 * (8 + 8 + 8) + 4 * (8 + 2)},
      {"add", "", {{"n", 8}}, 0, 0, 0, 0},
      {"add", "", {{"n", 8}, {"other", 2}}, 0, 0, 1, 4 * (8 + 2)},
      {"add", "", {{"n", 8}, {"other", 2}, {"operands", 1}}, 0, 0, 0, 0},
      {"mul", "", {{"n", 8}, {"other", 2}, {"operands", 1}}, 0, 0, 1, 4 * (8 + 2 + 8)},
      {"split", "", {{"n", 1}}, 0, 0, 1, 8},
      {"concat", "", {{"n", 1}}, 0, 0, 0, 0},
      {"copy", "", {{"n", 1}}, 0, 0, 1, 8},
      {"softmax", "", {{"rows", 1}, {"width", 1}}, 0, 0, 2, 12 + 12},
      // 12 and 8 of x and dy; dgrad reads the gain and two statistics, wgrad the statistics, and writes 2 gradients
      {"layernorm", "", {{"rows", 1}, {"width", 1}}, 0, 0, 2, (12 + 4 + 8) + (8 + 8 + 8)},
      // log_softmax 8, the picked element with its index 4 + 8 + 4; backward zeros 4, scatter 4 + 8 + 4, log_softmax 12
      {"cross_entropy", "", {{"rows", 1}, {"classes", 1}}, 2, 8 + 16, 3, 4 + 16 + 12},
  };
  for (const Row& row : rows) {
    CAPTURE(row.kind);
    CAPTURE(row.form);
    const Sums fwd = forward(eager(), row.kind, row.form, row.fields);
    CHECK(fwd.launches == row.launches);
    CHECK(fwd.bytes == row.bytes);
    const Sums bwd = backward(eager(), row.kind, row.form, row.fields);
    CHECK(bwd.launches == row.back_launches);
    CHECK(bwd.bytes == row.back_bytes);
  }
  CHECK(forward(eager(), "mask", "masked_fill", {{"n", 1}}).memcpys == 1);
}

TEST_CASE("eager: a bias adds one kernel backward, 4 bytes an element of the output") {
  const Fields fields = {{"tokens", 8}, {"in", 3}, {"out", 5}};
  Fields bare = fields;
  bare["bias"] = 0;
  const Sums with = backward(eager(), "linear", "", fields);
  const Sums without = backward(eager(), "linear", "", bare);
  CHECK(without.launches == 2);
  CHECK(with.launches == 3);
  CHECK(with.bytes - without.bytes == 4 * 8 * 5 + 4 * 5);
  CHECK(without.matrix_flop == 2 * (2 * 8 * 3 * 5));
  CHECK(without.bytes == 4 * (8 * 5 + 5 * 3 + 8 * 3) + 4 * (5 * 8 + 8 * 3 + 5 * 3));
}

TEST_CASE("eager: strided operands of a product are copied, 8 bytes an element") {
  // m = 4, n = 4, k = 4: values of attention, whose v is a view and whose result is read through a transpose
  const Fields square = {{"m", 4}, {"n", 4}, {"k", 4}, {"strided_b", 1}, {"strided_out", 1}};
  CHECK(forward(eager(), "matmul", "", square).launches == 1);
  CHECK(forward(eager(), "matmul", "", square).bytes == 8 * 16);
  const Sums bwd = backward(eager(), "matmul", "", square);
  CHECK(bwd.launches == 2 + 3);
  CHECK(bwd.bytes == 2 * 4 * 3 * 16 + 24 * 16);
  CHECK(bwd.matrix_flop == 2 * (2 * 4 * 4 * 4));
  CHECK(backward(eager(), "matmul", "", {{"m", 4}, {"n", 4}, {"k", 4}}).launches == 2);
}

TEST_CASE("eager: a block of CS336 has 49 kernels forward and 91 backward") {
  struct Use {
    std::string_view kind;
    std::string_view form;
    Fields fields;
    std::int64_t times;
  };
  const Fields values = {{"strided_b", 1}, {"strided_out", 1}};
  const std::vector<Use> block = {
      {"rmsnorm", "custom", {}, 2}, {"linear", "", {{"bias", 0}}, 7},
      {"rope", "custom", {}, 2},    {"matmul", "", {}, 1},
      {"scale", "", {}, 1},         {"mask", "", {}, 1},
      {"softmax", "custom", {}, 1}, {"matmul", "", values, 1},
      {"copy", "", {}, 1},          {"add", "", {}, 2},
      {"silu", "custom", {}, 1},    {"mul", "", {}, 1},
  };
  std::int64_t fwd = 0;
  std::int64_t bwd = 0;
  for (const Use& use : block) {
    const OpRecipe* op = eager().find(*find_op(use.kind), use.form);
    std::int64_t as_op = 0;
    for (const KernelSpec& kernel : op->forward) as_op += kernel.as_op ? 1 : 0;
    fwd += use.times * (forward(eager(), use.kind, use.form, use.fields).launches + as_op);
    bwd += use.times * backward(eager(), use.kind, use.form, use.fields).launches;
  }
  CHECK(fwd == 49);
  // x and x2 are used twice, the first norm's output three times, the second's twice
  const std::int64_t fan_ins = 1 + 1 + 2 + 1;
  CHECK(bwd + fan_ins == 91);
  REQUIRE(eager().fan_in.has_value());
  CHECK(sums({*eager().fan_in}, {kN}).bytes == 12 * kN);
  CHECK_FALSE(ideal().fan_in.has_value());
}

TEST_CASE("optimizers: passes over the parameters, kernels and launches") {
  struct Row {
    std::string_view recipe;
    std::string_view name;
    std::int64_t passes;
    std::size_t kernels;
    std::int64_t launches;  // of 10 tensors, 10^9 parameters: 48 times 320 blocks of 65536 elements
    std::int64_t flop;      // a parameter
    std::int64_t states;
  };
  constexpr std::int64_t kParams = 1'000'000'000;
  constexpr std::int64_t kTensors = 10;
  constexpr std::int64_t kFull = 48;  // ceil(10^9/65536/320)
  for (const Row& row : {
           Row{"ideal", "adamw", 7, 1, 1, 14, 2},
           Row{"ideal", "sgd", 3, 1, 1, 2, 0},
           Row{"ideal", "momentum", 5, 1, 1, 4, 1},
           Row{"ideal", "clip", 3, 2, 2, 3, 0},
           Row{"ideal", "zero_grad", 1, 1, 1, 0, 0},
           Row{"pytorch-eager", "adamw-naive", 33, 14, 14 * kTensors, 14, 2},
           Row{"pytorch-eager", "adamw-foreach", 20, 8, 8 * kFull, 14, 2},
           Row{"pytorch-eager", "adamw-fused", 7, 1, kFull, 14, 2},
           Row{"pytorch-eager", "adamw", 20, 8, 8 * kFull, 14, 2},
           Row{"flash", "adamw", 20, 8, 8 * kFull, 14, 2},
           Row{"fused", "adamw", 7, 1, kFull, 14, 2},
           Row{"pytorch-eager", "sgd", 3, 1, kFull, 2, 0},
           Row{"pytorch-eager", "momentum", 8, 3, 3 * kFull, 4, 1},
           Row{"pytorch-eager", "zero_grad", 1, 1, kFull, 0, 0},
           Row{"pytorch-eager", "unscale", 2, 1, kFull, 2, 0},
       }) {
    CAPTURE(row.recipe);
    CAPTURE(row.name);
    const Recipe recipe = load_recipe(std::string(row.recipe));
    const OptimizerSpec* optimizer = recipe.find_optimizer(row.name);
    REQUIRE(optimizer != nullptr);
    const Sums total = sums(optimizer->kernels, {kParams, kTensors});
    CHECK(total.bytes == row.passes * 4 * kParams);
    CHECK(optimizer->kernels.size() == row.kernels);
    CHECK(total.launches == row.launches);
    CHECK(total.vector_flop == row.flop * kParams);
    CHECK(optimizer->states == row.states);
  }
}

TEST_CASE("foreach kernels of many small tensors are limited by the tensors a launch") {
  // 500 tensors of 10 elements: 110 a launch for one list, 64 for two, 48 for three, 36 for four
  const OptimizerSpec* foreach_form = eager().find_optimizer("adamw-foreach");
  CHECK(sums(foreach_form->kernels, {5000, 500}).launches == 4 * 5 + 2 * 8 + 2 * 11);
  CHECK(sums(eager().find_optimizer("adamw-fused")->kernels, {5000, 500}).launches == 14);
}

TEST_CASE("every recipe: each op but custom has a backward pass, and every expression has a value") {
  for (const std::string& name : list_specs(SpecKind::kRecipe)) {
    CAPTURE(name);
    const Recipe recipe = load_recipe(name);
    CHECK(recipe.name == name);
    CHECK_FALSE(recipe.source.empty());
    for (const OpKind* kind : op_table()) {
      CAPTURE(kind->name);
      const OpRecipe* op = recipe.find(*kind, "");
      if (kind->name == kCustomOp) {
        CHECK(op == nullptr);
        continue;
      }
      REQUIRE(op != nullptr);
      CHECK(op->backward.has_value());
    }
    for (const auto& entry : recipe.ops) {
      CAPTURE(entry.first);
      const OpRecipe& op = entry.second;
      const std::vector<std::int64_t> values = values_of(op, {});
      CHECK(sums(op.forward, values).bytes >= 0);
      CHECK(sums(op.backward.value_or(std::vector<KernelSpec>{}), values).bytes >= 0);
      for (const SavedSpec& saved : op.saves) CHECK(saved.tensor.elements.evaluate(values) >= 0);
      for (const KernelSpec& kernel : op.forward) CHECK(kernel.pass == Pass::kForward);
    }
  }
}

TEST_CASE("ideal: no backward pass moves more bytes or launches more kernels than eager's") {
  for (const auto& entry : eager().ops) {
    CAPTURE(entry.first);
    const OpRecipe& op = entry.second;
    if (!op.form.empty()) continue;
    const Fields big = {{"n", 4096},     {"other", 64},      {"rows", 64},       {"width", 64}, {"tokens", 64},
                        {"in", 64},      {"out", 64},        {"classes", 64},    {"vocab", 64}, {"batch", 2},
                        {"heads", 4},    {"head_dim", 64},   {"q_len", 128},     {"m", 64},     {"k", 64},
                        {"nnz", 64},     {"height", 16},     {"channels", 8},    {"kernel", 2}, {"table_rows", 64},
                        {"spatial", 64}, {"in_channels", 8}, {"out_channels", 8}};
    const Sums best = backward(ideal(), op.kind, "", big);
    const Sums real = backward(eager(), op.kind, "", big);
    CHECK(best.bytes <= real.bytes);
    CHECK(best.launches <= real.launches);
  }
}

TEST_CASE("attention: five products backward as one kernel, four as eager's separate ones, keys of groups repeated") {
  const Fields fields = {{"batch", 2}, {"heads", 4}, {"head_dim", 8}, {"q_len", 16}, {"causal", 1}};
  const std::int64_t product = 2 * (2 * 4 * 16 * 16) * 8;
  CHECK(backward(ideal(), "attention", "", fields).matrix_flop == 5 * product);
  CHECK(backward(ideal(), "attention", "", fields).recomputed == product);
  CHECK(backward(load_recipe("flash"), "attention", "", fields).recomputed == product);
  CHECK(backward(load_recipe("flash"), "attention", "", fields).launches == 1);
  const Sums fwd = forward(eager(), "attention", "", fields);
  CHECK(fwd.launches == 5);  // scores, scale, mask, softmax, values
  CHECK(fwd.matrix_flop == 2 * product);
  const Sums bwd = backward(eager(), "attention", "", fields);
  CHECK(bwd.launches == 4 + 2 + 1 + 1);
  CHECK(bwd.matrix_flop == 4 * product);
  Fields grouped = fields;
  grouped["kv_heads"] = 2;
  CHECK(forward(eager(), "attention", "", grouped).launches == 5 + 2);
  CHECK(backward(eager(), "attention", "", grouped).launches == 8 + 2);
  // q, k, v and the probabilities; with groups the repeated k and v instead of their own
  const std::int64_t q = 2 * 4 * 16 * 8;
  const std::int64_t scores = 2 * 4 * 16 * 16;
  CHECK(kept(eager(), "attention", "", fields, false) == 4 * (3 * q + scores));
  CHECK(kept(eager(), "attention", "", grouped, false) == 4 * (3 * q + scores));
  CHECK(kept(ideal(), "attention", "", grouped, false) == 4 * (q + 2 * (q / 2) + q));
}

TEST_CASE("mul: a constant operand is kept beside the activations, and has no gradient") {
  const Fields both = {{"n", 8}, {"other", 2}};
  CHECK(kept(ideal(), "mul", "", both, false) == 4 * (8 + 2));
  CHECK(kept(ideal(), "mul", "", both, true) == 0);
  CHECK(backward(ideal(), "mul", "", both).bytes == 4 * (8 + 8 + 2) + 4 * (8 + 2));
  const Fields constant = {{"n", 8}, {"other", 2}, {"operands", 1}};
  CHECK(kept(ideal(), "mul", "", constant, false) == 0);
  CHECK(kept(ideal(), "mul", "", constant, true) == 4 * 2);
  CHECK(backward(ideal(), "mul", "", constant).bytes == 4 * (8 + 2) + 4 * 8);
}

TEST_CASE("fusions: what each recipe puts in force") {
  CHECK(ideal().fuse.empty());
  CHECK(eager().fuse.empty());
  CHECK(load_recipe("flash").fuse == std::vector<std::string>{std::string(kAttentionFusion)});
  const Recipe fused = load_recipe("fused");
  CHECK(fused.fuse.front() == kAttentionFusion);
  CHECK(fused.fuse.size() > 5);
  CHECK(eager().fusions.at("adamw").optimizer == "adamw-fused");
  const FusionSpec& attention = ideal().fusions.at(std::string(kAttentionFusion));
  REQUIRE(attention.chain.size() == 7);
  CHECK(attention.chain[2].kinds.size() == 2);  // mask|add?
  CHECK(attention.chain[2].optional);
  CHECK_FALSE(attention.chain[3].optional);
  CHECK(attention.kernel == KernelClass::kAttention);
  CHECK(attention.reads_output);
}

}  // namespace
}  // namespace gable
