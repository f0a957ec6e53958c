// CharGPT runs each of its 16 heads as kernels of its own. Easy to break: `count` lost in launches, a dropout that
// costs something in evaluation, a mask or scale kernel that is forgotten, positions looked up once a sequence.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>

#include "analyzer/roofline/analysis.h"
#include "tests/model_sums.h"

namespace gable {
namespace {

constexpr std::int64_t kB = 250, kT = 128, kC = 128, kH = 16, kLayers = 12;
constexpr std::int64_t kTokens = kB * kT;

CostOptions training() { return {{}, Mode::kTrain, {}}; }

TEST_CASE("chargpt: launches by kind add up to 1649 in evaluation and 1865 in training") {
  struct Row {
    std::string kind;
    std::int64_t expected;
  };
  const std::array rows = {
      Row{"linear",
          kLayers * (3 * kH + 3) + 1},  // q, k, v a head; projection and two in the feed-forward layer; the head
      Row{"matmul", kLayers * 2 * kH},
      Row{"layernorm", 2 * kLayers + 1},
      Row{"softmax", kLayers * kH},
      Row{"scale", kLayers * kH},
      Row{"mask", kLayers * kH},
      Row{"concat", kLayers},
      Row{"gelu", kLayers},
      Row{"embedding", 2},
      Row{"add", 2 * kLayers + 1},
  };
  const ModelSums eval("chargpt");
  const ModelSums train("chargpt", {}, training());
  std::int64_t sum = 0;
  for (const Row& row : rows) {
    CAPTURE(row.kind);
    CHECK(eval.launches(row.kind) == row.expected);
    CHECK(train.launches(row.kind) == row.expected);
    sum += row.expected;
  }
  CHECK(eval.launches("linear") == 613);  // claims.md (1)
  CHECK(eval.launches("matmul") == 384);
  CHECK(sum == 613 + 384 + 25 + 192 + 192 + 192 + 12 + 12 + 2 + 25);
  CHECK(sum == 1649);
  CHECK(eval.launches("dropout") == 0);
  CHECK(train.launches("dropout") ==
        kLayers * (kH + 2));  // a head's probabilities; after the projection and the feed-forward layer
  CHECK(train.launches("dropout") == 216);
  CHECK(eval.all().launches == 1649);
  CHECK(train.all().launches == 1649 + 216);
}

TEST_CASE("chargpt: multiply-adds of a layer") {
  const ModelSums model("chargpt");
  struct Row {
    std::string op;
    std::int64_t mac;
    std::int64_t golden;  // claims.md (1)
  };
  const std::array rows = {
      Row{"query", kTokens * kC * kC, 524'288'000},        Row{"key", kTokens * kC * kC, 524'288'000},
      Row{"value", kTokens * kC * kC, 524'288'000},        Row{"scores", kTokens * kT * kC, 524'288'000},
      Row{"values", kTokens * kT * kC, 524'288'000},       Row{"proj", kTokens * kC * kC, 524'288'000},
      Row{"ffn_up", kTokens * kC * 4 * kC, 2'097'152'000}, Row{"ffn_down", kTokens * 4 * kC * kC, 2'097'152'000},
  };
  std::int64_t layer = 0;
  for (const Row& row : rows) {
    CAPTURE(row.op);
    CHECK(row.mac == row.golden);
    CHECK(model.mac_of_pass("model/h/" + row.op) == row.golden);
    layer += row.golden;
  }
  CHECK(model.one("model/h/query").matrix_flop == 2 * 32'768'000);
  CHECK(layer == 7'340'032'000);
  CHECK(model.mac_of_pass("model/h/") == layer);
  CHECK(model.mac("model/h/") == 88'080'384'000);
  CHECK(model.mac("model/head") == 1'048'576'000);
  CHECK(model.mac() == 89'128'960'000);
  CHECK(model.all().matrix_flop == 178'257'920'000);
  CHECK(ModelSums("chargpt", {{"V", "65"}}).all().matrix_flop == 176'693'248'000);
}

TEST_CASE("chargpt: parameters are 2,395,904 + 257 V") {
  for (const std::int64_t vocab : {1, 65, 256, 50257}) {
    CAPTURE(vocab);
    // V*C of the token table, V*C + V of the head
    CHECK(ModelSums("chargpt", {{"V", std::to_string(vocab)}}).params() == 2'395'904 + (2 * kC + 1) * vocab);
  }
  const ModelSums model("chargpt");
  // positions, 12 blocks of 12 C^2 + 13 C (as GPT-2's, the heads together are C x 3C), final LayerNorm
  CHECK(2'395'904 == 128 * kC + kLayers * (12 * kC * kC + 13 * kC) + 2 * kC);
  CHECK(model.one("model/positions").params == 128 * kC);
}

TEST_CASE("chargpt: traffic of a forward pass is 42.4 GB, most of it elementwise") {
  const ModelSums model("chargpt");
  // One head's linear 128 -> 8: x, weights and bias, result
  CHECK(model.one("model/h/query").unique == 4 * (kTokens * kC + kC * 8 + 8 + kTokens * 8));
  // One head's scores: q and k, result
  CHECK(model.one("model/h/scores").unique == 4 * (2 * kTokens * 8 + kTokens * kT));
  CHECK(model.one("model/h/softmax").unique == 4LL * 2 * kTokens * kT);
  CHECK(model.one("model/h/mask").unique == 4LL * 2 * kTokens * kT + kT * kT);  // one byte a mask element, broadcast
  CHECK(model.one("model/positions").unique == 8 * kT + 4LL * 2 * kT * kC);
  CHECK(std::abs(model.all().unique.real() / 1e9 - 42.4) < 0.05);  // claims.md 001
}

TEST_CASE(
    "chargpt: on a datasheet roofline 31.65 ms on an A100, 42.1 ms on an RTX 4090 D; 80 of 83 products are "
    "memory-bound") {
  struct Row {
    std::string hw;
    double ms;  // claims.md 001, what-if
    double tolerance;
    std::int64_t compute_bound;  // of the 83 products a layer
  };
  const std::array rows = {Row{"a100-pcie-40", 31.65, 0.005, 3}, Row{"rtx-4090d", 42.1, 0.05, 0}};
  for (const Row& row : rows) {
    CAPTURE(row.hw);
    const Analysis analysis =
        analyze(load_model("chargpt"), load_hardware(row.hw), {{}, {true, true, false, false}, false});
    CHECK(std::abs(analysis.total.time_s * 1e3 - row.ms) < row.tolerance);
    std::int64_t products = 0;
    std::int64_t compute = 0;
    for (const OpRow& op : analysis.rows) {
      if (analysis.spec(op).group < 0 || op.totals.cost.matrix_flop == Count(0)) continue;
      products += op.cost.count;
      if (op.totals.bound() == Bound::kCompute) compute += op.cost.count;
    }
    CHECK(products == 51 + 32);
    CHECK(compute == row.compute_bound);
  }
}

}  // namespace
}  // namespace gable
