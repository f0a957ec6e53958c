// Rows that probe and measure write, read back by calibrate. Easy to break here: a file that only its writer can read,
// a profile whose rows are of no device, a time of several executions.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analyzer/measured/measurement.h"
#include "analyzer/measured/statistics.h"
#include "analyzer/predict/timings.h"
#include "tests/approx.h"
#include "tests/cli_run.h"
#include "tests/temp_folder.h"

namespace gable {
namespace {

using test::check_refused;
using test::Ran;
using test::run;

/// A CPU as `probe` found it, and what `measure` saw on it in the same minutes; scripts/validate-cpu wrote them.
const std::string kFolder = GABLE_SOURCE_DIR "/tests/data/intel-r-xeon-r-processor-2t/";
const std::string kProfile = kFolder + "profile.yaml";
const std::string kMeasured = kFolder + "gpt2-split-t64.yaml";

const MeasuredOp& op_of(const Measurement& measurement, const std::string& name) {
  const auto found =
      std::find_if(measurement.ops.begin(), measurement.ops.end(), [&](const MeasuredOp& op) { return op.op == name; });
  REQUIRE(found != measurement.ops.end());
  return *found;
}

TEST_CASE("a profile's kernels calibrate: the models that were measured are predicted within a tenth") {
  const TempFolder folder;
  const std::string constants = folder.path() + "/c.yaml";
  const Ran fitted = run({"calibrate", "--rows", kProfile, "--out", constants});
  CHECK(fitted.code == 0);
  for (const char* kind : {"gemm fp32", "bmm fp32", "stream fp32", "layernorm fp32", "softmax fp32"}) {
    CAPTURE(kind);
    CHECK(fitted.out.find(kind) != std::string::npos);
  }
  for (const auto& pair : {std::pair{"gpt2-split", "top/lm_head"}, std::pair{"cs336-small", "model/lm_head"}}) {
    const std::string model = pair.first;
    const std::string head = pair.second;
    CAPTURE(model);
    const Measurement measured = load_measurement(kFolder + model + "-t64.yaml");
    const double step_s = summarize(measured.step_s).median;
    const double share = summarize(op_of(measured, head).samples_s).median / step_s;
    const auto json = nlohmann::json::parse(run({"predict", "--model", model, "--set", "B=1,T=64", "--recipe", "ideal",
                                                 "--hw", kProfile, "--calibration", constants, "--format", "json"})
                                                .out);
    CHECK(json["level"] == "calibrated");
    CHECK(std::fabs(json["time_s"].get<double>() / step_s - 1) < 0.1);
    const auto term = std::find_if(json["terms"].begin(), json["terms"].end(),
                                   [](const nlohmann::json& t) { return t["op"] == "lm_head"; });
    REQUIRE(term != json["terms"].end());
    CHECK(std::fabs((*term)["time_s"].get<double>() / json["busy_s"].get<double>() - share) < 0.03);
  }
}

TEST_CASE("measure: a row for each kernel whose shape is known, of one execution") {
  const TempFolder folder;
  const std::string csv = folder.path() + "/r.csv";
  const Ran ran = run(
      {"measure", "--model", "gpt2-split", "--set", "B=1,T=64", "--device", "recorded:" + kMeasured, "--rows", csv});
  CHECK(ran.code == 0);
  CHECK(ran.err == "wrote " + csv + "\n");
  const std::vector<Timing> rows = load_timings(csv);
  // Two embeddings and their sum; in the block of each side 2 layer norms, 4 linears, scores, values, softmax and 2
  // sums; the last layer norm and the head. Masks, copies and activations have no shape.
  CHECK(rows.size() == 3 + 2 * 11 + 2);
  const Measurement measured = load_measurement(kMeasured);
  const auto row_of = [&](const Shape& shape) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const Timing& t) { return t.shape == shape; });
    REQUIRE(found != rows.end());
    return *found;
  };
  const Timing head = row_of({ShapeKind::kGemm, Dtype::kFp32, {1, 64, 50257, 768}});
  CHECK(head.time_s == rel(summarize(op_of(measured, "top/lm_head").samples_s).median));
  CHECK(head.timer == Timer::kDevice);
  CHECK(head.device == "Intel(R) Xeon(R) Processor");
  CHECK(head.library == "oneDNN 2.6.3");
  // The block runs twice a step; the bottom's comes first.
  const Timing fc = row_of({ShapeKind::kGemm, Dtype::kFp32, {1, 64, 3072, 768}});
  CHECK(fc.time_s == rel(summarize(op_of(measured, "bottom/h/fc").samples_s).median / 2));
  CHECK(row_of({ShapeKind::kBmm, Dtype::kFp32, {12, 64, 64, 64}}).op.empty());
  CHECK(row_of({ShapeKind::kStream, Dtype::kFp32, {2, 1, 64 * 768, 0}}).op == "add");
  const Ran fitted = run({"calibrate", "--rows", csv, "--hw", kProfile});
  CHECK(fitted.code == 0);
  CHECK(fitted.out.find("gemm fp32") != std::string::npos);
}

TEST_CASE("files of rows that cannot be are refused before anything is measured") {
  const Args measure = {"measure", "--model", "gpt2-split", "--device", "recorded:" + kMeasured};
  const auto with = [](Args args, const Args& more) {
    args.insert(args.end(), more.begin(), more.end());
    return args;
  };
  const char* const no_csv = "--rows: 'r.yaml' does not end in .csv, as rows of timed kernels do";
  check_refused(run(with(measure, {"--rows", "r.yaml"})), no_csv);
  check_refused(run({"probe", "--device", "cpu", "--rows", "r.yaml"}), no_csv);
  check_refused(run(with(measure, {"--rows", "r.csv", "--warmup-study"})),
                "--warmup-study writes no file; without it --rows does");
}

}  // namespace
}  // namespace gable
