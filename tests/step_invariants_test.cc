// What must hold for every shipped model on every device under every recipe and phase. Easy to break here: a pass that
// is counted in one phase and not in the step, a recipe that loses bytes, recomputation that adds anything but itself.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
#include "tests/approx.h"
#include "tests/shipped.h"

namespace gable {
namespace {

constexpr std::array<const char*, 4> kRecipes = {"ideal", "pytorch-eager", "flash", "fused"};

std::shared_ptr<const Recipe> recipe(const std::string& name) {
  static std::map<std::string, std::shared_ptr<const Recipe>> loaded;
  auto& entry = loaded[name];
  if (entry == nullptr) entry = std::make_shared<const Recipe>(load_recipe(name));
  return entry;
}

Prepared prepared(const Model& model, const std::string& name, Phase phase, Recompute recompute = Recompute::kNone) {
  AnalysisOptions options;
  options.cost.mode = Mode::kTrain;
  options.step.phase = phase;
  options.step.recipe = recipe(name);
  options.step.recompute = recompute;
  // So that the forward pass is that of a step, with its loss.
  options.cost.loss = true;
  return prepare(model, options);
}

PointResult point(const Prepared& of, const Hardware& hw) {
  Scratch scratch;
  return evaluate_point(of, hw, scratch);
}

TEST_CASE("step: forward, backward and optimizer add up to it, on every device") {
  for (const Model& model : models()) {
    CAPTURE(model.name);
    for (const char* name : kRecipes) {
      CAPTURE(name);
      const Prepared step = prepared(model, name, Phase::kStep);
      const std::array<Prepared, 3> phases = {prepared(model, name, Phase::kForward),
                                              prepared(model, name, Phase::kBackward),
                                              prepared(model, name, Phase::kOptimizer)};
      for (const Hardware& hw : devices()) {
        const PointResult whole = point(step, hw);
        PointResult sum;
        for (const Prepared& phase : phases) {
          const PointResult part = point(phase, hw);
          sum.flop += part.flop;
          sum.bytes += part.bytes;
          sum.launches += part.launches;
          sum.time_s += part.time_s;
        }
        CHECK(sum.flop == whole.flop);
        CHECK(sum.bytes == whole.bytes);
        CHECK(sum.launches == whole.launches);
        CHECK(sum.time_s == rel(whole.time_s));
      }
    }
  }
}

TEST_CASE(
    "step: eager kernels never move fewer bytes than ideal ones, nor fused ones more than flash, nor flash than "
    "eager") {
  const Hardware& hw = devices().front();
  for (const Model& model : models()) {
    CAPTURE(model.name);
    for (const Phase phase : {Phase::kForward, Phase::kBackward, Phase::kOptimizer, Phase::kPrefill}) {
      CAPTURE(phase_name(phase));
      const Count ideal = point(prepared(model, "ideal", phase), hw).bytes;
      const Count eager = point(prepared(model, "pytorch-eager", phase), hw).bytes;
      const Count flash = point(prepared(model, "flash", phase), hw).bytes;
      const Count fused = point(prepared(model, "fused", phase), hw).bytes;
      CHECK(eager >= ideal);
      CHECK(flash <= eager);
      CHECK(fused <= flash);
    }
  }
}

TEST_CASE("step: backward does twice the products of forward, plus what flash attention computes again") {
  const Hardware& hw = devices().front();
  for (const Model& model : models()) {
    CAPTURE(model.name);
    for (const char* name : {"ideal", "pytorch-eager"}) {
      const PointResult forward = point(prepared(model, name, Phase::kForward), hw);
      const Analysis backward = analyze(model, hw, prepared(model, name, Phase::kBackward).options);
      const Count again = backward.total.cost.recomputed;
      const Count once = backward.total.cost.matrix_flop - again;
      CHECK(once <= forward.matrix_flop * Count(2));  // less where the model's input needs no gradient
      CHECK(once > forward.matrix_flop);
    }
  }
}

TEST_CASE("step: recomputing blocks adds the blocks' forward pass and nothing else") {
  const Hardware& hw = devices().front();
  for (const Model& model : models()) {
    CAPTURE(model.name);
    for (const char* name : kRecipes) {
      CAPTURE(name);
      const Analysis plain = analyze(model, hw, prepared(model, name, Phase::kStep).options);
      const Analysis again = analyze(model, hw, prepared(model, name, Phase::kStep, Recompute::kBlock).options);
      Cost blocks;  // forward kernels of ops in blocks
      for (const OpRow& row : plain.rows) {
        if (plain.spec(row).group < 0) continue;
        for (const KernelRow& kernel : row.kernels) {
          if (kernel.kernel.pass == Pass::kForward)
            blocks = blocks + kernel.kernel.one * Count(kernel.kernel.executions);
        }
      }
      CHECK(again.total.cost.matrix_flop == plain.total.cost.matrix_flop + blocks.matrix_flop);
      CHECK(again.total.cost.vector_flop == plain.total.cost.vector_flop + blocks.vector_flop);
      CHECK(again.total.cost.unique == plain.total.cost.unique + blocks.unique);
      CHECK(again.total.cost.launches == plain.total.cost.launches + blocks.launches);
      CHECK(again.total.cost.recomputed == plain.total.cost.recomputed + blocks.matrix_flop);
    }
  }
}

TEST_CASE("step: micro-batches repeat forward and backward, the update runs once") {
  const Hardware& hw = devices().front();
  for (const Model& model : models()) {
    CAPTURE(model.name);
    Prepared one = prepared(model, "pytorch-eager", Phase::kStep);
    AnalysisOptions four = one.options;
    four.step.micro_batches = 4;
    const Analysis single = analyze(model, hw, one.options);
    const Analysis many = analyze(model, hw, four);
    const auto pass = [](const Analysis& a, Pass p) { return a.total.passes.at(static_cast<std::size_t>(p)); };
    CHECK(pass(many, Pass::kForward).bytes == pass(single, Pass::kForward).bytes * Count(4));
    CHECK(pass(many, Pass::kOptimizer).bytes == pass(single, Pass::kOptimizer).bytes);
    // Three of four backward passes add to gradients that are there: read both, write one.
    const Count added = Count(3) * Count(12) * single.total.cost.params;
    CHECK(pass(many, Pass::kWgrad).bytes == pass(single, Pass::kWgrad).bytes * Count(4) + added);
  }
}

TEST_CASE("step: autocast computes products in the narrow dtype and adds casts only") {
  const Hardware hw = load_hardware("a100-sxm-80");
  for (const Model& model : models()) {
    CAPTURE(model.name);
    Prepared plain = prepared(model, "pytorch-eager", Phase::kStep);
    AnalysisOptions options = plain.options;
    options.step.amp = Dtype::kBf16;
    const Analysis fp32 = analyze(model, hw, plain.options);
    const Analysis amp = analyze(model, hw, options);
    CHECK(amp.total.cost.matrix_flop == fp32.total.cost.matrix_flop);
    CHECK(amp.total.cost.params == fp32.total.cost.params);
    CHECK(amp.total.cost.launches >= fp32.total.cost.launches);
    CHECK(amp.total.passes.at(static_cast<std::size_t>(Pass::kOptimizer)).bytes ==
          fp32.total.passes.at(static_cast<std::size_t>(Pass::kOptimizer)).bytes);
    for (const OpRow& row : amp.rows) {
      const bool product = row.totals.cost.matrix_flop > Count(0);
      if (product) CHECK(row.cost.compute == Dtype::kBf16);
    }
  }
}

}  // namespace
}  // namespace gable
