// `analyze trace`, `compare` of two traces and `--measured TRACE`, as their user sees them. Easy to break: a file that
// is half a trace leaves no output, options that say nothing of traces, names of devices.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli_run.h"
#include "tests/shared_data.h"
#include "tests/temp_folder.h"

using namespace gable;
using gable::test::check_refused;
using gable::test::run;

namespace {

using Json = nlohmann::json;

/// A linear layer of the shipped model gemm's shape, `times` times: op, launch, kernel of `us` microseconds.
std::string trace_of(int times, int us, bool with_device = true) {
  std::string events;
  for (int i = 0; i < times; ++i) {
    const std::string id = std::to_string(i + 1);
    const std::string at = std::to_string(100 * i);
    events += (i > 0 ? ",\n" : "") +
              (R"({"ph":"X","cat":"cpu_op","name":"aten::mm","pid":1,"tid":1,"ts":)" + at +
               R"(,"dur":20,"args":{"External id":)" + id +
               R"(,"Input Dims":[[64,32],[32,128]],"Input type":["float","float"],"Concrete Inputs":["",""]}},)"
               R"({"ph":"X","cat":"cuda_runtime","name":"cudaLaunchKernel","pid":1,"tid":1,"ts":)" +
               std::to_string(100 * i + 5) + R"(,"dur":3,"args":{"correlation":)" + id +
               R"(}},{"ph":"X","cat":"kernel","name":"ampere_sgemm_32x32","pid":0,"tid":7,"ts":)" +
               std::to_string(100 * i + 30) + R"(,"dur":)" + std::to_string(us) +
               R"(,"args":{"device":0,"stream":7,"correlation":)" + id + "}}");
  }
  const std::string device =
      with_device
          ? R"("deviceProperties":[{"id":0,"name":"NVIDIA H100 80GB HBM3","computeMajor":9,"computeMinor":0,"numSms":132,"totalGlobalMem":85018279936}],)"
          : "";
  return "{" + device + "\"traceEvents\":[" + events + "]}";
}

/// The row of a report's JSON with these two texts.
Json row_of(const Json& report, const std::string& level, const std::string& name) {
  for (const Json& row : report["rows"]) {
    if (row["level"] == level && row["name"] == name) return row;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("a trace's report adds up calls, time, FLOP and bytes") {
  const TempFolder folder;
  const std::string path = folder.file("t.json", trace_of(3, 10));
  const auto ran = run({"trace", path, "--format", "json"});
  REQUIRE(ran.code == 0);
  const Json report = Json::parse(ran.out);
  CHECK(report["hardware"] == "h100-sxm");
  CHECK(report["format"] == "kineto");
  const Json op = row_of(report, "op", "aten::mm");
  CHECK(op["calls"] == 3);
  CHECK(op["launches"] == 3);
  CHECK(op["time_s"] == 30e-6);
  CHECK(op["flop"] == 3 * 2 * 64 * 128 * 32);
  CHECK(op["bytes"] == 3 * 4 * (64 * 32 + 32 * 128 + 64 * 128));
  CHECK(op["flop_per_s"].get<double>() == doctest::Approx(3 * 2 * 64 * 128 * 32 / 30e-6));
  CHECK(row_of(report, "family", "GEMM")["time_s"] == 30e-6);
  CHECK(row_of(report, "kernel", "ampere_sgemm_32x32")["launches"] == 3);
  const Json device = report["timeline"][0];
  CHECK(device["wall_s"] == 210e-6);  // 30 to 240 us
  CHECK(device["busy_s"] == 30e-6);
  CHECK(device["idle_s"] == 180e-6);
  CHECK(device["waited_for_launches_s"] == 130e-6);  // from 40 to 105, from 140 to 205
}

TEST_CASE("every format is written, and named after the trace and its device") {
  const TempFolder folder;
  const std::string path = folder.file("t.json", trace_of(2, 10));
  const auto ran = run({"trace", path, "--out", folder.path() + "/out"});
  CHECK(ran.code == 0);
  for (const std::string extension : {"csv", "json", "svg", "md"}) {
    CAPTURE(extension);
    CHECK(std::filesystem::exists(folder.path() + "/out/t.h100-sxm.trace." + extension));
  }
  for (const int width : {80, 140}) {
    const auto table = run({"trace", path}, width);
    CHECK(table.code == 0);
    CHECK(table.out.find("mm 64x128x32 fp32") != std::string::npos);
  }
}

TEST_CASE("the device is --hw, else the trace's, else the one that would be taken without a trace") {
  const TempFolder folder;
  const std::string named = folder.file("named.json", trace_of(1, 10));
  const std::string unnamed = folder.file("unnamed.json", trace_of(1, 10, false));
  CHECK(run({"trace", named})
            .out.find("hardware: h100-sxm (NVIDIA H100 SXM5 80 GB), the trace's NVIDIA H100 80GB HBM3") == 0);
  CHECK(run({"trace", named, "--hw", "v100-sxm-16"}).out.find("hardware: v100-sxm-16") == 0);
  const std::string reference = run({"trace", unnamed}, 200).out;
  CHECK(reference.find("hardware: a100-pcie-40") == 0);
  CHECK(reference.find("the trace does not name its device: --hw does") != std::string::npos);
}

TEST_CASE("two traces compare by op, kernel and family") {
  const TempFolder folder;
  const std::string before = folder.file("before.json", trace_of(3, 10));
  const std::string after = folder.file("after.json", trace_of(2, 8));
  const auto ran = run({"compare", before, after, "--format", "json"});
  REQUIRE(ran.code == 0);
  const Json op = row_of(Json::parse(ran.out), "op", "aten::mm 64x128x32 fp32");
  CHECK(op["before_launches"] == 3);
  CHECK(op["after_launches"] == 2);
  CHECK(op["before_s"] == 30e-6);
  CHECK(op["after_s"] == 16e-6);
  CHECK(op["difference_s"] == -14e-6);
  for (const std::string format : {"table", "csv", "svg"})
    CHECK(run({"compare", before, after, "--format", format}).code == 0);
}

TEST_CASE("--measured takes a trace, joined to the model's ops") {
  const TempFolder folder;
  const std::string path = folder.file("t.json", trace_of(3, 10));
  const auto ran =
      run({"--model", "gemm", "--set", "M=64,N=128,K=32", "--dtype", "fp32", "--measured", path, "--format", "json"});
  REQUIRE(ran.err == "");
  REQUIRE(ran.code == 0);
  const Json report = Json::parse(ran.out);
  CHECK(report["hardware"]["name"] == "h100-sxm");
  double measured_s = 0;
  for (const Json& row : report["rows"]) {
    if (row["level"] == "op" && row.contains("measured_s")) measured_s = row["measured_s"].get<double>();
  }
  CHECK(measured_s == doctest::Approx(10e-6));  // three steps of one product
  const auto other = run({"--model", "gemm", "--dtype", "fp32", "--measured", path});
  CHECK(other.code == 2);
  CHECK(other.err.find("--measured: nothing in " + path +
                       " does what gemm does: the trace's largest product, aten::mm "
                       "64x128x32 fp32, does 524.3 kFLOP, the model's,") == 0);
}

TEST_CASE(
    "a real profile of a small BERT joins its model: every block, and the lookups that it does in another order") {
  const auto path = shared_trace("kineto_h100_bert_small.json.gz");
  if (!path) {
    MESSAGE("test skipped: the sample traces are not here");
    return;
  }
  const Args args = {"--model", "bert-large", "--set",      "D=512,H=8,L=4,T=141,B=1",
                     "--dtype", "bf16",       "--recipe",   "flash",
                     "--parts", "all",        "--measured", *path};
  const std::string table = run(args, 100000).out;
  const std::size_t at = table.find("Measured, but not in the model: ");
  REQUIRE(at != std::string::npos);
  CHECK(table.substr(at, table.find('\n', at) - at) ==
        "Measured, but not in the model: aten::eq 1x141 fp32, aten::all 1x141 fp32, aten::_local_scalar_dense 1 fp32.");
  CHECK(table.find("In the model, but not measured: encoder/pooler, encoder/pooler_tanh, classifier/linear, "
                   "pretraining/next_sentence.") != std::string::npos);
}

TEST_CASE("wrong words are one line, and nothing is written") {
  const TempFolder folder;
  const std::string path = folder.file("t.json", trace_of(1, 10));
  const std::string half = folder.file("half.json", trace_of(1, 10).substr(0, 300));
  check_refused(
      run({"trace"}),
      "trace: which file? Write for example analyze trace profile.json.gz; docs/traces.md says how to make one");
  check_refused(run({"trace", path, path}), "trace: one file at a time, '" + path.substr(0, 60) +
                                                (path.size() > 60 ? "...'" : "'") +
                                                " is a second one; `analyze compare A B` compares two");
  check_refused(run({"trace", path, "--reader", "perf"}), "--reader: unknown reader 'perf'; known: kineto, nsys, ncu");
  check_refused(run({"trace", folder.path()}), folder.path() + ": cannot read: not a regular file");
  CHECK(run({"trace", path, "--hw", "h10"}).code == 2);
  check_refused(run({"compare", path, path, path}),
                "compare: traces are compared two at a time, before and after; 3 of 3 words are traces");
  check_refused(run({"compare", path, path, "--vary", "T=1,2"}),
                "--vary says nothing of traces; --hw, --top, --format and --out do");
  check_refused(run({"compare", path, folder.path() + "/none.json"}),
                folder.path() + "/none.json: cannot read: no such file");
  const auto ran = run({"trace", half, "--out", folder.path() + "/out"});
  CHECK(ran.code == 2);
  CHECK(ran.err.find(half + ":") == 0);
  CHECK(!std::filesystem::exists(folder.path() + "/out"));
}
