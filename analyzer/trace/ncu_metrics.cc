#include "analyzer/trace/ncu_metrics.h"

#include <algorithm>
#include <array>
#include <vector>

#include "analyzer/base/text.h"

namespace gable {
namespace {

/// Whole names: those of the details page, and those whose suffix has a meaning of its own.
struct NameRow {
  std::string_view name;
  NcuQuantity quantity;
  NcuRate rate;
  bool by_unit;
};
constexpr std::array kNames = {
    NameRow{"gpu__time_duration.sum", NcuQuantity::kTime, NcuRate::kTotal, false},
    NameRow{"gpu__time_duration.avg", NcuQuantity::kTime, NcuRate::kTotal, false},
    NameRow{"Duration", NcuQuantity::kTime, NcuRate::kTotal, false},
    // "%" in one section, bytes a second in another.
    NameRow{"Memory Throughput", NcuQuantity::kDram, NcuRate::kPerSecond, true},
    NameRow{"smsp__cycles_elapsed.max", NcuQuantity::kCycles, NcuRate::kTotal, false},
    NameRow{"sm__cycles_elapsed.max", NcuQuantity::kCycles, NcuRate::kTotal, false},
    NameRow{"smsp__cycles_elapsed.avg.per_second", NcuQuantity::kCycles, NcuRate::kPerSecond, false},
};

/// Counters, with any of the suffixes below.
struct CounterRow {
  std::string_view name;
  NcuQuantity quantity;
};
constexpr std::array kCounters = {
    CounterRow{"dram__bytes_read", NcuQuantity::kDramRead},
    CounterRow{"dram__bytes_op_read", NcuQuantity::kDramRead},
    CounterRow{"dram__bytes_write", NcuQuantity::kDramWrite},
    CounterRow{"dram__bytes_op_write", NcuQuantity::kDramWrite},
    CounterRow{"dram__bytes", NcuQuantity::kDram},
    CounterRow{"lts__t_bytes", NcuQuantity::kL2},
};

struct SuffixRow {
  std::string_view suffix;
  NcuRate rate;
};
constexpr std::array kSuffixes = {
    SuffixRow{".sum", NcuRate::kTotal},
    SuffixRow{".sum.per_second", NcuRate::kPerSecond},
    SuffixRow{".sum.per_cycle_elapsed", NcuRate::kPerCycle},
};

/// Instructions in threads that they ran in. Those with a 2 (GB100) do two elements each.
struct InstructionRow {
  std::string_view op;
  double flop;
};
constexpr std::array kInstructions = {
    InstructionRow{"fadd", 1},  InstructionRow{"fmul", 1},  InstructionRow{"ffma", 2}, InstructionRow{"fadd2", 2},
    InstructionRow{"fmul2", 2}, InstructionRow{"ffma2", 4}, InstructionRow{"dadd", 1}, InstructionRow{"dmul", 1},
    InstructionRow{"dfma", 2},  InstructionRow{"hadd", 1},  InstructionRow{"hmul", 1}, InstructionRow{"hfma", 2},
};

constexpr std::array<std::string_view, 11> kTensorTypes = {"bf16", "fp16", "fp32", "fp64", "fp8",  "fp6",
                                                           "fp4",  "tf32", "int8", "int4", "int32"};

/// "fadd" of "smsp__sass_thread_inst_executed_op_fadd_pred_on"; "" for another counter.
std::string_view instruction(std::string_view counter) {
  constexpr std::string_view kBefore = "__sass_thread_inst_executed_op_";
  constexpr std::string_view kAfter = "_pred_on";
  const std::size_t at = counter.find(kBefore);
  const bool fits = (counter.starts_with("smsp__") || counter.starts_with("sm__")) && at != std::string_view::npos &&
                    counter.substr(0, at).find('_') == std::string_view::npos && counter.ends_with(kAfter);
  if (!fits || counter.size() < at + kBefore.size() + kAfter.size()) return {};
  counter.remove_prefix(at + kBefore.size());
  counter.remove_suffix(kAfter.size());
  return counter;
}

/// "sm__ops_path_tensor_src_bf16_dst_fp32". Its parts (by instruction, with and without sparsity) have other words in
/// their names and would count twice.
bool is_tensor_total(std::string_view counter) {
  constexpr std::string_view kTensor = "sm__ops_path_tensor_src_";
  constexpr std::size_t kMostWords = 6;
  if (!counter.starts_with(kTensor)) return false;
  const std::vector<std::string> words = split(counter.substr(kTensor.size()), '_');
  return words.size() <= kMostWords && std::ranges::all_of(words, [](const std::string& word) {
           return word == "dst" || std::ranges::find(kTensorTypes, word) != kTensorTypes.end();
         });
}

std::optional<NcuMetric> find_counter(std::string_view counter, NcuRate rate) {
  for (const CounterRow& row : kCounters) {
    if (row.name == counter) return NcuMetric{.quantity = row.quantity, .rate = rate, .counter = std::string(counter)};
  }
  if (is_tensor_total(counter))
    return NcuMetric{.quantity = NcuQuantity::kFlop, .rate = rate, .counter = std::string(counter), .is_tensor = true};
  const std::string_view op = instruction(counter);
  for (const InstructionRow& row : kInstructions) {
    if (row.op == op)
      return NcuMetric{.quantity = NcuQuantity::kFlop, .rate = rate, .factor = row.flop, .counter = std::string(op)};
  }
  return std::nullopt;
}

// Of the roofline sections: the products of two that they show in place of the count, by the cycle.
constexpr std::string_view kDerived = "derived__";
constexpr std::string_view kTwice = "_x2";

}  // namespace

std::optional<NcuMetric> find_ncu_metric(std::string_view name) {
  for (const NameRow& row : kNames) {
    if (row.name == name)
      return NcuMetric{
          .quantity = row.quantity, .rate = row.rate, .counter = std::string(name), .by_unit = row.by_unit};
  }
  if (name.starts_with("derived__smsp__") && name.ends_with(kTwice)) {
    name.remove_prefix(kDerived.size());
    name.remove_suffix(kTwice.size());
    auto metric = find_counter(name, NcuRate::kPerCycle);
    if (metric) metric->factor /= 2;
    return metric;
  }
  for (const SuffixRow& row : kSuffixes) {
    if (!name.ends_with(row.suffix)) continue;
    return find_counter(name.substr(0, name.size() - row.suffix.size()), row.rate);
  }
  return std::nullopt;
}

}  // namespace gable
