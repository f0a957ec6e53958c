// Easy to break here: 1000 taken for 1024, a prefix read as a unit, a rounding that adds a digit, locale, NaN that
// passes.
#include "analyzer/base/units.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace gable;

namespace {

std::string error_of(std::string_view text, Unit unit) {
  try {
    parse_quantity(text, unit);
  } catch (const QuantityError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("parse_quantity reads prefixes in base units") {
  struct Row {
    std::string_view text;
    Unit unit;
    double value;
  };
  for (const Row& row : {
           Row{"3.35 TB/s", Unit::kBytesPerSecond, 3.35e12},
           Row{"1555 GB/s", Unit::kBytesPerSecond, 1555e9},
           Row{"1555GB/s", Unit::kBytesPerSecond, 1555e9},
           Row{" \t1555  GB/s ", Unit::kBytesPerSecond, 1555e9},
           Row{"2 GiB/s", Unit::kBytesPerSecond, 2.0 * 1024 * 1024 * 1024},
           Row{"40 GB", Unit::kBytes, 40e9},
           Row{"164 KiB", Unit::kBytes, 164.0 * 1024},
           Row{"1 TiB", Unit::kBytes, 1024.0 * 1024 * 1024 * 1024},
           Row{"7 B", Unit::kBytes, 7},
           Row{"19.5 TFLOP/s", Unit::kFlopPerSecond, 19.5e12},
           Row{"624 TOP/s", Unit::kFlopPerSecond, 624e12},
           Row{"1 EFLOP/s", Unit::kFlopPerSecond, 1e18},
           Row{"2.5 PFLOP/s", Unit::kFlopPerSecond, 2.5e15},
           Row{"1410 MHz", Unit::kHertz, 1410e6},
           Row{"5 us", Unit::kSeconds, 5e-6},
           Row{"10 ms", Unit::kSeconds, 10e-3},
           Row{"3 ns", Unit::kSeconds, 3e-9},
           Row{"250 W", Unit::kWatts, 250},
           Row{"0.3 kW", Unit::kWatts, 300},
           Row{"2.5 USD/h", Unit::kDollarsPerHour, 2.5},
           Row{"108", Unit::kCount, 108},
           Row{"1e3", Unit::kCount, 1000},
           Row{"1.5e3 GB", Unit::kBytes, 1500e9},
           Row{"0.1 us", Unit::kSeconds, 1e-7},  // rounded once, not 0.1 * 1e-6
       }) {
    CAPTURE(row.text);
    CHECK(parse_quantity(row.text, row.unit) == row.value);
  }
}

TEST_CASE("parse_quantity says what would be right") {
  CHECK(error_of("1555", Unit::kBytesPerSecond) == "'1555' has no unit; write for example '1555 GB/s'");
  CHECK(error_of("", Unit::kBytes) == "'' is not a number with a unit; write for example '40 GB'");
  CHECK(error_of("GB", Unit::kBytes) == "'GB' is not a number with a unit; write for example '40 GB'");
  CHECK(error_of("fast", Unit::kHertz) == "'fast' is not a number with a unit; write for example '1410 MHz'");
  CHECK(error_of("40 GB/s", Unit::kBytes) == "'40 GB/s' has no unit of B; write for example '40 GB'");
  CHECK(error_of("19.5 TFLOPS", Unit::kFlopPerSecond) ==
        "'19.5 TFLOPS' has no unit of FLOP/s; write for example '19.5 TFLOP/s'");
  CHECK(error_of("1.5", Unit::kCount) == "'1.5' is not a whole number; write for example '108'");
  CHECK(error_of("108 SM", Unit::kCount) == "'108 SM' is not a plain number; write for example '108'");
  CHECK(error_of("-5 us", Unit::kSeconds) == "'-5 us' is not positive and finite; write for example '5 us'");
  CHECK(error_of("0 W", Unit::kWatts) == "'0 W' is not positive and finite; write for example '250 W'");
}

TEST_CASE("parse_quantity refuses what is not finite, and units that do not exist") {
  for (const std::string_view text :
       {"nan GB", "inf GB", "-inf GB", "1e400 GB", "1e308 GB", "0x10 GB", "1,5 GB", "1 000 GB", "40 Gb", "40 gb",
        "40 mB", "40 KB", "40 kiB", "40 GiGB", "40 G B", "40 GB GB", "+40 GB"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_quantity(text, Unit::kBytes), QuantityError);
    CHECK_THROWS_WITH_AS(parse_quantity("1e-300 B", Unit::kBytes),
                         "'1e-300 B' is beyond what any device has; write for example '40 GB'", QuantityError);
    CHECK_THROWS_WITH_AS(parse_quantity("1e22 B", Unit::kBytes),
                         "'1e22 B' is beyond what any device has; write for example '40 GB'", QuantityError);
  }
  CHECK_THROWS_AS(parse_quantity("1 KiHz", Unit::kHertz), QuantityError);  // binary only for bytes
  CHECK_THROWS_AS(parse_quantity("1 mHz", Unit::kHertz), QuantityError);   // small only for seconds
  CHECK_THROWS_AS(parse_quantity("1 OP", Unit::kFlopPerSecond), QuantityError);
  CHECK_THROWS_AS(parse_quantity("nan", Unit::kCount), QuantityError);
  CHECK_THROWS_AS(parse_quantity("1" + std::string(305, '0') + " GB", Unit::kBytes), QuantityError);  // 1e314
}

TEST_CASE("format_si: four digits, the prefix that leaves 1 to 999 before the point") {
  struct Row {
    double value;
    std::string_view unit, text;
  };
  for (const Row& row : {
           Row{0, "FLOP", "0 FLOP"},
           Row{1, "FLOP", "1 FLOP"},
           Row{999, "FLOP", "999 FLOP"},
           Row{1000, "FLOP", "1.000 kFLOP"},
           Row{463168512, "FLOP", "463.2 MFLOP"},
           Row{999949999, "B", "999.9 MB"},
           Row{999960000, "B", "1.000 GB"},  // rounds up to the next prefix
           Row{1.555e12, "B/s", "1.555 TB/s"},
           Row{9.2e18, "FLOP", "9.200 EFLOP"},
           Row{2.5e22, "FLOP", "25000 EFLOP"},  // the last prefix carries the rest
           Row{0.5, "FLOP/B", "0.5000 FLOP/B"},
           Row{-1500, "B", "-1.500 kB"},
           Row{98.32e-6, "s", "98.32 us"},
           Row{5e-9, "s", "5.000 ns"},
           Row{12.345e-3, "s", "12.35 ms"},
           Row{0.99996e-3, "s", "1.000 ms"},
           Row{2.5, "s", "2.500 s"},
           Row{86400, "s", "86400 s"},
       }) {
    CAPTURE(row.value);
    CHECK(format_si(row.value, row.unit) == row.text);
  }
  CHECK(format_si(1234567, "B", 2) == "1.2 MB");
}

TEST_CASE("format_binary_bytes divides by 1024") {
  CHECK(format_binary_bytes(0) == "0 B");
  CHECK(format_binary_bytes(1023) == "1023 B");
  CHECK(format_binary_bytes(1024) == "1.000 KiB");
  CHECK(format_binary_bytes(13627238400) == "12.69 GiB");  // 13627238400 / 2^30 = 12.691...
  CHECK(format_binary_bytes(1e18) == "888.2 PiB");         // the last name carries the rest
}

TEST_CASE("A single one has no plural") {
  CHECK(counted(0, "file") == "0 files");
  CHECK(counted(1, "file") == "1 file");
  CHECK(counted(3085, "launch", "es") == "3,085 launches");
}

TEST_CASE("format_grouped") {
  CHECK(format_grouped(0) == "0");
  CHECK(format_grouped(999) == "999");
  CHECK(format_grouped(1000) == "1,000");
  CHECK(format_grouped(53559552) == "53,559,552");
  CHECK(format_grouped(-123) == "-123");
  CHECK(format_grouped(-123456) == "-123,456");
  CHECK(format_grouped(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
}

TEST_CASE("format_significant keeps the number of digits when rounding adds one") {
  CHECK(format_significant(2.976, 3) == "2.98");
  CHECK(format_significant(12.54, 3) == "12.5");
  CHECK(format_significant(9.996, 3) == "10.0");
  CHECK(format_significant(0.09996, 3) == "0.100");
  CHECK(format_significant(123456, 3) == "123456");  // digits before the point stay
  CHECK(format_significant(0, 3) == "0");
  CHECK(format_significant(-2.976, 3) == "-2.98");
}

TEST_CASE("every unit has a symbol, counts have none") {
  CHECK(unit_symbol(Unit::kCount).empty());
  CHECK(unit_symbol(Unit::kFlopPerSecond) == "FLOP/s");
  CHECK(unit_symbol(Unit::kBytesPerSecond) == "B/s");
  CHECK(unit_symbol(Unit::kBytes) == "B");
  CHECK(unit_symbol(Unit::kHertz) == "Hz");
  CHECK(unit_symbol(Unit::kSeconds) == "s");
  CHECK(unit_symbol(Unit::kWatts) == "W");
}

}  // namespace
