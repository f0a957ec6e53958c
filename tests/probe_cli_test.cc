// Easy to break: a command that measures for a minute before it says that it cannot write, a list that lacks a probe.
#include <doctest/doctest.h>

#include <array>

#include "analyzer/measured/measurement.h"
#include "probes/device.h"
#include "probes/probe.h"
#include "probes/run_probes.h"
#include "probes/sampling.h"
#include "tests/approx.h"
#include "tests/cli_run.h"
#include "tests/temp_folder.h"

using namespace gable;
using test::Ran;
using test::run;

TEST_CASE("every probe says what it measures, what that bounds and how it is checked") {
  for (const auto rows : {cpu_probe_table(), cuda_probe_table()}) {
    for (const ProbeRow& row : rows) {
      CAPTURE(row.name);
      CHECK_FALSE(row.bounds.empty());
      CHECK_FALSE(row.kernel.empty());
      CHECK_FALSE(row.check.empty());
      CHECK(row.share > 0);
    }
  }
  const Ran list = run({"probe", "--list"});
  CHECK(list.code == 0);
  for (const ProbeRow& row : cpu_probe_table()) {
    CAPTURE(row.name);
    CHECK(list.out.find("\n" + std::string(row.name)) != std::string::npos);
  }
  CHECK(list.out.find("\ncuda") != std::string::npos);
}

TEST_CASE("what is wrong is told before anything is measured") {
  struct Wrong {
    Args args;
    int code;
    const char* says;
  };
  const std::array<Wrong, 9> wrong = {{
      {{"probe", "--device", "gpu"}, 2, "--device: 'gpu' is neither cpu nor cuda nor cuda:N nor recorded:FILE\n"},
      {{"probe", "--device", "cuda:-1"},
       2,
       "--device: 'cuda:-1' is neither cpu nor cuda nor cuda:N nor recorded:FILE\n"},
      {{"probe", "--quick", "--full"}, 2, "--quick and --full exclude each other\n"},
      {{"probe", "--device", "cpu", "--out", "x.csv"}, 2, "--out: 'x.csv' does not end in .yaml, as a profile does\n"},
      {{"probe", "fast"}, 2, nullptr},
      {{"measure", "--device", "cpu"}, 2, "--model is missing; `analyze list models` names the shipped ones\n"},
      {{"measure", "--model", "gpt2-split", "--out", "m.json"},
       2,
       "--out: 'm.json' does not end in .yaml, as a measurement does\n"},
      {{"measure", "--model", "gpt2-split", "--forward-only", "--phase", "step"},
       2,
       "--forward-only and --phase exclude each other\n"},
      {{"measure", "--model", "gpt2-split", "--device", "cpu", "--dtype", "bf16"},
       3,
       "--device cpu: bottom/wte: the CPU engine computes in fp32, not bf16; a CUDA device takes --dtype\n"},
  }};
  for (const Wrong& w : wrong) {
    CAPTURE(w.args.back());
    const Ran got = run(w.args);
    CHECK(got.code == w.code);
    CHECK(got.out.empty());
    if (w.says != nullptr) CHECK(got.err == w.says);
  }
}

TEST_CASE("a model that does not fit says what would") {
  const Ran got = run({"measure", "--model", "cs336-small", "--device", "cpu", "--set", "B=65536"});
  CHECK(got.code == 3);
  CHECK(got.err.find(" are needed, ") != std::string::npos);
  CHECK(got.err.find("; --set B=") != std::string::npos);
  CHECK(got.err.ends_with(" fits\n"));
}

TEST_CASE("two at once: the second says so") {
  const MeasuringLock lock;
  const Ran got = run({"measure", "--model", "gpt2-split", "--device", "cpu"});
  CHECK(got.code == 3);
  CHECK(got.err == "another probe or measurement is running; two at once would time each other\n");
}

TEST_CASE("measure: every op that runs has a line, the file reads back") {
  const TempFolder folder;
  const std::string file = folder.path() + "/m.yaml";
  const Ran got = run({"measure", "--model", "gpt2-split", "--set", "V=500,P=8", "--device", "cpu", "--steps", "2",
                       "--warmup", "0", "--out", file});
  CHECK(got.code == 0);
  for (const char* line : {"lm_head", "h/qkv", "wte", "top", "bottom", "step"}) {
    CAPTURE(line);
    CHECK(got.out.find(line) != std::string::npos);
  }
  const Measurement m = load_measurement(file);
  CHECK(m.model == "gpt2-split");
  CHECK(m.backend == "cpu");
  CHECK(m.step_s.size() == 2);
  CHECK(m.cold_step_s == m.step_s.front());
  double ops = 0;
  for (const MeasuredOp& op : m.ops) ops += op.samples_s.front();
  CHECK(ops == rel(m.busy_s.front(), 1e-9));
  CHECK(ops <= m.step_s.front());
}

TEST_CASE("a recorded measurement stands for its device: the same table, the same file, nothing timed") {
  const std::string file = GABLE_SOURCE_DIR "/tests/data/intel-r-xeon-r-processor-2t/gpt2-split.yaml";
  const TempFolder folder;
  const std::string copy = folder.path() + "/m.yaml";
  const Ran ran = run({"measure", "--model", "gpt2-split", "--device", "recorded:" + file, "--out", copy});
  CHECK(ran.code == 0);
  CHECK(ran.out.find("device: Intel(R) Xeon(R) Processor") == 0);
  const Measurement sent = load_measurement(file);
  const Measurement back = load_measurement(copy);
  CHECK(write_measurement(back) == write_measurement(sent));
  test::check_refused(run({"measure", "--model", "gpt2-split", "--set", "T=7", "--device", "recorded:" + file}),
                      "--measured: T is '6' in the file, '7' in the analysis; --set T=6 would match");
  test::check_refused(run({"measure", "--model", "gpt2-split", "--steps", "3", "--device", "recorded:" + file}),
                      "--device recorded: has its own --warmup and --steps");
  test::check_refused(run({"probe", "--device", "recorded:" + file}), "--device recorded: a file is measured no more");
}

TEST_CASE("samples stop at what was wanted, at the budget, at Ctrl-C") {
  ProbeContext context;
  context.budget_s = 1e9;
  int calls = 0;
  const auto once = [&] { return static_cast<double>(++calls); };
  CHECK(sample(context, {2, 5, 20}, once).size() == 20);
  CHECK(calls == 22);
  context.budget_s = 0;
  CHECK(sample(context, {0, 5, 20}, once).size() == 5);
  context.interrupted = [] { return true; };
  CHECK_THROWS_AS(sample(context, {0, 5, 20}, once), Interrupted);
}

TEST_CASE("a rate is work over the median time, its best over the shortest; what is impossible is refused") {
  Figure figure = rate_figure("x", "", Unit::kFlopPerSecond, 100, {4, 2, 5});
  CHECK(figure.value == 25);
  CHECK(figure.best == 50);
  refuse_above(figure, 50, 0, "arithmetic");
  CHECK(figure.refused.empty());
  refuse_above(figure, 40, 0.1, "2 x 20");
  CHECK(figure.refused == "its best, 50 FLOP/s, is above 40 FLOP/s (2 x 20)");
  const Figure time = time_figure("x", "", {4, 2, 5});
  CHECK(time.value == 4);
  CHECK(time.best == 2);
}
