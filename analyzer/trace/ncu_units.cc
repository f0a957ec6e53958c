// Values and units of Nsight Compute.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <system_error>

#include "analyzer/base/text.h"
#include "analyzer/trace/ncu_metrics.h"

namespace gable {
namespace {

struct Scale {
  std::string_view text;
  double factor;
};
constexpr std::array kPrefixes = {Scale{"", 1},    Scale{"K", 1e3},  Scale{"k", 1e3}, Scale{"M", 1e6},
                                  Scale{"G", 1e9}, Scale{"T", 1e12}, Scale{"P", 1e15}};
constexpr std::array kSeconds = {Scale{"ns", 1e-9},      Scale{"us", 1e-6},      Scale{"ms", 1e-3},
                                 Scale{"s", 1},          Scale{"nsecond", 1e-9}, Scale{"usecond", 1e-6},
                                 Scale{"msecond", 1e-3}, Scale{"second", 1}};

std::optional<double> factor_of(std::string_view text, std::span<const Scale> scales) {
  for (const Scale& scale : scales) {
    if (scale.text == text) return scale.factor;
  }
  return std::nullopt;
}

std::span<const std::string_view> bases(NcuQuantity quantity) {
  static constexpr std::array<std::string_view, 3> kBytes = {"byte", "bytes", "B"};
  static constexpr std::array<std::string_view, 2> kCycles = {"cycle", "cycles"};
  static constexpr std::array<std::string_view, 7> kCounts = {"", "1", "inst", "op", "ops", "math_op", "math_ops"};
  switch (quantity) {
    case NcuQuantity::kTime:
      return {};
    case NcuQuantity::kCycles:
      return kCycles;
    case NcuQuantity::kFlop:
      return kCounts;
    case NcuQuantity::kDramRead:
    case NcuQuantity::kDramWrite:
    case NcuQuantity::kDram:
    case NcuQuantity::kL2:
      return kBytes;
  }
  return {};
}

/// "Mbyte", with prefixes of ten: ncu's K is 1000.
std::optional<double> amount_factor(NcuQuantity quantity, std::string_view unit) {
  for (const std::string_view base : bases(quantity)) {
    if (!unit.ends_with(base)) continue;
    if (const auto factor = factor_of(unit.substr(0, unit.size() - base.size()), kPrefixes)) return factor;
  }
  return std::nullopt;
}

/// "1,205,000.5" without its commas; "" where they do not part the digits in threes.
std::string without_separators(std::string_view text) {
  constexpr std::size_t kGroup = 3;
  const std::string_view whole = text.substr(0, text.find('.'));
  if (text.find(',', whole.size()) != std::string_view::npos) return "";
  if (whole.find(',') == std::string_view::npos) return std::string(text);
  std::string digits;
  const std::size_t first = whole.find(',');
  if (first == 0 || first > kGroup) return "";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const bool comma_belongs = i >= first && (i - first) % (kGroup + 1) == 0;
    if (comma_belongs != (whole[i] == ',')) return "";
    if (!comma_belongs) digits += whole[i];
  }
  if ((whole.size() - first) % (kGroup + 1) != 0) return "";
  return digits + std::string(text.substr(whole.size()));
}

}  // namespace

std::optional<double> ncu_unit_factor(const NcuMetric& metric, std::string_view unit) {
  if (metric.quantity == NcuQuantity::kTime) return factor_of(unit, kSeconds);
  if (metric.rate == NcuRate::kTotal) return amount_factor(metric.quantity, unit);
  if (metric.quantity == NcuQuantity::kCycles && (unit.ends_with("hz") || unit.ends_with("Hz")))
    return factor_of(unit.substr(0, unit.size() - 2), kPrefixes);
  // A derived metric may have none; by the cycle is what its name says.
  if (metric.rate == NcuRate::kPerCycle && unit.empty()) return 1;
  const std::size_t slash = unit.find('/');
  const auto amount = amount_factor(metric.quantity, unit.substr(0, slash));
  if (slash == std::string_view::npos || !amount) return std::nullopt;
  const std::string_view per = unit.substr(slash + 1);
  if (metric.rate == NcuRate::kPerCycle) return per == "cycle" ? amount : std::nullopt;
  const auto seconds = factor_of(per, kSeconds);
  return seconds ? std::optional(*amount / *seconds) : std::nullopt;
}

std::string ncu_known_units(const NcuMetric& metric) {
  if (metric.quantity == NcuQuantity::kTime) return "ns, us, ms, s, nsecond, usecond, msecond, second";
  const std::string_view base = metric.quantity == NcuQuantity::kFlop ? "inst" : bases(metric.quantity).front();
  switch (metric.rate) {
    case NcuRate::kTotal:
      return fmt::format("{0}, K{0}, M{0}, G{0}, T{0}", base);
    case NcuRate::kPerSecond:
      return fmt::format("{0}/second, K{0}/second, M{0}/second, G{0}/second, T{0}/second", base);
    case NcuRate::kPerCycle:
      return fmt::format("{0}/cycle, K{0}/cycle, M{0}/cycle, G{0}/cycle", base);
  }
  return "";
}

std::optional<double> parse_ncu_value(std::string_view text, const Where& where) {
  constexpr std::array<std::string_view, 7> kNone = {"", "n/a", "N/A", "nan", "-nan", "inf", "-inf"};
  const std::string_view value = trim(text);
  if (std::ranges::find(kNone, value) != kNone.end()) return std::nullopt;
  const std::string plain = without_separators(value);
  double number = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
  const bool read = error == std::errc() && end == plain.data() + plain.size() && std::isfinite(number);
  const bool has_comma = value.find(',') != std::string_view::npos;
  if (!read && has_comma && value.find_first_not_of("0123456789.,") == std::string_view::npos)
    throw InputError(where, fmt::format("{} has a decimal comma; export under LC_ALL=C", in_quotes(value)));
  if (!read) throw InputError(where, fmt::format("{} is not a number", in_quotes(value)));
  if (number < 0) throw InputError(where, fmt::format("{} is negative", in_quotes(value)));
  return number;
}

}  // namespace gable
