// What the host did: the calls that launched, and the ranges that were open around them.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/trace/nsys_tables.h"
#include "analyzer/trace/nvtx_call.h"

namespace gable {
namespace {

constexpr std::int64_t kThreadBits = 0xFFFFFF;  // of a globalTid; the rest is its globalPid

// ENUM_NSYS_EVENT_TYPE
constexpr std::int64_t kPushPop = 59;
constexpr std::int64_t kStartEnd = 60;

enum RangeColumn : std::uint8_t { kType = 2, kText, kThread, kEndThread, kTextId, kDomain };

bool launches_graph(std::string_view call) {
  return call.starts_with("cudaGraphLaunch") || call.starts_with("cuGraphLaunch");
}

}  // namespace

void NsysReader::read_calls() {
  constexpr std::array<std::string_view, 5> kColumns = {"start", "end", "globalTid", "correlationId", "nameId"};
  SqliteRows rows(file_, kNsysCalls, kColumns);
  require_times(rows, kNsysCalls);
  if (!rows.exists())
    add_missing(
        fmt::format("no table {}: kernels have no launches, so no ops; record with --trace=cuda,nvtx", kNsysCalls));
  for (const std::size_t column : {2U, 3U}) {
    if (rows.exists() && !rows.has(column))
      add_missing(
          fmt::format("no column {} in {}: kernels have no launches, so no ops", kColumns.at(column), kNsysCalls));
  }
  std::int64_t empty_graphs = 0;
  while (rows.next()) {
    show_progress(rows);
    const std::optional<std::int64_t> thread = rows.integer(2);
    if (!thread) continue;
    HostCall call;
    call.correlation = correlation_of(rows.integer(3), *thread & ~kThreadBits);
    const bool launched = call.correlation != 0 && launched_.contains(call.correlation);
    call.name = text_of(rows.integer(4));
    if (!launched && launches_graph(trace_.texts.at(call.name))) ++empty_graphs;
    if (!launched || !times(rows, call.start_ns, call.end_ns)) continue;
    call.thread = thread_of(*thread);
    trace_.launches.push_back(call);
  }
  if (empty_graphs > 0) {
    add_missing(fmt::format("{} of CUDA graphs without kernels: record with --cuda-graph-trace=node",
                            counted(empty_graphs, "launch", "es")));
  }
  table_done();
}

void NsysReader::read_ranges() {
  constexpr std::array<std::string_view, 8> kColumns = {"start",     "end",          "eventType", "text",
                                                        "globalTid", "endGlobalTid", "textId",    "domainId"};
  SqliteRows rows(file_, kNsysRanges, kColumns);
  if (!rows.exists()) {
    add_missing(fmt::format("no table {}: kernels have no ops; record with --trace=cuda,nvtx", kNsysRanges));
    table_done();
    return;
  }
  require_times(rows, kNsysRanges);
  while (rows.next()) {
    show_progress(rows);
    if (const std::optional<HostRange> added = range(rows)) trace_.ranges.push_back(*added);
  }
  say_what_ranges_lack();
  table_done();
}

void NsysReader::say_what_ranges_lack() {
  if (!has_ops_)
    add_missing("no NVTX range is an op: kernels have no ops; run the model in torch.autograd.profiler.emit_nvtx()");
  else if (trace_.calls.size() == 1)
    add_missing("the ops have no shapes, so no FLOP and bytes: record with emit_nvtx(record_shapes=True)");
}

std::optional<HostRange> NsysReader::range(SqliteRows& rows) {
  const std::int64_t type = rows.integer(kType).value_or(0);
  const std::optional<std::int64_t> thread = rows.integer(kThread);
  const bool is_range = type == kPushPop || type == kStartEnd;
  if (!is_range || !thread) return std::nullopt;
  // A range that another thread ends is open around nothing.
  if (type == kStartEnd && rows.integer(kEndThread).value_or(*thread) != *thread) return std::nullopt;
  HostRange range;
  if (!times(rows, range.start_ns, range.end_ns)) return std::nullopt;
  // PyTorch's ops are in the default domain; NCCL and others have domains of their own.
  const bool may_be_op = type == kPushPop && rows.integer(kDomain).value_or(0) == 0;
  if (const std::optional<std::string_view> text = rows.text(kText))
    describe(*text, may_be_op, range);
  else
    describe(trace_.texts.at(text_of(rows.integer(kTextId))), may_be_op, range);
  if (range.name == 0) return std::nullopt;
  range.thread = thread_of(*thread);
  return range;
}

void NsysReader::describe(std::string_view text, bool may_be_op, HostRange& range) {
  const NvtxText parts = split_nvtx_text(text);
  range.name = trace_.texts.add(as_utf8(parts.name));
  range.kind = parts.is_op && may_be_op ? HostRange::Kind::kOp : HostRange::Kind::kAnnotation;
  if (range.kind != HostRange::Kind::kOp) return;
  has_ops_ = true;
  if (parts.sizes.empty()) return;
  const auto [known, is_new] = calls_.emplace(fmt::format("{}, {}", range.name, parts.sizes), 0);
  if (is_new) {
    if (auto args = parse_sizes(parts.sizes)) {
      known->second = static_cast<std::uint32_t>(trace_.calls.size());
      trace_.calls.push_back({std::string(trace_.texts.at(range.name)), std::move(*args)});
    }
  }
  range.call = known->second;
}

}  // namespace gable
