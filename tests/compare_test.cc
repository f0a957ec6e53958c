// Comparisons. What is easy to break here: a ratio the wrong way round, an op matched by half a path, a kernel that
// runs inside another and is taken for one that costs nothing.
#include "analyzer/study/compare.h"

#include <doctest/doctest.h>

#include <array>

#include "analyzer/spec/library.h"
#include "reports/compare_report.h"
#include "tests/approx.h"
#include "tests/cli_run.h"
#include "tests/error_text.h"
#include "tests/temp_folder.h"

namespace gable {
namespace {

using test::Ran;

AnalysisOptions with_recipe(const std::string& recipe, Phase phase = Phase::kForward) {
  AnalysisOptions options;
  options.step.recipe = std::make_shared<const Recipe>(load_recipe(recipe));
  options.step.phase = phase;
  options.roofs = parse_roofs("compute,dram");
  return options;
}

Model model_of(const std::string& name, const std::vector<std::pair<std::string, std::string>>& dims = {}) {
  Model model = load_model(name);
  for (const auto& [dim, value] : dims) set_dim(model, dim, value);
  return model;
}

Comparison recipes_of(const Model& model, const std::vector<std::string>& recipes, const std::vector<std::string>& only,
                      Phase phase = Phase::kForward) {
  std::vector<Analysis> analyses;
  for (const std::string& recipe : recipes)
    analyses.push_back(analyze(model, load_hardware("a100-pcie-40"), with_recipe(recipe, phase)));
  return compare_variants(CompareKind::kRecipes, recipes, std::move(analyses), only);
}

double bytes_of(const Subject& subject) { return subject.totals.cost.unique.real(); }

TEST_CASE("document 003: values against softmax, FLOP ratio and time ratio") {
  const Model model = model_of("cs336-small", {{"B", "8"}, {"T", "256"}});
  const Comparison all =
      compare_ops(analyze(model, load_hardware("rtx-4090d"), with_recipe("ideal")), {"values", "softmax"});
  const Totals& values = all.subjects[0].totals;
  const Totals& softmax = all.subjects[1].totals;
  const std::int64_t scores = 8LL * 12 * 256 * 256;  // B*H*T*T
  CHECK(all.subjects[0].divided_by == 12);           // layers
  CHECK(values.cost.flop() == Count(2 * scores * 64));
  CHECK(values.cost.flop() == Count(805'306'368));
  CHECK(softmax.cost.flop() == Count(5 * scores));
  CHECK(softmax.cost.flop() == Count(31'457'280));
  CHECK(values.cost.flop().real() / softmax.cost.flop().real() == rel(25.6));
  // The document counts 3 FLOP an element: exp, sum, divide.
  CHECK(values.cost.flop().real() / static_cast<double>(3 * scores) == rel(128.0 / 3));  // 42.667
  // Both are memory-bound: scores read and values read and written, against scores read and written.
  const std::int64_t tokens = 8LL * 256 * 768;
  CHECK(values.cost.unique == Count(4 * (scores + 2 * tokens)));  // 37,748,736
  CHECK(softmax.cost.unique == Count(4 * 2 * scores));            // 50,331,648
  CHECK(values.bound() == Bound::kMemory);
  CHECK(softmax.bound() == Bound::kMemory);
  CHECK(values.time_s / softmax.time_s == rel(0.75));
}

TEST_CASE("document 003: in its own words, with its own two ratios and why they are others here") {
  const Ran ran = test::run(
      {"compare", "--ops", "attn.pv,attn.softmax", "--model", "cs336-small", "--set", "B=8,T=256", "--hw", "rtx-4090d"},
      10'000);
  CHECK(ran.code == 0);
  const auto says = [&](const std::string& text) { return ran.out.find(text) != std::string::npos; };
  CHECK(says("h/values against h/softmax: FLOP ratio 25.6, time ratio 0.773"));
  CHECK(says("42.7 times the FLOP of softmax, 128 against 3 an element"));  // 2*64 / 3
  CHECK(says("2.2 times its time, 350 us against 161 us"));
  CHECK(says("Time follows neither count, for both are memory-bound, 21.3 and 0.625 FLOP/byte"));
  // A note is of those ops only that its fields name.
  CHECK(test::run({"compare", "--ops", "lm_head,softmax", "--model", "cs336-small"}).out.find("42.7") ==
        std::string::npos);
}

/// Standard attention as three kernels, without scale and mask, and its fused form.
constexpr std::string_view kThreeKernels = R"(name: three
title: Attention of three kernels
source: a test
dims:
  T: 1024
  H: 16
  Dh: 64
ops:
  - {name: scores, op: matmul, batch: H, m: T, n: T, k: Dh}
  - {name: softmax, op: softmax, rows: H*T, width: T}
  - {name: values, op: matmul, batch: H, m: T, n: Dh, k: T}
)";

TEST_CASE("document 004: bytes of standard attention against fused, FP32, head width 64, T=1024") {
  const double n = 16 * 1024 * 64;      // elements of each of q, k, v, o
  const double s = 16.0 * 1024 * 1024;  // scores; s = 16 n
  const TempFolder folder;
  const Comparison ideal =
      recipes_of(load_model(folder.file("three.yaml", std::string(kThreeKernels))), {"ideal", "flash"}, {});
  CHECK(bytes_of(ideal.subjects[0]) == rel(4 * (4 * n + 4 * s)));
  CHECK(bytes_of(ideal.subjects[1]) == rel(4 * (4 * n + n / 64)));  // and a statistic a row
  CHECK(bytes_of(ideal.subjects[0]) / bytes_of(ideal.subjects[1]) == rel((4 + 64) / (4 + 1.0 / 64)));
  CHECK((4 + 64) / (4 + 1.0 / 64) == rel(16.93, 1e-3));

  // Eager PyTorch has a kernel for the scale and one for the causal mask: 4 s more and a mask of T*T bytes.
  const Model model = model_of("attention", {{"B", "1"}, {"T", "1024"}});
  const Comparison eager = recipes_of(model, {"pytorch-eager", "flash", "ideal"}, {"attention"});
  CHECK(bytes_of(eager.subjects[0]) == rel(4 * (4 * n + 8 * s) + 1024 * 1024));
  CHECK(bytes_of(eager.subjects[1]) == rel(4 * (4 * n + n / 64)));
  CHECK(bytes_of(eager.subjects[2]) == rel(4 * 4 * n));  // the op of this model is fused already
  CHECK(bytes_of(eager.subjects[0]) / bytes_of(eager.subjects[1]) ==
        rel((4 * (4 + 8 * 16) + 1) / (4 * (4 + 1.0 / 64))));  // the mask has T*T = n bytes
}

TEST_CASE("document 004: FLOP are equal forward, five products against four backward") {
  const Model model = model_of("attention");
  const auto flop = [&](Phase phase) {
    const Comparison all = recipes_of(model, {"pytorch-eager", "flash"}, {"attention"}, phase);
    return std::pair(all.subjects[0].totals.cost.matrix_flop, all.subjects[1].totals.cost.matrix_flop);
  };
  const auto [eager, flash] = flop(Phase::kForward);
  CHECK(eager == flash);
  const auto [eager_back, flash_back] = flop(Phase::kBackward);
  CHECK(4 * flash_back == 5 * eager_back);
  CHECK(6 * (flash + flash_back) == 7 * (eager + eager_back));  // 7/6 over both passes
}

TEST_CASE("ops are found by path, by the end of one, with dots, by pattern") {
  const Analysis analysis = analyze(load_model("gpt2-split"), load_hardware("a100-pcie-40"), with_recipe("ideal"));
  const auto paths = [&](std::string_view pattern) {
    std::vector<std::string> found;
    for (const std::size_t row : find_ops(analysis, pattern))
      found.push_back(analysis.model.full_path(analysis.spec(analysis.rows[row])));
    return found;
  };
  CHECK(paths("top/lm_head") == std::vector<std::string>{"top/lm_head"});
  CHECK(paths("lm_head") == std::vector<std::string>{"top/lm_head"});
  CHECK(paths("top.lm_head") == std::vector<std::string>{"top/lm_head"});
  CHECK(paths("bottom.h.fc") == std::vector<std::string>{"bottom/h/fc"});
  CHECK(paths("*/fc") == std::vector<std::string>{"bottom/h/fc", "top/h/fc"});
  CHECK(paths("top.h.attn.pv") == std::vector<std::string>{"top/h/values"});
  CHECK(paths("bottom.h.attn.qk") == std::vector<std::string>{"bottom/h/scores"});
  CHECK(paths("bottom.h.attn.softmax") == std::vector<std::string>{"bottom/h/softmax"});
  CHECK(input_error([&] { return find_ops(analysis, "fc"); }) ==
        "--ops: 'fc' is 2 ops, bottom/h/fc and top/h/fc; write more of the path, or a pattern for all of them");
  CHECK(input_error([&] { return find_ops(analysis, "lm_haed"); }) ==
        "--ops: model 'gpt2-split' has no op 'lm_haed', did you mean 'lm_head'?");
  CHECK(input_error([&] { return find_ops(analysis, "head"); }).starts_with("--ops: model 'gpt2-split' has no op"));
}

TEST_CASE("patterns of several ops are summed over all their executions") {
  const Analysis analysis = analyze(load_model("gpt2"), load_hardware("a100-pcie-40"), with_recipe("ideal"));
  const Comparison all = compare_ops(analysis, {"h/*", "lm_head"});
  CHECK(all.subjects[0].divided_by == 1);
  Count flop = 0;
  for (const OpRow& row : analysis.rows) {
    if (analysis.spec(row).path.starts_with("h/")) flop += row.totals.cost.flop();
  }
  CHECK(all.subjects[0].totals.cost.flop() == flop);
}

TEST_CASE("an op inside the kernel of another cannot be compared by itself") {
  const Analysis flash = analyze(load_model("cs336-small"), load_hardware("a100-pcie-40"), with_recipe("flash"));
  CHECK(input_error([&] {
          return compare_ops(flash, {"values", "softmax"});
        }).find("runs inside the kernel of 'model/h/") != std::string::npos);
  const Analysis idle = analyze(load_model("gpt2"), load_hardware("a100-pcie-40"), with_recipe("ideal"));
  CHECK(input_error([&] {
          return compare_ops(idle, {"emb_drop", "lm_head"});
        }) == "--ops: 'emb_drop' launches nothing in this phase and mode");
}

TEST_CASE("what one side runs in one kernel is counted as a whole on both") {
  const Comparison all = recipes_of(load_model("cs336-small"), {"pytorch-eager", "flash"}, {"h/s*", "values"});
  CHECK(all.added == std::vector<std::string>{"model/h/mask", "model/h/merge"});
  const std::int64_t scores = 4LL * 12 * 512 * 512;  // B*H*T*T
  const Count products = 12 * 2 * 2 * scores * 64;   // layers, two products, multiply and add
  CHECK(all.subjects[0].totals.cost.matrix_flop == products);
  CHECK(all.subjects[1].totals.cost.matrix_flop == products);
  // With 'silu', which is one of h/s*: scores, scale, mask, merge of one kernel, softmax of five, values of two (a copy
  // before it), SiLU of two; fused one and SiLU's two.
  CHECK(all.subjects[0].totals.cost.launches == Count(12 * (4 + 5 + 2 + 2)));
  CHECK(all.subjects[1].totals.cost.launches == Count(12 * (1 + 2)));
  const std::vector<TimeDifference> parts = time_differences(all, 1);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].path == "model/h/scores..h/merge");
  CHECK(parts[0].seconds == rel(all.subjects[1].totals.time_s - all.subjects[0].totals.time_s));
  const std::vector<std::string> said = merged_findings(all);
  REQUIRE(said.size() == 2);
  CHECK(said[0] == "With flash h/merge runs h/scores, h/scale, h/mask, h/softmax, h/values in its kernel.");
  CHECK(said[1] ==
        "Such a kernel is counted as a whole, on every side: with h/mask, h/merge, which --ops does not name.");
  CHECK(merged_findings(recipes_of(load_model("cs336-small"), {"pytorch-eager", "flash"}, {})).empty());
}

TEST_CASE("ops of one model: a pattern counts the kernel that runs what it names") {
  const Analysis flash = analyze(load_model("cs336-small"), load_hardware("a100-pcie-40"), with_recipe("flash"));
  const Comparison all = compare_ops(flash, {"h/s*", "lm_head"});
  CHECK(all.subjects[0].totals.cost.launches == Count(12 * (1 + 2)));  // attention and SiLU
  CHECK(all.subjects[0].totals.cost.matrix_flop == Count(12 * 2 * 2 * (4LL * 12 * 512 * 512) * 64));
  const Comparison one = compare_ops(flash, {"merge", "lm_head"});
  CHECK(one.subjects[0].divided_by == 12);
  CHECK(one.added.empty());
}

TEST_CASE("ops that change their bound from FP32 to BF16, and where the time goes") {
  std::vector<Analysis> analyses;
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
    AnalysisOptions options = with_recipe("ideal");
    options.cost.dtype = {dtype, dtype, {}, dtype};
    analyses.push_back(analyze(load_model("gpt2"), load_hardware("a100-pcie-40"), options));
  }
  const Comparison all = compare_variants(CompareKind::kDtypes, {"fp32", "bf16"}, std::move(analyses), {});
  std::vector<std::string> changed;
  for (const OpLine& line : all.ops) {
    if (bound_changes(all, line)) changed.push_back(line.path);
  }
  // A head's scores: 2*T*T*64 FLOP on T*T + 2*T*64 elements, T = 1024: 128/1.125 FLOP an element, 28.4 FLOP/byte in
  // FP32 (ridge 12.5) and 56.9 in BF16 (ridge 200).
  CHECK(changed == std::vector<std::string>{"model/h/scores", "model/h/values"});
  double sum = 0;
  for (const TimeDifference& difference : time_differences(all, 1)) sum += difference.seconds;
  CHECK(sum == rel(all.subjects[1].totals.time_s - all.subjects[0].totals.time_s, 1e-9));
  CHECK(time_differences(all, 1).front().path == "model/lm_head");
}

TEST_CASE("wrong words: one line that says what would be right") {
  const std::array<test::WrongArgs, 15> cases = {{
      {{}, "compare: none is given; it takes two or more models, devices, recipes or dtypes, or --ops P,Q"},
      {{"gpt2"},
       "compare: only 'gpt2' is given; it takes two or more models, devices, recipes or dtypes, or --ops P,Q"},
      {{"gpt2", "gpt2"}, "compare: 'gpt2' is given twice"},
      {{"gpt2", "h20O"}, "compare: 'h20O' is no model, device, recipe or dtype, did you mean 'h20'?"},
      {{"bf61", "fp32"}, "compare: 'bf61' is no model, device, recipe or dtype, did you mean 'bf16'?"},
      {{"gpt2", "flahs"}, "compare: 'flahs' is no model, device, recipe or dtype, did you mean 'flash'?"},
      {{"gpt2", "zzzzzz"},
       "compare: 'zzzzzz' is no model, device, recipe or dtype; `analyze list models`, hardware, recipes and dtypes "
       "name "
       "them"},
      {{"gpt2", "h200"},
       "compare: 'gpt2' is a model, 'h200' a device; compare words of one kind and give the other with --hw"},
      {{"fp32", "bf16"}, "--model is missing; `analyze list models` names the shipped ones"},
      {{"fp32", "bf16", "--model", "gpt2", "--dtype", "fp16"},
       "--dtype and 'fp32' contradict each other; give one of them"},
      {{"gpt2", "cs336-small", "--vary", "hw=h20,h200"}, "--vary hw: compare varies a dim; give the hw as words"},
      {{"gpt2", "cs336-small", "--vary", "T=64", "--set", "T=32"},
       "--vary T and --set T=32 contradict each other; give one of them"},
      {{"gpt2", "cs336-small", "--vary", "Q=64"},
       "--vary Q=64: model 'gpt2' has no dim 'Q'; known: B, P, past, T, D, H, L, V"},
      {{"--ops", "values", "--model", "gpt2"},
       "--ops: it takes two or more ops; write for example --ops values,softmax"},
      {{"gpt2", "cs336-small", "--format", "md"}, "--format: unknown format 'md'; known: table, csv, json, svg"},
  }};
  test::check_refused({"compare"}, cases);
}

TEST_CASE("--vary: a value without a result keeps its row") {
  const Ran ran =
      test::run({"compare", "fp32", "bf16", "--model", "gpt2", "--hw", "h200", "--vary", "T=512..2048*2"}, 140);
  CHECK(ran.code == 0);
  CHECK(ran.out.find("2048  --vary T=2048: dim 'T' is 2048; it can be at most P - past = 1024") != std::string::npos);
}

TEST_CASE("every kind of comparison in every format, at every width") {
  const std::array<Args, 6> commands = {{
      {"gpt2", "cs336-small", "attention"},
      {"a100-pcie-40", "h200", "rtx-4090d", "t4", "v100-sxm-32", "--model", "gpt2"},
      {"pytorch-eager", "flash", "--model", "cs336-small", "--phase", "step"},
      {"fp32", "weights=int8,act=bf16", "--model", "gpt2", "--notes"},
      {"--ops", "values,softmax,h/*", "--model", "cs336-small"},
      {"pytorch-eager", "flash", "fused", "--model", "cs336-small", "--vary", "T=256..4096*2"},
  }};
  for (const Args& command : commands) {
    Args args = {"compare"};
    args.insert(args.end(), command.begin(), command.end());
    CAPTURE(args[1]);
    for (const CompareFormat& format : compare_format_table()) {
      Args with_format = args;
      with_format.insert(with_format.end(), {"--format", std::string(format.name)});
      const Ran ran = test::run(with_format);
      CHECK(ran.code == 0);
      CHECK(!ran.out.empty());
      CHECK(ran.out.find("nan") == std::string::npos);
    }
    for (const int width : {60, 80, 140}) CHECK(test::run(args, width).code == 0);
  }
}

}  // namespace
}  // namespace gable
