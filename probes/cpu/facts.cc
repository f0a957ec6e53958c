#include "probes/cpu/facts.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "analyzer/base/text.h"
#include "probes/cpu/kernels.h"

namespace gable {
namespace {

/// Without the last line end. "" for what cannot be read.
std::string read_text_file(const std::string& path) {
  std::ifstream in(path);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  while (text.ends_with("\n")) text.pop_back();
  return text;
}

std::int64_t leading_number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The value of "model name\t: Intel ..." in the text of /proc files.
std::string field(const std::string& text, std::string_view key) {
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) return std::string(trim(std::string_view(line).substr(colon + 1)));
  }
  return "";
}

/// "0-3,8" counts 5.
int count_list(const std::string& list) {
  int count = 0;
  for (const std::string& range : split(list, ',')) {
    const std::size_t dash = range.find('-');
    const std::int64_t first = leading_number(range);
    count += dash == std::string::npos ? 1 : static_cast<int>(leading_number(range.substr(dash + 1)) - first + 1);
  }
  return std::max(count, 1);
}

/// "2048K" or "105M" in bytes.
std::int64_t cache_size(const std::string& text) {
  const std::int64_t unit = text.ends_with("M") ? std::int64_t{1} << 20U : text.ends_with("K") ? 1024 : 1;
  return leading_number(text) * unit;
}

std::vector<CacheLevel> read_caches(const std::string& root) {
  std::vector<CacheLevel> caches;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/sys/devices/system/cpu/cpu0/cache", error)) {
    const std::string folder = entry.path().string();
    const std::string type = read_text_file(folder + "/type");
    if (type != "Data" && type != "Unified") continue;
    caches.push_back({static_cast<int>(leading_number(read_text_file(folder + "/level"))),
                      cache_size(read_text_file(folder + "/size")),
                      count_list(read_text_file(folder + "/shared_cpu_list"))});
  }
  std::sort(caches.begin(), caches.end(), [](const CacheLevel& a, const CacheLevel& b) { return a.level < b.level; });
  return caches;
}

double read_temperature(const std::string& root) {
  std::error_code error;
  double highest = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/sys/class/thermal", error)) {
    if (!entry.path().filename().string().starts_with("thermal_zone")) continue;
    highest = std::max(highest, static_cast<double>(leading_number(read_text_file(entry.path() / "temp"))) / 1000);
  }
  return highest;
}

}  // namespace

std::int64_t CpuFacts::cache_bytes(int level) const {
  for (const CacheLevel& cache : caches) {
    if (cache.level == level) return cache.bytes * std::max(1, threads / std::max(1, cache.sharing));
  }
  return 0;
}

CpuFacts read_cpu_facts(const std::string& root) {
  CpuFacts facts;
  const std::string cpuinfo = read_text_file(root + "/proc/cpuinfo");
  const std::string meminfo = read_text_file(root + "/proc/meminfo");
  facts.name = field(cpuinfo, "model name");
  if (facts.name.empty()) facts.name = "unnamed CPU";
  facts.vendor = field(cpuinfo, "vendor_id");
  if (facts.vendor.empty()) facts.vendor = "not named";
  facts.threads = count_list(read_text_file(root + "/sys/devices/system/cpu/online"));
  facts.numa_nodes = count_list(read_text_file(root + "/sys/devices/system/node/online"));
  facts.caches = read_caches(root);
  facts.memory_bytes = leading_number(field(meminfo, "MemTotal")) * 1024;
  facts.free_bytes = leading_number(field(meminfo, "MemAvailable")) * 1024;
  facts.temperature_c = read_temperature(root);
  return facts;
}

namespace {

/// Of the processor itself, for virtual machines whose kernel lists no caches. The last level is shared by all.
std::vector<CacheLevel> caches_of_processor(int threads) {
  std::vector<CacheLevel> caches;
  constexpr std::array<int, 3> kSizes = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    const std::int64_t bytes = sysconf(kSizes.at(i));
    if (bytes > 0) caches.push_back({static_cast<int>(i) + 1, bytes, i == 2 ? threads : 1});
  }
  return caches;
}

}  // namespace

CpuFacts this_cpu() {
  CpuFacts facts = read_cpu_facts("");
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) facts.threads = CPU_COUNT(&allowed);
  const char* wanted = std::getenv("OMP_NUM_THREADS");  // NOLINT(concurrency-mt-unsafe): nothing here sets it
  if (wanted != nullptr && leading_number(wanted) > 0)
    facts.threads = std::min(facts.threads, static_cast<int>(leading_number(wanted)));
  if (facts.caches.empty()) facts.caches = caches_of_processor(facts.threads);
  return facts;
}

void add_circumstances(Figure& figure) {
  constexpr double kClockSeconds = 2e-3;
  if (figure.clock_hz == 0) figure.clock_hz = measure_clock(kClockSeconds);
  figure.temperature_c = read_temperature("");
}

double measure_clock(double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr std::uint64_t kBatch = 1U << 20U;
  double best = 0;
  const auto begin = Clock::now();
  while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds) {
    const auto start = Clock::now();
    cpu_kernels().count_cycles(kBatch);
    best = std::max(best, static_cast<double>(kBatch) / std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

}  // namespace gable
