// Whole processes, from spawn to exit: `analyze --model gpt2-split` beside an empty Python. Time is user + system time.
// Where FOLDER has short.json.gz, long.json, long.json.gz and huge.json, also `analyze trace` of these.
//   process_bench ANALYZE FOLDER [benchmark options]
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

void process(benchmark::State& state, std::vector<std::string> command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  double wall = 0;
  double peak_mb = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    pid_t child = 0;
    int status = 0;
    rusage usage{};
    if (posix_spawn(&child, argv[0], &quiet, nullptr, argv.data(), environ) != 0 ||
        wait4(child, &status, 0, &usage) != child || status != 0) {
      state.SkipWithError("the command failed");
      break;
    }
    wall += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    peak_mb = std::max(peak_mb, static_cast<double>(usage.ru_maxrss) * 1024 / 1e6);
    state.SetIterationTime(seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  posix_spawn_file_actions_destroy(&quiet);
  state.counters["wall_s"] = benchmark::Counter(wall, benchmark::Counter::kAvgIterations);
  state.counters["peak_mb"] = peak_mb;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string analyze = argv[1];
  const std::string folder = argv[2];
  const auto add = [](const char* name, const std::vector<std::string>& command, int times = 20) {
    benchmark::RegisterBenchmark(name, process, command)
        ->UseManualTime()
        ->Iterations(times)
        ->Unit(benchmark::kMillisecond);
  };
  add("python_pass", {"/usr/bin/python3", "-S", "-c", "pass"});
  add("analyze_gpt2_split", {analyze, "--model", "gpt2-split"});
  add("analyze_gpt2_split_hw", {analyze, "--model", "gpt2-split", "--hw", "a100-pcie-40"});
  const auto add_trace = [&](const char* name, const std::string& file, int times) {
    const std::string path = folder + "/" + file;
    if (access(path.c_str(), R_OK) == 0) add(name, {analyze, "trace", path}, times);
  };
  add_trace("trace_short", "short.json.gz", 20);
  add_trace("trace_long", "long.json", 1);
  add_trace("trace_long_gz", "long.json.gz", 1);
  add_trace("trace_huge", "huge.json", 1);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
