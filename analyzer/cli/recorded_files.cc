#include "analyzer/cli/recorded_files.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>
#include <tuple>

#include "analyzer/base/error.h"

namespace gable {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDevice = R"({"ph":"M","name":"gable_device","pid":0,"args":)";
constexpr std::string_view kNoKernels = R"({"ph":"M","name":"gable_no_kernels","pid":0,"args":)";
constexpr std::string_view kEnd = "],\"";
constexpr auto kLastMoment = std::chrono::seconds(2);

/// "...,"ts":1234.567" in ns. Quotes in names are escaped, so that a key is found as it is.
std::uint64_t ns_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return 0;
  const char* const end = line.data() + line.size();
  std::uint64_t us = 0;
  const auto [point, error] = std::from_chars(line.data() + at + key.size(), end, us);
  std::uint64_t rest = 0;
  if (point != end && *point == '.') std::from_chars(point + 1, end, rest);
  return us * 1000 + rest;
}

void count(std::string_view line, RecordedFile& file) {
  constexpr std::string_view kStart = R"({"ph":"X","cat":")";
  if (!line.starts_with(kStart)) return;
  line.remove_prefix(kStart.size());
  const std::string_view category = line.substr(0, line.find('"'));
  const std::uint64_t start = ns_after(line, "\"ts\":");
  const std::uint64_t length = ns_after(line, "\"dur\":");
  const bool kernel = category == "kernel";
  const bool copy = category == "gpu_memcpy" || category == "gpu_memset";
  if (kernel || copy) file.device_ns += length;
  std::int64_t& counter = kernel ? file.kernels : copy ? file.copies : category == "nvtx" ? file.ranges : file.launches;
  ++counter;
  file.first_ns = file.first_ns == 0 ? start : std::min(file.first_ns, start);
  file.last_ns = std::max(file.last_ns, start + length);
}

void read_end(const std::string& line, RecordedFile& file) {
  const auto end = nlohmann::json::parse("{" + line.substr(2), nullptr, false);
  if (end.is_discarded()) return;
  file.dropped = end.value("dropped", std::int64_t{0});
  file.used_cuda = end.contains("cupti_version");
}

/// The args of a line of metadata; nothing for other lines.
std::string args_of(const std::string& line, std::string_view start) {
  return line.starts_with(start) ? line.substr(start.size(), line.size() - start.size() - 2) : "";  // without "},"
}

/// Copies what is whole, up to the comma after the last event, and gives it an end.
class Closer {
 public:
  explicit Closer(std::string path) : path_(std::move(path)), out_(path_, std::ios::binary) {}
  void add(const std::string& line) {
    if (!last_.empty()) out_ << last_ << '\n';
    last_ = line;
    const std::string device = args_of(line, kDevice);
    if (!device.empty()) devices_ += (devices_.empty() ? "" : ",") + device;
  }
  void close() {
    if (last_.ends_with(',')) last_.pop_back();
    out_ << last_ << "\n],\"deviceProperties\":[" << devices_ << "],\"dropped\":0,\"cut_short\":1}\n";
    out_.close();
    if (!out_) throw OutputError(fmt::format("cannot write {}: is the disk full?", path_));
  }
  [[nodiscard]] bool saw_device() const { return !devices_.empty(); }

 private:
  std::string path_;
  std::ofstream out_;
  std::string last_;
  std::string devices_;
};

/// The last line of a file that is whole.
bool has_end(const fs::path& path) {
  constexpr std::streamoff kLongestEnd = 1 << 16;
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kLongestEnd));
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return text.ends_with("}\n") && text.rfind("\n" + std::string(kEnd)) != std::string::npos;
}

/// Its process goes on: a worker that outlives who started it by a little.
bool is_growing(const fs::path& path) {
  const std::string name = path.stem().string();
  pid_t process = 0;
  std::from_chars(name.data(), name.data() + name.size(), process);
  return process > 0 && kill(process, 0) == 0 && !has_end(path);
}

RecordedFile read_recorded(const fs::path& path) {
  RecordedFile file;
  file.process = path.stem().string();
  file.path = path.string();
  file.cut_short = !has_end(path);
  Closer closer(file.cut_short ? file.path + ".closed" : "/dev/null");
  std::ifstream in(path, std::ios::binary);
  std::string line;
  while (std::getline(in, line) && !in.eof()) {  // a line that is cut short ends without a newline
    if (line.starts_with(kEnd)) {
      read_end(line, file);
    } else {
      count(line, file);
      if (line.starts_with(kNoKernels))
        file.why_no_kernels = nlohmann::json::parse(args_of(line, kNoKernels)).value("why", "");
    }
    if (file.cut_short) closer.add(line);
  }
  if (!file.cut_short) return file;
  closer.close();
  file.path += ".closed";
  file.used_cuda = closer.saw_device() || file.kernels > 0;
  return file;
}

}  // namespace

std::vector<RecordedFile> gather_recorded(const std::string& folder) {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  const auto until = std::chrono::steady_clock::now() + kLastMoment;
  while (std::ranges::any_of(paths, is_growing) && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::vector<RecordedFile> files;
  for (const fs::path& path : paths) files.push_back(read_recorded(path));
  std::ranges::sort(files, [](const RecordedFile& a, const RecordedFile& b) {
    return std::make_tuple(b.device_ns, b.events(), a.process) < std::make_tuple(a.device_ns, a.events(), b.process);
  });
  return files;
}

}  // namespace gable
