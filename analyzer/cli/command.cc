#include "analyzer/cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "reports/report.h"

namespace gable {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongInput = 2;
constexpr int kMissing = 3;
constexpr int kDeviceFailed = 4;

constexpr std::array<Command, 17> kCommands = {{
    {"", "analyze --model M [options]", "roofline report of a model on a device",
     "analyze --model gpt2-split --hw a100-pcie-40 --notes", report_command},
    {"memory", "analyze memory --model M [options]", "what a step keeps in memory, when most of it, and what fits",
     "analyze memory --model cs336-2.7b --hw a100-sxm-80 --fit", memory_command},
    {"sweep", "analyze sweep --model M --vary DIM=VALUES [...]",
     "time and bottleneck over a grid of dims, devices, options; elasticity of time to FLOP",
     "analyze sweep --model gemm --hw a100-pcie-40 --vary N=64..8192*2", sweep_command},
    {"whatif", "analyze whatif --model M --change C ...", "what changes would save, each alone and together",
     "analyze whatif --model chargpt --hw a100-pcie-40 --change fuse=qkv --change fuse=heads --change recipe=flash",
     whatif_command},
    {"headroom", "analyze headroom --model M [options]", "ops by the time that could be recovered, and how",
     "analyze headroom --model chargpt --hw a100-pcie-40 --top 5", headroom_command},
    {"compare", "analyze compare A B ... | --ops P,Q",
     "models, devices, recipes or dtypes side by side; or FLOP ratio against time ratio of ops",
     "analyze compare pytorch-eager flash --model cs336-small --vary T=256..4096*2", compare_command},
    {"colocate", "analyze colocate --hp M [--be M|memcpy:SIZE]",
     "upper bound of what overlapping kernels of one job or two could gain",
     "analyze colocate --hp chargpt --be memcpy:4GB --hw a100-pcie-40", colocate_command},
    {"probe", "analyze probe [--device cpu|cuda:N] [--quick|--full]",
     "measures this machine: the roofs that --hw measured stands for", "analyze probe --device cpu --quick",
     probe_command},
    {"measure", "analyze measure --model M [options]", "runs the ops of a model on this machine and times each",
     "analyze measure --model gpt2-split --device cpu --steps 20", measure_command},
    {"record", "analyze record [--out FILE] -- COMMAND ...",
     "runs any program and records its kernels, launches and NVTX ranges",
     "analyze record --out train.json -- python3 train.py", record_command},
    {"trace", "analyze trace FILE [--hw H] [--out DIR]",
     "a profile on the roofline: torch.profiler, Nsight Systems, Nsight Compute",
     "analyze trace profile.json.gz --hw h100-sxm", trace_command},
    {"predict", "analyze predict --model M [--calibration FILE]",
     "the time of a configuration before it runs, with an interval",
     "analyze predict --model gpt2-large --hw a100-pcie-40 --set B=4,T=1024", predict_command},
    {"calibrate", "analyze calibrate --rows FILE [--out FILE]", "a device's constants from kernels timed on it",
     "analyze calibrate --rows rows.csv --out a100.yaml", calibrate_command},
    {"validate", "analyze validate --rows FILE [--probes N]", "predicted against measured times of kernels",
     "analyze validate --rows rows.csv --probes 64 --draws 10", validate_command},
    {"list", "analyze list models|hardware|hosts|ops|recipes|dtypes|formats|traces|calls",
     "what there is, with a line each", "analyze list models", list_command},
    {"show", "analyze show hardware H | model M | op K | recipe R",
     "one device, model, op or recipe in full, with sources", "analyze show op attention", show_command},
    {"lint", "analyze lint [files]", "checks spec files; without files, the shipped ones", "analyze lint my-model.yaml",
     lint_command},
}};

std::string overview() {
  std::string out = "Roofline and analytical performance model of deep learning.\n\nusage:\n";
  for (const Command& command : kCommands) out += fmt::format("  {:<58} {}\n", command.usage, command.summary);
  return out +
         "  analyze --version\n\n`analyze COMMAND --help` tells more of each; these are the options of the report:\n\n";
}

const Command& find_command(std::string_view word) {
  const auto* found =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& c) { return c.name == word; });
  if (found != kCommands.end()) return *found;
  std::vector<std::string_view> known;
  for (const Command& command : kCommands) {
    if (!command.name.empty()) known.push_back(command.name);
  }
  throw InputError(fmt::format("unknown command {}{}", in_quotes(word), suggestion(word, known)));
}

int dispatch(const Args& args, const Io& io) {
  const std::string first = args.empty() ? "--help" : args.front();
  if (first == "--version") {
    io.out << "gable " << kVersion << "\n";
    return 0;
  }
  if (first == "--help" || first == "-h") io.out << overview();
  if (first.starts_with("-")) return report_command(args.empty() ? Args{first} : args, io);
  return find_command(first).run(Args(args.begin() + 1, args.end()), io);
}

}  // namespace

std::span<const Command> command_table() { return kCommands; }

int run_analyze(const Args& args, const Io& io) {
  try {
    const int code = dispatch(args, io);
    if (!io.out.flush()) throw OutputError("cannot write to standard output");
    return code;
  } catch (const InputError& error) {
    io.err << error.what() << "\n";
    return kWrongInput;
  } catch (const CapabilityError& error) {
    io.err << error.what() << "\n";
    return kMissing;
  } catch (const DeviceError& error) {
    io.err << "the device failed: " << error.what() << "\n";
    return kDeviceFailed;
  } catch (const OutputError& error) {
    io.err << error.what() << "\n";
    return kFailed;
  } catch (const CountOverflow& error) {
    io.err << error.what() << "; smaller sizes (--set) or fewer micro-batches fit\n";
    return kWrongInput;
  } catch (const std::exception& error) {
    io.err << "internal error: " << error.what() << "; please report it with the command that led here\n";
    return kFailed;
  }
}

}  // namespace gable
