// The reports. What is easy to break here: a column that moves or changes its unit, a share of the wrong whole, a table
// wider than the terminal. One small model on a device of round numbers; every figure is worked out beside it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analyzer/base/text.h"
#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "reports/insights.h"
#include "reports/report.h"

namespace gable {
namespace {

// 1 TFLOP/s, 100 GB/s, 1 TB/s, 1 us: ridge at 10 FLOP/byte.
constexpr const char* kHardware = R"(
name: round
title: Round numbers
kind: gpu
vendor: none
architecture: none
sources: {s: {title: made up}}
vector: {fp32: {value: 1 TFLOP/s, source: s}}
dram: {capacity: {value: 1 GB, source: s}, bandwidth: {value: 100 GB/s, source: s}}
l2: {capacity: {value: 1 MB, source: s}, bandwidth: {value: 1 TB/s, unverified: true}}
sm_count: {value: 10, source: s}
launch_latency: {value: 1 us, source: s}
)";

// head: 2*10*100*1000 = 2,000,000 FLOP, 4*(10*100 + 100*1000 + 10*1000) = 444,000 B: 2 us at the peak, 4.44 us DRAM,
//       + 1 us = 5.44 us.
// move: 2 copies of 25,000 elements, 4*2*25,000 = 200,000 B each: 2 us DRAM + 1 us, 6 us together.
// drop: nothing in evaluation.
constexpr const char* kModel = R"(
name: tiny
title: "Tiny, with a | and a comma"
parts:
  - name: a
    ops: [{name: head, op: linear, tokens: 10, in: 100, out: 1000, bias: false}]
  - name: b
    ops: [{name: move, op: copy, n: 25000, count: 2}, {name: drop, op: dropout, n: 5}]
notes: ["head does {flop:a/head} FLOP ({mac:a/head} MAC), {flop_share:a/head} of a; b takes {time_share:b}"]
)";

Analysis tiny(const std::string& model = kModel) {
  const BlockSource none = [](const std::string&, const Where& where) -> YamlNode {
    throw InputError(where, "no blocks");
  };
  Analysis analysis =
      analyze(read_model(parse_yaml(model, "tiny.yaml"), none), read_hardware(parse_yaml(kHardware, "round.yaml")), {});
  analysis.hw_reason = "made up for a test";
  return analysis;
}

std::vector<std::string> lines_of(const std::string& text, std::string_view end) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t stop = text.find(end, at);
    REQUIRE(stop != std::string::npos);  // every line ends
    lines.push_back(text.substr(at, stop - at));
    at = stop + end.size();
  }
  return lines;
}

TEST_CASE("CSV: RFC 4180, a row a kernel, op, part and model, stable names with units") {
  const std::vector<std::string> lines = lines_of(render_csv(tiny(), {}), "\r\n");
  REQUIRE(lines.size() == 9);  // head; kernel, op, part; kernel, op, op (drop launches none), part; model
  CHECK(lines[0] ==
        "model,hardware,level,part,name,kind,pass,dtype,executions,launches,memcpys,params,lookup_params,matrix_flop,"
        "recomputed_flop,masked_flop,vector_flop,read_bytes,written_bytes,unique_bytes,dram_bytes,output_elements,"
        "intensity_flop_per_byte,time_s,"
        "flop_share_of_part,time_share_of_part,flop_share_of_model,time_share_of_model,bound,roof,near_ridge,"
        "attained_flop_per_s,attained_bytes_per_s,parallel_efficiency,bandwidth_for_peak_bytes_per_s");
  CHECK(lines[1].find("tiny,round,kernel,a,head,gemm,forward,fp32,1,1,0,0,0,2000000,") == 0);
  CHECK(lines[2].find("tiny,round,op,a,head,linear,,fp32,1,1,0,100000,0,2000000,0,0,0,404000,40000,444000,444000,10000,"
                      "4.5045045") == 0);
  CHECK(lines[5].find("tiny,round,op,b,move,copy,,fp32,2,2,0,0,0,0,0,0,0,200000,200000,400000,400000,5000") == 0);
  CHECK(lines[6].find("tiny,round,op,b,drop,dropout,,fp32,1,0,0,0,0,0,0,0,0,0,0,0,0,5,0,0,") == 0);
  CHECK(lines[8].find("tiny,round,model,,tiny,,,,1,3,0,100000,0,2000000,0,0,0,604000,240000,844000") == 0);
  for (const std::string& line : lines) CHECK(std::count(line.begin(), line.end(), ',') == 34);
}

TEST_CASE("JSON: whole counts, totals of the model and of each part, launches by kind") {
  const auto json = nlohmann::json::parse(render_json(tiny(), {}));
  CHECK(json["schema_version"] == 1);
  CHECK(json["totals"]["launches"] == 3);
  CHECK(json["totals"]["matrix_flop"].is_number_integer());
  CHECK(json["totals"]["a"]["matrix_flop"] == 2'000'000);
  CHECK(json["totals"]["b"]["time_s"].get<double>() == doctest::Approx(6e-6).epsilon(1e-12));
  CHECK(json["totals"]["b"]["time_share_of_model"].get<double>() == doctest::Approx(6 / 11.44).epsilon(1e-12));
  CHECK(json["by_kind"]["copy"]["launches"] == 2);
  CHECK(json["rows"].size() == 3);
  CHECK(json["by_class"]["gemm"]["launches"] == 1);
  CHECK(json["by_class"]["stream"]["launches"] == 2);
  // 4.44 of 5.44 us are at the DRAM roof, the launch takes the rest; then 2 of 3 us, twice
  CHECK(json["rows"][0]["parallel_efficiency"].get<double>() == doctest::Approx(4.44 / 5.44).epsilon(1e-12));
  CHECK(json["totals"]["parallel_efficiency"].get<double>() == doctest::Approx((4.44 + 4) / 11.44).epsilon(1e-12));
  CHECK(json["rows"][0]["bound"] == "memory");
  CHECK(json["rows"][0]["roof"] == "DRAM");
  CHECK(json["rows"][0]["bandwidth_for_peak_bytes_per_s"].get<double>() ==
        doctest::Approx(444000 / 2e-6).epsilon(1e-12));
  CHECK(json["rows"][2]["bound"].is_null());
  CHECK(json["hardware"]["ridges"][0]["ridge_flop_per_byte"].get<double>() == doctest::Approx(10).epsilon(1e-12));
}

TEST_CASE("--count mac halves matrix FLOP and renames the column") {
  ReportOptions options;
  options.mac = true;
  CHECK(nlohmann::json::parse(render_json(tiny(), options))["totals"]["matrix_mac"] == 1'000'000);
  CHECK(render_csv(tiny(), options).find(",matrix_mac,") != std::string::npos);
  CHECK(render_table(tiny(), options).find(" MAC ") != std::string::npos);
}

TEST_CASE("the table fits its width and keeps its columns where there is room") {
  for (const int width : {60, 80, 100, 140, 200}) {
    CAPTURE(width);
    ReportOptions options;
    options.width = width;
    const std::string table = render_table(tiny(), options);
    for (const std::string& line : lines_of(table, "\n")) {
      CAPTURE(line);
      CHECK(display_width(line) <= static_cast<std::size_t>(width));
    }
    CHECK((table.find("attained") != std::string::npos) == (width >= 140));
    CHECK(table.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("table: a heading a part, its ops below, idle ops named apart") {
  ReportOptions options;
  options.width = 120;
  const std::string table = render_table(tiny(), options);
  const std::vector<std::string> lines = lines_of(table, "\n");
  const auto starts = [&](std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [&](const std::string& l) { return l.starts_with(text); }));
  };
  CHECK(starts("a  ") == 1);
  CHECK(starts("  head ") == 1);
  CHECK(starts("b  ") == 1);
  CHECK(starts("  move ×2 ") == 1);
  CHECK(starts("  drop") == 0);
  CHECK(starts("Nothing runs in evaluation for b/drop.") == 1);
  CHECK(starts("In all 100,000 parameters, 2.000 M matrix and 0 vector FLOP, 844.0 kB moved in 11.44 us.") == 1);
  CHECK(
      table.find("  head      100 k  2.00 M  444 k    4.50  5.44 us  100.0  100.0  memory  DRAM   81.6         1  368 "
                 "GFLOP/s  81.6 GB/s") != std::string::npos);
}

TEST_CASE("colours only where they are asked for") {
  ReportOptions options;
  options.color = true;
  CHECK(render_table(tiny(), options).find("\x1b[33mmemory\x1b[0m") != std::string::npos);
}

std::vector<std::string> said_of(const std::string& model, AnalysisOptions options, const std::string& recipe) {
  options.step.recipe = std::make_shared<const Recipe>(load_recipe(recipe));
  return findings(analyze(load_model(model), load_hardware("a100-pcie-40"), options));
}

bool has(const std::vector<std::string>& all, const std::string& text) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

TEST_CASE("findings name a fusion that fits nowhere, and a run that holds two products") {
  const auto said = [](std::vector<std::string> fuse, Phase phase = Phase::kForward, const char* optimizer = "adamw") {
    AnalysisOptions options;
    options.step.fuse = std::move(fuse);
    options.step.phase = phase;
    options.step.optimizer = optimizer;
    return said_of("gpt2", options, "ideal");
  };
  CHECK(has(said({"qkv"}), "--fuse qkv changes nothing: no ops of gpt2 fit it."));
  const std::string caveat =
      "--fuse h/fc..h/proj runs 2 products as one kernel: its bytes are right only for a kernel that keeps what passes "
      "between them on the chip";
  CHECK(has(said({"h/fc..h/proj"}), caveat + "."));
  // 12 layers, 2*1024*768*3072 FLOP of fc: the input of proj is no longer there
  CHECK(has(said({"h/fc..h/proj"}, Phase::kStep),
            caveat + ", and its backward pass does 58.0 GFLOP of them a second time."));
  CHECK(!has(said({"h/fc..h/gelu"}), "--fuse h/fc..h/gelu changes nothing: no ops of gpt2 fit it."));
  CHECK(has(said({"adamw"}), "--fuse adamw changes nothing: --phase forward has no optimizer; --phase step has."));
  CHECK(has(said({"adamw"}, Phase::kStep), "--fuse adamw changes nothing: the optimizer is adamw already."));
  CHECK(has(said({"adamw"}, Phase::kStep, "sgd"),
            "--fuse adamw changes nothing: it makes adamw one kernel, and the optimizer is sgd."));
}

TEST_CASE("findings say that a recompute does nothing, and why") {
  struct Case {
    const char* model;
    const char* recipe;
    Recompute recompute;
    const char* text;  ///< "" where it does something
  };
  for (const Case& at :
       {Case{"gpt2", "flash", Recompute::kAttention,
             "--recompute attention changes nothing: attention is one kernel, which keeps no scores and computes them "
             "again by itself."},
        Case{"resnet50", "ideal", Recompute::kAttention,
             "--recompute attention changes nothing: resnet50 has no attention."},
        Case{"gemm", "ideal", Recompute::kBlock, "--recompute block changes nothing: gemm has no blocks."},
        Case{"gpt2", "ideal", Recompute::kAttention, ""}, Case{"gpt2", "flash", Recompute::kBlock, ""}}) {
    CAPTURE(at.text);
    AnalysisOptions options;
    options.step.phase = Phase::kStep;
    options.step.recompute = at.recompute;
    const std::vector<std::string> all = said_of(at.model, options, at.recipe);
    const auto about = [](const std::string& text) { return text.starts_with("--recompute"); };
    CHECK(std::any_of(all.begin(), all.end(), about) == (*at.text != '\0'));
    if (*at.text != '\0') CHECK(has(all, at.text));
  }
}

TEST_CASE("findings of an update: what it moves, and no ops that it does not run") {
  AnalysisOptions options;
  options.step.phase = Phase::kOptimizer;
  options.cost.mode = Mode::kTrain;
  const auto any = [](const std::vector<std::string>& all, std::string_view part) {
    return std::any_of(all.begin(), all.end(),
                       [&](const std::string& text) { return text.find(part) != std::string::npos; });
  };
  const std::vector<std::string> adamw = said_of("gpt2", options, "ideal");
  CHECK(any(adamw, "it moves 3.48 GB of weights, gradients and states"));  // 7 * 4 * 124,439,808
  CHECK(!any(adamw, "Nothing runs"));
  CHECK(any(adamw, "1 kernel launch of 5.00 us is "));
  options.step.optimizer = "sgd";
  CHECK(any(said_of("gpt2", options, "ideal"), "it moves 1.49 GB of weights and gradients"));  // 3 * 4 * 124,439,808
}

TEST_CASE("MFU counts the model's FLOP whatever FLOP are shown; without the masked half it stands beside") {
  const auto mfu = [](FlopConvention flops) {
    AnalysisOptions options;
    options.flops = flops;
    for (const std::string& text : said_of("gpt2", options, "ideal")) {
      if (text.starts_with("MFU")) return text;
    }
    return std::string();
  };
  const std::string model = mfu(FlopConvention::kModel);
  const std::string halved = mfu(FlopConvention::kCausalHalved);
  CHECK(model.substr(0, model.find(';')) == halved.substr(0, halved.find(';')));
  CHECK(model.find("masked") == std::string::npos);
  const AnalysisOptions plain;
  const Analysis all = analyze(load_model("gpt2"), load_hardware("a100-pcie-40"), plain);
  const double matrix = all.total.cost.matrix_flop.real();
  const double masked = 12 * 2.0 * 12 * 1024 * 1024 * 64;  // of 12 layers, half of both products of 12 heads
  CHECK(halved.find(fmt::format("; both count the masked half of causal attention (PaLM, appendix B), without it MFU "
                                "is {:.1f} %; FLOP are",
                                100 * all.total.mfu() * (matrix - masked) / matrix)) != std::string::npos);
}

TEST_CASE("findings say what bounds the slowest op and why") {
  const std::vector<std::string> all = findings(tiny());
  const auto has = [&](const std::string& text) { return std::find(all.begin(), all.end(), text) != all.end(); };
  // 400,000 B of weights of 444,000 B; 2,000,000/444,000 = 4.50
  CHECK(
      has("a/head takes 100.0 % of a's FLOP and 100.0 % of its time; it is memory-bound (DRAM): it reads 400 kB of "
          "weights for 10 tokens: 4.50 FLOP/byte against a ridge of 10.0 (fp32); 222 GB/s would feed its peak."));
  CHECK(
      has("b/move (2 times) takes 100.0 % of b's time; it is memory-bound (DRAM): it moves 200 kB and computes little: "
          "0 FLOP/byte."));
  CHECK(has("b : a is 0 in FLOP, 0.901 in bytes and 1.10 in time."));  // 400,000/444,000; 6/5.44
  CHECK(has("Of the time, memory 100.0 % bound."));
  CHECK(has("By kind of op, copy 52.4 %, linear 47.6 % of the time."));
  CHECK(has("3 kernel launches of 1.00 us are 26.2 % of the 11.44 us."));  // 3/11.44
  CHECK(has("Numbers of round that no source confirms: l2.bandwidth ~1 TB/s."));
}

TEST_CASE("a ridge is named only where both of its roofs count and the comparison is true") {
  const auto first = [](const RoofSet& roofs) {
    Analysis analysis = tiny();
    AnalysisOptions options;
    options.roofs = roofs;
    return findings(analyze(analysis.model, analysis.hw, options))[1];
  };
  const std::string head = "a/head takes 100.0 % of a's FLOP and 100.0 % of its time; it is ";
  CHECK(first({true, false, false, false}) == head + "compute-bound (vector): 4.50 FLOP/byte.");
  CHECK(first({false, true, false, false}) ==
        head + "memory-bound (DRAM): it reads 400 kB of weights for 10 tokens: 4.50 FLOP/byte.");
  CHECK(first({false, false, false, true}) == head + "launch-bound (launch): only the launch is counted.");
}

TEST_CASE("notes fill in their fields, and refuse wrong ones with their place") {
  CHECK(notes(tiny()).front() == "head does 2,000,000 FLOP (1,000,000 MAC), 100.0 % of a; b takes 52.4 %");  // 6/11.44
  const std::string op = "name: m\nops: [{op: scale, n: 4}]\nnotes:\n  - \"";
  CHECK_THROWS_WITH_AS(notes(tiny(op + "{flops:model}\"\n")),
                       "tiny.yaml:4:5: a note's field is {what:path}, not 'flops:model', did you mean 'flop'?",
                       InputError);
  CHECK_THROWS_WITH_AS(notes(tiny(op + "{flop:b/head}\"\n")),
                       "tiny.yaml:4:5: a note names 'b/head', which the model does not have", InputError);
  CHECK_THROWS_WITH_AS(notes(tiny(op + "{flop:model\"\n")), "tiny.yaml:4:5: a '{' in a note has no '}'", InputError);
}

TEST_CASE("--top keeps the slowest rows and sums the rest") {
  ReportOptions options;
  options.by = By::kKind;
  options.top = 1;
  const std::string csv = render_csv(tiny(), options);
  CHECK(csv.find("tiny,round,kind,,copy,copy,,,2,2,") != std::string::npos);  // 6 us of 11.44
  CHECK(csv.find("tiny,round,kind,,(2 more),,,,2,1,0,100000,") != std::string::npos);
}

TEST_CASE("by block, a table of 80 columns keeps the launches") {
  ReportOptions options;
  options.by = By::kBlock;
  const Analysis gpt2 = analyze(load_model("gpt2"), load_hardware("a100-pcie-40"), {});
  const std::string table = render_table(gpt2, options);
  CHECK(table.find(" launches\n") != std::string::npos);
  CHECK(table.find(" params ") != std::string::npos);
  CHECK(table.find(" roof ") == std::string::npos);  // it made room
}

TEST_CASE("blocks are expanded into their instances") {
  const BlockSource block = [](const std::string&, const Where&) {
    return parse_yaml("name: k\nparams: [N]\nops: [{op: scale, n: N}]\n", "k.yaml");
  };
  const Model model =
      read_model(parse_yaml("name: m\nops: [{name: h, block: k, repeat: 3, with: {N: 8}}]\n", "m.yaml"), block);
  const Analysis analysis = analyze(model, read_hardware(parse_yaml(kHardware, "round.yaml")), {});
  const std::vector<ReportRow> rows = rows_of_part(analysis, analysis.parts.front(), By::kBlock);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].name == "h[0]");
  CHECK(rows[2].name == "h[2]");
  CHECK(rows[1].totals.cost.vector_flop == Count(8));
  CHECK(rows[1].time_share_of_model == doctest::Approx(1.0 / 3).epsilon(1e-12));
}

TEST_CASE("Markdown escapes what would end a cell") {
  const std::string name = "name: m\nops: [{name: a, op: scale, n: 4}]\n";
  const std::string md = render_markdown(tiny(name), {});
  CHECK(md.starts_with("# m on round\n"));
  CHECK(md.find("| a | - | - |") != std::string::npos);
}

}  // namespace
}  // namespace gable
