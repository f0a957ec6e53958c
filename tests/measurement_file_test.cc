// Easy to break here: a number that does not read back as the same double, a name that ends its own quotes, a file cut
// short that passes for a whole one, a complaint without its place.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "analyzer/measured/measurement.h"
#include "tests/error_text.h"
#include "tests/temp_folder.h"
#include "tests/tiny_hardware.h"

namespace gable {
namespace {

constexpr std::string_view kSmall = R"(schema: gable-measurement/1
device: "A device"
backend: cpu
model: m
phase: forward
dtype: fp32
settings: {B: "1"}
steps: [0.5, 0.25]
busy: [0.5, 0.25]
ops:
  - {op: top/a, pass: forward, executions: 2, cold: 1.5, samples: [0.25, 0.125], kernels: [{name: "k", launches: 1, time: 0.1}]}
unattributed: [{name: gaps, launches: 0, time: 0.05}]
complete: true
)";

Measurement read(std::string_view text) { return read_measurement(parse_yaml(text, "m.yaml")); }

std::string error(std::string_view text) {
  return input_error([&] { return read(text); });
}

void check_same(const Measurement& a, const Measurement& b) {
  CHECK(a.device == b.device);
  CHECK(a.backend == b.backend);
  CHECK(a.model == b.model);
  CHECK(a.settings == b.settings);
  CHECK(a.environment == b.environment);
  CHECK(a.phase == b.phase);
  CHECK(a.dtype == b.dtype);
  CHECK(a.seed == b.seed);
  CHECK(a.warmup == b.warmup);
  CHECK(a.cold_step_s == b.cold_step_s);
  CHECK(a.step_s == b.step_s);
  CHECK(a.busy_s == b.busy_s);
  CHECK(a.overlapped_s == b.overlapped_s);
  CHECK(a.dropped == b.dropped);
  REQUIRE(a.ops.size() == b.ops.size());
  for (std::size_t i = 0; i < a.ops.size(); ++i) {
    CAPTURE(a.ops[i].op);
    CHECK(a.ops[i].op == b.ops[i].op);
    CHECK(a.ops[i].pass == b.ops[i].pass);
    CHECK(a.ops[i].executions == b.ops[i].executions);
    CHECK(a.ops[i].cold_s == b.ops[i].cold_s);
    CHECK(a.ops[i].samples_s == b.ops[i].samples_s);
    CHECK(a.ops[i].note == b.ops[i].note);
    REQUIRE(a.ops[i].kernels.size() == b.ops[i].kernels.size());
    for (std::size_t k = 0; k < a.ops[i].kernels.size(); ++k) {
      CHECK(a.ops[i].kernels[k].name == b.ops[i].kernels[k].name);
      CHECK(a.ops[i].kernels[k].launches == b.ops[i].kernels[k].launches);
      CHECK(a.ops[i].kernels[k].time_s == b.ops[i].kernels[k].time_s);
    }
  }
  REQUIRE(a.unattributed.size() == b.unattributed.size());
  for (std::size_t i = 0; i < a.unattributed.size(); ++i) {
    CHECK(a.unattributed[i].name == b.unattributed[i].name);
    CHECK(a.unattributed[i].launches == b.unattributed[i].launches);
    CHECK(a.unattributed[i].time_s == b.unattributed[i].time_s);
  }
}

TEST_CASE("what stands in a file") {
  const Measurement m = read(kSmall);
  CHECK(m.device == "A device");
  CHECK(m.settings == std::vector<std::pair<std::string, std::string>>{{"B", "1"}});
  CHECK(m.step_s == std::vector<double>{0.5, 0.25});
  CHECK(m.overlapped_s.empty());
  CHECK(m.seed == 0);
  CHECK(m.cold_step_s == 0);
  REQUIRE(m.ops.size() == 1);
  CHECK(m.ops[0].op == "top/a");
  CHECK(m.ops[0].executions == 2);
  CHECK(m.ops[0].cold_s == 1.5);
  CHECK(m.ops[0].samples_s == std::vector<double>{0.25, 0.125});
  REQUIRE(m.ops[0].kernels.size() == 1);
  CHECK(m.ops[0].kernels[0].time_s == 0.1);
  REQUIRE(m.unattributed.size() == 1);
  CHECK(m.unattributed[0].name == "gaps");
  CHECK(m.dropped == 0);
}

TEST_CASE("what was written reads back the same, whatever the names and numbers") {
  Measurement m;
  m.device = "Intel(R) Xeon(R) \"Gold\" \\ 2.5 GHz: {a, b} # no comment é 漢字";
  m.backend = "cpu";
  m.model = "null";  // a word that YAML has another use for
  m.phase = "step";
  m.dtype = "weights int8, act bf16, kv bf16, accumulate fp32";
  m.seed = std::numeric_limits<std::uint64_t>::max();
  m.warmup = 5;
  m.settings = {{"B", "1"}, {"a key: with - signs", ""}, {"true", "true"}};
  m.environment = {{"date", "2026-11-21T10:00:00Z"}, {"command", "analyze measure --set 'B=1,T=6'"}, {"~", "~"}};
  m.cold_step_s = 1.0 / 3.0;
  m.step_s = {0.1, 1e-300, 5e-324, std::numeric_limits<double>::max(), 0};
  m.busy_s = {0.1, 0.2, 0.30000000000000004, 0.4, 0.5};
  m.overlapped_s = {0, 0, 0, 0, 1.0 / 7.0};
  for (const Pass pass : {Pass::kForward, Pass::kRecompute, Pass::kDgrad, Pass::kWgrad, Pass::kOptimizer}) {
    MeasuredOp op;
    op.op = "top/h/qkv";
    op.pass = pass;
    op.executions = 12;
    op.samples_s = {1e-6, 2e-6, 3e-6, 4e-6, 5e-6};
    op.note = "weights \"packed\"";
    op.kernels = {{"void at::native::vectorized_elementwise_kernel<4, (lambda [1])>(int, 'x', {…})", 3, 0.125},
                  {"", 0, 0}};
    m.ops.push_back(op);
  }
  m.unattributed = {{"gaps", 0, 0.001}, {"[memset]", 7, 1e-7}};
  m.dropped = 3;
  const std::string text = write_measurement(m);
  check_same(read(text), m);
  CHECK(write_measurement(read(text)) == text);
  m.ops.clear();
  m.unattributed.clear();
  check_same(read(write_measurement(m)), m);
}

TEST_CASE("one line an op, plain words without quotes") {
  const std::string text = write_measurement(read(kSmall));
  CHECK(text.find("\n  - {op: top/a, pass: forward, executions: 2, cold: 1.5, samples: [0.25, 0.125], kernels: [{name: "
                  "\"k\", launches: 1, time: 0.1}]}\n") != std::string::npos);
  CHECK(text.find("\nsettings: {B: \"1\"}\n") != std::string::npos);
  CHECK(text.ends_with("\ncomplete: true\n"));
}

TEST_CASE("what cannot be shown is replaced, so that the file stays readable") {
  Measurement m = read(kSmall);
  m.device =
      "a\x01"
      "b\nc\td\r\x7f\xff"
      "e\xEF\xBF\xBF\xED\xA0\x80";
  m.settings = {{"B", "1"}, {"B", "2"}};
  const Measurement back = read(write_measurement(m));
  CHECK(back.device ==
        "a\xEF\xBF\xBD"
        "b c d\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
        "e\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(back.settings == std::vector<std::pair<std::string, std::string>>{{"B", "1"}});
}

TEST_CASE("a wrong file is refused at its place") {
  struct Row {
    std::string_view from, to, message;
  };
  for (const Row& row : {
           Row{"phase: forward", "phases: forward",
               "m.yaml:5:1: unknown key 'phases' in a measurement, did you mean 'phase'?"},
           Row{"executions: 2", "executons: 2",
               "m.yaml:11:32: unknown key 'executons' in an op, did you mean 'executions'?"},
           Row{"launches: 1,", "count: 1,",
               "m.yaml:11:104: unknown key 'count' in a kernel; known: name, launches, time"},
           Row{"steps: [0.5, 0.25]", "steps: [0.5, -0.25]",
               "m.yaml:8:14: steps must be seconds, a plain number of at least 0, not '-0.25'"},
           Row{"steps: [0.5, 0.25]", "steps: [0.5, nan]",
               "m.yaml:8:14: steps must be seconds, a plain number of at least 0, not 'nan'"},
           Row{"cold: 1.5", "cold: inf", "m.yaml:11:53: cold must be seconds, a plain number of at least 0, not 'inf'"},
           Row{"cold: 1.5", "cold: 15 ms",
               "m.yaml:11:53: cold must be seconds, a plain number of at least 0, not '15 ms'"},
           Row{"cold: 1.5", "cold: [1]",
               "m.yaml:11:53: cold must be seconds, a plain number of at least 0, not a list"},
           Row{"[0.25, 0.125]", "[0.25]",
               "m.yaml:11:67: samples has 1 number, but 'steps:' has 2; there must be one a step"},
           Row{"busy: [0.5, 0.25]", "busy: [0.5, 0.25, 0.1]",
               "m.yaml:9:7: busy has 3 numbers, but 'steps:' has 2; there must be one a step"},
           Row{"steps: [0.5, 0.25]", "steps: []", "m.yaml:8:8: steps is an empty list"},
           Row{"executions: 2", "executions: 0",
               "m.yaml:11:44: executions must be a whole number of at least 1, not '0'"},
           Row{"launches: 0", "launches: 1.5",
               "m.yaml:12:39: launches must be a whole number of at least 0, not '1.5'"},
           Row{"launches: 0", "launches: 99999999999999999999",
               "m.yaml:12:39: launches must be a whole number of at least 0, not '99999999999999999999'"},
           Row{"pass: forward", "pass: foward", "m.yaml:11:23: unknown pass 'foward', did you mean 'forward'?"},
           Row{"model: m\n", "", "m.yaml:1:1: a measurement has no 'model:'"},
           Row{"settings: {B: \"1\"}", "settings: [B]", "m.yaml:7:11: settings must be a map, not a list"},
           Row{"backend: cpu", "backend: \"\"", "m.yaml:3:10: backend must be a text, not an empty one"},
           Row{"measurement/1", "measurement/0",
               "m.yaml:1:9: schema 'gable-measurement/0' is older than the one that this program reads, "
               "'gable-measurement/1'; measure again"},
           Row{"measurement/1", "measurement/2",
               "m.yaml:1:9: schema 'gable-measurement/2' is newer than the one that this program reads, "
               "'gable-measurement/1'; read it with the program that wrote it"},
           Row{"measurement/1", "profile/1", "m.yaml:1:9: schema 'gable-profile/1' is not 'gable-measurement/1'"},
           Row{"schema: gable-measurement/1\n", "",
               "m.yaml:1:1: is no measurement: it does not start with 'schema: gable-measurement/1'"},
           Row{"complete: true\n", "",
               "m.yaml:1:1: the file was cut short: it does not end in 'complete: true'; measure again"},
           Row{"complete: true", "complete: tru",
               "m.yaml:13:11: the file was cut short: it does not end in 'complete: true'; measure again"},
           Row{"complete: true", "complete: true\ndropped: 1",
               "m.yaml:1:1: the file was cut short: it does not end in 'complete: true'; measure again"},
       }) {
    CAPTURE(row.to);
    CHECK(error(replaced(kSmall, row.from, row.to)) == row.message);
  }
  const std::string line = "  - {op: top/a, pass: forward, samples: [1, 2]}\n";
  CHECK(error(replaced(kSmall, "unattributed", line + "unattributed")) ==
        "m.yaml:12:5: op 'top/a' is given twice for pass forward");
}

TEST_CASE("a file cut anywhere is refused") {
  // Without its last line end alone a file says all there is to say.
  const std::string whole = write_measurement(read(kSmall));
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(error(whole.substr(0, size)) != "no error");
  }
  CHECK(error(whole) == "no error");
}

TEST_CASE("measurements may be larger than specs, and have an end too") {
  const TempFolder folder;
  Measurement m = read(kSmall);
  m.step_s.assign(100'000, 0.123456789);
  m.busy_s.clear();
  m.ops.front().samples_s = m.step_s;
  const std::string path = folder.file("large.yaml", write_measurement(m));
  CHECK(std::filesystem::file_size(path) > kMaxSpecBytes);
  CHECK(load_measurement(path).ops.front().samples_s.size() == 100'000);
  std::filesystem::resize_file(path, 100'000'000);
  const auto refusal = [](const std::string& file) { return input_error([&] { return load_measurement(file); }); };
  CHECK(refusal(path) == path + ": 100000000 bytes are too large for a measurement; the limit is 67108864 (64 MiB)");
  const std::string empty = folder.file("empty.yaml", "");
  CHECK(refusal(empty) == empty + ": the file is empty; a measurement starts with 'schema:'");
}

TEST_CASE("the checked-in synthetic measurement is well-formed and says what it is") {
  const Measurement m = load_measurement(GABLE_SOURCE_DIR "/tests/data/synthetic_measurement.yaml");
  CHECK(m.device == "Synthetic device of the tests");
  CHECK(m.ops.size() == 5);
  check_same(read(write_measurement(m)), m);
}

}  // namespace
}  // namespace gable
