// Makes a long trace of a short one, for benchmarks: its events again and again, each time later, with correlations and
// ids of their own.
//   make_trace SHORT.json[.gz] MEGABYTES LONG.json
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/trace/byte_source.h"

namespace {

/// A number of the events that grows from one repetition to the next.
struct Growing {
  std::size_t at = 0;
  std::size_t size = 0;
  std::int64_t value = 0;
  std::int64_t step = 0;
};

struct Key {
  std::string_view text;
  std::int64_t step;  ///< us, or ids
};
constexpr Key kKeys[] = {{"\"ts\": ", 20000}, {"\"correlation\": ", 100000}, {"\"External id\": ", 100000}};

std::vector<Growing> growing_numbers(std::string_view events) {
  std::vector<Growing> found;
  for (std::size_t i = 0; i < events.size(); ++i) {
    for (const Key& key : kKeys) {
      if (!events.substr(i).starts_with(key.text)) continue;
      Growing number{i + key.text.size(), 0, 0, key.step};
      const char* const begin = events.data() + number.at;
      number.size =
          static_cast<std::size_t>(std::from_chars(begin, events.data() + events.size(), number.value).ptr - begin);
      if (number.size > 0) found.push_back(number);
    }
  }
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string text = gable::read_bytes(argv[1], std::int64_t{1} << 30, {});
  constexpr std::string_view kEvents = "\"traceEvents\": [";
  const std::size_t from = text.find(kEvents) + kEvents.size();
  // The events end where the first bracket stands that is as far to the left as the member.
  const std::size_t to = text.find("\n  ],", from);
  std::FILE* const out = std::fopen(argv[3], "wb");
  if (to == std::string::npos || out == nullptr) return 1;
  const std::string_view events = std::string_view(text).substr(from, to - from);
  const std::vector<Growing> numbers = growing_numbers(events);
  const std::size_t most = std::strtoull(argv[2], nullptr, 10) * 1000000;
  std::fwrite(text.data(), 1, from, out);
  std::size_t written = from;
  for (std::int64_t round = 0; written < most; ++round) {
    std::string piece = round == 0 ? "" : ",";
    std::size_t at = 0;
    for (const Growing& number : numbers) {
      piece += events.substr(at, number.at - at);
      piece += std::to_string(number.value + round * number.step);
      at = number.at + number.size;
    }
    piece += events.substr(at);
    written += std::fwrite(piece.data(), 1, piece.size(), out);
  }
  std::fwrite(text.data() + to, 1, text.size() - to, out);
  return std::fclose(out) == 0 ? 0 : 1;
}
