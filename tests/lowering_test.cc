// From ops to kernels. Easy to break here: a kernel counted once an op instead of once an instance, a gradient added
// where there is only one, a fused op that still runs, the shared input of a fusion read twice.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "analyzer/lowering/lower.h"
#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
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
  for (const auto& [word, flop] : {std::pair<const char*, std::int64_t>{"executed", 3 * kForward + kAttention},
                                   {"model", 3 * kForward},
                                   {"causal-halved", 3 * (kForward - kAttention / 2)}}) {
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
  for (const auto& [name, passes] : {std::pair<const char*, std::int64_t>{"adamw-naive", 33},
                                     {"adamw-foreach", 20},
                                     {"adamw-fused", 7},
                                     {"adamw", 20}}) {
    CAPTURE(name);
    AnalysisOptions options = with("pytorch-eager", Phase::kOptimizer);
    options.step.optimizer = name;
    const Analysis update = analyzed("cs336-small", options);
    CHECK(update.total.cost.touched().value() == 4 * passes * kParams);
  }
}

}  // namespace
}  // namespace gable
