#include "analyzer/measured/attribution.h"

#include <algorithm>
#include <map>
#include <queue>
#include <string>
#include <tuple>
#include <utility>

namespace gable {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::uint64_t kOpenEnd = UINT64_MAX;

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / kNsPerSecond; }

bool on_device(ActivityKind kind) {
  return kind == ActivityKind::kKernel || kind == ActivityKind::kMemcpy || kind == ActivityKind::kMemset;
}

struct Range {
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = kOpenEnd;  ///< a range that is not closed in the stream encloses all that follows
  std::uint64_t thread = 0;
  std::uint64_t task = 0;
};

/// The launch of a correlation, as an API call tells it.
struct Launch {
  std::uint64_t start_ns = 0;
  std::uint64_t thread = 0;
  std::uint64_t correlation = 0;
};

/// Our ranges, by thread and start; of equal starts the longer one first: it is the outer.
std::vector<Range> our_ranges(std::span<const Activity> records, const AttributionOptions& options) {
  std::vector<Range> ranges;
  if (!options.task_of_range) return ranges;
  std::unordered_map<std::uint64_t, std::uint64_t> ends;  // of a range's id
  for (const Activity& record : records) {
    if (record.kind == ActivityKind::kRangeEnd) ends.emplace(record.id, record.start_ns);
  }
  for (const Activity& record : records) {
    if (record.kind != ActivityKind::kRangeStart) continue;
    const std::optional<std::uint64_t> task = options.task_of_range(record.name);
    if (!task) continue;
    const auto end = ends.find(record.id);
    ranges.push_back({record.start_ns, end == ends.end() ? kOpenEnd : end->second, record.thread, *task});
  }
  std::ranges::sort(ranges, [](const Range& a, const Range& b) {
    return std::tuple(a.thread, a.start_ns, b.end_ns, a.task) < std::tuple(b.thread, b.start_ns, a.end_ns, b.task);
  });
  return ranges;
}

/// Adds the tasks of launches that lie in a range. One sweep over time a thread: the open range that started last is
/// the innermost; ranges that have ended leave when they come to the top.
void add_by_range(std::vector<Launch> launches, std::span<const Range> ranges,
                  std::unordered_map<std::uint64_t, std::uint64_t>& task_of) {
  std::ranges::sort(launches, [](const Launch& a, const Launch& b) {
    return std::pair(a.thread, a.start_ns) < std::pair(b.thread, b.start_ns);
  });
  std::size_t next = 0;
  std::priority_queue<std::size_t> open;  // indices of ranges: a later start is a larger one
  std::uint64_t thread = 0;
  for (const Launch& launch : launches) {
    if (launch.thread != thread) open = {};
    thread = launch.thread;
    for (; next < ranges.size() &&
           std::pair(ranges[next].thread, ranges[next].start_ns) <= std::pair(launch.thread, launch.start_ns);
         ++next) {
      if (ranges[next].thread == thread) open.push(next);
    }
    while (!open.empty() && ranges[open.top()].end_ns < launch.start_ns) open.pop();
    if (!open.empty()) task_of.try_emplace(launch.correlation, ranges[open.top()].task);
  }
}

/// Tasks and launches by correlation.
struct Owners {
  std::unordered_map<std::uint64_t, std::uint64_t> task_of;
  std::unordered_map<std::uint64_t, Launch> launches;
};

Owners find_owners(std::span<const Activity> records, const AttributionOptions& options) {
  Owners owners;
  for (const Activity& record : records) {
    if (record.kind == ActivityKind::kExternal) owners.task_of.insert_or_assign(record.correlation, record.id);
    if (record.kind != ActivityKind::kApi) continue;
    // Where a runtime call and the driver call inside it share a correlation, the outer one started first.
    const Launch launch{record.start_ns, record.thread, record.correlation};
    const auto [found, added] = owners.launches.try_emplace(record.correlation, launch);
    if (!added && launch.start_ns < found->second.start_ns) found->second = launch;
  }
  const std::vector<Range> ranges = our_ranges(records, options);
  if (ranges.empty()) return owners;
  std::vector<Launch> unowned;
  for (const auto& [correlation, launch] : owners.launches) {
    if (!owners.task_of.contains(correlation)) unowned.push_back(launch);
  }
  add_by_range(std::move(unowned), ranges, owners.task_of);
  return owners;
}

/// Device records by start, each once.
std::vector<Activity> device_records(std::span<const Activity> records, Attribution& result) {
  std::vector<Activity> device;
  for (const Activity& record : records) {
    if (on_device(record.kind)) device.push_back(record);
  }
  const auto key = [](const Activity& a) {
    return std::tuple(a.start_ns, a.end_ns, a.correlation, a.stream, a.graph_node, a.kind, a.name, a.id, a.thread);
  };
  std::ranges::sort(device, [&](const Activity& a, const Activity& b) { return key(a) < key(b); });
  const auto doubled = std::unique(device.begin(), device.end());
  result.duplicates = device.end() - doubled;
  device.erase(doubled, device.end());
  result.device_records = static_cast<std::int64_t>(device.size());
  return device;
}

/// Sums by name, in the order of first use.
class Kernels {
 public:
  void add(std::string_view name, std::uint64_t ns) {
    const auto [found, added] = place_.try_emplace(name, rows_.size());
    if (added) rows_.push_back({name, 0, 0});
    ++rows_[found->second].launches;
    rows_[found->second].ns += ns;
    ns_ += ns;
  }

  template <typename Row>
  [[nodiscard]] std::vector<Row> rows() const {
    std::vector<Row> rows;
    for (const Sum& sum : rows_) rows.push_back({std::string(sum.name), sum.launches, seconds(sum.ns)});
    return rows;
  }
  [[nodiscard]] std::uint64_t ns() const { return ns_; }

 private:
  struct Sum {
    std::string_view name;
    std::int64_t launches = 0;
    std::uint64_t ns = 0;
  };
  std::unordered_map<std::string_view, std::size_t> place_;
  std::vector<Sum> rows_;
  std::uint64_t ns_ = 0;
};

/// The union of intervals that come by start.
class Busy {
 public:
  void add(std::uint64_t start_ns, std::uint64_t end_ns) {
    if (first_ns == 0) first_ns = start_ns;
    sum_ns += end_ns - start_ns;
    const std::uint64_t from = std::max(start_ns, end_ns_);
    if (end_ns > from) union_ns += end_ns - from;
    end_ns_ = std::max(end_ns_, end_ns);
  }
  [[nodiscard]] std::uint64_t last_ns() const { return end_ns_; }

  std::uint64_t first_ns = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t union_ns = 0;

 private:
  std::uint64_t end_ns_ = 0;
};

std::optional<std::uint64_t> task_of(const Activity& record, const Owners& owners, const AttributionOptions& options) {
  if (record.graph_node != 0) {
    if (const auto found = options.task_of_node.find(record.graph_node); found != options.task_of_node.end()) {
      return found->second;
    }
  }
  if (const auto found = owners.task_of.find(record.correlation); found != owners.task_of.end()) return found->second;
  return std::nullopt;
}

}  // namespace

Attribution attribute(std::span<const Activity> records, const AttributionOptions& options) {
  Attribution result;
  const Owners owners = find_owners(records, options);
  std::map<std::uint64_t, Kernels> tasks;
  Kernels unattributed;
  Busy busy;
  for (const Activity& record : device_records(records, result)) {
    const std::optional<std::uint64_t> task = task_of(record, owners, options);
    if (!task && !owners.launches.contains(record.correlation)) ++result.missing_correlation;
    if (record.start_ns == 0 || record.end_ns < record.start_ns) {
      ++result.not_collected;
      continue;
    }
    busy.add(record.start_ns, record.end_ns);
    (task ? tasks[*task] : unattributed).add(record.name, record.end_ns - record.start_ns);
  }
  for (const Activity& record : records) {
    if (record.kind == ActivityKind::kOverhead && record.end_ns > record.start_ns) {
      result.overhead_s += seconds(record.end_ns - record.start_ns);
    }
  }
  for (const auto& [id, kernels] : tasks) {
    result.tasks.push_back({id, seconds(kernels.ns()), kernels.rows<MeasuredKernel>()});
  }
  result.unattributed = unattributed.rows<Unattributed>();
  std::ranges::stable_sort(result.unattributed, std::ranges::greater{}, &Unattributed::time_s);
  result.busy_s = seconds(busy.union_ns);
  result.overlapped_s = seconds(busy.sum_ns - busy.union_ns);
  result.first_start_ns = busy.first_ns;
  result.last_end_ns = busy.last_ns();
  return result;
}

}  // namespace gable
