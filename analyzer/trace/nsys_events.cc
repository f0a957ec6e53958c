// What ran on the devices: kernels, copies, fills, and whole graphs where their nodes were not recorded.
#include <fmt/format.h>

#include <array>
#include <limits>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/trace/nsys_tables.h"

namespace gable {
namespace {

// The columns that all tables of device events have, in this order.
constexpr std::string_view kStart = "start";
constexpr std::string_view kEnd = "end";
constexpr std::string_view kDevice = "deviceId";
constexpr std::string_view kStream = "streamId";
constexpr std::string_view kCorrelation = "correlationId";
constexpr std::string_view kProcess = "globalPid";
constexpr std::string_view kNode = "graphNodeId";
constexpr std::size_t kCorrelationColumn = 4;
constexpr std::size_t kProcessColumn = 5;
constexpr std::size_t kNodeColumn = 6;
constexpr std::size_t kOwnColumn = 7;  // the first that only this table has

constexpr std::int64_t kMostBytes = std::numeric_limits<std::int64_t>::max();

/// "HtoD" of "Host-to-Device", "Unified HtoD" of "Unified Host-to-Device", as other profilers name copies.
std::string short_direction(std::string_view label) {
  constexpr std::string_view kTo = "-to-";
  const std::size_t to = label.find(kTo);
  if (to == std::string_view::npos || to == 0 || to + kTo.size() == label.size()) return std::string(label);
  const std::size_t blank = label.rfind(' ', to);
  const std::size_t word = blank == std::string_view::npos ? 0 : blank + 1;
  if (word == to) return std::string(label);
  return fmt::format("{}{}to{}", label.substr(0, word), label[word], label[to + kTo.size()]);
}

/// By CUpti_ActivityMemcpyKind, for files without the table of labels.
std::string_view direction_of_kind(std::int64_t kind) {
  constexpr std::array<std::string_view, 14> kKinds = {"",     "HtoD",         "DtoH",         "HtoA",        "AtoH",
                                                       "AtoA", "AtoD",         "DtoA",         "DtoD",        "HtoH",
                                                       "PtoP", "Unified HtoD", "Unified DtoH", "Unified DtoD"};
  return kind > 0 && kind < static_cast<std::int64_t>(kKinds.size()) ? kKinds.at(static_cast<std::size_t>(kind)) : "";
}

/// The graph is in the upper half, the node in the lower.
std::uint32_t node_of(std::int64_t id) {
  const auto node = static_cast<std::uint32_t>(static_cast<std::uint64_t>(id));
  return id != 0 && node == 0 ? std::numeric_limits<std::uint32_t>::max() : node;  // 0 is no node at all
}

}  // namespace

std::optional<DeviceEvent> NsysReader::device_event(SqliteRows& rows) {
  show_progress(rows);
  DeviceEvent event;
  if (!times(rows, event.start_ns, event.end_ns)) return std::nullopt;
  event.device = static_cast<std::int32_t>(rows.integer_in(2, 0, std::numeric_limits<std::int32_t>::max(), 0));
  event.stream = static_cast<std::uint32_t>(rows.integer_in(3, 0, std::numeric_limits<std::uint32_t>::max(), 0));
  event.correlation = correlation_of(rows.integer(kCorrelationColumn), rows.integer(kProcessColumn));
  event.graph_node = node_of(rows.integer(kNodeColumn).value_or(0));
  return event;
}

void NsysReader::add_event(const DeviceEvent& event) {
  if (event.correlation != 0) launched_.insert(event.correlation);
  trace_.events.push_back(event);
}

void NsysReader::read_kernels() {
  constexpr std::array kColumns = {kStart,
                                   kEnd,
                                   kDevice,
                                   kStream,
                                   kCorrelation,
                                   kProcess,
                                   kNode,
                                   std::string_view("demangledName"),
                                   std::string_view("shortName"),
                                   std::string_view("mangledName")};
  SqliteRows rows(file_, kNsysKernels, kColumns);
  if (!rows.exists()) add_missing(fmt::format("no table {}: there are no kernels", kNsysKernels));
  require_times(rows, kNsysKernels);
  if (rows.exists() && !rows.has(kCorrelationColumn))
    add_missing(fmt::format("no column {} in {}: kernels have no launches, so no ops", kCorrelation, kNsysKernels));
  if (rows.exists() && !rows.has(kProcessColumn)) {
    one_process_ = true;
    add_missing(fmt::format("no column {} in {}: all kernels are taken as of one process", kProcess, kNsysKernels));
  }
  const TextId unnamed = trace_.texts.add("kernel");
  while (rows.next()) {
    std::optional<DeviceEvent> event = device_event(rows);
    if (!event) continue;
    for (std::size_t column = kOwnColumn; column < kColumns.size() && event->name == 0; ++column)
      event->name = text_of(rows.integer(column));
    if (event->name == 0) event->name = unnamed;
    add_event(*event);
  }
  table_done();
}

std::string NsysReader::memcpy_name(std::int64_t kind) {
  constexpr std::array<std::string_view, 2> kColumns = {"id", "label"};
  SqliteRows labels(file_, "ENUM_CUDA_MEMCPY_OPER", kColumns);
  std::string direction(direction_of_kind(kind));
  while (labels.next()) {
    const std::optional<std::int64_t> id = labels.integer(0);
    const std::optional<std::string_view> label = labels.text(1);
    if (id == kind && label && !label->empty()) direction = short_direction(as_utf8(*label));
  }
  return direction.empty() ? "Memcpy" : fmt::format("Memcpy {}", direction);
}

void NsysReader::read_memcpys() {
  constexpr std::array kColumns = {kStart,
                                   kEnd,
                                   kDevice,
                                   kStream,
                                   kCorrelation,
                                   kProcess,
                                   kNode,
                                   std::string_view("bytes"),
                                   std::string_view("copyKind")};
  SqliteRows rows(file_, kNsysMemcpys, kColumns);
  require_times(rows, kNsysMemcpys);
  std::unordered_map<std::int64_t, TextId> names;
  while (rows.next()) {
    std::optional<DeviceEvent> event = device_event(rows);
    if (!event) continue;
    const std::int64_t kind = rows.integer_in(kOwnColumn + 1, 0, 255, 0);
    const auto [name, is_new] = names.emplace(kind, 0);
    if (is_new) name->second = trace_.texts.add(memcpy_name(kind));
    event->kind = DeviceEvent::Kind::kMemcpy;
    event->name = name->second;
    event->bytes = rows.integer_in(kOwnColumn, 0, kMostBytes, 0);
    add_event(*event);
  }
  table_done();
}

void NsysReader::read_memsets() {
  constexpr std::array kColumns = {kStart,       kEnd,     kDevice, kStream,
                                   kCorrelation, kProcess, kNode,   std::string_view("bytes")};
  SqliteRows rows(file_, kNsysMemsets, kColumns);
  require_times(rows, kNsysMemsets);
  const TextId name = trace_.texts.add("Memset");
  while (rows.next()) {
    std::optional<DeviceEvent> event = device_event(rows);
    if (!event) continue;
    event->kind = DeviceEvent::Kind::kMemset;
    event->name = name;
    event->bytes = rows.integer_in(kOwnColumn, 0, kMostBytes, 0);
    add_event(*event);
  }
  table_done();
}

void NsysReader::read_graphs() {
  constexpr std::array kColumns = {kStart, kEnd, kDevice, kStream, kCorrelation, kProcess, kNode};
  SqliteRows rows(file_, kNsysGraphs, kColumns);
  require_times(rows, kNsysGraphs);
  const std::unordered_set<std::uint64_t> of_nodes = launched_;
  const TextId name = trace_.texts.add("CUDA graph");
  std::int64_t whole = 0;
  while (rows.next()) {
    std::optional<DeviceEvent> event = device_event(rows);
    if (!event || of_nodes.contains(event->correlation)) continue;
    event->name = name;
    event->graph_node = 0;
    add_event(*event);
    ++whole;
  }
  if (whole > 0) {
    add_missing(fmt::format("{} of CUDA graphs without kernels of their own: record with --cuda-graph-trace=node",
                            counted(whole, "run")));
  }
  table_done();
}

}  // namespace gable
