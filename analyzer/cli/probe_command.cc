// `analyze probe`: measures a device and writes its profile.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/interrupt.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/progress.h"
#include "analyzer/cli/study_io.h"
#include "analyzer/cli/timing_rows.h"
#include "analyzer/predict/own_timings.h"
#include "probes/cpu/facts.h"
#include "probes/profile_file.h"
#include "probes/run_probes.h"
#include "probes/sampling.h"
#include "reports/profile_table.h"
#include "reports/report.h"
#include "reports/text_table.h"
#include "reports/timings_csv.h"

namespace gable {
namespace {

constexpr std::array<OptionRow, 6> kProbeOptions = {{
    {"device", "cpu|cuda:N", "what is measured: the first CUDA device that works, else the CPU, unless given"},
    {"quick", "", "under 15 s: fewer samples, smaller sets"},
    {"full", "", "about five minutes: more samples, more shapes"},
    {"out", "FILE", "writes the profile there alone; without it, to the user's profiles, which --hw measured reads"},
    {"rows", "FILE", "also writes the kernels that were timed, a CSV for analyze calibrate; the profile has them, too"},
    {"list", "", "the probes: what each measures, what it bounds, how its result is checked"},
}};

void list_rows(std::string_view device, std::span<const ProbeRow> rows, const Io& io) {
  const std::vector<TextColumn> columns = {
      {"probe", false, 0}, {"unit", false, 0}, {"bounds", false, 0}, {"kernel", false, 1}, {"check", false, 2}};
  std::vector<TextLine> lines = {head_line(columns)};
  for (const ProbeRow& row : rows) {
    TextLine line;
    for (const std::string_view cell : {row.name, unit_symbol(row.unit), row.bounds, row.kernel, row.check})
      line.cells.emplace_back(cell);
    lines.push_back(std::move(line));
  }
  const TextLayout layout = fit_table(columns, lines, static_cast<std::size_t>(std::max(io.width, 60)));
  io.out << device << "\n";
  for (const TextLine& line : lines) io.out << render_line(line, columns, layout, io.color);
}

int list_probes(const Io& io) {
  list_rows("cpu", cpu_probe_table(), io);
  io.out << "\n";
  if (cuda_probe_table().empty()) {
    io.out << "cuda: " << why_no_cuda() << "\n";
  } else {
    list_rows("cuda", cuda_probe_table(), io);
  }
  return 0;
}

Effort effort_of(const Options& options) {
  if (options.has("quick") && options.has("full")) throw InputError("--quick and --full exclude each other");
  return options.has("quick") ? Effort::kQuick : options.has("full") ? Effort::kFull : Effort::kDefault;
}

/// Where the profile goes. What is wrong with the place is told before anything is measured.
std::string profile_path(const Options& options, const DeviceFacts& facts, const Io& io) {
  if (const auto out = options.get("out")) {
    if (!out->ends_with(".yaml"))
      throw InputError(fmt::format("--out: {} does not end in .yaml, as a profile does", in_quotes(*out)));
    check_out_file(*out);
    return *out;
  }
  if (io.machine.data_home.empty())
    throw CapabilityError("neither XDG_DATA_HOME nor HOME says where profiles are; --out FILE names a place");
  check_out_folder(profile_folder(io.machine));
  return fmt::format("{}/{}.yaml", profile_folder(io.machine), profile_name(facts));
}

Profile measure(const Options& options, const Device& device, const Io& io) {
  ProgressLine line(io);
  const bool cpu = device.facts.backend == "cpu";
  ProbeRun run;
  run.effort = effort_of(options);
  run.interrupted = [] { return Interrupt::signal() != 0; };
  run.progress = [&](std::string_view name, double left) {
    line.show(fmt::format("{}, {}, {:.0f} s left", device.facts.name, name, left));
  };
  if (cpu) run.circumstances = add_circumstances;
  Profile profile = run_probes(cpu ? cpu_probe_table() : cuda_probe_table(), run);
  profile.date = utc_now();
  profile.command = fmt::format("analyze probe --device {}{}", options.get("device").value_or(device.facts.backend),
                                options.has("quick")  ? " --quick"
                                : options.has("full") ? " --full"
                                                      : "");
  profile.version = kVersion;
  profile.device = device.facts.name;
  profile.datasheet = spec_of_product(device.facts.name);
  profile.environment = device.facts.environment;
  return profile;
}

}  // namespace

int probe_command(const Args& args, const Io& io) {
  const Options options = parse_options(args, kProbeOptions);
  if (options.has("help")) {
    io.out << help_text("probe", kProbeOptions);
    return 0;
  }
  refuse_words(options, "probe");
  effort_of(options);
  if (options.has("list")) return list_probes(io);
  Device device = open_device(options.get("device").value_or(""));
  device.recorder.reset();  // probes time their kernels themselves, and a profiler beside them costs launches time
  if (device.recorded) throw InputError("--device recorded: a file is measured no more");
  check_rows_file(options);
  const std::string path = profile_path(options, device.facts, io);
  const MeasuringLock lock;
  const Interrupt interrupt;
  std::error_code ignored;  // a folder that cannot be made is told when the file is written
  try {
    const Profile profile = measure(options, device, io);
    const std::string text = write_profile(device.facts, profile);
    io.out << render_profile(profile, {io.width, io.color});
    std::vector<OutputFile> files = {{path, text}};
    if (const auto rows = options.get("rows")) files.push_back({*rows, render_timings_csv(timings_of(profile, {}))});
    const bool registers = !options.has("out");
    if (registers) std::filesystem::create_directories(profile_folder(io.machine), ignored);
    write_files(files, io.err);
  } catch (const Interrupted&) {
    io.err << "interrupted; no profile is written\n";
    return kSignalled + Interrupt::signal();
  }
  return 0;
}

}  // namespace gable
