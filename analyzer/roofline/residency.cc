#include "analyzer/roofline/residency.h"

#include <algorithm>

namespace gable {
namespace {

/// One op of the chain: all instances of it in one pass of its block.
double touched(const OpCost& op) { return op.one.touched().real() * static_cast<double>(op.count); }

}  // namespace

std::vector<Count> dram_bytes(const CostedModel& costed, bool resident_l2, double l2_bytes) {
  std::vector<Count> bytes;
  bytes.reserve(costed.ops.size());
  for (const OpCost& op : costed.ops) bytes.push_back(op.one.unique);
  if (!resident_l2) return bytes;

  double pass = 0;
  std::vector<std::size_t> chain;
  for (std::size_t i = 0; i < costed.ops.size(); ++i) {
    const OpCost& op = costed.ops[i];
    if (!op.selected || op.one.launches == Count(0)) continue;
    pass += op.one.unique.real() * static_cast<double>(op.executions);
    chain.push_back(i);
  }
  if (pass <= l2_bytes) return std::vector<Count>(bytes.size(), Count(0));

  for (std::size_t at = 0; at + 1 < chain.size(); ++at) {
    const OpCost& producer = costed.ops[chain[at]];
    const OpCost& consumer = costed.ops[chain[at + 1]];
    if (producer.loop != consumer.loop) continue;  // neighbours in some passes only
    if (touched(producer) + touched(consumer) > l2_bytes) continue;
    const Count handed = producer.one.written * Count(producer.count);
    const Count wanted =
        (consumer.one.unique - consumer.one.param_bytes - consumer.one.written) * Count(consumer.count);
    const Count kept = std::max(Count(0), std::min(handed, wanted));
    // Spread over the instances; the division rounds down, so that no byte is saved twice.
    bytes[chain[at + 1]] = bytes[chain[at + 1]] - kept.value() / consumer.count;
  }
  return bytes;
}

}  // namespace gable
