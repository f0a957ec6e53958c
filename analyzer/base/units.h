// The one place where prefixes and units are read and written. Inside, everything is in base units:
// seconds, bytes, FLOP, FLOP/s, bytes/s, Hz, W, USD/h.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gable {

enum class Unit : std::uint8_t {
  kCount,
  kFlopPerSecond,
  kBytesPerSecond,
  kBytes,
  kHertz,
  kSeconds,
  kWatts,
  kDollarsPerHour
};

/// "FLOP/s", "B/s", ...; "" for counts.
std::string_view unit_symbol(Unit unit);

/// The text is no quantity of that unit; `what()` says what would be, e.g. "'1555' has no unit; write for example '1555
/// GB/s'".
class QuantityError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads "3.35 TB/s" as 3.35e12. Decimal prefixes k M G T P E (also m u n for seconds), binary Ki Mi Gi Ti for bytes
/// and bytes/s; "OP/s" is accepted for "FLOP/s". Counts are plain whole numbers. The value must be finite and positive.
/// @throws QuantityError
double parse_quantity(std::string_view text, Unit unit);

/// Four significant digits with a decimal prefix: 463168512 FLOP -> "463.2 MFLOP". Values under 1 keep small prefixes
/// only for seconds ("98.32 us"); zero is "0 FLOP".
std::string format_si(double value, std::string_view unit, int digits = 4);

/// Two values as format_si writes them, in `digits` or as many more, up to 6, as tell them apart.
std::pair<std::string, std::string> format_si_apart(double a, double b, std::string_view unit, int digits = 3);

/// Bytes with a binary prefix: 13627238400 -> "12.69 GiB".
std::string format_binary_bytes(double bytes, int digits = 4);

/// A whole number with thousands separators: 53559552 -> "53,559,552".
std::string format_grouped(std::int64_t value);

/// How many there are of something: "1 launch", "3,085 launches".
std::string counted(std::int64_t value, std::string_view one, std::string_view plural = "s");

/// A number in `digits` significant digits without exponent where that stays readable: 2.976 -> "2.98", 12.54 ->
/// "12.5".
std::string format_significant(double value, int digits);

}  // namespace gable
