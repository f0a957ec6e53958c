// Easy to break here: a report without --measured that changes, columns that no longer fit, shares that do not add up,
// a promised name in JSON that goes missing, a hollow mark without its line.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "analyzer/base/text.h"
#include "analyzer/spec/library.h"
#include "reports/report.h"
#include "reports/svg.h"
#include "tests/approx.h"
#include "tests/cli_run.h"
#include "tests/temp_folder.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

constexpr std::string_view kModel = GABLE_SOURCE_DIR "/tests/data/synthetic_model.yaml";
constexpr std::string_view kFile = GABLE_SOURCE_DIR "/tests/data/synthetic_measurement.yaml";

struct Input {
  Analysis analysis;
  ReportOptions options;
};

/// The synthetic measurement over the synthetic model on the tiny device (overlay_test.cc has the numbers).
Input input(bool datasheet = false) {
  Input made{analyze(load_model(std::string(kModel)), tiny_hardware(), {}), {}};
  const std::string faster = replaced(replaced(kTinyHardware, "value: 1 TB/s", "value: 2 TB/s"),
                                      "fp32: {value: 10 TFLOP/s", "fp32: {value: 20 TFLOP/s");
  made.options.overlay = make_overlay(made.analysis, datasheet ? std::optional(hardware_of(faster)) : std::nullopt,
                                      load_measurement(std::string(kFile)));
  return made;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++times;
  return times;
}

/// The line that starts with `head` after blanks.
std::string line_of(const std::string& text, const std::string& head) {
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with(head)) return line.substr(0, line.find('\r'));
  }
  return "";
}

TEST_CASE("the table at 80 columns: bytes and times, how near the roof, what bounds it") {
  Input in = input();
  in.options.width = 80;
  const std::string text = render_table(in.analysis, in.options);
  CHECK(line_of(text, "thin") == "thin        - 1.00 G    4.00 1.00 ms  2.00 ms 100.0  50.0 % DRAM         x2.00");
  CHECK(line_of(text, "tiny") == "tiny        - 4.00 k   0.250 1.00 us  20.0 us   0.1   0.0 % latency      x20.0");
  CHECK(line_of(text, "cached") == "cached      -  500 k 0.00200 1.50 us   250 ns   0.0 200.0 % DRAM        x0.500");
  for (const std::string& line : split(text, '\n')) {
    CAPTURE(line);
    CHECK(display_width(line) <= 80);
  }
}

TEST_CASE("a wide table has the attained rates, and the datasheet beside a measured profile") {
  Input in = input(true);
  in.options.width = 140;
  const std::string text = render_table(in.analysis, in.options);
  CHECK(has(line_of(text, "busy"), "12.5 ms   92.5   80.0 %  vector        x1.25    40.0 %  8.00 TFLOP/s  80.0 GB/s"));
  for (const std::string& line : split(text, '\n')) CHECK(display_width(line) <= 140);
  in = input();
  in.options.width = 140;
  CHECK_FALSE(has(render_table(in.analysis, in.options), "vs sheet"));
}

TEST_CASE("the findings: where the step went, what could be recovered, what needs explaining") {
  Input in = input();
  in.options.width = 100000;
  const std::string text = render_table(in.analysis, in.options);
  for (const std::string_view line : {
           "measured: Synthetic device of the tests (cpu), 5 steps after 2 of warm-up, threads 1, date 2026-11-21, "
           "origin synthetic, written by hand\n",
           "A measured step takes 16.0 ms ± 158 us (mean and standard deviation of 5 steps, median 16.0 ms, 15.8 ms to "
           "16.2 ms); the first one, cold, took 40.0 ms, 2.50 times the median.\n",
           "Of its 16.0 ms: ops of the model 97.0 %, memset 0.5 % (3 launches), kernels beside one another -0.6 %, "
           "gaps 3.1 %; together 100 %.\n",
           "top/busy takes 92.5 % of top's measured time; it computes 100 GFLOP at 8.00 TFLOP/s, 80.0 % of the "
           "datasheet FP32 vector roof 10.0 TFLOP/s: compute-bound as measured, the roof would save 2.50 ms.\n",
           "top : bottom is 6.76 in measured time (13.5 ms : 2.00 ms), 10.1 at the roofs.\n",
           "Every op at its roof would save 4.42 ms of a step (27.6 %): top/busy 2.50 ms, bottom/thin 1.00 ms, "
           "top/slow 900 us, top/tiny 20.0 us.\n",
           "bottom/cached is above its roof, 250 ns measured against 500 ns at the datasheet DRAM roof 1.00 TB/s: in "
           "cache: at least 250 kB of an execution did not come from DRAM; the L2 holds 1.00 MB.\n",
           "6 kernel launches in a step, 14.6 ms of kernel time; GEMM kernels, by their names, take 85.7 % of it in 2 "
           "launches.\n",
       }) {
    CAPTURE(line);
    CHECK(has(text, line));
  }
  Measurement odd = in.options.overlay->measurement;
  odd.ops[0].op = "bottom/thick";
  odd.step_s[3] = 0.05;
  odd.dropped = 7;
  in.options.overlay = make_overlay(in.analysis, std::nullopt, odd);
  const std::string other = render_table(in.analysis, in.options);
  CHECK(has(other, "Outlier step by Tukey's fences: 4 (50.0 ms); medians leave them alone, means do not.\n"));
  CHECK(has(other, "In the model, but not measured: bottom/thin.\n"));
  CHECK(has(other, "Measured, but not in the model: bottom/thick.\n"));
  CHECK(has(other, "The profiler dropped 7 records: what they were of is missing above.\n"));
}

TEST_CASE("JSON: promised names, sums that add up") {
  const Input in = input(true);
  const nlohmann::json json = nlohmann::json::parse(render_json(in.analysis, in.options));
  const auto& totals = json["totals"];
  CHECK(totals["bottom"]["measured_s"].get<double>() == rel(2e-3 + 0.25e-6));
  CHECK(totals["top"]["measured_s"].get<double>() == rel(12.5e-3 + 20e-6 + 1e-3));
  CHECK(totals["measured_s"].get<double>() == rel(15.52025e-3));
  double sum = 0;
  double share = 0;
  for (const auto& row : json["rows"]) {
    sum += row["measured_s"].get<double>();
    if (row["part"] == "top") share += row["measured_share_of_part"].get<double>();
  }
  CHECK(sum == rel(15.52025e-3));
  CHECK(share == rel(1));
  const auto& cached = json["rows"][1];
  CHECK(cached["name"] == "cached");
  CHECK(cached["efficiency"].get<double>() == rel(2));
  CHECK(cached["measured_class"] == "DRAM");
  CHECK(cached["diagnosis"].size() == 1);
  CHECK(json["rows"][2]["diagnosis"].empty());
  CHECK(json["rows"][2]["datasheet_efficiency"].get<double>() == rel(0.4));
  const auto& ledger = json["measured"]["ledger"];
  double closed = 0;
  for (const auto& entry : ledger["entries"]) closed += entry["time_s"].get<double>();
  CHECK(closed == rel(ledger["wall_s"].get<double>()));
  CHECK(json["measured"]["ops"].size() == 5);
  CHECK(json["measured"]["recoverable"][0]["op"] == "top/busy");
  CHECK(json["kernels"][0]["name"] == "sgemm_128x128");
  CHECK(json["kernels"][0]["gemm"] == true);
  ReportOptions plain = in.options;
  plain.overlay.reset();
  const nlohmann::json without = nlohmann::json::parse(render_json(in.analysis, plain));
  CHECK_FALSE(without.contains("measured"));
  CHECK_FALSE(without["rows"][0].contains("measured_s"));
}

TEST_CASE("CSV: the measured columns follow the others; an op that was not measured leaves them empty") {
  Input in = input();
  Measurement m = in.options.overlay->measurement;
  m.ops.erase(m.ops.begin());
  in.options.overlay = make_overlay(in.analysis, std::nullopt, m);
  const std::string text = render_csv(in.analysis, in.options);
  const std::string head = text.substr(0, text.find("\r\n"));
  CHECK(has(head, ",bandwidth_for_peak_bytes_per_s,measured_s,measured_median_s,"));
  CHECK(head.ends_with(
      ",margin,diagnosis,counted_dram_read_bytes,counted_dram_write_bytes,counted_l2_bytes,counted_flop"));
  const auto fields = std::count(head.begin(), head.end(), ',');
  const std::string thin = line_of(text, "synthetic,tiny,op,bottom,thin");
  CHECK(std::count(thin.begin(), thin.end(), ',') == fields);
  CHECK(thin.ends_with(std::string(19, ',')));  // trimmed of its line end
  const std::string busy = line_of(text, "synthetic,tiny,op,top,busy");
  CHECK(std::count(busy.begin(), busy.end(), ',') == fields);
  CHECK(has(busy, ",0.0125,0.0125,0,"));
  CHECK(busy.ends_with(",vector,1.25,,,,,"));
}

TEST_CASE("sums: by pass, by kind, the rest of --top, which ranks by measured time") {
  Input in = input();
  in.options.width = 140;
  in.options.top = 1;
  const std::string top = render_table(in.analysis, in.options);
  CHECK(has(line_of(top, "(2 more)"), "1.02 ms    7.5    9.8 %"));  // slow + tiny: 0.100004 of 1.02 ms
  in.options.top = 0;
  for (const By by : {By::kPass, By::kKind, By::kKernel, By::kPart, By::kBlock}) {
    in.options.by = by;
    const std::string text = render_table(in.analysis, in.options);
    CAPTURE(text);
    CHECK(has(line_of(text, "synthetic"), "15.5 ms  100.0"));
  }
}

TEST_CASE("SVG: measured marks, hollow ones where the roofline has them, both rooflines") {
  const Input in = input(true);
  const std::string text = render_svg(in.analysis, &*in.options.overlay);
  const std::size_t ghosts = text.find("class=\"modelled\"");
  REQUIRE(ghosts != std::string::npos);
  const std::string hollow = text.substr(ghosts, text.find("class=\"points\"") - ghosts);
  CHECK(count(hollow, "<circle") == 5);
  CHECK(count(hollow, "<path") == 5);
  CHECK(has(text, ">measured</text>"));
  CHECK(has(text, ">modelled</text>"));
  CHECK(has(text, ">datasheet roofs</text>"));
  CHECK(count(text, "stroke-dasharray=\"4 4\"") == 3);  // DRAM, vector, and the legend's
  CHECK(has(text, "measured: 12.50 ms, 80.5 % of the measured time, 8.000 TFLOP/s, 80.0 % of the roof, class vector"));
  CHECK(has(text, "Measured on Synthetic device of the tests: a step 16.00 ms"));
  const Input alone = input();
  CHECK_FALSE(has(render_svg(alone.analysis, &*alone.options.overlay), "datasheet roofs"));
  CHECK_FALSE(has(render_svg(alone.analysis), "modelled"));
}

TEST_CASE("the command line: --measured FILE, refused before anything is printed") {
  const TempFolder folder;
  const std::string hw = folder.file("tiny.yaml", kTinyHardware);
  const Args lead = {"--model", std::string(kModel), "--hw", hw};
  const auto with = [&](const Args& more) {
    Args args = lead;
    args.insert(args.end(), more.begin(), more.end());
    return test::run(args, 80);
  };
  const test::Ran ran = with({"--measured", std::string(kFile)});
  CHECK(ran.code == 0);
  CHECK(ran.err.empty());
  CHECK(has(ran.out, "vs roof"));
  CHECK(with({"--measured", std::string(kFile), "--format", "md"}).code == 0);
  const std::string cut = folder.file("cut.yaml", "schema: gable-measurement/1\ndevice: d\n");
  const std::string old = folder.file("old.yaml", "schema: gable-measurement/0\n");
  const std::array<test::WrongArgs, 7> cases = {{
      {{"--measured"}, "--measured needs a value: --measured FILE"},
      {{"--measured", ""}, "--measured is empty; it takes FILE"},
      {{"--measured", "a.yaml", "--measured", "b.yaml"}, "--measured is given twice"},
      {{"--measured", folder.path() + "/none.yaml"}, folder.path() + "/none.yaml: cannot read: no such file"},
      {{"--measured", cut}, cut + ":1:1: the file was cut short: it does not end in 'complete: true'; measure again"},
      {{"--measured", old},
       old + ":1:9: schema 'gable-measurement/0' is older than the one that this program reads, "
             "'gable-measurement/1'; measure again"},
      {{"--measured", std::string(kFile), "--set", "N=2"},
       "--measured: N is '1' in the file, '2' in the analysis; --set N=1 would match"},
  }};
  test::check_refused(lead, cases);
}

}  // namespace
}  // namespace gable
