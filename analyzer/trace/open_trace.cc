// Which format a file is, and what every trace must keep to before anything is added up.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/trace/byte_source.h"
#include "analyzer/trace/trace_study.h"

namespace gable {
namespace {

constexpr std::size_t kHeadBytes = 4096;

bool is_json(std::string_view head) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (head.starts_with(kByteOrderMark)) head.remove_prefix(kByteOrderMark.size());
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (head[first] == '{' || head[first] == '[');
}

bool is_sqlite(std::string_view head) { return head.starts_with("SQLite format 3"); }

/// ncu's own messages may stand before the header.
bool is_ncu_csv(std::string_view head) {
  return head.starts_with("==PROF==") || head.starts_with("\"ID\",") ||
         head.find("\n\"ID\",") != std::string_view::npos;
}

constexpr std::array<TraceFormat, 3> kFormats = {{
    {"kineto", "JSON of torch.profiler (export_chrome_trace) or of analyze record, also .gz", is_json, read_kineto},
    {"nsys", "SQLite of Nsight Systems (nsys export --type sqlite)", is_sqlite, read_nsys},
    {"ncu", "CSV of Nsight Compute (ncu --csv --page raw or details)", is_ncu_csv, read_ncu},
}};

const TraceFormat& find_format(std::string_view name) {
  std::vector<std::string_view> known;
  for (const TraceFormat& format : kFormats) {
    if (format.name == name) return format;
    known.push_back(format.name);
  }
  throw InputError(fmt::format("--reader: unknown reader {}{}", in_quotes(name), suggestion(name, known)));
}

const TraceFormat& format_of(const std::string& path) {
  const std::string head = head_of(path, kHeadBytes);
  const auto* found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const TraceFormat& format) { return format.is_one(head); });
  if (found != kFormats.end()) return *found;
  std::string known;
  for (const TraceFormat& format : kFormats) known += fmt::format("{}{}", known.empty() ? "" : "; ", format.summary);
  throw InputError(Where{std::make_shared<const std::string>(path)},
                   fmt::format("no trace of a known format: {}", known));
}

}  // namespace

std::span<const TraceFormat> trace_formats() { return kFormats; }

bool is_trace_file(const std::string& path) {
  try {
    const std::string head = head_of(path, kHeadBytes);
    return std::any_of(kFormats.begin(), kFormats.end(),
                       [&](const TraceFormat& format) { return format.is_one(head); });
  } catch (const InputError&) {
    return false;
  }
}

/// What is added up over events and devices must fit 64 bits: no trace is longer than that, but a damaged one.
void check_times(const Trace& trace) {
  constexpr std::int64_t kMostSpan = std::int64_t{1} << 52U;  // 52 days
  const auto refuse = [&](std::string_view what) {
    throw InputError(Where{std::make_shared<const std::string>(trace.path)}, fmt::format("damaged: {}", what));
  };
  std::int64_t first_ns = INT64_MAX;
  std::int64_t last_ns = INT64_MIN;
  std::int64_t sum_ns = 0;
  for (const DeviceEvent& event : trace.events) {
    first_ns = std::min(first_ns, event.start_ns);
    last_ns = std::max(last_ns, event.end_ns);
    std::int64_t span_ns = 0;
    if (__builtin_sub_overflow(last_ns, first_ns, &span_ns) || span_ns > kMostSpan || event.end_ns < event.start_ns ||
        __builtin_add_overflow(sum_ns, event.end_ns - event.start_ns, &sum_ns))
      refuse("kernels span more than 52 days, or end before they start");
    if (event.device < 0 || event.device > kMostDevice) refuse("a device's number is beyond 1023");
  }
}

Trace load_trace(const std::string& path, std::string_view format, const ReadProgress& progress) {
  const TraceFormat& row = format.empty() ? format_of(path) : find_format(format);
  Trace trace = row.read(path, progress);
  check_times(trace);
  return trace;
}

}  // namespace gable
