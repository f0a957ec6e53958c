// Comma-separated values with quoted fields (RFC 4180), row by row with their places.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/error.h"

namespace gable {

struct CsvField {
  std::string text;
  int line = 0;
  int column = 0;
};

class CsvReader {
 public:
  /// `bytes` must outlive it; `name` is the file's in messages.
  CsvReader(std::string_view bytes, const std::string& name)
      : rest_(bytes), file_(std::make_shared<const std::string>(name)) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t bytes_left() const { return rest_.size(); }
  /// The line that comes next, without its end.
  [[nodiscard]] std::string_view peek_line() const;
  void skip_line();
  /// @throws InputError for a quote that does not close, and for letters after one that did
  [[nodiscard]] std::vector<CsvField> row();

  [[nodiscard]] Where where(const CsvField& field) const { return {file_, field.line, field.column}; }
  /// The start of the next line.
  [[nodiscard]] Where where() const { return {file_, line_, 1}; }

 private:
  [[nodiscard]] std::string quoted();
  void advance(std::size_t bytes);

  std::string_view rest_;
  std::shared_ptr<const std::string> file_;
  int line_ = 1;
  int column_ = 1;
};

}  // namespace gable
