#include "analyzer/roofline/residency.h"

#include <algorithm>

namespace gable {
namespace {

/// One kernel of the chain: all instances of it in one pass of its block.
double touched(const Kernel& kernel) { return kernel.one.touched().real() * static_cast<double>(kernel.count); }

}  // namespace

void dram_bytes(std::span<const Kernel> kernels, bool resident_l2, double l2_bytes, std::vector<Count>& bytes) {
  bytes.clear();
  for (const Kernel& kernel : kernels) bytes.push_back(kernel.one.unique);
  if (!resident_l2) return;

  double pass = 0;
  for (const Kernel& kernel : kernels) pass += kernel.one.unique.real() * static_cast<double>(kernel.executions);
  if (pass <= l2_bytes) {
    bytes.assign(bytes.size(), Count(0));
    return;
  }
  for (std::size_t at = 0; at + 1 < kernels.size(); ++at) {
    const Kernel& producer = kernels[at];
    const Kernel& consumer = kernels[at + 1];
    if (producer.loop != consumer.loop) continue;  // neighbours in some passes only
    if (touched(producer) + touched(consumer) > l2_bytes) continue;
    const Count handed = producer.one.written * Count(producer.count);
    const Count wanted =
        (consumer.one.unique - consumer.one.param_bytes - consumer.one.written) * Count(consumer.count);
    const Count kept = std::max(Count(0), std::min(handed, wanted));
    // Spread over the instances; the division rounds down, so that no byte is saved twice.
    bytes[at + 1] = bytes[at + 1] - kept.value() / consumer.count;
  }
}

}  // namespace gable
