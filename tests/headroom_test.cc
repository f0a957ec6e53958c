// Where time can be recovered. Easy to break here: time of an op that is merged away counted as recovered, a bigger
// batch's time not divided by its samples, a dtype that the device lacks.
#include "analyzer/study/headroom.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "analyzer/spec/library.h"
#include "reports/headroom_report.h"
#include "tests/approx.h"
#include "tests/cli_run.h"

namespace gable {
namespace {

Configuration configuration(const std::string& model, const std::string& roofs = "compute,dram,l2,launch") {
  Configuration base;
  base.model = load_model(model);
  base.options.roofs = parse_roofs(roofs);
  base.options.step.recipe = std::make_shared<const Recipe>(load_recipe(std::string(kIdealRecipe)));
  return base;
}

const HeadroomRow& row_of(const Headroom& study, const std::string& name) {
  const auto found =
      std::find_if(study.rows.begin(), study.rows.end(), [&](const HeadroomRow& row) { return row.name == name; });
  REQUIRE_MESSAGE(found != study.rows.end(), name);
  return *found;
}

const HeadroomOptions kUsual = {{Dtype::kTf32, Dtype::kBf16}, {2, 4}};

TEST_CASE("headroom: CharGPT's heads first") {
  const Headroom study = find_headroom(configuration("chargpt", "compute,dram"), load_hardware("a100-pcie-40"), kUsual);
  REQUIRE(study.rows.size() > 2);
  const HeadroomRow& attention = study.rows[0];
  CHECK(attention.name == "h/scores..h/values");
  CHECK(study.candidates[attention.candidate].text == "fuse=flash_attention");
  constexpr std::int64_t kProducts = 12LL * 16 * 2 * 2 * 250 * 128 * 128 * 8;  // flash is bound by its two products
  CHECK(attention.after.time_s == rel(static_cast<double>(kProducts) / 19.5e12));
  CHECK(attention.recoverable_s == rel(attention.before.time_s - attention.after.time_s));

  const HeadroomRow& up = row_of(study, "h/ffn_up");  // compute-bound: 312 instead of 19.5 TFLOP/s, then bytes
  CHECK(study.candidates[up.candidate].text == "dtype=bf16");
}

TEST_CASE("headroom: one product for query, key and value, where launches count") {
  const Hardware hw = load_hardware("a100-pcie-40");
  const Headroom study = find_headroom(configuration("chargpt"), hw, kUsual);
  const HeadroomRow& qkv = row_of(study, "h/query..h/value");
  CHECK(study.candidates[qkv.candidate].text == "fuse=qkv");
  // As one product of FP32 a layer. 48 products in BF16 would still read their input 48 times.
  constexpr std::int64_t kN = 250 * 128;
  const double launch_s = hw.launch_latency.value;
  CHECK(qkv.after.time_s == rel(static_cast<double>(12 * kN * 384 * 257) / 19.5e12 + 12 * launch_s));
  CHECK(static_cast<double>(12 * 48 * 2 * kN * 136) / 1555e9 + 12 * 48 * launch_s > qkv.after.time_s);
  CHECK(headroom_reason(study, qkv) == "789 MB moved instead of 10.0 GB, 12 instead of 576 launches");
}

TEST_CASE("headroom: rows and what is at its best add up to the whole, no op twice") {
  for (const std::string model : {"chargpt", "gpt2-split", "cs336-small", "resnet50"}) {
    CAPTURE(model);
    const Headroom study = find_headroom(configuration(model), load_hardware("h100-sxm"), kUsual);
    double time = study.at_best_s;
    std::set<std::string> names;
    double last = 1e9;
    for (const HeadroomRow& row : study.rows) {
      time += row.before.time_s;
      CHECK(names.insert(row.name).second);
      CHECK(row.recoverable_s > 0);
      CHECK(row.recoverable_s < row.before.time_s);
      CHECK(row.recoverable_s <= last);
      last = row.recoverable_s;
    }
    CHECK(time == rel(study.before.total.time_s));
  }
}

TEST_CASE("headroom: a bigger batch is counted per sample") {
  Configuration base = configuration("gpt2-split", "dram");
  base.options.cost.parts = {"top"};
  HeadroomOptions options;
  options.batches = {4};
  const Headroom study = find_headroom(base, load_hardware("a100-pcie-40"), options);
  const HeadroomRow& head = row_of(study, "lm_head");
  CHECK(study.candidates[head.candidate].text == "B=4");
  constexpr double kBandwidth = 1555e9;
  constexpr double kWeights = 4.0 * 768 * 50257;
  constexpr double kAct = 4.0 * 6 * (768 + 50257);
  CHECK(head.before.time_s == rel((kWeights + kAct) / kBandwidth));
  CHECK(time_with(study, head) == rel((kWeights / 4 + kAct) / kBandwidth));
  CHECK(head.recoverable_s == rel(0.75 * kWeights / kBandwidth));
  CHECK(headroom_reason(study, head) == "weights are read once for 4 times the samples");
}

TEST_CASE("headroom: only what exists is tried") {
  const auto texts = [](const Headroom& study) {
    std::set<std::string> found;
    for (const Candidate& candidate : study.candidates) found.insert(candidate.text);
    return found;
  };
  const std::set<std::string> v100 =
      texts(find_headroom(configuration("gpt2-split"), load_hardware("v100-pcie-32"), kUsual));
  CHECK_FALSE(v100.contains("dtype=tf32"));
  CHECK_FALSE(v100.contains("dtype=bf16"));
  CHECK(v100.contains("recipe=flash"));
  CHECK(v100.contains("fuse=qkv"));
  CHECK(v100.contains("B=2"));
  CHECK_FALSE(v100.contains("recipe=ideal"));
  CHECK(texts(find_headroom(configuration("gpt2-split"), load_hardware("t4"), {{Dtype::kFp16}, {}}))
            .contains("dtype=fp16"));
}

TEST_CASE("headroom: what it prints") {
  const Args line = {"headroom", "--model", "chargpt", "--hw", "a100-pcie-40", "--top", "3"};
  const auto as = [&](const std::string& format) {
    Args args = line;
    args.insert(args.end(), {"--format", format});
    const test::Ran ran = test::run(args);
    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    return ran.out;
  };
  CHECK(as("table").find("Fix this first: h/scores..h/values takes 21.5 ms of 39.9 ms") != std::string::npos);
  const std::string csv = as("csv");
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 3);
  CHECK(as("json").find("\"study\": \"headroom\"") != std::string::npos);
  CHECK(as("svg").find("7.33 ms by fuse=qkv") != std::string::npos);
}

TEST_CASE("headroom: wrong input is exit 2 and one line") {
  test::check_refused({"headroom", "--model", "gpt2-split", "--hw", "t4"},
                      std::vector<test::WrongArgs>{
                          {{"--dtypes", "bf61"}, "--dtypes: unknown dtype 'bf61', did you mean 'bf16'?"},
                          {{"--batches", "1"}, "--batches: '1' is not a whole number of at least 2"},
                          {{"--top", "0"}, "--top: '0' is not a whole number of at least 1"},
                          {{"--format", "html"}, "--format: unknown format 'html'; known: table, csv, json, svg"},
                      });
}

}  // namespace
}  // namespace gable
