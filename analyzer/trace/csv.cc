#include "analyzer/trace/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "analyzer/base/text.h"

namespace gable {
namespace {

/// A file can have more lines than an int counts; the last number then stands for the rest.
int clamped(int number, std::size_t added) {
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<int>::max());
  return static_cast<int>(std::min(kMost, static_cast<std::size_t>(number) + added));
}

}  // namespace

std::string_view CsvReader::peek_line() const {
  std::string_view line = rest_.substr(0, rest_.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void CsvReader::skip_line() {
  const std::size_t end = rest_.find('\n');
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  line_ = clamped(line_, 1);
  column_ = 1;
}

void CsvReader::advance(std::size_t bytes) {
  rest_.remove_prefix(bytes);
  column_ = clamped(column_, bytes);
}

std::string CsvReader::quoted() {
  const CsvField start{{}, line_, column_};
  advance(1);
  std::string text;
  while (true) {
    const std::size_t stop = rest_.find_first_of("\"\n");
    if (stop == std::string_view::npos) throw InputError(where(start), "this quote does not close");
    text += rest_.substr(0, stop);
    advance(stop);
    if (rest_.front() == '\n') {
      text += '\n';
      skip_line();
    } else if (rest_.substr(0, 2) == "\"\"") {
      text += '"';
      advance(2);
    } else {
      advance(1);
      return text;
    }
  }
}

std::vector<CsvField> CsvReader::row() {
  std::vector<CsvField> fields;
  while (true) {
    CsvField field{{}, line_, column_};
    const bool has_quotes = !rest_.empty() && rest_.front() == '"';
    if (has_quotes) field.text = quoted();
    std::string_view plain = rest_.substr(0, rest_.find_first_of(",\n"));
    const std::size_t plain_bytes = plain.size();
    if (plain.ends_with('\r')) plain.remove_suffix(1);
    if (has_quotes && !plain.empty())
      throw InputError({file_, line_, column_},
                       fmt::format("{} after a quote; a comma belongs there", in_quotes(plain)));
    if (!has_quotes) field.text = plain;
    fields.push_back(std::move(field));
    advance(plain_bytes);
    if (rest_.empty()) return fields;
    if (rest_.front() == '\n') {
      skip_line();
      return fields;
    }
    advance(1);
  }
}

}  // namespace gable
