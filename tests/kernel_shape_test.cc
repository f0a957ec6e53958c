// Easy to break here: a kernel with products whose time comes from its bytes alone, a shape that is not its op's.
#include <doctest/doctest.h>

#include <memory>

#include "analyzer/roofline/analysis.h"
#include "analyzer/spec/library.h"
#include "tests/approx.h"

namespace gable {
namespace {

Analysis analysed(const char* model, const char* recipe, Phase phase) {
  AnalysisOptions options;
  options.step.recipe = std::make_shared<Recipe>(load_recipe(recipe));
  options.step.phase = phase;
  return analyze(load_model(model), load_hardware("a100-sxm-80"), options);
}

/// The kernels of an op that compute products, in one pass.
std::vector<Kernel> products(const Analysis& analysis, std::string_view path, Pass pass) {
  std::vector<Kernel> found;
  for (const OpRow& row : analysis.rows) {
    if (analysis.spec(row).path != path) continue;
    for (const KernelRow& kernel : row.kernels) {
      if (kernel.kernel.pass == pass && kernel.kernel.one.matrix_flop > Count(0)) found.push_back(kernel.kernel);
    }
  }
  return found;
}

TEST_CASE("kernel shapes: a convolution is the product that it is, its input read once") {
  const Analysis analysis = analysed("resnet50", "pytorch-eager", Phase::kForward);
  const auto kernels = products(analysis, "conv", Pass::kForward);
  REQUIRE(kernels.size() == 1);
  REQUIRE(kernels[0].shape);
  // 7 x 7 with stride 2 over 3 x 224 x 224: 112 x 112 places, 3 x 7 x 7 products each, 150,528 elements in.
  const std::int64_t images = analysis.costed.values[*find_dim(analysis.model, "B")];
  CHECK(*kernels[0].shape ==
        Shape{ShapeKind::kGemm, kernels[0].shape->dtype, {1, images * 12544, 64, 147, images * 150528}});
  CHECK(kernels[0].shape_times == rel(1));
  CHECK(work_of(*kernels[0].shape).flop == rel(kernels[0].one.matrix_flop.real()));
}

TEST_CASE("kernel shapes: fused attention, and its backward pass as two and a half of it") {
  const Analysis analysis = analysed("gpt2", "flash", Phase::kStep);
  const auto forward = products(analysis, "h/merge", Pass::kForward);
  REQUIRE(forward.size() == 1);
  REQUIRE(forward[0].shape);
  // 12 heads of 64 over 1024 positions: every head is an instance of the batched product.
  CHECK(*forward[0].shape == Shape{ShapeKind::kPrefill, Dtype::kFp32, {1, 1024, 0, 12, 12, 64}});
  const auto backward = products(analysis, "h/merge", Pass::kDgrad);
  REQUIRE(backward.size() == 1);
  REQUIRE(backward[0].shape);
  CHECK(*backward[0].shape == *forward[0].shape);
  // Dao et al. 2022, algorithm 4: five products, of which the forward pass has two.
  CHECK(backward[0].shape_times * (backward[0].one.launches).real() == rel(2.5));
}

TEST_CASE("kernel shapes: every kernel that computes products has one, in every shipped model") {
  for (const std::string& name : list_specs(SpecKind::kModel)) {
    for (const char* recipe : {"pytorch-eager", "flash", "fused"}) {
      const Analysis analysis = analysed(name.c_str(), recipe, Phase::kStep);
      for (const OpRow& row : analysis.rows) {
        for (const KernelRow& kernel : row.kernels) {
          CAPTURE(name);
          CAPTURE(analysis.spec(row).path);
          CAPTURE(kernel.kernel.name);
          if (kernel.kernel.one.matrix_flop > Count(0) && analysis.spec(row).kind->name != "custom")
            CHECK(kernel.kernel.shape.has_value());
        }
      }
    }
  }
}

}  // namespace
}  // namespace gable
