// What of Nsight Compute's metrics is used, and the units it writes them in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/base/error.h"

namespace gable {

/// What a metric counts or measures, as the roofline needs it.
enum class NcuQuantity : std::uint8_t { kTime, kCycles, kDramRead, kDramWrite, kDram, kL2, kFlop };

/// How a metric gives its quantity: all of it, by the second, or by a cycle of the kernel's time.
enum class NcuRate : std::uint8_t { kTotal, kPerSecond, kPerCycle };

struct NcuMetric {
  NcuQuantity quantity = NcuQuantity::kTime;
  NcuRate rate = NcuRate::kTotal;
  double factor = 1;    ///< FLOP of an instruction
  std::string counter;  ///< metrics of one counter say the same in several forms: the most direct counts
  bool is_tensor = false;
  bool by_unit = false;  ///< a label that several metrics share: only the one in the right unit is meant
};

/// Nothing for a metric that is not used.
std::optional<NcuMetric> find_ncu_metric(std::string_view name);

/// What the value times this is in seconds, bytes, instructions, operations or cycles; nothing for a unit that does not
/// fit the metric.
std::optional<double> ncu_unit_factor(const NcuMetric& metric, std::string_view unit);
/// "ns, us, ms, s, nsecond, ...": for messages.
std::string ncu_known_units(const NcuMetric& metric);

/// "1,205.00" is 1205. Nothing for what ncu could not count: "", "n/a", "nan". @throws InputError for anything else
std::optional<double> parse_ncu_value(std::string_view text, const Where& where);

}  // namespace gable
