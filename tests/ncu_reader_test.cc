// Easy to break here: a prefix of ten taken for one of two, a metric that several sections repeat counted twice, a
// decimal comma read as a thousand, totals and their parts summed up.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/trace/trace.h"
#include "tests/error_text.h"
#include "tests/shared_data.h"
#include "tests/temp_folder.h"

namespace gable {
namespace {

Trace read(const std::string& text) { return read_ncu_text(text, "c.csv"); }
std::string error(const std::string& text) {
  return input_error([&] { return read(text); });
}

/// The long form, of "ID","Kernel Name","Stream","Device","CC" and the metric's three.
std::string long_form(const std::vector<std::string>& rows) {
  std::string text =
      "==PROF== Connected to process 7\n"
      "\"ID\",\"Kernel Name\",\"Stream\",\"Device\",\"CC\",\"Metric Name\",\"Metric Unit\",\"Metric Value\"\n";
  for (const std::string& row : rows) text += row + "\n";
  return text;
}
std::string row(const std::string& id, const std::string& metric, const std::string& unit, const std::string& value) {
  return "\"" + id + "\",\"k\",\"7\",\"1\",\"9.0\",\"" + metric + "\",\"" + unit + "\",\"" + value + "\"";
}
/// A kernel with one metric.
Trace one(const std::string& metric, const std::string& unit, const std::string& value) {
  return read(long_form({row("0", metric, unit, value)}));
}
constexpr const char* kFfma = "smsp__sass_thread_inst_executed_op_ffma_pred_on.sum";

TEST_CASE("the long form: a row for each metric of a kernel") {
  const Trace trace = read(long_form({
      row("0", "gpu__time_duration.sum", "us", "1,205.50"),
      row("0", "dram__bytes_read.sum", "Mbyte", "2"),
      row("0", "dram__bytes_write.sum", "Kbyte", "1.5"),
      row("0", "lts__t_bytes.sum", "Gbyte", "1"),
      row("0", "sm__throughput.avg.pct_of_peak_sustained_elapsed", "parsec", "n/a"),
      row("1", "gpu__time_duration.sum", "nsecond", "900"),
      row("1", kFfma, "inst", "1,000"),
  }));
  CHECK(trace.format == "ncu");
  CHECK(trace.path == "c.csv");
  CHECK_FALSE(trace.has_clock);
  CHECK(trace.compute_capability == "9.0");
  REQUIRE(trace.events.size() == 2);
  REQUIRE(trace.counted.size() == 2);
  CHECK(trace.texts.at(trace.events[0].name) == "k");
  CHECK(trace.events[0].device == 1);
  CHECK(trace.events[0].stream == 7);
  CHECK(trace.events[0].start_ns == 0);
  CHECK(trace.events[0].end_ns == 1'205'500);
  CHECK(trace.events[1].start_ns == 1'205'500);
  CHECK(trace.events[1].end_ns == 1'205'500 + 900);
  CHECK(trace.counted[0].counters == Counters{2e6, 1500, 1e9, 0});
  CHECK(trace.counted[0].has_bytes);
  CHECK(trace.counted[0].has_time);
  CHECK_FALSE(trace.counted[0].has_flop);
  CHECK(trace.counted[1].counters == Counters{0, 0, 0, 2 * 1000});
  CHECK(trace.counted[1].has_flop);
  CHECK_FALSE(trace.counted[1].has_bytes);
  CHECK(trace.missing ==
        std::vector<std::string>{
            "1 of 2 kernels have no DRAM bytes: add --metrics dram__bytes_read.sum,dram__bytes_write.sum",
            "1 of 2 kernels have no FLOP counts: add --set roofline or --metrics "
            "regex:smsp__sass_thread_inst_executed_op_.*_pred_on",
            "FLOP of tensor cores are not counted: add --metrics regex:sm__ops_path_tensor_src_.*",
            "the file does not name its GPU"});
}

TEST_CASE("the raw form: a row for each kernel, units in the second") {
  const Trace trace = read(
      "a program prints\n"
      "\"ID\",\"Process ID\",\"Kernel Name\",\"Stream\",\"CC\",\"device__attribute_display_name\",\"dram__bytes.sum\","
      "\"gpu__time_duration.sum\",\"sm__ops_path_tensor_src_bf16_dst_fp32.sum\"\r\n"
      "\"\",\"\",\"\",\"\",\"\",\"\",\"Mbyte\",\"ms\",\"\"\r\n"
      "\"0\",\"5\",\"void f<int, 2>(a, \"\"b\"\")\",\"7\",\"9.0\",\"NVIDIA H100\",\"3\",\"2\",\"1,000,000\"\r\n"
      "the program prints between\r\n"
      "\"1\",\"5\",\"g\",\"7\",\"9.0\",\"NVIDIA H100\",\"n/a\",\"\",\"nan\"\r\n"
      "==PROF== Disconnected from process 5\r\n");
  CHECK(trace.device == "NVIDIA H100");
  REQUIRE(trace.events.size() == 2);
  CHECK(trace.texts.at(trace.events[0].name) == "void f<int, 2>(a, \"b\")");
  CHECK(trace.events[0].end_ns == 2'000'000);
  CHECK(trace.counted[0].counters == Counters{3e6, 0, 0, 1e6});
  CHECK(trace.counted[0].has_bytes);
  CHECK(trace.events[1].start_ns == 2'000'000);
  CHECK(trace.events[1].end_ns == 2'000'000);
  CHECK_FALSE(trace.counted[1].has_time);
  CHECK_FALSE(trace.counted[1].has_bytes);
  CHECK_FALSE(trace.counted[1].has_flop);
}

TEST_CASE("units of time and bytes") {
  struct Row {
    const char* unit;
    std::int64_t ns;
  };
  for (const Row& r : {Row{"ns", 3}, Row{"nsecond", 3}, Row{"us", 3000}, Row{"usecond", 3000}, Row{"ms", 3'000'000},
                       Row{"msecond", 3'000'000}, Row{"s", 3'000'000'000}, Row{"second", 3'000'000'000}}) {
    CAPTURE(r.unit);
    for (const char* metric : {"gpu__time_duration.sum", "gpu__time_duration.avg", "Duration"})
      CHECK(one(metric, r.unit, "3").events[0].end_ns == r.ns);
  }
  struct ByteRow {
    const char* unit;
    double bytes;
  };
  for (const ByteRow& r : {ByteRow{"byte", 3}, ByteRow{"bytes", 3}, ByteRow{"B", 3}, ByteRow{"Kbyte", 3e3},
                           ByteRow{"KB", 3e3}, ByteRow{"Mbyte", 3e6}, ByteRow{"Gbyte", 3e9}, ByteRow{"Tbyte", 3e12}}) {
    CAPTURE(r.unit);
    CHECK(one("dram__bytes.sum", r.unit, "3").counted[0].counters.dram_read_bytes == r.bytes);
    CHECK(one("lts__t_bytes.sum", r.unit, "3").counted[0].counters.l2_bytes == r.bytes);
  }
}

TEST_CASE("FLOP of an instruction") {
  struct Row {
    const char* op;
    double flop;
  };
  for (const Row& r :
       {Row{"fadd", 1}, Row{"fmul", 1}, Row{"ffma", 2}, Row{"fadd2", 2}, Row{"fmul2", 2}, Row{"ffma2", 4},
        Row{"dadd", 1}, Row{"dmul", 1}, Row{"dfma", 2}, Row{"hadd", 1}, Row{"hmul", 1}, Row{"hfma", 2}}) {
    CAPTURE(r.op);
    const std::string name = "sass_thread_inst_executed_op_" + std::string(r.op) + "_pred_on.sum";
    CHECK(one("smsp__" + name, "Kinst", "5").counted[0].counters.flop == 5000 * r.flop);
    CHECK(one("sm__" + name, "", "5").counted[0].counters.flop == 5 * r.flop);
  }
  CHECK_FALSE(one("smsp__sass_thread_inst_executed_op_iadd_pred_on.sum", "inst", "5").counted[0].has_flop);
  CHECK_FALSE(one("sm__inst_executed_pipe_tensor.sum", "inst", "5").counted[0].has_flop);
}

TEST_CASE("a total of the tensor cores counts, its parts do not") {
  const Trace trace = read(long_form({
      row("0", "sm__ops_path_tensor_src_fp16.sum", "math_op", "100"),
      row("0", "sm__ops_path_tensor_src_fp4_fp6_fp8_dst_fp32.sum", "", "20"),
      row("0", "sm__ops_path_tensor_op_hgmma_src_fp16.sum", "", "60"),
      row("0", "sm__ops_path_tensor_src_fp16_sparsity_off.sum", "", "100"),
      row("0", "sm__ops_path_tensor_src_fp16_op_hmma.sum", "", "40"),
      row("0", kFfma, "inst", "3"),
  }));
  CHECK(trace.counted[0].counters.flop == 100 + 20 + 2 * 3);
}

TEST_CASE("rates count over the kernel's time or its cycles") {
  const Trace trace = read(long_form({
      row("0", "Duration", "us", "10"),
      row("0", "Memory Throughput", "%", "40"),
      row("0", "Memory Throughput", "Gbyte/second", "800"),
      row("0", "lts__t_bytes.sum.per_second", "Tbyte/s", "2"),
      row("0", "smsp__sass_thread_inst_executed_op_fadd_pred_on.sum.per_second", "inst/nsecond", "7"),
      row("1", "smsp__cycles_elapsed.max", "Kcycle", "4"),
      row("1", "smsp__sass_thread_inst_executed_op_fadd_pred_on.sum.per_cycle_elapsed", "inst/cycle", "100"),
      row("2", "smsp__sass_thread_inst_executed_op_fadd_pred_on.sum.per_cycle_elapsed", "inst/cycle", "100"),
      row("3", "Duration", "us", "10"),
      row("3", "smsp__cycles_elapsed.avg.per_second", "Ghz", "1.5"),
      row("3", "derived__smsp__sass_thread_inst_executed_op_ffma_pred_on_x2", "inst/cycle", "8"),
      row("4", "gpu__time_duration.sum", "us", "10"),
      row("4", "dram__bytes_read.sum.per_second", "Gbyte/second", "3"),
      row("4", "dram__bytes_write.sum", "byte", "64"),
      row("4", "dram__bytes_read.sum", "byte", "32"),
  }));
  CHECK(trace.counted[0].counters.dram_read_bytes == doctest::Approx(800e9 * 10e-6).epsilon(1e-12));
  CHECK(trace.counted[0].counters.l2_bytes == doctest::Approx(2e12 * 10e-6).epsilon(1e-12));
  CHECK(trace.counted[0].counters.flop == doctest::Approx(7e9 * 10e-6).epsilon(1e-12));
  CHECK(trace.counted[1].counters.flop == 100 * 4000);
  CHECK_FALSE(trace.counted[2].has_flop);  // cycles are not known
  CHECK(trace.counted[3].counters.flop == doctest::Approx(8 * 1.5e9 * 10e-6).epsilon(1e-12));
  CHECK(trace.counted[4].counters.dram_read_bytes == 32);  // what was counted, before a rounded rate
  CHECK(trace.counted[4].counters.dram_write_bytes == 64);
}

TEST_CASE("the first of several values of a metric stays, and IDs may come back") {
  const Trace trace = read(long_form({
      row("0", kFfma, "inst", "3"),
      row("1", kFfma, "inst", "5"),
      row("0", kFfma, "inst", "3"),
      row("0", "sm__sass_thread_inst_executed_op_ffma_pred_on.sum", "inst", "3"),
  }));
  REQUIRE(trace.events.size() == 2);
  CHECK(trace.counted[0].counters.flop == 2 * 3);
  CHECK(trace.counted[1].counters.flop == 2 * 5);
}

TEST_CASE("the same ID of two processes is two kernels, and a second header begins anew") {
  const std::string header = "ID,Process ID,Kernel Name,Metric Name,Metric Unit,Metric Value\n";
  const std::string rows = "0,1,a,Duration,us,1\n0,2,b,Duration,us,2\n";
  const Trace trace = read(header + rows + "==PROF== again\n" + header + rows);
  REQUIRE(trace.events.size() == 4);
  CHECK(trace.events.back().end_ns == 6000);
}

TEST_CASE("complaints name the place") {
  CHECK(error("") ==
        "c.csv:1:1: no header with \"ID\" and \"Kernel Name\": export with ncu --csv --page raw or --page details");
  CHECK(error("\"a\",\"b\"\n1,2\n") ==
        "c.csv:1:1: no header with \"ID\" and \"Kernel Name\": export with ncu --csv --page raw or --page details");
  CHECK(error(long_form({})) == "c.csv:3:1: no kernels follow the header; were any profiled?");
  CHECK(error(long_form({"\"0\",\"k\",\"7"})) == "c.csv:3:9: this quote does not close");
  CHECK(error(long_form({"\"0\",\"k\""})) == "c.csv:3:1: 2 fields, but the header has 8: the file is cut or damaged");
  CHECK(error(long_form({"\"0\"x,\"k\""})) == "c.csv:3:4: 'x' after a quote; a comma belongs there");
  CHECK(error(long_form({row("0", "dram__bytes_read.sum", "Qbyte", "3")})) ==
        "c.csv:3:46: unknown unit 'Qbyte' of metric dram__bytes_read.sum; known: byte, Kbyte, Mbyte, Gbyte, Tbyte");
  CHECK(error(long_form({row("0", "Duration", "", "3")})) ==
        "c.csv:3:34: unknown unit '' of metric Duration; known: ns, us, ms, s, nsecond, usecond, msecond, second");
  CHECK(error(long_form({row("0", "Duration", "us", "1.205,00")})) ==
        "c.csv:3:39: '1.205,00' has a decimal comma; export under LC_ALL=C");
  CHECK(error(long_form({row("0", "Duration", "us", "3,5")})) ==
        "c.csv:3:39: '3,5' has a decimal comma; export under LC_ALL=C");
  CHECK(error(long_form({row("0", "Duration", "us", "fast")})) == "c.csv:3:39: 'fast' is not a number");
  CHECK(error(long_form({row("0", "Duration", "us", "-3")})) == "c.csv:3:39: '-3' is negative");
  CHECK(error(long_form({row("0", "Duration", "us", "1e300")})) ==
        "c.csv:3:39: '1e300' is more than a kernel can have");
  CHECK(error(long_form({row("", "Duration", "us", "3")})) == "c.csv:3:1: a kernel without an ID");
  CHECK(error("ID,Kernel Name,Duration\n0,k,3\n") == "c.csv:2:5: a row of units belongs under the header");
  CHECK(error("ID,Kernel Name,dram__bytes.sum\n,,parsec\n") ==
        "c.csv:2:3: unknown unit 'parsec' of metric dram__bytes.sum; known: byte, Kbyte, Mbyte, Gbyte, Tbyte");
}

TEST_CASE("files that are none") {
  const TempFolder folder;
  const auto read_path = [](const std::string& path) { return input_error([&] { return read_ncu(path, {}); }); };
  CHECK(read_path(folder.path()) == folder.path() + ": cannot read: not a regular file");
  CHECK(read_path(folder.path() + "/none") == folder.path() + "/none: cannot read: no such file");
  const std::string file = folder.file("c.csv", long_form({row("0", "Duration", "us", "3")}));
  std::int64_t done = 0;
  CHECK(read_ncu(file, [&](std::int64_t bytes, std::int64_t) { done = bytes; }).events.size() == 1);
  CHECK(done == static_cast<std::int64_t>(std::filesystem::file_size(file)));
}

TEST_CASE("samples") {
  const auto long_file = shared_trace("ncu/long.csv");
  const auto raw_file = shared_trace("ncu/raw.csv");
  if (!long_file || !raw_file) {
    MESSAGE("test skipped: no shared traces");
    return;
  }
  const Trace by_metric = read_ncu(*long_file, {});
  REQUIRE(by_metric.events.size() == 3);
  CHECK(by_metric.events[2].end_ns == 211'940 + 203'020 + 1'205'000);
  const Trace by_kernel = read_ncu(*raw_file, {});
  REQUIRE(by_kernel.events.size() == 2);
  CHECK(by_kernel.counted[0].counters == Counters{2e9, 1e6, 0, 0});
  CHECK(by_kernel.events[1].end_ns == 2'000'000 + 3000);
}

}  // namespace
}  // namespace gable
