// The shipped models against parameter and MAC integers that are known from elsewhere. Easy to break: a tied table
// counted twice, a bias that an architecture does not have, an optional part that slips into the totals, an embedding
// counted as a product.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "reports/insights.h"
#include "tests/model_sums.h"

namespace gable {
namespace {

/// a / b in units of 1/10000, rounded.
std::int64_t ten_thousandths(std::int64_t a, std::int64_t b) { return (20000 * a + b) / (2 * b); }

TEST_CASE("models: parameters are the published integers") {
  struct Row {
    std::string model;
    std::int64_t params;
  };
  const std::array rows = {
      // tables + 12 blocks of 12 d^2 + 13 d + final LayerNorm; the head is tied
      Row{"gpt2", 50257 * 768 + 1024 * 768 + 12 * (12 * 768 * 768 + 13 * 768) + 2 * 768},
      Row{"gpt2", 124'439'808},
      Row{"gpt2-large", 774'030'080},
      Row{"gpt2-split", 53'559'552 + 52'774'656},  // claims.md (1): bottom + top
      Row{"opt-1.3b", 1'315'758'080},
      Row{"bert-large", 335'141'888},
      Row{"gpt3-xl", 2'879'554'560},
      Row{"gpt3-2.7b", 2'651'553'280},
      Row{"gpt3-175b", 174'604'259'328},
      Row{"chargpt", 2'461'696},
      Row{"cs336-small", 128'625'408},
      Row{"cs336-medium", 423'183'360},
      Row{"cs336-large", 969'411'840},
      Row{"cs336-xl", 1'998'235'200},
      Row{"cs336-2.7b", 3'406'809'600},
      Row{"resnet50", 25'557'032},
      Row{"gemm", 0},
      Row{"attention", 4LL * 1024 * 1024},  // q, k, v and out, no biases
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CHECK(ModelSums(row.model).params() == row.params);
  }
}

TEST_CASE("models: every shipped spec has a title, a source and documented dims, and its notes fill in") {
  const std::vector<std::string> names = list_specs(SpecKind::kModel);
  CHECK(names.size() >= 17);
  for (const std::string& name : names) {
    CAPTURE(name);
    const Model model = load_model(name);
    CHECK(model.name == name);
    CHECK_FALSE(model.title.empty());
    CHECK_FALSE(model.source.empty());
    for (std::size_t i = kFirstDim; i < kFirstDim + model.dim_count; ++i) {
      CAPTURE(model.slots[i].name);
      CHECK_FALSE(model.slots[i].doc.empty());
    }
    AnalysisOptions options;
    options.cost.parts = {"all"};
    for (const std::string& note : notes(analyze(model, load_hardware("a100-pcie-40"), options))) {
      CAPTURE(note);
      CHECK(note.find_first_of("{}") == std::string::npos);
    }
  }
  for (const std::string& name : list_specs(SpecKind::kBlock)) {
    CAPTURE(name);
    const std::string path = find_spec(SpecKind::kBlock, name);
    CHECK_NOTHROW(check_block(
        load_yaml(path), [](const std::string& block, const Where& where) { return load_block("", block, where); }));
  }
}

TEST_CASE("models: gpt2-split, every product of a block") {
  constexpr std::int64_t kT = 6, kD = 768;
  const ModelSums split("gpt2-split");
  struct Row {
    std::string op;
    std::int64_t mac;
    std::int64_t golden;  // claims.md (1)
    std::int64_t bias_adds;
  };
  const std::array rows = {
      Row{"qkv", kT * kD * 3 * kD, 10'616'832, kT * 3 * kD},
      Row{"scores", kT * kT * kD, 27'648, 0},
      Row{"values", kT * kT * kD, 27'648, 0},
      Row{"out", kT * kD * kD, 3'538'944, kT * kD},
      Row{"fc", kT * kD * 4 * kD, 14'155'776, kT * 4 * kD},
      Row{"proj", kT * 4 * kD * kD, 14'155'776, kT * kD},
  };
  for (const std::string part : {"bottom", "top"}) {
    std::int64_t sum = 0;
    std::int64_t bias_adds = 0;
    for (const Row& row : rows) {
      CAPTURE(part);
      CAPTURE(row.op);
      const Cost cost = split.one(part + "/h/" + row.op);
      CHECK(row.mac == row.golden);
      CHECK(cost.matrix_flop == 2 * row.golden);
      CHECK(cost.vector_flop == row.bias_adds);
      sum += row.golden;
      bias_adds += cost.vector_flop.value();
    }
    CHECK(sum == 42'522'624);
    CHECK(split.mac_of_pass(part + "/h/") == sum);
    CHECK(bias_adds == 41'472);
    CHECK(split.pass(part + "/h/").params == 7'087'872);
  }
  // Document 000 counts one of attention's two products.
  CHECK(split.mac_of_pass("top/h/") - split.mac_of_pass("top/h/scores") == 42'494'976);
}

TEST_CASE("models: gpt2-split, parts and the LM head") {
  const ModelSums split("gpt2-split");
  CHECK(split.one("bottom/wte").params == 38'597'376);
  CHECK(split.one("bottom/wpe").params == 786'432);
  CHECK(split.all("bottom/").lookup_params == 38'597'376 + 786'432);
  CHECK(split.params("bottom/") == 53'559'552);
  CHECK(split.params("top/") == 52'774'656);
  CHECK(split.all("top/").lookup_params == 0);
  CHECK(split.mac("bottom/") == 85'045'248);
  CHECK(split.mac("top/") == 316'629'504);
  CHECK(split.all("bottom/").matrix_flop == 170'090'496);
  CHECK(split.all("top/").matrix_flop == 633'259'008);
  CHECK(split.one("top/lm_head").matrix_flop == 463'168'512);
  CHECK(split.one("top/lm_head").vector_flop == 0);
  CHECK(ten_thousandths(split.mac("top/lm_head"), split.mac("top/")) == 7314);  // 73.14 %, not 72 %
  CHECK(ten_thousandths(split.mac("top/"), split.mac("bottom/")) == 37231);     // 3.7231
  // Weights, input and logits: 4 * (V*D + T*D + T*V)
  CHECK(split.one("top/lm_head").unique == 4 * (50257 * 768 + 6 * 768 + 6 * 50257));
}

TEST_CASE("models: a tied head has no parameters of its own, but its bytes are read") {
  const ModelSums gpt2("gpt2");
  CHECK(gpt2.one("model/lm_head").params == 0);
  CHECK(gpt2.one("model/lm_head").param_bytes == 4 * 50257 * 768);
  CHECK(gpt2.one("model/wte").params == 50257 * 768);
  CHECK(gpt2.mac("model/lm_head") == 1024LL * 768 * 50257);
}

TEST_CASE("models: decoders, multiply-adds and scores from their sizes") {
  struct Row {
    std::string model;
    std::int64_t t, d, heads, layers, vocab;
  };
  const std::array rows = {
      Row{"gpt2", 1024, 768, 12, 12, 50257},        Row{"gpt2-large", 1024, 1280, 20, 36, 50257},
      Row{"gpt3-xl", 2048, 3072, 24, 24, 50257},    Row{"gpt3-2.7b", 2048, 2560, 32, 32, 50257},
      Row{"gpt3-175b", 2048, 12288, 96, 96, 50257}, Row{"opt-1.3b", 2048, 2048, 32, 24, 50272},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const auto [model, t, d, heads, layers, vocab] = row;
    const ModelSums sums(model);
    CHECK(sums.mac() == layers * (12 * t * d * d + 2 * t * t * d) + t * d * vocab);
    CHECK(sums.all("model/h/softmax").vector_flop == 5 * layers * heads * t * t);
    const ModelSums four(model, {{"B", "4"}});
    CHECK(four.mac() == 4 * sums.mac());
    CHECK(four.params() == sums.params());
    // The position table ends at T.
    CHECK_THROWS_AS(ModelSums(model, {{"T", std::to_string(t + 1)}}), InputError);
  }
}

TEST_CASE("models: bert-large and its optional heads") {
  constexpr std::int64_t kEncoder = 335'141'888;
  constexpr std::int64_t kClassifier = 1024 * 2 + 2;
  // dense and its bias, LayerNorm, the bias of the tied decoder, next sentence
  constexpr std::int64_t kPretraining = 1024 * 1024 + 1024 + 2 * 1024 + 30522 + 1024 * 2 + 2;
  struct Row {
    std::vector<std::string> parts;
    std::int64_t params;
  };
  const std::array rows = {
      Row{{}, kEncoder},
      Row{{"encoder", "classifier"}, kEncoder + kClassifier},
      Row{{"encoder", "pretraining"}, 336'226'108},  // as published for both pre-training heads
      Row{{"encoder", "pretraining"}, kEncoder + kPretraining},
      Row{{"all"}, kEncoder + kClassifier + kPretraining},
      Row{{"pretraining"}, kPretraining + 30522LL * 1024},  // alone, the decoder owns its table
  };
  for (const Row& row : rows) {
    CAPTURE(row.params);
    CHECK(ModelSums("bert-large", {}, {{}, Mode::kEval, row.parts}).params() == row.params);
  }
  const ModelSums bert("bert-large", {{"T", "128"}});
  // 24 layers of 12 T d^2 + 2 T^2 d, and the pooler on one position
  CHECK(bert.mac() == 24 * (12LL * 128 * 1024 * 1024 + 2LL * 128 * 128 * 1024) + 1024LL * 1024);
}

TEST_CASE("models: resnet50") {
  const ModelSums resnet("resnet50");
  CHECK(resnet.mac() == 4'089'184'256);
  CHECK(resnet.mac("model/fc") == 2048 * 1000);
  CHECK(resnet.mac("model/conv") == 112 * 112 * 64 * 3 * 7 * 7);
  // The stem, then 3 a bottleneck (3 + 4 + 6 + 3 of them) and a projection a stage.
  CHECK(resnet.launches("conv2d") == 1 + 3 * 16 + 4);
  CHECK(resnet.launches("batchnorm") == 53);
  CHECK(resnet.launches("relu") == 1 + 3 * 16);
  CHECK(resnet.launches("add") == 16);
  CHECK(ModelSums("resnet50", {{"B", "8"}}).mac() == 8 * 4'089'184'256);
  CHECK(ModelSums("resnet50", {{"side", "256"}}).params() == 25'557'032);
}

TEST_CASE("models: one decode step, 1023 positions in the cache") {
  const ModelSums step("gpt2", {{"T", "1"}, {"past", "1023"}});
  CHECK(step.one("model/h/qkv").matrix_flop == 2 * 768 * 3 * 768);  // the new position only
  CHECK(step.one("model/h/scores").matrix_flop == 2 * 12 * 1 * 1024 * 64);
  CHECK(step.one("model/h/scores").unique == 4 * (768 + 1024 * 768 + 12 * 1024));  // q, all keys, scores
  CHECK(step.one("model/h/mask").unique == 4 * 2 * 12 * 1024 + 1024);
  CHECK(step.one("model/h/softmax").vector_flop == 5 * 12 * 1024);
  CHECK(step.one("model/h/values").matrix_flop == 2 * 12 * 1 * 64 * 1024);
  CHECK(step.one("model/h/values").output == 768);
  CHECK(step.one("model/wpe").unique == 8 + 2 * 4 * 768);
  CHECK(step.mac() == 12LL * (12 * 768 * 768 + 2 * 1024 * 768) + 768 * 50257);
  CHECK_THROWS_AS(ModelSums("gpt2", {{"T", "2"}, {"past", "1023"}}), InputError);  // the position table ends
  // An int8 cache halves the keys and values that BF16 reads, nothing else.
  const ModelSums bf16("gpt2", {{"T", "1"}, {"past", "1023"}}, {parse_dtype_choice("bf16"), Mode::kEval, {}});
  const ModelSums int8("gpt2", {{"T", "1"}, {"past", "1023"}},
                       {parse_dtype_choice("weights=bf16,act=bf16,kv=int8"), Mode::kEval, {}});
  CHECK(bf16.all().unique - int8.all().unique == 12 * 2 * 1024 * 768);
}

TEST_CASE("models: decode steps add up to the pass over all their positions") {
  struct Row {
    std::string model;
    std::int64_t batch, layers, d;
  };
  const std::array rows = {Row{"gpt2", 1, 12, 768}, Row{"gpt2-split", 1, 2 + 2, 768}, Row{"opt-1.3b", 1, 24, 2048},
                           Row{"cs336-small", 4, 12, 768}, Row{"chargpt", 250, 12, 128}};
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const auto mac = [&](const char* t, const char* past) {
      return ModelSums(row.model, {{"T", t}, {"past", past}}).mac();
    };
    // The pass computes all of each head's 3 x 3 scores, the steps those that are not masked; two products of width d.
    const std::int64_t masked = 3 * 3 - (1 + 2 + 3);
    CHECK(mac("1", "0") + mac("1", "1") + mac("1", "2") == mac("3", "0") - row.batch * row.layers * masked * 2 * row.d);
  }
}

TEST_CASE("models: gemm and attention, the products by hand") {
  CHECK(ModelSums("gemm").mac() == 4096LL * 4096 * 4096);
  CHECK(ModelSums("gemm", {{"N", "8"}}).mac() == 8 * 8 * 8);  // M and K follow N
  const ModelSums wide("gemm", {{"M", "2"}, {"N", "3"}, {"K", "5"}});
  CHECK(wide.mac() == 2 * 3 * 5);
  CHECK(wide.all().unique == 4 * (2 * 5 + 5 * 3 + 2 * 3));
  // Two sequences of 6, width 8, 4 heads of width 2, 2 key/value heads
  const ModelSums grouped("attention", {{"B", "2"}, {"T", "6"}, {"D", "8"}, {"H", "4"}, {"G", "2"}});
  CHECK(grouped.mac("model/qkv") == 2 * 6 * 8 * (8 + 2 * 2 * 2));
  CHECK(grouped.mac("model/attention") == 2 * (2 * 4 * 6 * 6 * 2));
  CHECK(grouped.mac("model/out") == 2 * 6 * 8 * 8);
  CHECK(grouped.params() == 8 * 16 + 8 * 8);
}

}  // namespace
}  // namespace gable
