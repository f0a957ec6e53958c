#include "analyzer/trace/ncu_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "analyzer/base/units.h"

namespace gable {
namespace {

constexpr std::int64_t kMostNs = std::int64_t{1} << 60;

}  // namespace

void NcuCounts::add(const NcuMetric& metric, double value) {
  const bool known = std::ranges::any_of(values_, [&](const Value& other) {
    return other.metric == &metric || (other.metric->quantity == metric.quantity && other.metric->rate == metric.rate &&
                                       other.metric->counter == metric.counter);
  });
  if (!known) values_.push_back({&metric, value});
}

std::optional<double> NcuCounts::time_s() const {
  const auto found =
      std::ranges::find_if(values_, [](const Value& value) { return value.metric->quantity == NcuQuantity::kTime; });
  return found == values_.end() ? std::nullopt : std::optional(found->value);
}

std::optional<double> NcuCounts::total(const Value& value) const {
  const double amount = value.value * value.metric->factor;
  if (value.metric->rate == NcuRate::kTotal) return amount;
  const auto over = value.metric->rate == NcuRate::kPerSecond ? time_s() : best(NcuQuantity::kCycles);
  return over ? std::optional(amount * *over) : std::nullopt;
}

std::optional<double> NcuCounts::best(NcuQuantity quantity, std::string_view counter) const {
  for (const NcuRate rate : {NcuRate::kTotal, NcuRate::kPerSecond, NcuRate::kPerCycle}) {
    // Cycles by the cycle would ask for themselves.
    if (quantity == NcuQuantity::kCycles && rate == NcuRate::kPerCycle) break;
    for (const Value& value : values_) {
      if (value.metric->quantity != quantity || value.metric->rate != rate) continue;
      if (!counter.empty() && value.metric->counter != counter) continue;
      if (const auto all = total(value)) return all;
    }
  }
  return std::nullopt;
}

std::optional<double> NcuCounts::flop() const {
  std::vector<std::string_view> counters;
  std::optional<double> sum;
  for (const Value& value : values_) {
    const std::string_view counter = value.metric->counter;
    if (value.metric->quantity != NcuQuantity::kFlop || std::ranges::find(counters, counter) != counters.end())
      continue;
    counters.push_back(counter);
    if (const auto flop = best(NcuQuantity::kFlop, counter)) sum = sum.value_or(0) + *flop;
  }
  return sum;
}

bool NcuCounts::has_tensor() const {
  return std::ranges::any_of(values_, [](const Value& value) { return value.metric->is_tensor; });
}

CountedKernel NcuCounts::counted() const {
  CountedKernel kernel;
  const auto read = best(NcuQuantity::kDramRead);
  const auto write = best(NcuQuantity::kDramWrite);
  const auto both = best(NcuQuantity::kDram);
  const auto all_flop = flop();
  kernel.has_bytes = (read && write) || both;
  kernel.has_flop = all_flop.has_value();
  kernel.has_time = time_s().has_value();
  // Where only the sum of both ways is known it stands as read.
  kernel.counters.dram_read_bytes = read && write ? *read : both.value_or(read.value_or(0));
  kernel.counters.dram_write_bytes = (read && write) || !both ? write.value_or(0) : 0;
  kernel.counters.l2_bytes = best(NcuQuantity::kL2).value_or(0);
  kernel.counters.flop = all_flop.value_or(0);
  return kernel;
}

void lay_out(const std::vector<NcuKernel>& kernels, Trace& trace) {
  constexpr double kNsPerSecond = 1e9;
  std::int64_t at = 0;
  for (const NcuKernel& kernel : kernels) {
    const double ns = kernel.counts.time_s().value_or(0) * kNsPerSecond;
    if (!(ns < static_cast<double>(kMostNs - at)))
      throw InputError(kernel.where, "the kernels until here take more than 30 years: the file is damaged");
    DeviceEvent event;
    event.name = kernel.name;
    event.device = kernel.device;
    event.stream = kernel.stream;
    event.start_ns = at;
    at += std::llround(ns);
    event.end_ns = at;
    trace.events.push_back(event);
    const CountedKernel counted = kernel.counts.counted();
    const Counters& sums = counted.counters;
    if (!(std::max({sums.flop, sums.dram_read_bytes, sums.dram_write_bytes, sums.l2_bytes}) <= kMostNcuAmount))
      throw InputError(kernel.where, "more bytes or FLOP than a kernel can have");
    trace.counted.push_back(counted);
  }
}

void say_what_counts_lack(const std::vector<NcuKernel>& kernels, Trace& trace) {
  const auto all = std::ssize(kernels);
  const auto say = [&](bool CountedKernel::*has, std::string_view what, std::string_view advice) {
    const auto with = std::ranges::count_if(trace.counted, [&](const CountedKernel& k) { return k.*has; });
    if (with == all) return;
    const std::string who =
        with == 0 ? "no kernel has"
                  : fmt::format("{} of {} kernels have no", format_grouped(all - with), format_grouped(all));
    trace.missing.push_back(fmt::format("{} {}: {}", who, what, advice));
  };
  say(&CountedKernel::has_time, "times", "add --metrics gpu__time_duration.sum");
  say(&CountedKernel::has_bytes, "DRAM bytes", "add --metrics dram__bytes_read.sum,dram__bytes_write.sum");
  say(&CountedKernel::has_flop, "FLOP counts",
      "add --set roofline or --metrics regex:smsp__sass_thread_inst_executed_op_.*_pred_on");
  const bool any_flop = std::ranges::any_of(trace.counted, &CountedKernel::has_flop);
  const bool any_tensor = std::ranges::any_of(kernels, [](const NcuKernel& k) { return k.counts.has_tensor(); });
  if (any_flop && !any_tensor)
    trace.missing.emplace_back("FLOP of tensor cores are not counted: add --metrics regex:sm__ops_path_tensor_src_.*");
  if (trace.device.empty()) trace.missing.emplace_back("the file does not name its GPU");
}

}  // namespace gable
