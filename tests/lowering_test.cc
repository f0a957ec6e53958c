// From ops to kernels. Easy to break here: a kernel counted once an op instead of once an instance, a gradient added
// where there is only one, a fused op that still runs, the shared input of a fusion read twice.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "analyzer/lowering/lower.h"
#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "tests/approx.h"

namespace gable {
namespace {

AnalysisOptions with(const std::string& recipe, Phase phase = Phase::kForward, Mode mode = Mode::kEval) {
  AnalysisOptions options;
  options.cost.mode = mode;
  options.step.phase = phase;
  options.step.recipe = std::make_shared<const Recipe>(load_recipe(recipe));
  options.roofs = parse_roofs("compute,dram");
  return options;
}

Analysis analyzed(const std::string& model, const AnalysisOptions& options, const std::string& hw = "a100-pcie-40") {
  return analyze(load_model(model), load_hardware(hw), options);
}

/// Launches by "forward" or "backward", of the ops under a path or of all.
std::map<std::string, std::int64_t> launches(const Analysis& analysis, const std::string& under, bool only_gemm) {
  std::map<std::string, std::int64_t> sums;
  for (const OpRow& row : analysis.rows) {
    if (analysis.spec(row).path.rfind(under, 0) != 0) continue;
    for (const KernelRow& kernel : row.kernels) {
      if (only_gemm && kernel.kernel.kernel != KernelClass::kGemm) continue;
      const bool forward = kernel.kernel.pass == Pass::kForward;
      sums[forward ? "forward" : "backward"] += (kernel.kernel.one.launches * Count(kernel.kernel.executions)).value();
    }
  }
  return sums;
}

TEST_CASE("lowering: a cs336 block has 49 kernels forward and 91 backward in eager PyTorch") {
  // prediction.md, section 4: RMSNorm 2*6, RoPE 2*7, linear 7, bmm 2, softmax 5, scale and mask 2, v copy, merge,
  // residual 2, SwiGLU 3 | RMSNorm 2*12, RoPE 2*11, linear 14, bmm 4, softmax 10, scale and mask 2, v copies 3, merge,
  // residual and fan-in 5, SwiGLU 6.
  constexpr std::int64_t kForward = 2 * 6 + 2 * 7 + 7 + 2 + 5 + 2 + 1 + 1 + 2 + 3;
  constexpr std::int64_t kBackward = 2 * 12 + 2 * 11 + 14 + 4 + 10 + 2 + 3 + 1 + 5 + 6;
  static_assert(kForward == 49 && kBackward == 91);
  const Analysis step = analyzed("cs336-small", with("pytorch-eager", Phase::kStep));
  CHECK(launches(step, "h/", false)["forward"] == 12 * kForward);
  CHECK(launches(step, "h/", false)["backward"] == 12 * kBackward);
}

TEST_CASE("lowering: products of cs336-small, 7 linears and 2 bmm a layer and the head, three times in a step") {
  const Analysis step = analyzed("cs336-small", with("pytorch-eager", Phase::kStep));
  CHECK(launches(step, "", true)["forward"] == (7 * 12 + 1) + 2 * 12);
  CHECK(launches(step, "", true)["backward"] == 2 * ((7 * 12 + 1) + 2 * 12));  // 255 + 72 in all
}

TEST_CASE("lowering: CharGPT in eager PyTorch, 1649 launches in evaluation and 1865 in training") {
  // 613 linears, 384 bmm, 25 LayerNorms, 192 each of scale, mask, softmax, 12 GELU, 12 cat, 25 additions, 2 embeddings.
  constexpr std::int64_t kEval = 613 + 384 + 25 + 3 * 192 + 12 + 12 + 25 + 2;
  static_assert(kEval == 1649);
  const Analysis eval = analyzed("chargpt", with("pytorch-eager"));
  CHECK(eval.total.cost.launches.value() == kEval);
  CHECK(eval.total.cost.memcpys.value() == 192);  // the copy of an out-of-place masked_fill is no kernel
  CHECK(launches(eval, "", true)["forward"] == 997);
  const Analysis train = analyzed("chargpt", with("pytorch-eager", Phase::kForward, Mode::kTrain));
  CHECK(train.total.cost.launches.value() == kEval + 12 * (16 + 2));  // dropout: each head, after proj and ffn
}

TEST_CASE("lowering: CharGPT's heads fused, claims.md 001") {
  struct Case {
    const char* recipe;
    std::vector<std::string> fuse;
    std::int64_t launches;
    double a100_ms;
    double rtx_4090d_ms;
  };
  const std::array<Case, 4> cases = {{
      {"ideal", {}, 1649, 31.7, 42.1},
      {"ideal", {"qkv"}, 1649 - 12 * 47, 27.1, 32.9},               // 48 products of a layer become 1
      {"ideal", {"qkv", "heads"}, 1085 - 12 * 5 * 15, 27.1, 32.9},  // scores, scale, mask, softmax, values: 16 to 1
      {"flash", {"qkv", "heads"}, 185 - 12 * 4, 11.7, 8.0},         // those five become 1
  }};
  for (const Case& c : cases) {
    CAPTURE(c.recipe);
    AnalysisOptions options = with(c.recipe);
    options.step.fuse = c.fuse;
    const Analysis a100 = analyzed("chargpt", options);
    CHECK(a100.total.cost.launches.value() == c.launches);
    CHECK(a100.total.time_s * 1e3 == doctest::Approx(c.a100_ms).epsilon(0.05 / c.a100_ms));
    const Analysis rtx = analyzed("chargpt", options, "rtx-4090d");
    CHECK(rtx.total.time_s * 1e3 == doctest::Approx(c.rtx_4090d_ms).epsilon(0.05 / c.rtx_4090d_ms));
  }
}

TEST_CASE("lowering: a chain keeps what is between its ops on the chip") {
  // Scores to values of one head of CharGPT: reads Q, K, V and the mask, writes the result and FP32 row statistics; 7
  // FLOP a score beside the products (scale 1, mask 1, softmax 5).
  AnalysisOptions options = with("flash");
  const Analysis flash = analyzed("chargpt", options);
  constexpr std::int64_t kB = 250;
  constexpr std::int64_t kT = 128;
  constexpr std::int64_t kDh = 8;
  const auto values = std::find_if(flash.rows.begin(), flash.rows.end(),
                                   [&](const OpRow& row) { return flash.spec(row).path == "h/values"; });
  REQUIRE(values->kernels.size() == 1);
  const Kernel& kernel = values->kernels.front().kernel;
  CHECK(kernel.kernel == KernelClass::kAttention);
  CHECK(kernel.executions == 12 * 16);
  CHECK(kernel.one.matrix_flop.value() == 2 * 2 * kB * kT * kT * kDh);
  CHECK(kernel.one.vector_flop.value() == 7 * kB * kT * kT);
  CHECK(kernel.one.read.value() == 3 * 4 * kB * kT * kDh + kT * kT);
  CHECK(kernel.one.written.value() == 4 * kB * kT * kDh + 4 * kB * kT);
}

TEST_CASE("lowering: flash attention does 5 products backward, 4 of them without recomputation") {
  AnalysisOptions options = with("flash", Phase::kBackward, Mode::kEval);
  const Analysis flash = analyzed("cs336-small", options);
  constexpr std::int64_t kProduct = 2LL * 4 * 12 * 512 * 512 * 64;  // B=4, 12 heads, T=512, width 64
  const auto values = std::find_if(flash.rows.begin(), flash.rows.end(), [&](const OpRow& row) {
    return flash.spec(row).path == "h/merge";
  });  // the last of them
  REQUIRE(values->kernels.size() == 1);
  const Cost& cost = values->kernels.front().kernel.one;
  CHECK(cost.matrix_flop.value() == 5 * kProduct);
  CHECK(cost.recomputed.value() == kProduct);
  CHECK(cost.masked.value() == 2 * kProduct);  // half of the four
  // Reads Q, K, V, the result and its gradient (5N), the mask and the row statistics, writes dQ, dK, dV.
  constexpr std::int64_t kN = 4LL * 512 * 768;
  CHECK(cost.read.value() == 4 * 5 * kN + 512 * 512 + 4 * 4 * 12 * 512);
  CHECK(cost.written.value() == 4 * 3 * kN);
}

TEST_CASE("lowering: FLOP conventions of a step of cs336-small") {
  constexpr std::int64_t kForward = 533'968'453'632;  // claims.md (1)
  constexpr std::int64_t kAttention = 2LL * 12 * 2 * 805'306'368;
  AnalysisOptions options = with("pytorch-eager", Phase::kStep);
  options.step.recompute = Recompute::kAttention;
  struct Case {
    const char* word;
    std::int64_t flop;
  };
  const std::array<Case, 3> cases = {{{"executed", 3 * kForward + kAttention},
                                      {"model", 3 * kForward},
                                      {"causal-halved", 3 * (kForward - kAttention / 2)}}};
  for (const Case& c : cases) {
    const char* word = c.word;
    const std::int64_t flop = c.flop;
    CAPTURE(word);
    options.flops = parse_flops(word);
    const Analysis step = analyzed("cs336-small", options);
    CHECK(step.total.cost.matrix_flop.value() == flop);
    CHECK(step.total.hfu() / step.total.mfu() ==
          rel(static_cast<double>(3 * kForward + kAttention) / static_cast<double>(3 * kForward)));
  }
}

TEST_CASE("lowering: recomputing blocks does their forward pass once more, the rest of the model once") {
  constexpr std::int64_t kForward = 533'968'453'632;
  constexpr std::int64_t kHead = 2 * 15'728'640'000;
  AnalysisOptions options = with("pytorch-eager", Phase::kStep);
  options.step.recompute = Recompute::kBlock;
  const Analysis step = analyzed("cs336-small", options);
  CHECK(step.total.cost.recomputed.value() == kForward - kHead);
  CHECK(step.total.cost.matrix_flop.value() == 3 * kForward + kForward - kHead);
}

TEST_CASE("lowering: AdamW over the parameters of cs336-small, passes of 4 bytes an element") {
  constexpr std::int64_t kParams = 128'625'408;
  struct Case {
    const char* name;
    std::int64_t passes;
  };
  const std::array<Case, 4> cases = {{{"adamw-naive", 33}, {"adamw-foreach", 20}, {"adamw-fused", 7}, {"adamw", 20}}};
  for (const Case& c : cases) {
    const char* name = c.name;
    const std::int64_t passes = c.passes;
    CAPTURE(name);
    AnalysisOptions options = with("pytorch-eager", Phase::kOptimizer);
    options.step.optimizer = name;
    const Analysis update = analyzed("cs336-small", options);
    CHECK(update.total.cost.touched().value() == 4 * passes * kParams);
  }
}

/// Kernels of that name of an op.
std::vector<Kernel> kernels_of(const Analysis& analysis, const std::string& path, std::string_view name) {
  std::vector<Kernel> found;
  for (const OpRow& row : analysis.rows) {
    for (const KernelRow& kernel : row.kernels) {
      if (analysis.spec(row).path == path && kernel.kernel.name == name) found.push_back(kernel.kernel);
    }
  }
  return found;
}

TEST_CASE("lowering: autocast converts the weights of every product, tied and merged ones too") {
  AnalysisOptions options = with("pytorch-eager");
  options.step.amp = Dtype::kBf16;
  // The tied head of GPT-2 owns no matrix, but F.linear gets a copy of the table: 50257 x 768, read as FP32, written
  // as BF16; before it the final norm's FP32 output, 1024 x 768.
  const std::vector<Kernel> head = kernels_of(analyzed("gpt2", options), "lm_head", "cast");
  REQUIRE(head.size() == 2);
  CHECK(head[0].one.read.value() == 4LL * 1024 * 768);
  CHECK(head[1].one.read.value() == 4LL * 50257 * 768);
  CHECK(head[1].one.written.value() == 2LL * 50257 * 768);
  // q, k and v of the 16 heads of CharGPT, each 128 x 8 and 8 biases, as one matrix and one vector
  options.step.fuse = {"qkv"};
  const std::vector<Kernel> qkv = kernels_of(analyzed("chargpt", options), "h/query", "cast");
  REQUIRE(qkv.size() == 2);
  CHECK(qkv[0].one.read.value() == 4LL * 250 * 128 * 128);  // the norm's output, once
  CHECK(qkv[1].one.read.value() == 4LL * 3 * 16 * (128 * 8 + 8));
  CHECK(qkv[1].one.launches.value() == 2);
  CHECK(qkv[1].executions == 12);
}

TEST_CASE("lowering: autocast leaves a sum of two dtypes in the wider one, and narrows the gradient of the other") {
  AnalysisOptions options = with("pytorch-eager", Phase::kStep, Mode::kTrain);
  options.step.amp = Dtype::kFp16;
  const Analysis step = analyzed("cs336-small", options);
  constexpr std::int64_t kN = 4LL * 512 * 768;
  const std::vector<Kernel> sum = kernels_of(step, "h/add_1", "add");  // of `out` in FP16 and the residual in FP32
  REQUIRE(sum.size() == 1);
  CHECK(sum[0].one.read.value() == (2 + 4) * kN);
  CHECK(sum[0].one.written.value() == 4 * kN);
  const std::vector<Kernel> casts = kernels_of(step, "h/add_1", "cast");
  REQUIRE(casts.size() == 1);
  CHECK(casts[0].pass == Pass::kDgrad);
  CHECK(casts[0].one.read.value() == 4 * kN);
  CHECK(casts[0].one.written.value() == 2 * kN);
}

TEST_CASE("lowering: the gradient of a tied matrix is the sum of two") {
  const Analysis step = analyzed("gpt2", with("pytorch-eager", Phase::kBackward, Mode::kTrain));
  const std::vector<Kernel> sums = kernels_of(step, "wte", "fan_in");
  REQUIRE(sums.size() == 1);
  CHECK(sums[0].pass == Pass::kWgrad);
  CHECK(sums[0].one.touched().value() == 3LL * 4 * 50257 * 768);  // two read, one written
  CHECK(sums[0].executions == 1);
  CHECK(kernels_of(analyzed("cs336-small", with("pytorch-eager", Phase::kBackward, Mode::kTrain)), "embedding",
                   "fan_in")
            .empty());  // not tied
}

TEST_CASE("lowering: a run of ops reads a tensor once, and hands back the gradients of its weights") {
  const std::string text =
      "name: m\ndtype: fp32\nops:\n"
      "  - {name: first, op: relu, n: 64}\n"
      "  - {name: up, op: relu, n: 64}\n"
      "  - {name: norm, op: layernorm, rows: 8, width: 8}\n"
      "  - {name: sum, op: add, n: 64, from: [norm, first]}\n"
      "  - {name: last, op: mul, n: 64, from: [sum, first]}\n";
  const auto no_blocks = [](const std::string&, const Where&) -> YamlNode { return {}; };
  AnalysisOptions options = with("ideal", Phase::kStep, Mode::kTrain);
  options.step.fuse = {"norm..last"};
  const Analysis step =
      analyze(read_model(parse_yaml(text, "m.yaml"), no_blocks), load_hardware("a100-pcie-40"), options);
  const std::vector<Kernel> runs = kernels_of(step, "last", "norm..last");
  REQUIRE(runs.size() == 2);
  // forward: `up`, `first` once although two ops use it, 16 weights; the result
  CHECK(runs[0].one.read.value() == 4 * (64 + 64 + 16));
  CHECK(runs[0].one.written.value() == 4 * 64);
  // backward: the same, the result's gradient, mean and deviation of 8 rows; the gradients of `up` and `first`, and of
  // 16 weights
  CHECK(runs[1].one.read.value() == 4 * (64 + 64 + 16 + 64 + 2 * 8));
  CHECK(runs[1].one.written.value() == 4 * (64 + 64 + 16));
}

TEST_CASE("lowering: fused attention hands back the gradients of its pieces of the split projection") {
  const Analysis flash = analyzed("gpt2", with("flash", Phase::kBackward, Mode::kEval));
  const auto found = std::find_if(flash.rows.begin(), flash.rows.end(), [&](const OpRow& row) {
    return !row.kernels.empty() && row.kernels.front().kernel.kernel == KernelClass::kAttention;
  });
  REQUIRE(found != flash.rows.end());
  CHECK(found->kernels.front().kernel.one.written.value() == 4 * 3LL * 1024 * 768);  // dQ, dK, dV
}

TEST_CASE("lowering: fused attention of all heads hands back the gradients of all heads") {
  AnalysisOptions options = with("flash", Phase::kBackward, Mode::kEval);
  options.step.fuse = {"qkv", "heads"};
  const Analysis flash = analyzed("chargpt", options);
  const std::vector<Kernel> attention = kernels_of(flash, "h/values", "flash_attention");
  REQUIRE(attention.size() == 1);
  CHECK(attention[0].executions == 12);
  CHECK(attention[0].one.written.value() == 4 * 3LL * 250 * 128 * 128);  // dQ, dK, dV
}

TEST_CASE("lowering: a sum and the norm behind it work backward from the addends") {
  AnalysisOptions options = with("pytorch-eager", Phase::kStep, Mode::kTrain);
  options.step.fuse = {"add_norm"};
  Model model = load_model("bert-large");
  set_dim(model, "B", "1");
  set_dim(model, "T", "128");
  const std::vector<Kernel> fused =
      kernels_of(analyze(std::move(model), load_hardware("a100-pcie-40"), options), "h/ln_1", "add_norm");
  REQUIRE(fused.size() == 2);
  constexpr std::int64_t kN = 128 * 1024;
  CHECK(fused[0].one.read.value() == 4 * (2 * kN + 2 * 1024));  // addends, scale and shift
  CHECK(fused[0].one.written.value() == 4 * kN);                // the sum itself is not written
  // backward: addends again, the gradient, scale and shift, mean and deviation of 128 rows; one gradient for both
  // addends, those of scale and shift
  CHECK(fused[1].one.read.value() == 4 * (3 * kN + 2 * 1024 + 2 * 128));
  CHECK(fused[1].one.written.value() == 4 * (kN + 2 * 1024));
}

TEST_CASE("lowering: a sum that is used again is written by the kernel that norms it") {
  // h/add_1 of gpt2 goes to h/ln_2 and to h/add_2
  AnalysisOptions options = with("pytorch-eager", Phase::kStep, Mode::kEval);
  options.step.fuse = {"add_norm"};
  const Analysis step = analyzed("gpt2", options);
  const std::vector<Kernel> fused = kernels_of(step, "h/ln_2", "add_norm");
  REQUIRE(fused.size() == 2);
  constexpr std::int64_t kN = 1024 * 768;
  CHECK(fused[0].one.read.value() == 4 * (2 * kN + 2 * 768));
  CHECK(fused[0].one.written.value() == 4 * 2 * kN);
  // backward: the sum lies in memory; both gradients, scale and shift, mean and deviation of 1024 rows
  CHECK(fused[1].one.read.value() == 4 * (3 * kN + 2 * 768 + 2 * 1024));
  CHECK(fused[1].one.written.value() == 4 * (kN + 2 * 768));
  CHECK(kernels_of(step, "h/ln_2", "fan_in").empty());  // the two gradients are added inside
  CHECK(kernels_of(analyzed("gpt2", with("pytorch-eager", Phase::kStep, Mode::kEval)), "h/ln_2", "fan_in").size() == 1);
}

TEST_CASE("lowering: inside a kernel the mask of dropout is drawn again, not moved") {
  constexpr std::int64_t kN = 1024 * 768;
  constexpr std::int64_t kS = 12 * 1024 * 1024;
  AnalysisOptions options = with("pytorch-eager", Phase::kStep, Mode::kTrain);
  options.step.fuse = {"dropout_add", "masked_softmax"};
  const Analysis train = analyzed("gpt2", options);
  const std::vector<Kernel> add = kernels_of(train, "h/add_1", "dropout_add");
  REQUIRE(add.size() == 2);
  CHECK(add[0].one.read.value() == 4 * 2 * kN);
  CHECK(add[0].one.written.value() == 4 * kN);
  CHECK(add[1].one.read.value() == 4 * kN);  // the residual's gradient is the one that came
  CHECK(add[1].one.written.value() == 4 * kN);
  const std::vector<Kernel> softmax = kernels_of(train, "h/attn_drop", "masked_softmax");
  REQUIRE(softmax.size() == 2);
  CHECK(softmax[0].one.written.value() == 4 * kS);
  CHECK(softmax[1].one.read.value() == 4 * 2 * kS + 1024 * 1024);  // scores, gradient, mask of one byte
  CHECK(softmax[1].one.written.value() == 4 * kS);

  options.cost.mode = Mode::kEval;  // dropout hands on what it gets, and the gradient of a sum is itself
  const std::vector<Kernel> eval = kernels_of(analyzed("gpt2", options), "h/add_1", "dropout_add");
  REQUIRE(eval.size() == 1);
  CHECK(eval[0].one.read.value() == 4 * 2 * kN);
  CHECK(eval[0].one.written.value() == 4 * kN);
}

TEST_CASE("lowering: only the causal products of a run are halved") {
  AnalysisOptions options = with("ideal");
  options.step.fuse = {"h/scores..h/out"};
  const std::vector<Kernel> runs = kernels_of(analyzed("cs336-small", options), "h/out", "h/scores..h/out");
  REQUIRE(runs.size() == 1);
  constexpr std::int64_t kProduct = 2LL * 4 * 12 * 512 * 512 * 64;
  constexpr std::int64_t kOut = 2LL * 4 * 512 * 768 * 768;
  CHECK(runs[0].one.matrix_flop.value() == 2 * kProduct + kOut);
  CHECK(runs[0].one.masked.value() == kProduct);
}

TEST_CASE("lowering: sums beyond 64 bits name the op at which they are reached") {
  AnalysisOptions options = with("ideal", Phase::kStep);
  options.step.micro_batches = 99'999'999'999'999;
  try {
    static_cast<void>(analyzed("cs336-small", options));
    FAIL("no error");
  } catch (const InputError& error) {
    // the embedding alone writes 4*512*768 elements of 4 bytes, 6.3 MB, in each micro-batch
    CHECK(std::string(error.what()).find("op 'emb'") != std::string::npos);
    CHECK(std::string(error.what()).find("exceeds 9.2e18") != std::string::npos);
  }
}

}  // namespace
}  // namespace gable
