#include "analyzer/base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "analyzer/base/text.h"

namespace gable {
namespace {

struct UnitRow {
  Unit unit;
  std::string_view symbol;
  std::string_view alias;  // also accepted when reading
  std::string_view example;
  bool binary;  // Ki, Mi, Gi, Ti are allowed
};

constexpr std::array<UnitRow, 8> kUnits = {{
    {Unit::kCount, "", "", "108", false},
    {Unit::kFlopPerSecond, "FLOP/s", "OP/s", "19.5 TFLOP/s", false},
    {Unit::kBytesPerSecond, "B/s", "", "1555 GB/s", true},
    {Unit::kBytes, "B", "", "40 GB", true},
    {Unit::kHertz, "Hz", "", "1410 MHz", false},
    {Unit::kSeconds, "s", "", "5 us", false},
    {Unit::kWatts, "W", "", "250 W", false},
    {Unit::kDollarsPerHour, "USD/h", "", "2.5 USD/h", false},
}};

struct Prefix {
  std::string_view text;
  int exponent;  // of ten, or of two where binary
  bool binary;
};

constexpr double kKibi = 1024.0;
constexpr std::array<Prefix, 14> kPrefixes = {{
    {"", 0, false},
    {"n", -9, false},
    {"u", -6, false},
    {"m", -3, false},
    {"k", 3, false},
    {"M", 6, false},
    {"G", 9, false},
    {"T", 12, false},
    {"P", 15, false},
    {"E", 18, false},
    {"Ki", 10, true},
    {"Mi", 20, true},
    {"Gi", 30, true},
    {"Ti", 40, true},
}};

const UnitRow& unit_row(Unit unit) { return kUnits.at(static_cast<std::size_t>(unit)); }

/// What a quantity of a device can be at all, with orders of magnitude to spare: keeps times finite.
std::pair<double, double> range_of(Unit unit) {
  if (unit == Unit::kSeconds) return {1e-12, 1e3};
  if (unit == Unit::kDollarsPerHour) return {1e-4, 1e6};
  return {1.0, 1e21};
}

/// `text` read as a prefix and a symbol of `unit`; null if it is neither.
const Prefix* find_prefix(std::string_view text, const UnitRow& unit) {
  for (const std::string_view symbol : {unit.symbol, unit.alias}) {
    if (symbol.empty() || !text.ends_with(symbol)) continue;
    const std::string_view rest = text.substr(0, text.size() - symbol.size());
    for (const Prefix& prefix : kPrefixes) {
      const bool fits = (!prefix.binary || unit.binary) && (prefix.exponent >= 0 || unit.unit == Unit::kSeconds);
      if (fits && rest == prefix.text) return &prefix;
    }
  }
  return nullptr;
}

/// The number with its prefix, rounded once: "1.555" with T is the double nearest to 1.555e12.
double scaled(std::string_view digits, double number, const Prefix& prefix) {
  if (prefix.binary) return std::ldexp(number, prefix.exponent);
  if (digits.find_first_of("eE") != std::string_view::npos) return number * std::pow(10.0, prefix.exponent);
  const std::string text = fmt::format("{}e{}", digits, prefix.exponent);
  double value = std::numeric_limits<double>::infinity();  // stays where the result is beyond a double
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string_view unit_symbol(Unit unit) { return unit_row(unit).symbol; }

double parse_quantity(std::string_view text, Unit unit) {
  const UnitRow& expected = unit_row(unit);
  const std::string_view body = trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), number);
  const auto fail = [&](std::string_view why) -> QuantityError {
    return QuantityError(fmt::format("{} {}; write for example '{}'", in_quotes(text), why, expected.example));
  };
  if (error == std::errc::result_out_of_range) throw fail("is not positive and finite");
  if (error != std::errc()) throw fail("is not a number with a unit");
  const std::string_view suffix = trim(body.substr(static_cast<std::size_t>(end - body.data())));
  double value = number;
  if (unit == Unit::kCount) {
    if (!suffix.empty()) throw fail("is not a plain number");
    if (number != std::floor(number)) throw fail("is not a whole number");
  } else {
    if (suffix.empty()) throw fail("has no unit");
    const Prefix* prefix = find_prefix(suffix, expected);
    if (prefix == nullptr) throw fail(fmt::format("has no unit of {}", expected.symbol));
    value = scaled(body.substr(0, static_cast<std::size_t>(end - body.data())), number, *prefix);
  }
  if (!std::isfinite(value) || value <= 0) throw fail("is not positive and finite");
  const auto [least, most] = range_of(unit);
  if (value < least || value > most) throw fail("is beyond what any device has");
  return value;
}

std::string format_significant(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return fmt::format("{}", value == 0 ? 0.0 : value);
  const double magnitude = std::floor(std::log10(std::fabs(value)));
  int decimals = digits - 1 - static_cast<int>(magnitude);
  // 9.996 in three digits is 10.0, not 10.00: rounding can add a digit before the point.
  const double rounded = std::round(value * std::pow(10.0, decimals)) / std::pow(10.0, decimals);
  if (std::fabs(rounded) >= std::pow(10.0, magnitude + 1)) --decimals;
  return fmt::format("{:.{}f}", value, decimals < 0 ? 0 : decimals);
}

std::string format_si(double value, std::string_view unit, int digits) {
  const bool seconds = unit == "s";
  const std::string_view prefixes = seconds ? "num" : "";
  const double size = std::fabs(value);
  const auto with_unit = [&](std::string_view number) {
    return unit.empty() ? std::string(number) : fmt::format("{} {}", number, unit);
  };
  if (value == 0) return with_unit("0");
  // A value that rounds up to 1000 of one prefix is 1 of the next.
  const double carry = 1 - 0.5 * std::pow(10.0, -digits);
  if (seconds && size < 1 * carry) {
    const int step = size < 1e-6 * carry ? 0 : size < 1e-3 * carry ? 1 : 2;
    const double scale = std::pow(10.0, 9 - 3 * step);
    return fmt::format("{} {}s", format_significant(value * scale, digits), prefixes[static_cast<std::size_t>(step)]);
  }
  constexpr std::string_view kLarge = " kMGTPE";
  std::size_t step = 0;
  double scaled = value;
  while (!seconds && std::fabs(scaled) >= 1000 * carry && step + 1 < kLarge.size()) {
    scaled /= 1000;
    ++step;
  }
  const bool whole_small = step == 0 && scaled == std::floor(scaled) && std::fabs(scaled) < 1000;
  const std::string number = whole_small ? fmt::format("{:.0f}", scaled) : format_significant(scaled, digits);
  return step == 0 ? with_unit(number) : fmt::format("{} {}{}", number, kLarge[step], unit);
}

std::pair<std::string, std::string> format_si_apart(double a, double b, std::string_view unit, int digits) {
  constexpr int kMostDigits = 6;
  std::pair<std::string, std::string> texts = {format_si(a, unit, digits), format_si(b, unit, digits)};
  return texts.first != texts.second || a == b || digits >= kMostDigits ? texts
                                                                        : format_si_apart(a, b, unit, digits + 1);
}

std::string format_binary_bytes(double bytes, int digits) {
  constexpr std::array<std::string_view, 6> kNames = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t step = 0;
  while (std::fabs(bytes) >= kKibi && step + 1 < kNames.size()) {
    bytes /= kKibi;
    ++step;
  }
  return fmt::format("{} {}", step == 0 ? fmt::format("{:.0f}", bytes) : format_significant(bytes, digits),
                     kNames.at(step));
}

std::string format_grouped(std::int64_t value) {
  const std::string digits = fmt::format("{}", value);
  const std::size_t sign = value < 0 ? 1 : 0;
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > sign && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string counted(std::int64_t value, std::string_view one, std::string_view plural) {
  return fmt::format("{} {}{}", format_grouped(value), one, value == 1 ? "" : plural);
}

}  // namespace gable
