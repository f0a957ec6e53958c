#include "probes/inject/lines.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace gable::inject {
namespace {

constexpr std::size_t kMostText = std::size_t{64} << 10;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

template <typename Number>
void add(std::string& to, Number number) {
  std::array<char, 24> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  to.append(digits.data(), end);
}

void add_utf8(std::string& to, char32_t c) {
  const auto byte = [&to](char32_t bits) { to.push_back(static_cast<char>(bits)); };
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
    to.append(kReplacement);
  } else if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | (c >> 6));
    byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3F));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  }
}

/// Bytes of the well-formed character that `text` starts with; 0 if there is none. Table 3-7 of the Unicode standard.
std::size_t utf8_length(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return 0;
  }
  const bool wrong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) ||
                     (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F);
  return wrong ? 0 : length;
}

void add_control(std::string& to, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  to.append("\\u00");
  to.push_back(kHex[static_cast<unsigned char>(c) >> 4U]);
  to.push_back(kHex[static_cast<unsigned char>(c) & 0xFU]);
}

}  // namespace

void add_number(std::string& to, std::uint64_t number) { add(to, number); }
void add_number(std::string& to, std::int64_t number) { add(to, number); }

void add_us(std::string& to, std::uint64_t ns) {
  add(to, ns / 1000);
  const auto rest = static_cast<unsigned>(ns % 1000);
  to.push_back('.');
  for (const unsigned digit : {rest / 100, rest / 10 % 10, rest % 10}) to.push_back(static_cast<char>('0' + digit));
}

void add_text(std::string& to, std::string_view text) {
  text = text.substr(0, kMostText);
  to.push_back('"');
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      to.append(kReplacement);
    } else if (c == '"' || c == '\\') {
      to.push_back('\\');
      to.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      add_control(to, c);
    } else {
      to.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  to.push_back('"');
}

std::string utf8(const wchar_t* text) {
  std::string made;
  for (; text != nullptr && *text != L'\0' && made.size() < kMostText; ++text)
    add_utf8(made, static_cast<char32_t>(*text));
  return made;
}

void begin_event(std::string& to, const Span& span) {
  to.append("{\"ph\":\"X\",\"cat\":\"").append(span.category).append("\",\"ts\":");
  add_us(to, span.start_ns);
  to.append(",\"dur\":");
  add_us(to, span.end_ns > span.start_ns ? span.end_ns - span.start_ns : 0);
  to.append(",\"pid\":");
  add(to, span.process);
  to.append(",\"tid\":");
  add(to, span.thread);
  to.append(",\"name\":");
  add_text(to, span.name);
}

}  // namespace gable::inject
