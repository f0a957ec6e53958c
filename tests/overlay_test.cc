// Easy to break here: an op joined to another's time, a class from the model instead of the measurement, a time above
// its roof that passes in silence, a ledger that does not add up to the step.
#include "analyzer/measured/overlay.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "analyzer/measured/ledger.h"
#include "analyzer/spec/library.h"
#include "analyzer/spec/model_reader.h"
#include "tests/approx.h"
#include "tests/error_text.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

// On the tiny device (fp32 10 TFLOP/s, DRAM 1 TB/s, L2 1 MB at 4 TB/s, launch 1 us) the synthetic model's ops take
//   thin    4e9 FLOP 0.4 ms, 1e9 B 1 ms of DRAM, 0.25 ms of L2   measured 2 ms: twice its DRAM time
//   cached  5e5 B 0.5 us of DRAM, 0.125 us of L2, launch 1 us     measured 0.25 us: above the DRAM roof
//   busy    1e11 FLOP 10 ms, 1e9 B                                measured 12.5 ms: 1.25 times its vector time
//   tiny    4e3 B 4 ns, launch 1 us                               measured 20 us: 20 times its largest roof
//   slow    1e8 B 0.1 ms of DRAM                                  measured 1 ms: 10 times its largest roof
constexpr std::string_view kModel = GABLE_SOURCE_DIR "/tests/data/synthetic_model.yaml";
constexpr std::string_view kFile = GABLE_SOURCE_DIR "/tests/data/synthetic_measurement.yaml";

Analysis synthetic_analysis() { return analyze(load_model(std::string(kModel)), tiny_hardware(), {}); }
Measurement synthetic() { return load_measurement(std::string(kFile)); }

Analysis analysis_of(std::string_view ops, const AnalysisOptions& options = {},
                     std::string_view hardware = kTinyHardware) {
  const auto no_block = [](const std::string&, const Where& where) -> YamlNode {
    throw InputError(where, "no blocks");
  };
  const std::string text = "name: small\ntitle: Few ops\nsource: made up\ndtype: fp32\nops:\n" + std::string(ops);
  return analyze(read_model(parse_yaml(text, "small.yaml"), no_block), hardware_of(hardware), options);
}

/// Every step takes the sum of the ops.
Measurement measured(const Analysis& analysis, const std::vector<std::pair<std::string, double>>& times) {
  Measurement m;
  m.model = analysis.model.name;
  m.phase = "forward";
  m.dtype = "fp32";
  m.backend = "cuda";
  double sum = 0;
  for (const auto& [op, time_s] : times) {
    m.ops.push_back({op, Pass::kForward, 1, 0, {time_s, time_s}, {}, ""});
    sum += time_s;
  }
  m.step_s = {sum, sum};
  return m;
}

std::string path(const Analysis& analysis, const OverlayOp& op) {
  return analysis.model.full_path(analysis.spec(analysis.rows[op.row]));
}

std::vector<Diagnosis::Kind> kinds(const OverlayOp& op) {
  std::vector<Diagnosis::Kind> all;
  for (const Diagnosis& diagnosis : op.diagnoses) all.push_back(diagnosis.kind);
  return all;
}

TEST_CASE("efficiency, class, margin and what could be recovered, by hand") {
  struct Row {
    std::string_view op;
    double median, roof_s, efficiency, margin, recoverable;
    MeasuredClass measured;
    Roof nearest;
  };
  const Analysis analysis = synthetic_analysis();
  const Overlay overlay = make_overlay(analysis, std::nullopt, synthetic());
  const std::vector<Row> rows = {
      {"bottom/thin", 2e-3, 1e-3, 0.5, 2, 1e-3, MeasuredClass::kDram, Roof::kDram},
      {"bottom/cached", 0.25e-6, 0.5e-6, 2, 0.5, 0, MeasuredClass::kDram, Roof::kDram},
      {"top/busy", 12.5e-3, 10e-3, 0.8, 1.25, 2.5e-3, MeasuredClass::kVector, Roof::kVector},
      {"top/tiny", 20e-6, 4e-9, 4e-9 / 20e-6, 20, 20e-6 - 4e-9, MeasuredClass::kLatency, Roof::kLaunch},
      {"top/slow", 1e-3, 0.1e-3, 0.1, 10, 0.9e-3, MeasuredClass::kInefficient, Roof::kDram},
  };
  REQUIRE(overlay.ops.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const OverlayOp& op = overlay.ops[i];
    CAPTURE(rows[i].op);
    CHECK(path(analysis, op) == rows[i].op);
    CHECK(op.totals.time.median == rel(rows[i].median));
    CHECK(op.totals.roof_s == rel(rows[i].roof_s));
    CHECK(op.totals.efficiency() == rel(rows[i].efficiency));
    CHECK(op.margin == rel(rows[i].margin));
    CHECK(std::fabs(op.totals.recoverable_s() - rows[i].recoverable) < 1e-12);
    CHECK(class_name(op.measured_class) == class_name(rows[i].measured));
    CHECK(roof_name(op.nearest) == roof_name(rows[i].nearest));
    CHECK(op.totals.measured_class() == rows[i].measured);
    CHECK_FALSE(op.totals.datasheet_s);
  }
  const MeasuredTotals& busy = overlay.ops[2].totals;
  CHECK(busy.flop_per_s() == rel(1e11 / 12.5e-3));
  CHECK(busy.bytes_per_s() == rel(1e9 / 12.5e-3));
  // busy 2.5 ms, thin 1 ms, slow 0.9 ms, tiny 20 us; cached is above its roof.
  CHECK(overlay.recoverable == std::vector<std::size_t>{2, 0, 4, 3});
  CHECK(overlay.outlier_steps.empty());
  CHECK(overlay.not_measured.empty());
  CHECK(overlay.not_in_model.empty());
  CHECK(overlay.other_executions.empty());
}

TEST_CASE("the same times against the datasheet's roofs") {
  // Twice the DRAM bandwidth, twice the vector rate.
  std::string text = replaced(kTinyHardware, "value: 1 TB/s", "value: 2 TB/s");
  text = replaced(text, "fp32: {value: 10 TFLOP/s", "fp32: {value: 20 TFLOP/s");
  const Overlay overlay = make_overlay(synthetic_analysis(), hardware_of(text), synthetic());
  CHECK(*overlay.ops[0].totals.datasheet_s == rel(0.5e-3));
  CHECK(*overlay.ops[0].totals.datasheet_efficiency() == rel(0.25));
  CHECK(*overlay.ops[2].totals.datasheet_efficiency() == rel(0.4));
  CHECK(overlay.ops[2].totals.efficiency() == rel(0.8));
}

TEST_CASE("the ledger of a step adds up to its wall time") {
  Measurement m = synthetic();
  const Analysis analysis = synthetic_analysis();
  const auto check_closed = [](const Ledger& ledger) {
    double sum = 0;
    for (const LedgerEntry& entry : ledger.entries) sum += entry.time_s;
    CHECK(sum == rel(ledger.wall_s, 1e-12));
  };
  const auto entry = [](const Ledger& ledger, LedgerEntry::Kind kind) {
    double sum = 0;
    for (const LedgerEntry& one : ledger.entries) sum += one.kind == kind ? one.time_s : 0;
    return sum;
  };
  using Kind = LedgerEntry::Kind;
  Ledger ledger = make_overlay(analysis, std::nullopt, m).ledger;
  check_closed(ledger);
  CHECK(ledger.wall_s == rel(16e-3));
  CHECK(entry(ledger, Kind::kOps) == rel(2e-3 + 0.25e-6 + 12.5e-3 + 20e-6 + 1e-3));
  CHECK(entry(ledger, Kind::kOverlapped) == rel(-0.1e-3));
  CHECK(entry(ledger, Kind::kUnattributed) == rel(79.75e-6));
  CHECK(entry(ledger, Kind::kGaps) == rel(16e-3 - 15.5e-3));  // wall - busy
  CHECK(std::fabs(entry(ledger, Kind::kRest)) < 1e-12);  // 15.52025 + 0.07975 - 0.1 = 15.5 ms, all of the busy time
  // Without busy times what is left over are gaps.
  m.busy_s.clear();
  ledger = make_overlay(analysis, std::nullopt, m).ledger;
  check_closed(ledger);
  CHECK(entry(ledger, Kind::kGaps) == rel(0.5e-3, 1e-9));
  CHECK(entry(ledger, Kind::kRest) == 0);
  // Recorded gaps count; what then is missing is told from them.
  m.unattributed.push_back({"gaps", 0, 0.2e-3});
  ledger = make_overlay(analysis, std::nullopt, m).ledger;
  check_closed(ledger);
  CHECK(entry(ledger, Kind::kGaps) == rel(0.2e-3));
  CHECK(entry(ledger, Kind::kRest) == rel(0.3e-3, 1e-9));
  // An op that the model lacks has a line of its own.
  m.ops[3].op = "top/unknown";
  ledger = make_overlay(analysis, std::nullopt, m).ledger;
  check_closed(ledger);
  CHECK(entry(ledger, Kind::kOtherOps) == rel(20e-6));
  // More than the wall time: counted twice.
  m.overlapped_s.clear();
  m.step_s.assign(5, 15e-3);
  ledger = make_overlay(analysis, std::nullopt, m).ledger;
  check_closed(ledger);
  CHECK(entry(ledger, Kind::kRest) == rel(15e-3 - 15.52025e-3 - 79.75e-6 - 0.2e-3, 1e-9));
}

TEST_CASE("what only one of the two has is listed") {
  const Analysis analysis = synthetic_analysis();
  Measurement m = synthetic();
  m.ops[0].op = "bottom/thick";
  m.ops[2].pass = Pass::kDgrad;
  m.ops[3].executions = 3;
  const Overlay overlay = make_overlay(analysis, std::nullopt, m);
  REQUIRE(overlay.not_measured.size() == 2);
  CHECK(analysis.spec(analysis.rows[overlay.not_measured[0].row]).name == "thin");
  CHECK(overlay.not_measured[0].roof_s == rel(1e-3 + 1e-6));
  CHECK(analysis.spec(analysis.rows[overlay.not_measured[1].row]).name == "busy");
  CHECK(overlay.not_in_model == std::vector<std::size_t>{0});
  // busy in a pass that the analysis does not have: joined, without work.
  REQUIRE(overlay.ops.size() == 4);
  CHECK(overlay.ops[1].pass == Pass::kDgrad);
  CHECK(overlay.ops[1].totals.roof_s == 0);
  CHECK(overlay.ops[1].margin == 0);
  REQUIRE(overlay.other_executions.size() == 1);
  CHECK(path(analysis, overlay.ops[overlay.other_executions[0]]) == "top/tiny");
}

TEST_CASE("why a time may be under its roofs, most likely first") {
  using Kind = Diagnosis::Kind;
  constexpr std::string_view kOps =
      "  - {name: near, custom: {flop: 1000, read: 1000000000}}\n"
      "  - {name: partly, custom: {flop: 1000, read: 2000000}}\n"
      "  - {name: far, custom: {flop: 1000, read: 1000000000}}\n"
      "  - {name: l1, custom: {flop: 1000, read: 400000}}\n"
      "  - {name: product, op: linear, tokens: 1000, in: 1000, out: 5000, bias: false}\n";
  const Analysis analysis = analysis_of(kOps);
  const std::string part = analysis.model.parts.front().name + "/";
  // product: 2 x 1000 x 1000 x 5000 = 1e10 FLOP, 1 ms at fp32's 10 TFLOP/s, 0.125 ms at tf32's 80 TFLOP/s.
  const Overlay overlay = make_overlay(analysis, std::nullopt,
                                       measured(analysis, {{part + "near", 0.95e-3},   // of 1 ms
                                                           {part + "partly", 1.5e-6},  // of 2 us: 0.5 MB were cached
                                                           {part + "far", 0.2e-3},     // of 1 ms: 800 MB were not
                                                           {part + "l1", 0.05e-6},     // of 0.1 us of L2
                                                           {part + "product", 0.3e-3}}));  // of 1 ms
  REQUIRE(overlay.ops.size() == 5);
  CHECK(kinds(overlay.ops[0]) == std::vector<Kind>{Kind::kClock});  // 50 MB more than the cache holds
  CHECK(kinds(overlay.ops[1]) == std::vector<Kind>{Kind::kCache});
  CHECK(overlay.ops[1].diagnoses[0].bytes == rel(0.5e6));
  CHECK(kinds(overlay.ops[2]) == std::vector<Kind>{Kind::kUnexplained});
  CHECK(kinds(overlay.ops[3]) == std::vector<Kind>{Kind::kCache, Kind::kNearCache});
  CHECK(kinds(overlay.ops[4]) == std::vector<Kind>{Kind::kDtype});
  CHECK(overlay.ops[4].diagnoses[0].dtype == Dtype::kTf32);
  CHECK(overlay.ops[4].diagnoses[0].flop_per_s == 80e12);
  CHECK(overlay.ops[4].diagnoses[0].unit == Roof::kTensor);
  CHECK(overlay.ops[4].diagnoses[0].roof == Roof::kVector);
}

TEST_CASE("half of causal attention left out is a convention, not a miracle") {
  // Two products of 2 x 1024 x 1024 x 64 FLOP each; half of both is masked.
  const Analysis analysis =
      analysis_of("  - {name: a, op: attention, batch: 64, heads: 8, q_len: 1024, head_dim: 64, causal: true}\n");
  const std::string name = analysis.model.full_path(analysis.model.ops.front());
  const OpRow& row = analysis.rows.front();
  const double all_s = row.time.at_roofs_s();
  const Overlay overlay = make_overlay(analysis, std::nullopt, measured(analysis, {{name, 0.55 * all_s}}));
  REQUIRE_FALSE(overlay.ops.empty());
  REQUIRE_FALSE(overlay.ops[0].diagnoses.empty());
  CHECK(overlay.ops[0].diagnoses[0].kind == Diagnosis::Kind::kHalfMasked);
}

TEST_CASE("launches: near the latency is the launch roof, a few latencies without that roof are latency") {
  const std::string op = "  - {name: a, custom: {flop: 10, read: 40}}\n";
  const Analysis with = analysis_of(op);
  const std::string name = with.model.full_path(with.model.ops.front());
  CHECK(make_overlay(with, std::nullopt, measured(with, {{name, 1.5e-6}})).ops[0].measured_class ==
        MeasuredClass::kLaunch);
  CHECK(make_overlay(with, std::nullopt, measured(with, {{name, 4.1e-6}})).ops[0].measured_class ==
        MeasuredClass::kLatency);
  AnalysisOptions options;
  options.roofs.launch = false;
  const std::string large = "  - {name: a, custom: {flop: 10, read: 1500000}}\n";  // 1.5 us, more than a launch
  const Analysis without = analysis_of(large, options);
  CHECK(make_overlay(without, std::nullopt, measured(without, {{name, 5.9e-6}})).ops[0].measured_class ==
        MeasuredClass::kDram);
  CHECK(make_overlay(without, std::nullopt, measured(without, {{name, 6.1e-6}})).ops[0].measured_class ==
        MeasuredClass::kInefficient);
}

TEST_CASE("outlier steps") {
  Measurement m = synthetic();
  m.step_s[3] = 0.05;
  const Overlay overlay = make_overlay(synthetic_analysis(), std::nullopt, m);
  CHECK(overlay.outlier_steps == std::vector<std::size_t>{3});
}

TEST_CASE("kernels by name, those of no op included") {
  const Overlay overlay = make_overlay(synthetic_analysis(), std::nullopt, synthetic());
  REQUIRE(overlay.kernels.size() == 4);
  CHECK(overlay.kernels[0].name == "sgemm_128x128");
  CHECK(overlay.kernels[0].gemm);
  CHECK(overlay.kernels[1].name == "copy_kernel");
  CHECK_FALSE(overlay.kernels[1].gemm);
  CHECK(overlay.kernels[3].name == "memset");
  CHECK(overlay.kernels[3].launches == 3);
  CHECK(is_gemm_name("ampere_fp16_s16816gemm_fp16_128x128_ldg8_f2f_stages_32x5_nn"));
  CHECK(is_gemm_name("void cutlass::Kernel2<cutlass_80_simt_sgemm_256x128_8x4_tn_align1>(Params)"));
  CHECK_FALSE(is_gemm_name("void flash_fwd_kernel<cutlass::half_t>"));
  CHECK_FALSE(is_gemm_name("fmha_cutlassF_f32_aligned_64x64_rf_sm80"));
  Measurement none = synthetic();
  for (MeasuredOp& op : none.ops) op.kernels.clear();
  CHECK(make_overlay(synthetic_analysis(), std::nullopt, none).kernels.empty());
}

TEST_CASE("a measurement of something else is refused with what would match") {
  const Analysis analysis = synthetic_analysis();
  const auto refusal = [&](const auto& change) {
    Measurement m = synthetic();
    change(m);
    return input_error([&] { return make_overlay(analysis, std::nullopt, m); });
  };
  const auto with_setting = [&](const std::string& name, const std::string& value) {
    return refusal([&](Measurement& m) { m.settings = {{name, value}}; });
  };
  CHECK(refusal([](Measurement& m) { m.model = "gpt2"; }) ==
        "--measured: model is 'gpt2' in the file, 'synthetic' in the analysis; --model gpt2 would match");
  CHECK(refusal([](Measurement& m) { m.phase = "backward"; }) ==
        "--measured: phase is 'backward' in the file, 'forward' in the analysis; --phase backward would match");
  CHECK(refusal([](Measurement& m) { m.dtype = "bf16"; }) ==
        "--measured: dtype is 'bf16' in the file, 'fp32' in the analysis; --dtype bf16 would match");
  CHECK(with_setting("N", "4") == "--measured: N is '4' in the file, '1' in the analysis; --set N=4 would match");
  CHECK(with_setting("mode", "train") ==
        "--measured: mode is 'train' in the file, 'eval' in the analysis; --mode train would match");
  CHECK(with_setting("amp", "bf16") ==
        "--measured: amp is 'bf16' in the file, 'none' in the analysis; --amp bf16 would match");
  CHECK(with_setting("micro_batches", "2") ==
        "--measured: micro_batches is '2' in the file, '1' in the analysis; --micro-batches 2 would match");
  for (const auto& [name, value] : {std::pair("N", "1"), std::pair("threads", "2"), std::pair("amp", "none"),
                                    std::pair("fuse", ""), std::pair("optimizer", "sgd")}) {
    CHECK(with_setting(name, value) == "no error");
  }
  CHECK(refusal([](Measurement& m) { m.dtype = "weights=fp32,act=fp32"; }) == "no error");
}

}  // namespace
}  // namespace gable
