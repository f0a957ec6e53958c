// `analyze measure`: runs the ops of a model on a device and writes their times.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/interrupt.h"
#include "analyzer/cli/measure_options.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/progress.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/cli/timing_rows.h"
#include "analyzer/measured/overlay.h"
#include "analyzer/predict/own_timings.h"
#include "probes/run_probes.h"
#include "probes/runner/run.h"
#include "probes/sampling.h"
#include "reports/measurement_table.h"
#include "reports/timings_csv.h"

namespace gable {
namespace {

/// What is free before anything is allocated, so that no half-made model fills the machine.
void refuse_too_large(const Analysis& analysis, const Options& options, const Device& device) {
  const std::int64_t needed = program_bytes(analysis);
  if (needed <= device.facts.free_bytes) return;
  throw CapabilityError(out_of_memory_line(options, needed, device.facts));
}

/// That the file is of what would run. @throws InputError
void check_recorded(const Analysis& analysis, const Options& options, const Measurement& recorded) {
  if (options.has("warmup") || options.has("steps"))
    throw InputError("--device recorded: has its own --warmup and --steps");
  check_settings(analysis, recorded);
}

/// Another run of the same tasks; a device without counters keeps its times.
void count(const Analysis& analysis, const Program& program, Device& device, Measurement& measurement, const Io& io) {
  device.recorder.reset();
  std::string why_not;
  const auto counting = open_cuda_counting(analysis.dtypes().act, program.tasks.size(), why_not);
  try {
    if (counting) why_not = count_program(program, *counting, measurement);
  } catch (const CapabilityError& error) {
    why_not = error.what();
  } catch (const DeviceError& error) {  // the times are worth keeping
    why_not = error.what();
  }
  if (!why_not.empty()) io.err << "--counters: " << why_not << "\n";
}

Measurement measure(const Analysis& analysis, const Options& options, Device& device, const Io& io) {
  ProgressLine line(io);
  RunOptions run;
  const Measurement* const recorded = device.recorded.get();
  run.warmup = static_cast<std::int64_t>(whole_number("warmup", options.get("warmup").value_or("5"), 0));
  run.steps = static_cast<std::int64_t>(whole_number("steps", options.get("steps").value_or("10"), 1));
  run.seed = whole_number("seed", options.get("seed").value_or("1"), 0);
  if (recorded != nullptr) {
    run.warmup = recorded->warmup;
    run.steps = static_cast<std::int64_t>(recorded->step_s.size());
    run.seed = recorded->seed;
  }
  run.interrupted = [] { return Interrupt::signal() != 0; };
  run.progress = [&](std::int64_t done, std::int64_t all) {
    line.show(fmt::format("{}, {}, step {} of {}", device.facts.name, analysis.model.name, done + 1, all));
  };
  line.show(fmt::format("{}, {}, preparing", device.facts.name, analysis.model.name));
  const Program program = build_program(analysis, *device.engine, run.seed);
  for (const SkippedOp& op : program.skipped) io.err << fmt::format("{} is left out: {}\n", op.op, op.why);
  Measurement measurement = run_program(analysis, program, device, run);
  if (recorded != nullptr) return *recorded;
  if (options.has("counters")) count(analysis, program, device, measurement, io);
  measurement.environment.emplace_back("date", utc_now());
  measurement.environment.emplace_back("command", command_of(options));
  return measurement;
}

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// Each row in a process of its own: whatever is warm in this one is cold there.
std::vector<double> steps_of_process(const std::vector<std::string>& args, const std::string& file) {
  std::vector<std::string> words = {"/proc/self/exe", "measure"};
  words.insert(words.end(), args.begin(), args.end());
  words.insert(words.end(), {"--out", file});
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t child = fork();
  const std::string said = file + ".err";
  if (child == 0) {
    if (freopen("/dev/null", "w", stdout) == nullptr || freopen(said.c_str(), "w", stderr) == nullptr) _exit(1);
    execv(pointers.front(), pointers.data());
    _exit(1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw CapabilityError("--warmup-study: a measurement ended early: " + first_line(said));
  return load_measurement(file).step_s;
}

int warmup_study(const Options& options, const Io& io) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("gable-study-{}", getpid());
  std::filesystem::create_directory(folder);
  std::vector<WarmupRow> rows;
  const Interrupt interrupt;  // the measurement that runs ends by the same signal, and the folder goes away
  try {
    for (const std::int64_t warmup : {0, 1, 2, 5}) {
      std::vector<std::string> args = words_of(options, {"warmup", "warmup-study", "out"});
      args.insert(args.end(), {"--warmup", std::to_string(warmup)});
      rows.push_back({warmup, steps_of_process(args, (folder / "m.yaml").string())});
      if (Interrupt::signal() != 0) throw Interrupted();
    }
  } catch (...) {
    std::filesystem::remove_all(folder);
    if (Interrupt::signal() != 0) return kSignalled + Interrupt::signal();
    throw;
  }
  std::filesystem::remove_all(folder);
  io.out << render_warmup_study(rows, {io.width, io.color});
  return 0;
}

void check_out(const Options& options) {
  const auto out = options.get("out");
  if (!out) return;
  if (!out->ends_with(".yaml"))
    throw InputError(fmt::format("--out: {} does not end in .yaml, as a measurement does", in_quotes(*out)));
  check_out_file(*out);
}

}  // namespace

int measure_command(const Args& args, const Io& io) {
  const std::vector<OptionRow>& rows = measure_option_rows();
  const Options options = parse_options(args, rows);
  if (options.has("help")) {
    io.out << help_text("measure", rows);
    return 0;
  }
  refuse_words(options, "measure");
  check_out(options);
  check_rows_file(options);
  const Analysis analysis = analysis_to_run(options);
  if (options.has("warmup-study")) {
    for (const std::string_view file : {"out", "rows"}) {
      if (options.has(file)) throw InputError(fmt::format("--warmup-study writes no file; without it --{} does", file));
    }
    return warmup_study(options, io);
  }
  Device device = open_device(options.get("device").value_or(""));
  if (options.has("counters") && device.facts.backend != "cuda")
    throw CapabilityError("--counters: only CUDA devices have counters that can be read; this is " + device.facts.name);
  if (device.recorded) check_recorded(analysis, options, *device.recorded);
  std::optional<MeasuringLock> lock;
  if (!device.recorded) lock.emplace();
  const Interrupt interrupt;
  try {
    refuse_too_large(analysis, options, device);
    const Measurement measurement = measure(analysis, options, device, io);
    io.out << render_measurement(measurement, {io.width, io.color});
    std::vector<OutputFile> files;
    if (const auto out = options.get("out")) files.push_back({*out, write_measurement(measurement)});
    if (const auto file = options.get("rows"))
      files.push_back({*file, render_timings_csv(timings_of(analysis, measurement))});
    write_files(files, io.err);
  } catch (const OutOfMemory& error) {
    device.facts.free_bytes = std::min(device.facts.free_bytes, error.free_bytes);
    throw CapabilityError(
        fmt::format("{} (at {})", out_of_memory_line(options, program_bytes(analysis), device.facts), error.what()));
  } catch (const std::invalid_argument& error) {
    throw CapabilityError(fmt::format("--device {}: {}", device.facts.backend, error.what()));
  } catch (const Interrupted&) {
    io.err << "interrupted; nothing is written\n";
    return kSignalled + Interrupt::signal();
  }
  return 0;
}

}  // namespace gable
