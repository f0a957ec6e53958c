// `analyze memory` as its users see it. Easy to break: a total without its unit, GiB taken for GB, columns beyond the
// width, a flag that says nothing about the phase.
#include <doctest/doctest.h>

#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "analyzer/base/text.h"
#include "reports/svg_canvas.h"
#include "tests/cli_run.h"

namespace gable::test {
namespace {

Args words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

Ran memory(const std::string& options, int width = 80) { return run(words("memory " + options), width); }

nlohmann::json memory_json(const std::string& options) {
  const Ran ran = memory(options + " --format json");
  REQUIRE(ran.err.empty());
  REQUIRE(ran.code == 0);
  return nlohmann::json::parse(ran.out);
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Without line breaks.
std::string flat(const std::string& text) {
  std::string out;
  for (const std::string& word : words(text)) out += (out.empty() ? "" : " ") + word;
  return out;
}

TEST_CASE("memory: the three totals of cs336-2.7b, each with its reason") {
  const std::string text = flat(memory("--model cs336-2.7b").out);
  CHECK(holds(text, "parameters 3,406,809,600 12.6914"));
  CHECK(holds(text,
              "50.9275 GiB is the peak of the forward and backward passes: backward of h/silu, block 1 of 32, at the "
              "end of the backward pass; gradients are freed"));
  // The update holds parameters, gradients and two states, what adamw-foreach needs for the moment, and the logits:
  // 5 * 3,406,809,600 * 4 + 4*256*10000 * 4 bytes.
  CHECK(holds(text,
              "63.4949 GiB is the most of the step: adamw-foreach needs 12.6914 GiB for the moment to update the "
              "parameters."));
  CHECK(holds(text, "elements all at once peak of passes update"));
  CHECK(holds(text, "total 62.2648 50.9275 63.4949"));
  CHECK(holds(text, "peak of the passes: backward of h/silu, block 1 of 32 50.9275"));
  CHECK(holds(text, "most of the step: update by adamw 63.4949"));
  CHECK(holds(text, "gradients are freed after the update (--zero-grad none)"));
  CHECK(holds(text,
              "62.2079 GiB are parameters, gradients, optimizer states, kept activations and logits "
              "(3,071,557,632 elements) added up"));
  CHECK(holds(text, "they meet only where gradients stay allocated (--zero-grad keep)"));
  CHECK(holds(text, "54.0008 GiB by document 002's counting"));
  CHECK(holds(text, "868,499,456 elements"));
  CHECK(holds(text, "Its own rows add up to 50.9129 GiB only: they show one layer, 39,600,128 elements or 0.1475 GiB"));
  const std::string document = flat(memory("--model cs336-2.7b --counting document").out);
  CHECK(holds(document, "total, without the row of one layer 54.0008"));
}

TEST_CASE("memory: the update is among the moments, and the most of the step is named") {
  const std::string keep = flat(memory("--model cs336-2.7b --zero-grad keep").out);
  CHECK(holds(keep,
              "62.3411 GiB is the peak of the forward and backward passes: backward of cross_entropy, at the start of "
              "the backward pass; gradients stay allocated"));
  CHECK(holds(keep, "most of the step: update by adamw 63.4949"));
  CHECK(holds(keep, "update by zero_grad 50.8036"));  // 4 * 3,406,809,600 * 4 bytes and the logits
  const std::string fused = flat(memory("--model cs336-2.7b --optimizer adamw-fused").out);
  CHECK(holds(fused,
              "50.9275 GiB is the peak of the forward and backward passes, and the most of the step: backward of"));
  CHECK(holds(fused, "all at once peak of passes parameters"));
  CHECK(holds(flat(memory("--model gpt2 --phase forward").out), "elements all at once at the peak"));
}

TEST_CASE("memory: what is said about gradients is true of micro-batches and of models without parameters") {
  const std::string micro = flat(memory("--model cs336-2.7b --micro-batches 4").out);
  CHECK(holds(micro, "last of 4 micro-batches, gradients freed after the update"));
  CHECK(holds(micro, "gradients stay allocated from micro-batch to micro-batch, so that they meet all kept"));
  CHECK(holds(flat(memory("--model cs336-2.7b --micro-batches 4 --zero-grad keep").out), "from step to step"));
  const std::string gemm = flat(memory("--model gemm").out);
  CHECK(holds(gemm, "the model has no parameters."));
  CHECK(holds(gemm, "added up: they do meet, at the end of the forward pass."));
}

TEST_CASE("memory: what is apart from the sum is named, and all of it") {
  const std::string text = flat(memory("--model cs336-2.7b --amp bf16").out);
  CHECK(holds(text,
              "added up, apart from 6.2977 GiB of narrow copies of weights, 0.0164 GiB of row statistics, indices and "
              "masks and 0.0381 GiB kept by the loss; they meet only"));
  for (const std::string options : {"cs336-2.7b", "cs336-2.7b --amp bf16", "resnet50", "gemm", "chargpt"}) {
    CAPTURE(options);
    const nlohmann::json report = memory_json("--model " + options);
    std::int64_t sum = report["totals"]["added_up_bytes"];
    for (const char* apart : {"weight_copies", "statistics", "loss", "input"})
      sum += report["all_at_once"].value(apart, std::int64_t{0});
    CHECK(sum == report["all_at_once"]["total"]);
  }
}

TEST_CASE("memory: document 002's rows add up to its total where there is one layer") {
  const std::string text = flat(memory("--model gpt2 --set L=1").out);
  CHECK(holds(text, "Its own rows add up to the same: there is one layer."));
}

TEST_CASE("memory: --fit says when there is nothing to search") {
  CHECK(holds(flat(memory("--model gemm --hw t4 --fit").out),
              "--fit has nothing to search: gemm has neither a dim B (batch) nor a dim T (context)."));
  CHECK_FALSE(holds(memory("--model gpt2 --hw t4 --fit").out, "nothing to search"));
}

TEST_CASE("memory: a constant mask is made again where its attention is") {
  const std::string text = flat(memory("--model cs336-small --recompute attention --by op").out);
  CHECK(holds(text, "h/mask constant (computed again) 12 3,145,728"));  // L * T*T
  CHECK_FALSE(holds(flat(memory("--model cs336-small --by op").out), "(computed again)"));
}

TEST_CASE("memory: what fits a device, in GB as sold and in GiB") {
  const std::string text = flat(memory("--model cs336-2.7b --optimizer adamw-fused --hw a100-pcie-80").out);
  CHECK(holds(text, "NVIDIA A100 PCIe 80 GB, 80.00 GB = 74.51 GiB"));
  CHECK(holds(text, "Fits a100-pcie-80: 50.9"));
  CHECK(holds(text, " of 74.5058 GiB (80.00 GB), leaves "));
  const std::string reserved = flat(memory("--model cs336-2.7b --hw a100-pcie-40 --reserve 2GiB").out);
  CHECK(holds(reserved, "Does not fit a100-pcie-40: "));
  CHECK(holds(reserved, " of 35.2529 GiB (40.00 GB less 2.0000 GiB), lacks "));
}

TEST_CASE("memory: the largest batch and context, and what stops them") {
  const nlohmann::json report = memory_json("--model gpt2 --hw rtx-4090 --fit --reserve 1GiB");
  const std::int64_t usable = 24'000'000'000 - (std::int64_t{1} << 30U);
  CHECK(report["hardware"]["usable_bytes"] == usable);
  const nlohmann::json& batch = report["fit"][0];
  CHECK(batch["dim"] == "B");
  CHECK(batch["needed_bytes"] <= usable);
  CHECK(batch["next_needs_bytes"] > usable);
  const std::int64_t largest = batch["largest"];
  for (const std::int64_t b : {largest, largest + 1}) {
    const nlohmann::json one = memory_json("--model gpt2 --set B=" + std::to_string(b));
    CHECK(one["totals"]["needed_bytes"] == batch[b == largest ? "needed_bytes" : "next_needs_bytes"]);
  }
  const nlohmann::json& context = report["fit"][1];
  CHECK(context["largest"] == 1024);
  CHECK(context["refusal"] == "dim 'T' is 1025; it can be at most P - past = 1024");
  CHECK(context["next_needs_bytes"].is_null());
  const nlohmann::json none = memory_json("--model gpt3-175b --hw t4 --fit");
  CHECK(none["fit"][0]["largest"] == 0);
}

TEST_CASE("memory: the batch and the cache that fit a decode step, and how much of it is cache") {
  const std::string text = flat(memory("--model cs336-small --phase decode --set past=1000 --hw t4 --fit").out);
  const nlohmann::json fit = memory_json("--model cs336-small --phase decode --set past=1000 --hw t4 --fit")["fit"];
  const std::int64_t batch = fit[0]["largest"];
  CHECK(fit[0]["kv_cache_bytes"] == 2 * 12 * batch * 1001 * 768 * 4);  // keys, values; L, B, past + 1, D
  CHECK(fit[1]["what"] == "cache");
  CHECK(fit[1]["dim"] == "past");
  const std::int64_t past = fit[1]["largest"];
  CHECK(fit[1]["kv_cache_bytes"] == 2 * 12 * 4 * (past + 1) * 768 * 4);
  CHECK(holds(text, " with past = 1,000, 14.8"));
  CHECK(holds(text, " of it key/value cache; past = "));
  CHECK(
      holds(flat(memory("--model gpt2 --phase decode --hw t4 --fit").out),
            "Largest cache that fits: past = 1,023 with B = 1, 0.5369 GiB, 0.0703 GiB of it key/value cache; the model "
            "allows no more (past = 1,024: dim 'T' is 1; it can be at most P - past = 0)."));
}

TEST_CASE("memory: a decode step holds the cache of all positions") {
  const nlohmann::json report =
      memory_json("--model gpt2 --phase decode --set B=8,past=1000 --dtype weights=bf16,act=bf16,kv=fp8_e4m3");
  CHECK(report["all_at_once"]["kv_cache"] == 2LL * 12 * 8 * 1001 * 768 * 1);  // keys, values; L, B, past + 1, D
  CHECK_FALSE(report["totals"].contains("added_up_bytes"));
  CHECK(report["kept"].empty());
  const nlohmann::json prefill = memory_json("--model gpt2 --phase prefill --set B=8,T=512");
  CHECK(prefill["all_at_once"]["kv_cache"] == 2LL * 12 * 8 * 512 * 768 * 4);
  CHECK_FALSE(memory_json("--model gpt2 --phase forward")["all_at_once"].contains("kv_cache"));
}

TEST_CASE("memory: JSON and CSV have exact bytes") {
  const nlohmann::json report = memory_json("--model cs336-2.7b");
  CHECK(report["schema_version"] == 1);
  CHECK(report["parameters"] == 3'406'809'600);
  CHECK(report["all_at_once"]["parameters"] == 4 * 3'406'809'600LL);
  CHECK(report["totals"]["kept_elements"] == 3'071'557'632);
  CHECK(report["totals"]["document"]["total_bytes"] == 57'982'951'424);
  std::int64_t peak = 0;
  for (const auto& event : report["timeline"]["shown"])
    peak = std::max(peak, event["bytes"]["total"].get<std::int64_t>());
  CHECK(peak == report["totals"]["needed_bytes"]);  // the outline never loses it
  const std::string csv = memory("--model cs336-2.7b --format csv").out;
  CHECK(csv.starts_with("model,section,name,tensor,category,executions,elements,bytes,peak_bytes\r\n"));
  CHECK(holds(csv, "cs336-2.7b,kept,model/h/ln_1,xhat,saved_activations,32,83886080,335544320,\r\n"));
  CHECK(holds(csv, "cs336-2.7b,total,added_up,,,,,66795184128,\r\n"));
  CHECK(holds(csv, "cs336-2.7b,total,document_total,,,,868499456,57982951424,\r\n"));
}

TEST_CASE("memory: lines fit the width; rows can be few or by op") {
  for (const std::string model : {"cs336-2.7b", "gpt2", "resnet50", "chargpt", "bert-large"}) {
    for (const int width : {80, 140}) {
      CAPTURE(model);
      CAPTURE(width);
      std::istringstream lines(memory("--by op --hw a100-pcie-80 --fit --model " + model, width).out);
      for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(display_width(line) <= static_cast<std::size_t>(width));
      }
    }
  }
  CHECK(holds(flat(memory("--model gpt2 --by op --top 3").out), "h/softmax output 12 150,994,944"));
  CHECK(holds(flat(memory("--model gpt2 --top 3").out), " more "));
}

TEST_CASE("memory: the picture has the peak and the device's line") {
  const std::string svg = memory("--model cs336-2.7b --hw a100-pcie-80 --format svg").out;
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(holds(svg, ">peak of the passes 50.9"));
  CHECK(holds(svg, ">backward of h/silu, block 1 of 32<"));
  CHECK(holds(svg, ">a100-pcie-80: 74.5058 GiB<"));
  CHECK(holds(svg, ">most of the step:<"));
  CHECK(holds(svg, ">update 63."));
  CHECK_FALSE(holds(svg, "nan"));
  CHECK(holds(memory("--model gpt2 --format md").out, "| parameters | 124,439,808 | 0.4636 | 0.4636 |"));
}

/// The boxes of the labels in a picture: of all text with a halo.
std::vector<svg::Box> label_boxes(const std::string& picture) {
  static const std::regex kText(
      R"re(<text x="([\d.]+)" y="([\d.]+)" font-size="([\d.]+)"([^>]*) paint-order="stroke">([^<]*)<)re");
  std::vector<svg::Box> boxes;
  for (std::sregex_iterator found(picture.begin(), picture.end(), kText), end; found != end; ++found) {
    const double x = std::stod((*found)[1]);
    const double y = std::stod((*found)[2]);
    const double size = std::stod((*found)[3]);
    const double width = svg::text_width((*found)[5].str(), size) * (holds((*found)[4], "bold") ? 1.15 : 1);
    const double left = holds((*found)[4], "\"end\"") ? x - width : x;
    boxes.push_back({left, y - size, left + width, y + 0.25 * size});
  }
  return boxes;
}

TEST_CASE("memory: labels of the picture lie in the plot and apart") {
  const svg::Box frame = {84, 96, 690, 560};
  for (const std::string options :
       {"cs336-2.7b --hw a100-pcie-80 --zero-grad keep", "cs336-2.7b --hw a100-pcie-80 --reserve 9GiB",
        "cs336-2.7b --hw a100-pcie-80 --reserve 11GiB --zero-grad keep", "resnet50 --zero-grad keep",
        "cs336-2.7b --hw a100-pcie-80 --amp bf16 --recompute block --zero-grad keep", "gpt2 --hw t4 --phase decode",
        "cs336-2.7b --hw a100-pcie-80 --reserve 12GiB --zero-grad keep", "gemm --hw t4"}) {
    CAPTURE(options);
    const std::vector<svg::Box> boxes = label_boxes(memory("--model " + options + " --format svg").out);
    CHECK(boxes.size() >= 2);  // the peak's two lines
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      CAPTURE(i);
      CHECK(contains(frame, boxes[i]));
      for (std::size_t other = 0; other < i; ++other) CHECK_FALSE(overlap(boxes[i], boxes[other]));
    }
  }
}

struct Wrong {
  std::string options;
  std::string message;
};

TEST_CASE("memory: wrong or contradictory flags are one line, exit 2") {
  const std::array<Wrong, 15> cases = {{
      {"", "--model is missing; `analyze list models` names the shipped ones"},
      {"--model gpt2 extra", "unexpected 'extra'; every input is an option, see analyze memory --help"},
      {"--model gpt2 --phase decode --recompute block",
       "--recompute says nothing about --phase decode; add --phase step"},
      {"--model gpt2 --phase prefill --zero-grad keep",
       "--zero-grad says nothing about --phase prefill; add --phase step"},
      {"--model gpt2 --phase forward --counting document",
       "--counting says nothing about --phase forward; add --phase step"},
      {"--model gpt2 --phase forward --optimizer sgd",
       "--optimizer says nothing about --phase forward; add --phase step"},
      {"--model gpt2 --phase backward",
       "--phase backward: memory is followed over a whole step, forward, prefill or decode"},
      {"--model gpt2 --fit", "--fit needs --hw: the device whose memory is to be filled"},
      {"--model gpt2 --reserve 2GiB", "--reserve needs --hw: the device whose memory it is taken from"},
      {"--model gpt2 --hw t4 --reserve 2", "--reserve: '2' has no unit; write for example '40 GB'"},
      {"--model gpt2 --zero-grad maybe", "--zero-grad: unknown value 'maybe'; known: none, keep"},
      {"--model resnet50 --counting document",
       "--counting document: model 'resnet50' has no dim 'T'; document 002 counts by B, T, D, H, L and V"},
      {"--model gpt2 --amp fp8", "--amp: unknown value 'fp8'; known: bf16, fp16"},
      {"--model gpt2 --format xml", "--format: unknown format 'xml'; known: table, csv, json, svg, md"},
      {"--model gpt2 --format csv,json", "--format: one format goes to standard output; for several add --out DIR"},
  }};
  for (const Wrong& wrong : cases) check_refused(memory(wrong.options), wrong.message);
}

}  // namespace
}  // namespace gable::test
