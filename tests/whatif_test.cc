// What changes would save. Easy to break here: a change that is costed on top of another when it stands alone, launches
// that a fusion does not remove, a saving shown for an op that merely moved into another.
#include "analyzer/study/whatif.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/spec/library.h"
#include "reports/whatif_report.h"
#include "tests/approx.h"
#include "tests/cli_run.h"
#include "tests/temp_folder.h"

namespace gable {
namespace {

struct Asked {
  std::string model;
  std::string hw;
  std::string recipe = std::string(kIdealRecipe);
  std::string roofs = "compute,dram,l2,launch";
};

WhatIf study(const Asked& asked, const std::vector<std::string>& texts) {
  Configuration base;
  base.model = load_model(asked.model);
  base.options.roofs = parse_roofs(asked.roofs);
  base.options.step.recipe = std::make_shared<const Recipe>(load_recipe(asked.recipe));
  std::vector<Change> changes;
  for (const std::string& text : texts) changes.push_back(parse_change(text));
  return what_if(base, load_hardware(asked.hw), changes);
}

const Effect& effect_on(const Outcome& outcome, const std::string& name) {
  const auto found =
      std::find_if(outcome.effects.begin(), outcome.effects.end(), [&](const Effect& e) { return e.name == name; });
  REQUIRE_MESSAGE(found != outcome.effects.end(), name);
  return *found;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Each between line ends.
std::string flat_findings(const Asked& asked, const std::vector<std::string>& texts) {
  return fmt::format("\n{}\n", fmt::join(whatif_findings(study(asked, texts)), "\n"));
}

std::string ms(double seconds) { return fmt::format("{:.2f}", 1e3 * seconds); }

TEST_CASE("whatif: section 7 of document 000, in milliseconds of the LM head") {
  constexpr std::int64_t kWeights = 768 * 50257;
  constexpr std::int64_t kAct = 4 * 6 * (768 + 50257);  // FP32, in and out
  static_assert(4 * kWeights == 154'389'504);
  static_assert(kAct == 18'432 + 1'206'168);
  struct Case {
    std::string change;
    std::int64_t bytes;
    std::string ms;
  };
  const std::array<Case, 5> cases = {{
      {"lm_head.dtype=fp16", 2 * kWeights + kAct, "3.96"},
      {"lm_head.dtype=int8", kWeights + kAct, "2.01"},
      {"lm_head.dtype=int4", kWeights / 2 + kAct, "1.04"},
      {"V=25128", 4 * 768 * 25128 + 4 * 6 * (768 + 25128), "3.92"},
      {"lm_head.tokens=1", 4 * kWeights + 4 * (768 + 50257), "7.80"},
  }};
  for (const Case& c : cases) {
    CAPTURE(c.change);
    const WhatIf result = study({"gpt2-split", "doc000-cpu"}, {c.change});
    const Effect& head = effect_on(result.alone.front(), "top/lm_head");
    CHECK(head.before.dram_bytes.value() == 4 * kWeights + kAct);
    CHECK(ms(head.before.time_s) == "7.85");
    CHECK(head.after.dram_bytes.value() == c.bytes);
    CHECK(ms(head.after.time_s) == c.ms);
    CHECK(head.after.time_s == rel(static_cast<double>(c.bytes) / 19.827e9 + 1e-7));
    CHECK(head.after.bound() == Bound::kMemory);
  }
}

TEST_CASE("whatif: document 000, a faster BLAS gains nothing") {
  const WhatIf result = study({"gpt2-split", "doc000-cpu"}, {"lm_head.dtype=int8"});
  CHECK(result.gains.compute_s == 0);
  // All but the launches and what is bound by L3 is halved.
  const Totals& before = result.before.total;
  const double dram_s = before.roof_s[static_cast<std::size_t>(Roof::kDram)];
  CHECK(dram_s > 0.99 * before.time_s);
  CHECK(result.gains.bandwidth_s == rel(dram_s / 2, 0.01));
  const std::vector<std::string> said = whatif_findings(result);
  CHECK(contains(said[0], "lm_head.dtype=int8 saves 5.84 ms of 13.7 ms"));
  CHECK(contains(said[0], "top/lm_head 7.85 ms -> 2.01 ms, 39.8 MB moved instead of 156 MB"));
  CHECK(contains(said[1], "twice the compute rate (a faster BLAS) gains nothing: DRAM-bound"));
}

TEST_CASE("whatif: document 000, five sixths of the FLOP less save little") {
  const WhatIf result = study({"gpt2-split", "doc000-cpu"}, {"lm_head.tokens=1"});
  CHECK(contains(whatif_findings(result)[0],
                 "77.2 MFLOP instead of 463 MFLOP; it stays memory-bound (DRAM). Fewer FLOP help little where DRAM is "
                 "the bound."));
}

TEST_CASE("whatif: CharGPT's heads, document 001") {
  struct Step {
    std::int64_t launches;
    double a100_ms;
    double rtx_4090d_ms;
  };
  constexpr std::int64_t kQkv = 12 * (3 * 16 - 1);    // 48 products of a layer become 1
  constexpr std::int64_t kHeads = 12 * 5 * (16 - 1);  // scores, scale, mask, softmax, values: 16 become 1
  constexpr std::int64_t kFlash = 12 * (5 - 1);       // those five become 1
  const std::array<Step, 4> steps = {
      {{1649, 31.7, 42.1}, {1649 - kQkv, 27.1, 32.9}, {1085 - kHeads, 27.1, 32.9}, {185 - kFlash, 11.7, 8.0}}};
  for (const std::string hw : {"a100-pcie-40", "rtx-4090d"}) {
    CAPTURE(hw);
    const WhatIf result = study({"chargpt", hw, "ideal", "compute,dram"}, {"fuse=qkv", "fuse=heads", "recipe=flash"});
    REQUIRE(result.together.size() == 2);
    const std::array<const Totals*, 4> totals = {&result.before.total, &result.alone[0].after.total,
                                                 &result.together[0].after.total, &result.together[1].after.total};
    for (std::size_t i = 0; i < steps.size(); ++i) {
      CAPTURE(i);
      CHECK(totals[i]->cost.launches.value() == steps[i].launches);
      const double expected = hw == "rtx-4090d" ? steps[i].rtx_4090d_ms : steps[i].a100_ms;
      CHECK(fmt::format("{:.1f}", 1e3 * totals[i]->time_s) == fmt::format("{:.1f}", expected));
    }
  }
}

TEST_CASE("whatif: one product for query, key and value; the new point on the roofline") {
  const WhatIf result = study({"chargpt", "a100-pcie-40", "ideal", "compute,dram"}, {"fuse=qkv"});
  CHECK(result.together.empty());
  REQUIRE(result.alone.front().effects.size() == 1);
  const Effect& qkv = effect_on(result.alone.front(), "h/query..h/value");
  constexpr std::int64_t kN = 250 * 128;
  constexpr std::int64_t kWeights = 128 * 8 + 8;
  constexpr std::int64_t kApart = 12 * 48 * 4 * (kN * 128 + kWeights + kN * 8);
  constexpr std::int64_t kAsOne = 12 * 4 * (kN * 128 + 48 * kWeights + kN * 3 * 128);
  CHECK(qkv.before.dram_bytes.value() == kApart);
  CHECK(qkv.after.dram_bytes.value() == kAsOne);
  constexpr std::int64_t kFlop = 12 * kN * 3 * 128 * (2 * 128 + 1);  // and the bias
  CHECK(qkv.before.cost.flop().value() == kFlop);
  CHECK(qkv.after.cost.flop().value() == kFlop);
  CHECK(qkv.after.intensity() == rel(static_cast<double>(kFlop) / static_cast<double>(kAsOne)));
  CHECK(qkv.before.time_s == rel(static_cast<double>(kApart) / 1555e9));
  CHECK(qkv.after.time_s == rel(static_cast<double>(kFlop) / 19.5e12));
  CHECK(qkv.before.bound() == Bound::kMemory);
  CHECK(qkv.after.bound() == Bound::kCompute);
}

TEST_CASE("whatif: a run of neighbours is fused in every part that has it") {
  const WhatIf result = study({"gpt2-split", "a100-pcie-40", "ideal", "compute,dram"}, {"fuse=h/scale..h/softmax"});
  constexpr std::int64_t kScores = 2 * 12 * 6 * 6;  // two blocks a part
  for (const std::string part : {"bottom", "top"}) {
    CAPTURE(part);
    const Effect& fused = effect_on(result.alone.front(), part + "/h/scale..h/softmax");
    CHECK(fused.before.dram_bytes.value() == 3 * 2 * 4 * kScores + 2 * 36);  // and the mask, once a block
    CHECK(fused.after.dram_bytes.value() == 2 * 4 * kScores + 2 * 36);
    CHECK(fused.before.cost.launches.value() == 2 * 3);
    CHECK(fused.after.cost.launches.value() == 2);
  }
}

TEST_CASE("whatif: a run of several products has the report's caveat") {
  const std::string text = flat_findings({"gpt2", "a100-pcie-40"}, {"fuse=h/fc..h/proj", "V=1000"});
  CHECK(contains(text,
                 "\nfuse=h/fc..h/proj runs 2 products as one kernel: its bytes are right only for a kernel that keeps "
                 "what passes between them on the chip.\n"));
  CHECK_FALSE(contains(flat_findings({"gpt2", "a100-pcie-40"}, {"fuse=h/fc..h/gelu"}), "products as one kernel"));
}

TEST_CASE("whatif: why a change does nothing") {
  struct Case {
    Asked asked;
    std::string change;
    std::string said;
  };
  const Asked cs336 = {"cs336-small", "a100-pcie-40"};
  const Asked eager = {"cs336-small", "a100-pcie-40", "pytorch-eager"};
  const std::array<Case, 9> cases = {{
      {cs336, "fuse=softmax", "fuse=softmax changes nothing: softmax is one kernel under recipe ideal."},
      {cs336, "fuse=rmsnorm", "fuse=rmsnorm changes nothing: rmsnorm is one kernel under recipe ideal."},
      {cs336, "fuse=adamw", "fuse=adamw changes nothing: --phase forward has no optimizer; --phase step has."},
      {cs336, "fuse=heads", "fuse=heads changes nothing: every op that could be batched is one kernel already."},
      {cs336, "fuse=dropout_add",
       "fuse=dropout_add changes nothing: no ops that are still apart follow each other as dropout, add."},
      {eager, "fuse=gelu", "fuse=gelu changes nothing: the model has no gelu or gelu_tanh."},
      {{"gpt2-split", "a100-pcie-40"},
       "fuse=qkv",
       "fuse=qkv changes nothing: no 3 products of one input are apart in this model."},
      {eager, "recipe=pytorch-eager", "recipe=pytorch-eager changes nothing: recipe pytorch-eager is in use already."},
      {cs336, "B=4", "B=4 changes nothing: it has that value already, or nothing that is costed depends on it."},
  }};
  for (const Case& c : cases) {
    CAPTURE(c.change);
    CHECK(whatif_findings(study(c.asked, {c.change})).front() == c.said);
  }
}

TEST_CASE("whatif: fusions of what a model writes itself, in eager PyTorch") {
  struct Case {
    std::string change;
    std::int64_t fewer;  ///< launches of cs336-small, 12 layers
  };
  for (const Case& c : std::array<Case, 4>{{
           {"fuse=softmax", 12 * (5 - 1)},        // max, sub, exp, sum, div
           {"fuse=rmsnorm", 25 * (6 - 1)},        // pow, mean, add, rsqrt, two products; two a layer and the last
           {"fuse=silu_gate", 12 * (2 + 1 - 1)},  // sigmoid and product, and the gate
           {"fuse=qkv", 12 * (3 - 1)},
       }}) {
    CAPTURE(c.change);
    const WhatIf result = study({"cs336-small", "a100-pcie-40", "pytorch-eager"}, {c.change});
    CHECK((result.before.total.cost.launches - result.alone[0].after.total.cost.launches).value() == c.fewer);
    CHECK(result.alone[0].after.total.time_s < result.before.total.time_s);
  }
}

TEST_CASE("whatif: launches that no roof of the run counts") {
  const WhatIf result = study({"chargpt", "rtx-4090d", "ideal", "dram"}, {"fuse=qkv", "fuse=heads"});
  // With one product for query, key and value batching moves no byte less, but for the mask: read once, not 16 times.
  const std::int64_t moved =
      (result.together[0].after.total.dram_bytes - result.alone[0].after.total.dram_bytes).value();
  CHECK(moved == -12 * 15 * 128 * 128);
}

TEST_CASE("whatif: alone each change starts from the baseline") {
  const WhatIf result = study({"gpt2-split", "doc000-cpu"}, {"V=25128", "lm_head.tokens=1", "lm_head.dtype=int8"});
  REQUIRE(result.alone.size() == 3);
  REQUIRE(result.together.size() == 2);
  CHECK(result.together[0].changes.size() == 2);
  CHECK(effect_on(result.alone[2], "top/lm_head").after.dram_bytes.value() == 768 * 50257 + 4 * 6 * (768 + 50257));
  CHECK(effect_on(result.together[1], "top/lm_head").after.dram_bytes.value() == 768 * 25128 + 4 * (768 + 25128));
}

TEST_CASE("whatif: a change that holds only with others is no end of the study") {
  const WhatIf result = study({"gpt2", "h200"}, {"T=2048", "P=2048"});
  REQUIRE(result.alone.size() == 2);
  CHECK(result.alone[0].refusal == "dim 'T' is 2048; it can be at most P - past = 1024");
  CHECK(result.alone[1].refusal.empty());
  REQUIRE(result.together.size() == 1);
  CHECK(effect_on(result.together[0], "lm_head").after.cost.matrix_flop.value() == 2LL * 2048 * 768 * 50257);
  const std::vector<std::string> said = whatif_findings(result);
  CHECK(said[0] == "T=2048 holds only with others: dim 'T' is 2048; it can be at most P - past = 1024.");
  CHECK(contains(said[2], "All together: 6.20 ms -> 14.1 ms"));
  CHECK(contains(said[2], "666 GFLOP instead of 293 GFLOP, 7.94 ms more."));
  for (const std::string format : {"table", "csv", "json", "svg"}) {
    CAPTURE(format);
    const test::Ran ran = test::run(
        {"whatif", "--model", "gpt2", "--hw", "h200", "--change", "T=2048", "--change", "P=2048", "--format", format},
        140);
    CHECK(ran.code == 0);
    CHECK(contains(ran.out, format == "svg" ? "only with others" : "it can be at most P - past = 1024"));
  }
  // The first two do not hold without the third.
  const WhatIf three = study({"gpt2", "h200"}, {"V=1000", "T=2048", "P=2048"});
  CHECK_FALSE(three.together[0].refusal.empty());
  CHECK(three.together[1].refusal.empty());
}

TEST_CASE("whatif: a recipe that builds on another than the baseline's") {
  const WhatIf from_ideal = study({"cs336-small", "h200"}, {"recipe=flash"});
  const WhatIf from_eager = study({"cs336-small", "h200", "pytorch-eager"}, {"recipe=flash"});
  const Outcome& flash = from_ideal.alone.front();
  REQUIRE(flash.foundation);
  CHECK(flash.foundation->recipe == "pytorch-eager");
  CHECK(flash.foundation->time_s == rel(from_eager.before.total.time_s));
  CHECK(contains(whatif_findings(from_ideal)[0],
                 "flash builds on pytorch-eager, not on ideal, so that other ops change, too: pytorch-eager takes 13.6 "
                 "ms, of which flash saves 2.17 ms (--recipe pytorch-eager makes it the baseline)."));
  CHECK_FALSE(from_eager.alone.front().foundation);
  CHECK_FALSE(study({"cs336-small", "h200", "pytorch-eager"}, {"recipe=fused"}).alone.front().foundation);
  CHECK_FALSE(study({"cs336-small", "h200"}, {"recipe=pytorch-eager"}).alone.front().foundation);
}

TEST_CASE("whatif: every format says the same, and rows are whole") {
  const Args line = {"whatif",       "--model",  "chargpt",  "--hw",     "a100-pcie-40", "--roofs",
                     "compute,dram", "--change", "fuse=qkv", "--change", "recipe=flash"};
  const auto as = [&](const std::string& format) {
    Args args = line;
    args.insert(args.end(), {"--format", format});
    const test::Ran ran = test::run(args);
    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    return ran.out;
  };
  const std::string table = as("table");
  CHECK(contains(table, "fuse=qkv"));
  CHECK(contains(table, "27.1 ms"));
  CHECK(contains(as("csv"), "\r\nchargpt,a100-pcie-40,together,\"fuse=qkv, recipe=flash\",model,chargpt,"));
  CHECK(contains(as("json"), "\"study\": \"whatif\""));
  CHECK(contains(as("svg"), "27.1 ms, saves 4.51 ms (14.2 %)"));
}

TEST_CASE("whatif: to a file by its ending, else to a folder") {
  const TempFolder folder;
  const auto wrote = [&](const std::string& out) {
    const test::Ran ran =
        test::run({"whatif", "--model", "gemm", "--hw", "t4", "--change", "N=64", "--out", folder.path() + "/" + out});
    CHECK(ran.code == 0);
    CHECK(ran.out.empty());
    return ran.err;
  };
  const std::string all = "wrote " + folder.path();
  CHECK(wrote("w.svg") == all + "/w.svg\n");
  CHECK(wrote("some") ==
        all + "/some/gemm.t4.whatif.csv\n" + all + "/some/gemm.t4.whatif.json\n" + all + "/some/gemm.t4.whatif.svg\n");
}

TEST_CASE("whatif: wrong input is exit 2 and one line") {
  const std::array<test::WrongArgs, 7> cases = {{
      {{"--change", "V=1", "--format", "csv", "--out", "w.svg"}, "--format csv contradicts --out w.svg"},
      {{}, "--change is missing; write for example --change lm_head.dtype=int8 --change recipe=flash"},
      {{"--change", "lm_hed.dtype=int8"},
       "--change lm_hed.dtype=int8: model 'gpt2-split' has no op 'lm_hed', did you mean 'lm_head'?"},
      {{"--change", "V=1", "--change", "V=2"},
       "--change V=2: contradicts --change V=1; what is to be compared needs a run each"},
      {{"--change", "V=1", "--format", "md"}, "--format: unknown format 'md'; known: table, csv, json, svg"},
      {{"--change", "V=1", "--format", "csv,json"},
       "--format: one format goes to standard output; for several add --out DIR"},
      {{"--change", "V=1", "x"}, "unexpected 'x'; every input is an option, see analyze whatif --help"},
  }};
  test::check_refused({"whatif", "--model", "gpt2-split", "--hw", "cpu-x86"}, cases);
}

}  // namespace
}  // namespace gable
