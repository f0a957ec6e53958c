// `analyze record`: runs any program with a library in it that records what runs on its GPUs, and its NVTX ranges.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/injected_run.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/recorded_files.h"
#include "probes/module_path.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

constexpr std::array<OptionRow, 2> kRecordOptions = {{
    {"out", "FILE", "a Chrome trace; gable-COMMAND.json unless given; further processes get files beside it"},
    {"graph-trace", "graph|node",
     "CUDA graphs: each node (default), or one event a launch, which costs the program less"},
}};

struct Order {
  std::string out;
  std::string graphs;
  std::vector<std::string> command;
};

/// Options end at "--"; what follows is the user's.
Order order_of(const Args& args, const Options& options) {
  const auto dashes = std::ranges::find(args, "--");
  if (!options.words.empty()) {
    throw InputError(fmt::format("unexpected {}; the command comes after --: analyze record [options] -- {} ...",
                                 in_quotes(options.words.front()), options.words.front()));
  }
  if (dashes == args.end() || dashes + 1 == args.end())
    throw InputError("the command is missing: analyze record [--out FILE] -- COMMAND ...");
  Order order;
  order.command.assign(dashes + 1, args.end());
  order.graphs = options.get("graph-trace").value_or("node");
  if (order.graphs != "graph" && order.graphs != "node") {
    throw InputError(fmt::format("--graph-trace: {} is neither graph nor node{}", in_quotes(order.graphs),
                                 suggestion(order.graphs, std::vector<std::string_view>{"graph", "node"})));
  }
  order.out =
      options.get("out").value_or(fmt::format("gable-{}.json", fs::path(order.command.front()).filename().string()));
  if (!order.out.ends_with(".json"))
    throw InputError(fmt::format("--out: {} does not end in .json, as a trace does", in_quotes(order.out)));
  check_out_file(order.out);
  return order;
}

std::string library_to_inject() {
  std::string path = module_path("inject");
  if (access(path.c_str(), R_OK) != 0)
    throw CapabilityError(fmt::format("record needs {}, which is built where a CUDA toolkit with NVTX is", path));
  return path;
}

/// Beside the file, so that what is recorded needs no copy; goes away in any case.
class PrivateFolder {
 public:
  explicit PrivateFolder(const std::string& out) {
    std::string name = (fs::absolute(out).parent_path() / ".gable-record-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw InputError(fmt::format("--out {}: cannot make a folder beside it", out));
    path_ = name;
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void move_to(const std::string& from, const std::string& to) {
  std::error_code error;
  if (fs::exists(to, error) && !fs::is_regular_file(to, error)) {  // a device or a pipe is written to
    std::ifstream in(from, std::ios::binary);
    GrowingFile file(to, 0);
    std::string block(std::size_t{1} << 20, '\0');
    while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
      file.append(std::string_view(block).substr(0, static_cast<std::size_t>(in.gcount())));
    file.finish();
    return;
  }
  fs::rename(from, to, error);
  if (error) throw OutputError(fmt::format("{}: cannot write: {}", to, error.message()));
}

std::string summary(const RecordedFile& file, const std::string& path) {
  constexpr double kNsPerS = 1e9;
  std::string line = fmt::format("wrote {}: {}, {}, {}, {}, {} lost, {:.3f} s{}", path, counted(file.kernels, "kernel"),
                                 counted(file.copies, "memory operation"), counted(file.launches, "launch", "es"),
                                 counted(file.ranges, "NVTX range"), file.dropped,
                                 static_cast<double>(file.last_ns - file.first_ns) / kNsPerS,
                                 file.cut_short ? ", cut short: killed, or left by _exit" : "");
  return line + fmt::format("; next: analyze trace {}", path);
}

/// Why no kernel was recorded, for all that is known.
std::string why_no_kernels(const std::vector<RecordedFile>& files) {
  for (const RecordedFile& file : files) {
    if (!file.why_no_kernels.empty()) return file.why_no_kernels;
  }
  if (std::ranges::any_of(files, &RecordedFile::used_cuda)) return "the command used CUDA and ran none";
  if (access("/dev/nvidiactl", F_OK) != 0 && access("/dev/dxg", F_OK) != 0)
    return "there is no NVIDIA driver on this machine";
  return "no process of the command used CUDA";
}

void keep(const std::vector<RecordedFile>& files, const std::string& out, const Io& io) {
  std::vector<const RecordedFile*> kept;
  for (const RecordedFile& file : files) {
    if (file.events() > 0) kept.push_back(&file);
  }
  const bool no_kernels = std::ranges::none_of(kept, [](const RecordedFile* file) { return file->kernels > 0; });
  const std::string why = no_kernels ? why_no_kernels(files) : "";
  if (kept.empty()) {
    io.err << fmt::format("nothing was recorded, {} is not written: {}\n", out, why);
    return;
  }
  const std::string stem = out.substr(0, out.size() - std::string_view(".json").size());
  for (const RecordedFile* file : kept) {
    const std::string path = file == kept.front() ? out : fmt::format("{}.{}.json", stem, file->process);
    move_to(file->path, path);
    io.err << summary(*file, path) << "\n";
  }
  if (no_kernels) io.err << fmt::format("no kernels were recorded: {}\n", why);
}

}  // namespace

int record_command(const Args& args, const Io& io) {
  const Options options = parse_options(Args(args.begin(), std::ranges::find(args, "--")), kRecordOptions);
  if (options.has("help")) {
    io.out << help_text("record", kRecordOptions);
    return 0;
  }
  const Order order = order_of(args, options);
  const std::string library = library_to_inject();
  const PrivateFolder folder(order.out);
  const int code = run_injected(order.command, {{"CUDA_INJECTION64_PATH", library},
                                                {"NVTX_INJECTION64_PATH", library},
                                                {"GABLE_RECORD_DIR", folder.path()},
                                                {"GABLE_RECORD_GRAPHS", order.graphs}});
  keep(gather_recorded(folder.path()), order.out, io);
  return code;
}

}  // namespace gable
