// The parts of an export of Nsight Systems, as read_nsys() goes through them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "analyzer/trace/sqlite.h"
#include "analyzer/trace/trace.h"

namespace gable {

inline constexpr std::string_view kNsysKernels = "CUPTI_ACTIVITY_KIND_KERNEL";
inline constexpr std::string_view kNsysMemcpys = "CUPTI_ACTIVITY_KIND_MEMCPY";
inline constexpr std::string_view kNsysMemsets = "CUPTI_ACTIVITY_KIND_MEMSET";
inline constexpr std::string_view kNsysGraphs = "CUPTI_ACTIVITY_KIND_GRAPH_TRACE";
inline constexpr std::string_view kNsysCalls = "CUPTI_ACTIVITY_KIND_RUNTIME";
inline constexpr std::string_view kNsysRanges = "NVTX_EVENTS";
inline constexpr std::string_view kNsysTexts = "StringIds";

class NsysReader {
 public:
  NsysReader(const Sqlite& file, Trace& trace, const ReadProgress& progress);

  void read();

 private:
  // nsys_reader.cc
  void read_device();
  void read_versions();
  void check_tables() const;
  void check_activity() const;
  void add_missing(std::string sentence) { trace_.missing.push_back(std::move(sentence)); }

  // nsys_events.cc
  void read_kernels();
  void read_memcpys();
  void read_memsets();
  void read_graphs();
  [[nodiscard]] std::optional<DeviceEvent> device_event(SqliteRows& rows);
  void add_event(const DeviceEvent& event);
  [[nodiscard]] std::string memcpy_name(std::int64_t kind);

  // nsys_host.cc
  void read_calls();
  void read_ranges();
  void say_what_ranges_lack();
  [[nodiscard]] std::optional<HostRange> range(SqliteRows& rows);
  /// The op or annotation that a range of that text is.
  void describe(std::string_view text, bool may_be_op, HostRange& range);

  /// Whether the row has times, into `start` and `end`; counts it as dropped if not.
  bool times(const SqliteRows& rows, std::int64_t& start, std::int64_t& end);
  /// The name by its id; 0 where there is none.
  TextId text_of(std::optional<std::int64_t> id);
  /// Unique in the trace; 0 where the row does not tell. `process` is a globalPid.
  std::uint64_t correlation_of(std::optional<std::int64_t> id, std::optional<std::int64_t> process);
  std::uint32_t thread_of(std::int64_t global_tid);
  /// Once for each table, and in it now and then.
  void show_progress(const SqliteRows& rows);
  void table_done();
  /// @throws InputError if the table is there without its times
  void require_times(const SqliteRows& rows, std::string_view table) const;

  const Sqlite& file_;
  Trace& trace_;
  const ReadProgress& progress_;
  int tables_done_ = 0;
  SqliteTexts texts_;
  bool lacks_texts_ = false;  ///< that has been said
  bool one_process_ = false;  ///< the file does not tell processes apart
  std::unordered_map<std::int64_t, TextId> text_ids_;
  std::unordered_map<std::int64_t, std::uint64_t> processes_;
  std::unordered_map<std::int64_t, std::uint32_t> threads_;
  std::unordered_set<std::uint64_t> launched_;  ///< correlations of device events
  std::unordered_map<std::string, std::uint32_t> calls_;
  bool has_ops_ = false;
};

}  // namespace gable
