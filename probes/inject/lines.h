// Events as lines of a Chrome trace, without floating point and without locks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gable::inject {

void add_number(std::string& to, std::uint64_t number);
void add_number(std::string& to, std::int64_t number);

/// Nanoseconds as the microseconds of the format: "1428625747586.227".
void add_us(std::string& to, std::uint64_t ns);

/// In quotes and escaped; what is not UTF-8 becomes U+FFFD. Cut after 64 KiB.
void add_text(std::string& to, std::string_view text);

std::string utf8(const wchar_t* text);

struct Span {
  std::string_view category;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint64_t process = 0;  ///< or the device
  std::uint64_t thread = 0;   ///< or the stream
  std::string_view name;
};

/// `{"ph":"X",...,"name":"x"`: open, so that args can follow; kEndOfLine or kEndOfArgs ends it.
void begin_event(std::string& to, const Span& span);
inline constexpr std::string_view kArgs = ",\"args\":{";
inline constexpr std::string_view kEndOfLine = "},\n";
inline constexpr std::string_view kEndOfArgs = "}},\n";

}  // namespace gable::inject
