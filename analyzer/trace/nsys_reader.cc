// Reports of Nsight Systems, as `nsys export --type sqlite` writes them. Tables and columns come and go with its
// versions and with what was recorded, so all of them may be missing; Trace::missing says what that costs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/trace/nsys_tables.h"

namespace gable {
namespace {

constexpr std::string_view kAdvice = "make one with: nsys export --type sqlite report.nsys-rep";
constexpr std::string_view kRecord = "record with: nsys profile --trace=cuda,nvtx";
constexpr int kTables = 6;
constexpr std::int64_t kRowsBetweenReports = 1 << 16;
// CUPTI counts correlations in 32 bits; 40 leave room, and 23 for processes.
constexpr int kCorrelationBits = 40;
constexpr std::uint64_t kMostProcesses = std::uint64_t{1} << 23;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

Trace read_tables(const Sqlite& file, const std::string& name, const ReadProgress& progress) {
  Trace trace;
  trace.path = name;
  trace.format = "nsys";
  NsysReader(file, trace, progress).read();
  return trace;
}

}  // namespace

NsysReader::NsysReader(const Sqlite& file, Trace& trace, const ReadProgress& progress)
    : file_(file), trace_(trace), progress_(progress), texts_(file, kNsysTexts) {}

void NsysReader::read() {
  check_tables();
  read_versions();
  read_device();
  read_kernels();
  read_memcpys();
  read_memsets();
  read_graphs();
  check_activity();
  read_calls();
  read_ranges();
}

void NsysReader::check_tables() const {
  constexpr std::array kAny = {kNsysKernels, kNsysMemcpys, kNsysMemsets, kNsysGraphs,
                               kNsysCalls,   kNsysRanges,  kNsysTexts};
  // All are asked, so that a view in place of any of them is refused.
  const auto found = std::ranges::count_if(kAny, [&](std::string_view table) { return file_.has_table(table); });
  if (found == 0)
    file_.fail(
        fmt::format("no export of Nsight Systems: it has no table {} or {}; {}", kNsysTexts, kNsysKernels, kAdvice));
}

void NsysReader::check_activity() const {
  if (!trace_.events.empty()) return;
  const std::string dropped =
      trace_.dropped > 0 ? fmt::format(" ({} without times)", counted(trace_.dropped, "record")) : std::string();
  file_.fail(fmt::format("no GPU activity recorded{}; {}", dropped, kRecord));
}

void NsysReader::read_versions() {
  struct Row {
    std::string_view table;
    std::string_view name;
    std::string_view shown;
  };
  constexpr std::array kRows = {Row{"META_DATA_EXPORT", "EXPORT_PRODUCT_VERSION", "Nsight Systems"},
                                Row{"META_DATA_EXPORT", "EXPORT_SCHEMA_VERSION", "schema"},
                                Row{"TARGET_INFO_SYSTEM_ENV", "NvDriverVersion", "driver"},
                                Row{"TARGET_INFO_SYSTEM_ENV", "CudaDriverVersion", "CUDA"}};
  constexpr std::array<std::string_view, 2> kColumns = {"name", "value"};
  for (const std::string_view table : {kRows[0].table, kRows[2].table}) {
    SqliteRows rows(file_, table, kColumns);
    while (rows.next()) {
      const std::string_view name = rows.text(0).value_or("");
      for (const Row& row : kRows) {
        if (row.table == table && row.name == name)
          trace_.environment.emplace_back(row.shown, as_utf8(rows.text(1).value_or("")));
      }
    }
  }
}

void NsysReader::read_device() {
  constexpr std::string_view kTable = "TARGET_INFO_GPU";
  constexpr std::array<std::string_view, 5> kColumns = {"name", "smCount", "totalMemory", "computeMajor",
                                                        "computeMinor"};
  SqliteRows rows(file_, kTable, kColumns);
  if (rows.next()) {
    trace_.device = as_utf8(rows.text(0).value_or(""));
    trace_.sm_count = rows.integer_in(1, 0, kMost, 0);
    trace_.memory_bytes = rows.integer_in(2, 0, kMost, 0);
    const std::optional<std::int64_t> major = rows.integer(3);
    const std::optional<std::int64_t> minor = rows.integer(4);
    if (major && minor) trace_.compute_capability = fmt::format("{}.{}", *major, *minor);
  }
  if (!trace_.device.empty()) return;
  add_missing(
      fmt::format("the file does not name its GPU ({} {})", rows.exists() ? "no name in table" : "no table", kTable));
}

bool NsysReader::times(const SqliteRows& rows, std::int64_t& start, std::int64_t& end) {
  const std::optional<std::int64_t> from = rows.integer(0);
  const std::optional<std::int64_t> to = rows.integer(1);
  const bool has_both = from && to && *from >= 0 && *to >= *from;
  if (!has_both) {
    ++trace_.dropped;
    return false;
  }
  start = *from;
  end = *to;
  return true;
}

TextId NsysReader::text_of(std::optional<std::int64_t> id) {
  if (!id) return 0;
  const auto found = text_ids_.find(*id);
  if (found != text_ids_.end()) return found->second;
  const std::optional<std::string_view> text = texts_.at(*id);
  if (!text && !lacks_texts_) {
    lacks_texts_ = true;
    add_missing(fmt::format("names that {} lacks: some kernels, calls or ranges have none", kNsysTexts));
  }
  const TextId added = text ? trace_.texts.add(as_utf8(*text)) : 0;
  text_ids_.emplace(*id, added);
  return added;
}

std::uint64_t NsysReader::correlation_of(std::optional<std::int64_t> id, std::optional<std::int64_t> process) {
  const bool known = id && *id > 0 && *id < (std::int64_t{1} << kCorrelationBits) && (process || one_process_);
  if (!known) return 0;
  const std::int64_t key = one_process_ ? 0 : *process;
  const std::uint64_t number = processes_.emplace(key, processes_.size()).first->second;
  if (number >= kMostProcesses) return 0;
  return number << kCorrelationBits | static_cast<std::uint64_t>(*id);
}

std::uint32_t NsysReader::thread_of(std::int64_t global_tid) {
  return threads_.emplace(global_tid, static_cast<std::uint32_t>(threads_.size())).first->second;
}

void NsysReader::require_times(const SqliteRows& rows, std::string_view table) const {
  for (const std::size_t column : {0U, 1U}) {
    if (rows.exists() && !rows.has(column))
      file_.fail(fmt::format("table {} has no column {}; {}", table, column == 0 ? "start" : "end", kAdvice));
  }
}

void NsysReader::show_progress(const SqliteRows& rows) {
  if (!progress_ || rows.row() % kRowsBetweenReports != 0) return;
  const double part =
      static_cast<double>(rows.row()) / static_cast<double>(std::max<std::int64_t>(rows.rows_about(), 1));
  const double done = (tables_done_ + std::min(part, 1.0)) / kTables * static_cast<double>(file_.bytes());
  progress_(std::min(static_cast<std::int64_t>(done), file_.bytes()), file_.bytes());
}

void NsysReader::table_done() {
  ++tables_done_;
  if (progress_) progress_(file_.bytes() * tables_done_ / kTables, file_.bytes());
}

Trace read_nsys(const std::string& path, const ReadProgress& progress) {
  return read_tables(Sqlite::open(path, kAdvice), path, progress);
}

Trace read_nsys_bytes(std::string_view bytes, const std::string& name) {
  return read_tables(Sqlite::from_bytes(bytes, name, kAdvice), name, {});
}

}  // namespace gable
