#include "probes/inject/record_lines.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "probes/cuda/cupti_layouts.h"
#include "probes/cuda/kernel_name.h"
#include "probes/inject/lines.h"

namespace gable::inject {
namespace {

constexpr std::size_t kMostNames = 100'000;  ///< a program that makes kernels all the time has more

/// As PyTorch's profiler names them. CUpti_ActivityMemcpyKind and CUpti_ActivityMemoryKind.
std::string_view copy_name(unsigned kind) {
  constexpr std::array<std::string_view, 11> kNames = {"Unknown", "HtoD", "DtoH", "HtoA", "AtoH", "AtoA",
                                                       "AtoD",    "DtoA", "DtoD", "HtoH", "PtoP"};
  return kNames[kind < kNames.size() ? kind : 0];
}
std::string_view memory_name(unsigned kind) {
  constexpr std::array<std::string_view, 8> kNames = {"Unknown", "Pageable", "Pinned",        "Device",
                                                      "Array",   "Managed",  "Device Static", "Managed Static"};
  return kNames[kind < kNames.size() ? kind : 0];
}

/// "cudaLaunchKernel" of "cudaLaunchKernel_ptsz_v7000": versions of the interface, and the default stream of a thread.
std::string plain_call_name(std::string_view name) {
  const auto cut_version = [&name] {
    const std::size_t at = name.rfind("_v");
    if (at == std::string_view::npos || at + 2 == name.size()) return;
    if (std::ranges::all_of(name.substr(at + 2), [](char c) { return c >= '0' && c <= '9'; }))
      name = name.substr(0, at);
  };
  cut_version();
  for (const std::string_view end : {"_ptsz", "_ptds"}) {
    if (name.ends_with(end)) name.remove_suffix(end.size());
  }
  cut_version();
  return std::string(name);
}

bool starts_device_work(std::string_view name) {
  constexpr std::array<std::string_view, 8> kStarts = {"cudaLaunch", "cudaMemcpy", "cudaMemset", "cudaGraphLaunch",
                                                       "cuLaunch",   "cuMemcpy",   "cuMemset",   "cuGraphLaunch"};
  return std::ranges::any_of(kStarts, [name](std::string_view start) { return name.starts_with(start); });
}

void add_arg(std::string& to, std::string_view key, std::uint64_t number) {
  if (to.back() != '{') to.push_back(',');
  to.append("\"").append(key).append("\":");
  add_number(to, number);
}

void add_sizes(std::string& to, std::string_view key, std::array<std::int64_t, 3> sizes) {
  to.append(",\"").append(key).append("\":[");
  for (const std::int64_t size : sizes) {
    if (to.back() != '[') to.push_back(',');
    add_number(to, size);
  }
  to.push_back(']');
}

/// What CUPTI gives a record, `reader` writes.
struct Reader {
  const RecordSource& source;
  RecordLines& to;
  CUpti_ActivityKind kind;

  /// An open line, up to the args that all device events have.
  template <typename Record>
  bool begin_device(const Record& record, std::string_view category, std::string_view name) const {
    const std::uint64_t start = record.start;
    const std::uint64_t end = record.end;
    if (end == 0 || end < start) {
      ++to.lost;
      return false;
    }
    begin_event(to.lines, {category, start, end, record.deviceId, record.streamId, name});
    to.lines.append(kArgs);
    add_arg(to.lines, "device", record.deviceId);
    add_arg(to.lines, "context", record.contextId);
    add_arg(to.lines, "stream", record.streamId);
    add_arg(to.lines, "correlation", record.correlationId);
    return true;
  }

  [[nodiscard]] bool finish() const {
    to.lines.append(kEndOfArgs);
    ++to.events;
    return true;
  }

  template <typename Record>
  bool finish_node(const Record& record) const {
    if (record.graphNodeId != 0) {
      add_arg(to.lines, "graph id", record.graphId);
      add_arg(to.lines, "graph node id", record.graphNodeId);
    }
    return finish();
  }

  template <typename Record>
  [[nodiscard]] bool left_out(const Record& record) const {
    return source.whole_graphs && record.graphNodeId != 0;
  }

  template <typename Kernel>
  bool kernel(const Kernel& record) const {
    if (left_out(record) || !begin_device(record, "kernel", source.names->kernel(record.name))) return false;
    add_sizes(to.lines, "grid", {record.gridX, record.gridY, record.gridZ});
    add_sizes(to.lines, "block", {record.blockX, record.blockY, record.blockZ});
    add_arg(to.lines, "registers per thread", record.registersPerThread);
    const std::int64_t shared = std::int64_t{record.staticSharedMemory} + record.dynamicSharedMemory;
    add_arg(to.lines, "shared memory", static_cast<std::uint64_t>(shared));
    return finish_node(record);
  }

  template <typename Memcpy>
  bool memcpy(const Memcpy& record) const {
    std::string name = "Memcpy ";
    name.append(copy_name(record.copyKind)).append(" (").append(memory_name(record.srcKind)).append(" -> ");
    name.append(memory_name(record.dstKind)).append(")");
    if (left_out(record) || !begin_device(record, "gpu_memcpy", name)) return false;
    add_arg(to.lines, "bytes", record.bytes);
    return finish_node(record);
  }

  [[nodiscard]] bool memset(const CUpti_ActivityMemset4& record) const {
    const std::string name = "Memset (" + std::string(memory_name(record.memoryKind)) + ")";
    if (left_out(record) || !begin_device(record, "gpu_memset", name)) return false;
    add_arg(to.lines, "bytes", record.bytes);
    return finish_node(record);
  }

  [[nodiscard]] bool graph(const CUpti_ActivityGraphTrace& record) const {
    if (!begin_device(record, "kernel", "CUDA graph " + std::to_string(record.graphId))) return false;
    add_arg(to.lines, "graph id", record.graphId);
    return finish();
  }

  [[nodiscard]] bool call(const CUpti_ActivityAPI& record) const {
    const std::string name = source.names->call(kind, record.cbid);
    if (name.empty() || record.end < record.start) return false;
    const std::uint64_t thread = source.thread == nullptr ? record.threadId : source.thread(record.threadId);
    begin_event(to.lines, {kind == CUPTI_ACTIVITY_KIND_RUNTIME ? "cuda_runtime" : "cuda_driver", record.start,
                           record.end, source.process, thread, name});
    to.lines.append(kArgs);
    add_arg(to.lines, "cbid", record.cbid);
    add_arg(to.lines, "correlation", record.correlationId);
    return finish();
  }

  [[nodiscard]] bool device_facts(const CUpti_ActivityDevice4& record) const {
    if (record.isCudaVisible == 0) return false;
    std::string object = "{";
    add_arg(object, "id", record.id);
    object.append(",\"name\":");
    add_text(object, record.name == nullptr ? "" : record.name);
    add_arg(object, "computeMajor", record.computeCapabilityMajor);
    add_arg(object, "computeMinor", record.computeCapabilityMinor);
    add_arg(object, "numSms", record.numMultiprocessors);
    add_arg(object, "totalGlobalMem", record.globalMemorySize);
    object.push_back('}');
    to.devices.push_back(std::move(object));
    return true;
  }

  [[nodiscard]] static bool external(const CUpti_ActivityExternalCorrelation&) { return false; }
  [[nodiscard]] static bool marker(const CUpti_ActivityMarker2&) { return false; }
  [[nodiscard]] static bool overhead(const CUpti_ActivityOverhead&) { return false; }
};

}  // namespace

std::string Names::kernel(const char* mangled) {
  if (mangled == nullptr) return "";
  const std::lock_guard lock(mutex_);
  if (kernels_.size() >= kMostNames) kernels_.clear();
  const auto [found, added] = kernels_.try_emplace(mangled);
  if (added) found->second = readable_name(mangled);
  return found->second;
}

std::string Names::call(CUpti_ActivityKind kind, CUpti_CallbackId id) {
  const std::uint64_t key = (static_cast<std::uint64_t>(kind) << 32U) | id;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = calls_.find(key); found != calls_.end()) return found->second;
  }
  const auto domain = kind == CUPTI_ACTIVITY_KIND_RUNTIME ? CUPTI_CB_DOMAIN_RUNTIME_API : CUPTI_CB_DOMAIN_DRIVER_API;
  const char* known = nullptr;  // asked for without a lock
  const bool named =
      name_call_ != nullptr && name_call_(domain, id, &known) == CUPTI_SUCCESS && known != nullptr && *known != '\0';
  std::string name = named ? plain_call_name(known) : "cbid " + std::to_string(id);
  if (named && !starts_device_work(name)) name.clear();
  const std::lock_guard lock(mutex_);
  return calls_.try_emplace(key, std::move(name)).first->second;
}

bool can_read_records(std::uint32_t version, std::string& why_not) {
  if (version < kCupti12) {
    why_not = "CUPTI of version " + std::to_string(version) + " is of CUDA 11 or older";
    return false;
  }
  const std::uint32_t major = cupti_major(version);
  if (major <= kNewestCuptiMajor) return true;
  why_not = "CUPTI " + std::to_string(major) + " is newer than " + std::to_string(kNewestCuptiMajor) +
            ", the newest whose records this build can read";
  return false;
}

void add_record(const CUpti_Activity& record, const RecordSource& source, RecordLines& to) {
  const Reader reader{source, to, record.kind};
  if (cupti_major(source.version) >= 13) {
    read_record<NewestKernel>(record, reader);
  } else {
    read_record<CUpti_ActivityKernel9>(record, reader);
  }
}

}  // namespace gable::inject
