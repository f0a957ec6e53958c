// Memory of a step. Easy to break: a tensor that two ops keep counted twice, pieces of a tensor taken for one tensor,
// what passes through dropout in evaluation, instances of a head against one shared input, masks of one byte.
#include "analyzer/study/memory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "analyzer/spec/library.h"

namespace gable {
namespace {

struct Setting {
  std::string model;
  std::vector<std::pair<std::string, std::string>> dims = {};
  std::string recipe = "pytorch-eager";
  StepOptions step = {};
  Mode mode = Mode::kTrain;
  DtypeChoice dtype = {};
};

Memory memory_of(const Setting& setting) {
  Model model = load_model(setting.model);
  for (const auto& [dim, value] : setting.dims) set_dim(model, dim, value);
  AnalysisOptions options;
  options.step = setting.step;
  if (options.step.phase == Phase::kForward) options.step.phase = Phase::kStep;
  options.step.recipe = std::make_shared<const Recipe>(load_recipe(setting.recipe));
  options.cost.mode = setting.mode;
  options.cost.dtype = setting.dtype;
  return study_memory(prepare(std::move(model), std::move(options)));
}

/// Elements and bytes kept below a path ("model/h/"), statistics apart.
struct Sum {
  std::int64_t elements = 0;
  std::int64_t bytes = 0;
};
Sum kept_below(const Memory& memory, const std::string& path) {
  Sum sum;
  for (const SavedRow& row : memory.saved) {
    if (row.again || row.held != Held::kSaved) continue;
    if (!memory.model.full_path(memory.model.ops[row.op]).starts_with(path)) continue;
    sum.elements += row.elements.value();
    sum.bytes += row.bytes.value();
  }
  return sum;
}

// cs336-2.7b: B=4, T=256, D=2560, F=10240, H=32, L=32, V=10000
constexpr std::int64_t kN = 4LL * 256 * 2560;
constexpr std::int64_t kF = 4LL * 256 * 10240;
constexpr std::int64_t kS = 4LL * 32 * 256 * 256;
constexpr std::int64_t kLogits = 4LL * 256 * 10000;
constexpr std::int64_t kParams = 3'406'809'600;

TEST_CASE("memory: cs336-2.7b keeps 10N + 5F + 2S elements a layer") {
  const Memory memory = memory_of({"cs336-2.7b"});
  CHECK(memory.parameters.elements == kParams);
  CHECK(10 * kN + 5 * kF + 2 * kS == 95'420'416);
  CHECK(kept_below(memory, "model/h/").elements == 32 * (10 * kN + 5 * kF + 2 * kS));
  CHECK(memory.saved_elements == 32 * 95'420'416LL + 3 * kN + kLogits);
  CHECK(memory.saved_elements == 3'071'557'632);
  CHECK(memory.saved_bytes == 4 * 3'071'557'632LL);
  CHECK(memory.added_up() == 16 * kParams + 4 * 3'071'557'632LL);
}

TEST_CASE("memory: document 002's counting") {
  const Memory memory = memory_of({"cs336-2.7b"});
  REQUIRE(memory.document);
  CHECK(memory.document->layer_elements == 8 * kN + kS + kLogits);
  CHECK(memory.document->layer_elements == 39'600'128);
  CHECK(memory.document->all_elements == kN + 32 * (7 * kN + kS) + kLogits);
  CHECK(memory.document->all_elements == 868'499'456);
  CHECK(memory.document->total() == 16 * kParams + 4 * 868'499'456LL);
  CHECK(memory.document->total() == 57'982'951'424);
}

// chargpt: B=250, T=128, D=128, 16 heads of width 8, L=12. claims.md, document 001.
TEST_CASE("memory: chargpt keeps 4(8N + 2S + 2F) + S + 2N bytes a layer, in evaluation 4(8N + S + 2F)") {
  constexpr std::int64_t kCharN = 250LL * 128 * 128;
  constexpr std::int64_t kCharS = 250LL * 16 * 128 * 128;
  constexpr std::int64_t kCharF = 250LL * 128 * 512;
  constexpr std::int64_t kTrain = 4 * (8 * kCharN + 2 * kCharS + 2 * kCharF) + kCharS + 2 * kCharN;
  constexpr std::int64_t kEval = 4 * (8 * kCharN + kCharS + 2 * kCharF);
  static_assert(kTrain == 860'160'000);
  static_assert(kEval == 524'288'000);
  CHECK(kept_below(memory_of({"chargpt"}), "model/h/").bytes == 12 * kTrain);
  Setting eval{"chargpt"};
  eval.mode = Mode::kEval;
  CHECK(kept_below(memory_of(eval), "model/h/").bytes == 12 * kEval);
}

// Korthikanti et al. 2022, Reducing Activation Recomputation in Large Transformer Models, arXiv:2205.05198, equation 2:
// 34*s*b*h + 5*a*s*s*b bytes a layer; equation 6: 34*s*b*h with selective recomputation. Its GELU is one kernel.
TEST_CASE("memory: a GPT layer in bf16 keeps 34 sbh + 5 a s^2 b bytes") {
  for (const std::string b : {"1", "4"}) {
    CAPTURE(b);
    Setting setting{"gpt2", {{"B", b}}};
    setting.step.fuse = {"gelu"};
    setting.dtype = {Dtype::kBf16, Dtype::kBf16, {}, Dtype::kBf16};
    const std::int64_t sbh = 1024LL * std::stoll(b) * 768;
    const std::int64_t scores = 12LL * 1024 * 1024 * std::stoll(b);
    CHECK(kept_below(memory_of(setting), "model/h/").bytes == 12 * (34 * sbh + 5 * scores));
    setting.step.recompute = Recompute::kAttention;
    CHECK(kept_below(memory_of(setting), "model/h/").bytes == 12 * 34 * sbh);
    setting.step.recompute = Recompute::kBlock;
    CHECK(kept_below(memory_of(setting), "model/h/").bytes == 12 * 2 * sbh);
  }
}

TEST_CASE("memory: GELU written out keeps three tensors more") {
  const std::int64_t sbh = 1024LL * 768;
  Setting fused{"gpt2"};
  fused.step.fuse = {"gelu"};
  const Sum with = kept_below(memory_of({"gpt2"}), "model/h/");
  CHECK(with.elements - kept_below(memory_of(fused), "model/h/").elements == 12 * 3 * 4 * sbh);
}

TEST_CASE("memory: flash attention keeps nothing that grows with T*T") {
  for (const std::string t : {"256", "512"}) {
    CAPTURE(t);
    Setting setting{"cs336-2.7b", {{"T", t}}, "flash"};
    const std::int64_t n = 4 * std::stoll(t) * 2560;
    const std::int64_t f = 4 * std::stoll(t) * 10240;
    const Memory memory = memory_of(setting);
    CHECK(kept_below(memory, "model/h/").elements == 32 * (10 * n + 5 * f));
    std::int64_t rows = 0;  // the logarithm of the sum of each row, in FP32
    for (const SavedRow& row : memory.saved) {
      if (row.name == "stats" && memory.model.ops[row.op].name == "softmax") rows += row.bytes.value();
    }
    CHECK(rows == 32 * 4LL * 4 * 32 * std::stoll(t));
  }
}

constexpr double kGib = 1024.0 * 1024 * 1024;

TEST_CASE("memory: cs336-2.7b needs most at the end of the backward pass, and where gradients stay, at its beginning") {
  const Memory memory = memory_of({"cs336-2.7b"});
  CHECK(memory.peak().pass == Pass::kDgrad);
  CHECK(memory.peak().turn == 0);  // of 32 blocks the first
  CHECK(memory.peak().held.total().real() / kGib == doctest::Approx(50.9).epsilon(0.001));
  Setting kept{"cs336-2.7b"};
  kept.step.keep_gradients = true;
  const Memory keeps = memory_of(kept);
  const double added = keeps.added_up().real() / kGib;
  CHECK(added == doctest::Approx(62.208).epsilon(0.0001));
  CHECK(keeps.peak().held.total().real() / kGib > added);
  CHECK(keeps.peak().held.total().real() / kGib < added + 0.25);
  // All that is kept is still there, and the first backward pass makes the gradient of the logits: that of the loss.
  CHECK(keeps.model.ops[keeps.peak().op].name == "cross_entropy");
  CHECK(keeps.peak().pass == Pass::kDgrad);
  CHECK(keeps.peak().turn == 0);  // in no block
  CHECK(keeps.peak().held[Held::kSaved] == keeps.sums[Held::kSaved]);
  CHECK(keeps.peak().held[Held::kGradientsOfActivations] == 4 * kLogits);
}

TEST_CASE("memory: what the step allocated is free when the optimizer runs") {
  for (const std::string& name : list_specs(SpecKind::kModel)) {
    if (name == "gemm" || name == "attention") continue;  // no parameters to train, or no result to start from
    for (const std::string recipe : {"ideal", "pytorch-eager", "flash", "fused"}) {
      for (const Recompute recompute : {Recompute::kNone, Recompute::kBlock, Recompute::kAttention}) {
        for (const bool amp : {false, true}) {
          CAPTURE(name);
          CAPTURE(recipe);
          CAPTURE(recompute_name(recompute));
          CAPTURE(amp);
          Setting setting{name, {}, recipe};
          setting.step.recompute = recompute;
          if (amp) setting.step.amp = Dtype::kBf16;
          const Memory memory = memory_of(setting);
          REQUIRE(memory.timeline.update);
          const HeldBytes& held = memory.timeline.events[*memory.timeline.update].held;
          CHECK(held[Held::kGradients] == held[Held::kParameters]);
          for (const Held gone : {Held::kSaved, Held::kStatistics, Held::kWeightCopies, Held::kLoss, Held::kActivations,
                                  Held::kGradientsOfActivations})
            CHECK(held[gone] == 0);
        }
      }
    }
  }
}

TEST_CASE("memory: more sequences never need less") {
  for (const std::string& name : list_specs(SpecKind::kModel)) {
    if (name == "gemm") continue;
    Count before = 0;
    for (const std::string b : {"1", "2", "3", "8"}) {
      CAPTURE(name);
      CAPTURE(b);
      const Count needed = memory_of({name, {{"B", b}}}).needed();
      CHECK(needed >= before);
      before = needed;
    }
  }
}

/// Bytes of tensors that are dropped and computed again.
std::int64_t again_bytes(const Memory& memory) {
  Count bytes;
  for (const SavedRow& row : memory.saved) {
    if (row.again && row.held == Held::kSaved) bytes += row.bytes;
  }
  return bytes.value();
}

TEST_CASE("memory: recomputation trades exactly what it drops") {
  for (const std::string name : {"gpt2", "cs336-2.7b", "chargpt", "opt-1.3b"}) {
    const std::int64_t all = kept_below(memory_of({name}), "").bytes;
    Count needed = memory_of({name}).peak().held.total();
    for (const Recompute recompute : {Recompute::kAttention, Recompute::kBlock}) {
      CAPTURE(name);
      CAPTURE(recompute_name(recompute));
      Setting setting{name};
      setting.step.recompute = recompute;
      const Memory memory = memory_of(setting);
      CHECK(again_bytes(memory) > 0);
      CHECK(kept_below(memory, "").bytes + again_bytes(memory) == all);
      // where gradients make the peak, at the end of the backward pass, there is nothing to gain
      if (name != "cs336-2.7b") CHECK(memory.peak().held.total() < needed);
      needed = memory.peak().held.total();
    }
  }
}

TEST_CASE("memory: a recomputed block keeps what enters it, however its ops are merged") {
  for (const std::string recipe : {"pytorch-eager", "flash", "fused"}) {
    CAPTURE(recipe);
    Setting setting{"cs336-2.7b", {}, recipe};
    setting.step.recompute = Recompute::kBlock;
    CHECK(kept_below(memory_of(setting), "model/h/").elements == 32 * kN);
    setting.step.recompute = Recompute::kAttention;  // one kernel has nothing to drop
    if (recipe != "pytorch-eager") CHECK(again_bytes(memory_of(setting)) == 0);
  }
}

TEST_CASE("memory: autocast keeps narrow inputs and a narrow copy of each matrix, tied ones too") {
  Setting setting{"gpt2"};
  setting.step.amp = Dtype::kBf16;
  const Memory memory = memory_of(setting);
  constexpr std::int64_t kLayer = 12LL * 768 * 768 + 9 * 768;  // four products with biases
  CHECK(memory.sums[Held::kWeightCopies] == 2 * (12 * kLayer + 50257LL * 768));
  CHECK(memory.sums[Held::kParameters] == 4 * 124'439'808LL);
  CHECK(memory.sums[Held::kStates] == 8 * 124'439'808LL);
  // qkv and fc each keep a cast of what their norm wrote in FP32
  for (const SavedRow& row : memory.saved) {
    const std::string& op = memory.model.ops[row.op].path;
    if ((op == "h/qkv" || op == "h/fc") && row.name == "input") CHECK(row.bytes == 12 * 2 * 1024 * 768);
  }
}

TEST_CASE("memory: each product casts its input for itself") {
  Setting setting{"cs336-2.7b"};
  setting.step.amp = Dtype::kBf16;
  const Memory memory = memory_of(setting);
  for (const std::string name : {"q", "k", "v"}) {  // autocast caches casts of weights only
    const auto found = std::find_if(memory.saved.begin(), memory.saved.end(), [&](const SavedRow& row) {
      return memory.model.ops[row.op].name == name && row.name == "input";
    });
    REQUIRE(found != memory.saved.end());
    CHECK(found->bytes == 32 * 2 * kN);
  }
}

TEST_CASE("memory: a fused kernel keeps what its backward pass works from, and no mask of dropout") {
  Setting setting{"gpt2"};
  setting.step.fuse = {"dropout_add", "masked_softmax"};
  const Memory gpt2 = memory_of(setting);
  constexpr std::int64_t kScores = 12LL * 1024 * 1024;
  CHECK(kept_below(gpt2, "model/h/scale").elements == 12 * kScores);                  // before the softmax
  CHECK(kept_below(gpt2, "model/h/values").elements == 12 * (kScores + 1024 * 768));  // what dropout left, and V
  CHECK(kept_below(gpt2, "model/h/attn_drop").elements == 0);
  CHECK(kept_below(gpt2, "model/h/out_drop").elements == 0);
  // LayerNorm needs its input; the sum is not written, so both addends are kept. One of them enters the block, or is
  // what the first norm wrote: the products behind that keep it.
  setting = Setting{"bert-large"};
  setting.step.fuse = {"add_norm"};
  const Memory bert = memory_of(setting);
  CHECK(kept_below(bert, "encoder/h/add_1").elements == 24 * 512 * 1024);
  CHECK(kept_below(bert, "encoder/h/add_2").elements == 24 * 512 * 1024);
}

TEST_CASE("memory: merged products keep their input once") {
  Setting setting{"chargpt"};
  setting.step.fuse = {"heads", "qkv"};
  constexpr std::int64_t kCharN = 250LL * 128 * 128;
  const Memory memory = memory_of(setting);
  CHECK(kept_below(memory, "model/h/query").elements == 12 * kCharN);
  CHECK(kept_below(memory, "model/h/key").elements == 0);
  CHECK(kept_below(memory, "model/h/").bytes == kept_below(memory_of({"chargpt"}), "model/h/").bytes);
}

TEST_CASE("memory: a model that runs too many ops one by one is refused") {
  Model model = load_model("gpt2");
  set_dim(model, "L", "100000");
  AnalysisOptions options;
  options.step.phase = Phase::kStep;
  options.step.recipe = std::make_shared<const Recipe>(load_recipe("pytorch-eager"));
  options.cost.mode = Mode::kTrain;
  const Prepared prepared = prepare(std::move(model), options);
  CHECK_THROWS_WITH_AS(study_memory(prepared),
                       "memory: model 'gpt2' runs 1,900,008 ops one after the other; at most 200,000 can be followed",
                       InputError);
}

}  // namespace
}  // namespace gable
