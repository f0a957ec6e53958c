#include "analyzer/trace/trace_ops.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace gable {
namespace {

constexpr double kNsPerSecond = 1e9;

std::int64_t duration(const DeviceEvent& event) { return event.end_ns - event.start_ns; }

/// Sums by name: of texts of the pool by their ids, of parts of them by themselves.
template <typename Key>
class Names {
 public:
  void add(Key key, std::string_view name, std::int64_t ns, std::int64_t bytes = 0) {
    const auto [found, added] = place_.try_emplace(key, rows_.size());
    if (added) rows_.push_back({std::string(name), 0, 0, 0});
    ++rows_[found->second].launches;
    rows_[found->second].time_ns += ns;
    rows_[found->second].copied_bytes += static_cast<double>(bytes);
  }
  [[nodiscard]] std::vector<NamedTime> take() {
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const NamedTime& a, const NamedTime& b) { return a.time_ns > b.time_ns; });
    return std::move(rows_);
  }

 private:
  std::unordered_map<Key, std::size_t> place_;
  std::vector<NamedTime> rows_;
};

/// "BertLayer_3" is one of the class BertLayer.
std::string_view class_of(std::string_view module) {
  const std::size_t end = module.find_last_not_of("0123456789");
  if (end == std::string_view::npos || end + 1 == module.size() || module[end] != '_') return module;
  return module.substr(0, end);
}

/// Of every range, the nearest of a kind: itself or around it.
std::vector<std::uint32_t> nearest_of(HostRange::Kind kind, const Trace& trace, const Links& links) {
  std::vector<std::uint32_t> nearest(trace.ranges.size(), kNobody);
  for (const std::uint32_t range : links.order) {
    if (trace.ranges[range].kind == kind) {
      nearest[range] = range;
    } else if (links.parent[range] != kNobody) {
      nearest[range] = nearest[links.parent[range]];
    }
  }
  return nearest;
}

/// Time within ranges of a kind, each name once an event, however often it is open around it.
std::vector<NamedTime> inclusive(HostRange::Kind kind, const Trace& trace, const Links& links,
                                 std::string_view (*name_of)(std::string_view)) {
  constexpr std::size_t kMostOpen = 64;  // modules of real models nest some ten deep
  const std::vector<std::uint32_t> nearest = nearest_of(kind, trace, links);
  Names<std::string_view> names;
  std::vector<std::string_view> open;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    open.clear();
    std::uint32_t range = links.innermost[i];
    while (range != kNobody && open.size() < kMostOpen) {
      range = nearest[range];
      if (range == kNobody) break;
      const std::string_view name = name_of(trace.texts.at(trace.ranges[range].name));
      if (std::find(open.begin(), open.end(), name) == open.end()) {
        open.push_back(name);
        names.add(name, name, duration(trace.events[i]));
      }
      range = links.parent[range];
    }
  }
  return names.take();
}

bool is_tf32_kernel(std::string_view name) {
  return name.find("tf32") != std::string_view::npos || name.find("s1688gemm") != std::string_view::npos;
}

class Adder {
 public:
  Adder(const Trace& trace, const Links& links)
      : trace_(trace), costs_(trace), owners_(owners_of(trace, links, costs_)) {
    time_of_range_.resize(trace.ranges.size());
    sums_.op_of_event.assign(trace.events.size(), kNobody);
  }

  TraceSums add() {
    for (std::uint32_t i = 0; i < trace_.events.size(); ++i) {
      add_name(trace_.events[i], kernels_);
      if (owners_[i] == kNobody) {
        add_alone(i);
      } else {
        add_to(op_of(i), i);
        time_of_range_[owners_[i]] += duration(trace_.events[i]);
      }
    }
    finish();
    return std::move(sums_);
  }

 private:
  void add_name(const DeviceEvent& event, Names<TextId>& names) const {
    names.add(event.name, trace_.texts.at(event.name), duration(event), event.bytes);
  }

  /// Of a run of counters, whose kernels have no ops: every kernel is one. Others are named, and stay without an op.
  void add_alone(std::uint32_t index) {
    const DeviceEvent& event = trace_.events[index];
    if (!trace_.counted.empty()) {
      add_counted(index);
    } else {
      add_name(event, unattributed_);
      if (event.graph_node != 0) ++sums_.graph_nodes;
    }
  }

  void add_counted(std::uint32_t index) {
    const DeviceEvent& event = trace_.events[index];
    const CountedKernel& counted = trace_.counted[index];
    const auto [found, added] = counted_.try_emplace(event.name, groups_.size());
    if (added) {
      groups_.emplace_back();
      groups_.back().op.name = trace_.texts.at(event.name);
      groups_.back().op.family = "kernel";
      groups_.back().op.counters.emplace();
      groups_.back().op.counted_bytes = true;
      groups_.back().op.counted_flop = true;
    }
    Group& group = groups_[found->second];
    Counters& sum = *group.op.counters;
    sum.dram_read_bytes += counted.counters.dram_read_bytes;
    sum.dram_write_bytes += counted.counters.dram_write_bytes;
    sum.l2_bytes += counted.counters.l2_bytes;
    sum.flop += counted.counters.flop;
    group.op.counted_bytes = group.op.counted_bytes && counted.has_bytes;
    group.op.counted_flop = group.op.counted_flop && counted.has_flop;
    ++group.op.calls;
    group.samples_s.push_back(static_cast<double>(duration(event)) / kNsPerSecond);
    add_to(found->second, index);
  }

  std::size_t op_of(std::uint32_t index) {
    const std::uint32_t owner = owners_[index];
    if (const auto known = group_of_owner_.find(owner); known != group_of_owner_.end()) return known->second;
    const HostRange& range = trace_.ranges[owner];
    const std::string_view kernel = trace_.texts.at(trace_.events[index].name);
    const TypeGuess guess = costs_.lacks_types(range.call) ? guess_type(kernel) : TypeGuess::kRecorded;
    const auto [found, added] = by_call_.try_emplace({range.name, range.call, guess}, groups_.size());
    if (added) found->second = group_of(new_op(range, guess));
    groups_[found->second].owners.push_back(owner);
    group_of_owner_.emplace(owner, found->second);
    return found->second;
  }

  /// Arguments that make no difference to what is shown make no row of their own.
  std::size_t group_of(TraceOp op) {
    const auto [first, last] = by_title_.equal_range(op.title());
    for (auto at = first; at != last; ++at) {
      const std::optional<CallCost>& cost = groups_[at->second].op.cost;
      if (cost.has_value() == op.cost.has_value() && (!cost || cost->cost == op.cost->cost)) return at->second;
    }
    by_title_.emplace(op.title(), groups_.size());
    groups_.push_back({std::move(op), {}, {}, {}});
    return groups_.size() - 1;
  }

  TraceOp new_op(const HostRange& range, TypeGuess guess) {
    TraceOp op;
    op.name = trace_.texts.at(range.name);
    op.family = family_of_call(op.name);
    op.guessed_type = guess != TypeGuess::kRecorded;
    if (const CallCost* cost = costs_.find(range.call, guess)) {
      op.cost = *cost;
    } else if (range.call != 0) {
      CallCost moved = tensors_moved(trace_.calls[range.call]);
      if (moved.cost.unique > Count(0)) op.cost = std::move(moved);
    }
    if (op.cost) op.shape = op.cost->shape;
    return op;
  }

  void add_to(std::size_t index, std::uint32_t event_index) {
    const DeviceEvent& event = trace_.events[event_index];
    Group& group = groups_[index];
    group.op.time_ns += duration(event);
    group.op.copied_bytes += static_cast<double>(event.bytes);
    group.op.copies += event.kind == DeviceEvent::Kind::kKernel ? 0 : 1;
    ++group.op.launches;
    add_name(event, group.kernels);
    if (group.op.cost && group.op.cost->compute == Dtype::kFp32 && group.op.cost->cost.matrix_flop > Count(0) &&
        is_tf32_kernel(trace_.texts.at(event.name)))
      group.op.cost->compute = Dtype::kTf32;
    sums_.op_of_event[event_index] = static_cast<std::uint32_t>(index);
  }

  void finish() {
    std::vector<std::uint32_t> order(groups_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return groups_[a].op.time_ns > groups_[b].op.time_ns; });
    std::vector<std::uint32_t> place(groups_.size());
    for (const std::uint32_t index : order) {
      Group& group = groups_[index];
      place[index] = static_cast<std::uint32_t>(sums_.ops.size());
      for (const std::uint32_t owner : group.owners)
        group.samples_s.push_back(static_cast<double>(time_of_range_[owner]) / kNsPerSecond);
      group.op.calls += static_cast<std::int64_t>(group.owners.size());
      group.op.call_s = summarize(group.samples_s);
      for (NamedTime& kernel : group.kernels.take())
        group.op.kernels.push_back(
            {std::move(kernel.name), kernel.launches, static_cast<double>(kernel.time_ns) / kNsPerSecond});
      sums_.attributed_ns += group.op.time_ns;
      sums_.ops.push_back(std::move(group.op));
    }
    for (std::uint32_t& op : sums_.op_of_event) {
      if (op != kNobody) op = place[op];
    }
    add_families();
    sums_.owner_of_event = std::move(owners_);
    sums_.kernels = kernels_.take();
    sums_.unattributed = unattributed_.take();
  }

  void add_families() {
    std::map<std::string, NamedTime> families;
    for (const TraceOp& op : sums_.ops) {
      NamedTime& family = families[op.family];
      family.name = op.family;
      family.launches += op.launches;
      family.time_ns += op.time_ns;
    }
    for (auto& [name, family] : families) sums_.families.push_back(std::move(family));
    std::stable_sort(sums_.families.begin(), sums_.families.end(),
                     [](const NamedTime& a, const NamedTime& b) { return a.time_ns > b.time_ns; });
  }

  struct Group {
    TraceOp op;
    std::vector<std::uint32_t> owners;
    std::vector<double> samples_s;
    Names<TextId> kernels;
  };

  const Trace& trace_;
  CallCosts costs_;
  std::vector<std::uint32_t> owners_;
  std::vector<std::int64_t> time_of_range_;
  std::vector<Group> groups_;
  std::map<std::tuple<TextId, std::uint32_t, TypeGuess>, std::size_t> by_call_;
  std::unordered_multimap<std::string, std::size_t> by_title_;
  std::unordered_map<std::uint32_t, std::size_t> group_of_owner_;
  std::unordered_map<TextId, std::size_t> counted_;
  Names<TextId> kernels_;
  Names<TextId> unattributed_;
  TraceSums sums_;
};

}  // namespace

std::string TraceOp::title() const {
  const std::string type = cost && !shape.empty() ? fmt::format(" {}", row(cost->compute).name) : "";
  return shape.empty() ? name : fmt::format("{} {}{}", name, shape, type);
}

TraceSums add_up(const Trace& trace, const Links& links) {
  TraceSums sums = Adder(trace, links).add();
  sums.modules = inclusive(HostRange::Kind::kModule, trace, links, class_of);
  sums.annotations = inclusive(HostRange::Kind::kAnnotation, trace, links, [](std::string_view name) { return name; });
  return sums;
}

}  // namespace gable
