// The rows of a table, and texts by their ids.
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>

#include "analyzer/base/text.h"
#include "analyzer/base/units.h"
#include "analyzer/trace/sqlite.h"

namespace gable {
namespace {

constexpr int kLongestText = 1 << 20;
// A cell has at least a pointer of two bytes, a length, and the number of the row. Pages that are named twice in a
// damaged tree make more rows than that without end.
constexpr std::int64_t kLeastRowBytes = 4;

std::string reading(std::string_view table) { return fmt::format("read table {}", table); }

/// The text of a column that is one; counts its bytes. Each byte of a file is in one text of a table, so more bytes
/// than the file has (or thrice, from UTF-16) come of pages that are named twice.
struct TextRead {
  std::string_view text;
  std::string wrong;  ///< "" where nothing is
};
TextRead read_text(sqlite3_stmt* statement, int column, std::int64_t file_bytes, std::int64_t& text_bytes) {
  if (sqlite3_column_type(statement, column) != SQLITE_TEXT) return {{}, "a number or blob where a text belongs"};
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  const int size = sqlite3_column_bytes(statement, column);
  if (text == nullptr) return {{}, "a text that does not fit in memory"};
  if (size > kLongestText) return {{}, fmt::format("a text of {} bytes; at most 1 MB", format_grouped(size))};
  text_bytes += size;
  if (text_bytes > 3 * file_bytes) return {{}, "a text that the file has no room for: the file is damaged"};
  return {{text, static_cast<std::size_t>(size)}, ""};
}

}  // namespace

SqliteRows::SqliteRows(const Sqlite& file, std::string_view table, std::span<const std::string_view> columns)
    : file_(file), table_(table), columns_(columns.begin(), columns.end()), has_(columns.size(), false) {
  if (!file.has_table(table)) return;
  const Sqlite::Statement info = file.prepare(fmt::format("PRAGMA table_info(\"{}\")", table), reading(table));
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(info.get())) == SQLITE_ROW) {
    const auto* name = reinterpret_cast<const char*>(sqlite3_column_text(info.get(), 1));
    const auto found = std::ranges::find(columns_, std::string_view(name == nullptr ? "" : name));
    if (found != columns_.end()) has_[static_cast<std::size_t>(found - columns_.begin())] = true;
  }
  if (result != SQLITE_DONE) file.fail_at(reading(table));
  std::string wanted;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    wanted += fmt::format("{}{}", i == 0 ? "" : ", ", has_[i] ? fmt::format("\"{}\"", columns_[i]) : "NULL");
  statement_ = file.prepare(fmt::format("SELECT {} FROM \"{}\" NOT INDEXED", wanted, table), reading(table));
  // One step down the tree. A table without rowids has no such number, and progress then stands still in it.
  sqlite3_stmt* last = nullptr;
  sqlite3_prepare_v2(file.database_.get(), fmt::format("SELECT max(rowid) FROM \"{}\"", table).c_str(), -1, &last,
                     nullptr);
  const Sqlite::Statement owned(last);
  if (last != nullptr && sqlite3_step(last) == SQLITE_ROW)
    rows_about_ = std::clamp<std::int64_t>(sqlite3_column_int64(last, 0), 0, file.bytes() / kLeastRowBytes);
}

bool SqliteRows::next() {
  if (!statement_) return false;
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_DONE) return false;
  ++row_;
  if (result != SQLITE_ROW) file_.fail_at(fmt::format("{}, row {}", reading(table_), row_));
  if (row_ > file_.bytes() / kLeastRowBytes)
    file_.fail(fmt::format("table {} has more rows than the file has room for: the file is damaged", table_));
  return true;
}

void SqliteRows::fail(std::size_t column, std::string_view message) const {
  file_.fail(fmt::format("table {}, column {}, row {}: {}", table_, columns_.at(column), row_, message));
}

std::optional<std::int64_t> SqliteRows::integer(std::size_t column) const {
  const int at = static_cast<int>(column);
  const int type = sqlite3_column_type(statement_.get(), at);
  if (type == SQLITE_NULL) return std::nullopt;
  if (type == SQLITE_INTEGER) return sqlite3_column_int64(statement_.get(), at);
  if (type == SQLITE_BLOB) fail(column, "a blob where an integer belongs");
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), at));
  const std::string_view value(text == nullptr ? "" : text);
  fail(column, fmt::format("{} is no integer", type == SQLITE_TEXT ? in_quotes(value) : std::string(value)));
}

std::int64_t SqliteRows::integer_in(std::size_t column, std::int64_t least, std::int64_t most,
                                    std::int64_t if_null) const {
  const std::int64_t value = integer(column).value_or(if_null);
  if (value < least || value > most) fail(column, fmt::format("{} is not between {} and {}", value, least, most));
  return value;
}

std::optional<std::string_view> SqliteRows::text(std::size_t column) {
  const int at = static_cast<int>(column);
  if (sqlite3_column_type(statement_.get(), at) == SQLITE_NULL) return std::nullopt;
  const TextRead read = read_text(statement_.get(), at, file_.bytes(), text_bytes_);
  if (!read.wrong.empty()) fail(column, read.wrong);
  return read.text;
}

SqliteTexts::SqliteTexts(const Sqlite& file, std::string_view table) : file_(file), table_(table) {
  constexpr std::array<std::string_view, 2> kColumns = {"id", "value"};
  const SqliteRows rows(file, table, kColumns);
  if (!rows.has(0) || !rows.has(1)) return;
  const std::string key = fmt::format("SELECT pk FROM pragma_table_info('{}') WHERE name = 'id'", table);
  const Sqlite::Statement info = file.prepare(key, reading(table));
  is_key_ = sqlite3_step(info.get()) == SQLITE_ROW && sqlite3_column_int(info.get(), 0) == 1;
  if (!is_key_) note_rows();
  statement_ = file.prepare(fmt::format("SELECT value FROM \"{}\" WHERE {} = ?", table, is_key_ ? "id" : "rowid"),
                            reading(table));
}

// Tools that copy tables lose the key, and a search of the whole table for each name would take hours.
void SqliteTexts::note_rows() {
  const Sqlite::Statement all =
      file_.prepare(fmt::format("SELECT id, rowid FROM \"{}\" NOT INDEXED", table_), reading(table_));
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(all.get())) == SQLITE_ROW) {
    if (static_cast<std::int64_t>(rowids_.size()) > file_.bytes() / kLeastRowBytes)
      file_.fail(fmt::format("table {} has more rows than the file has room for: the file is damaged", table_));
    rowids_.emplace(sqlite3_column_int64(all.get(), 0), sqlite3_column_int64(all.get(), 1));
  }
  if (result != SQLITE_DONE) file_.fail_at(reading(table_));
}

std::optional<std::string_view> SqliteTexts::at(std::int64_t id) {
  if (!statement_) return std::nullopt;
  std::int64_t key = id;
  if (!is_key_) {
    const auto found = rowids_.find(id);
    if (found == rowids_.end()) return std::nullopt;
    key = found->second;
  }
  sqlite3_stmt* const statement = statement_.get();
  sqlite3_reset(statement);
  sqlite3_bind_int64(statement, 1, key);
  const int result = sqlite3_step(statement);
  if (result == SQLITE_DONE) return std::nullopt;
  if (result != SQLITE_ROW) file_.fail_at(reading(table_));
  if (sqlite3_column_type(statement, 0) == SQLITE_NULL) return std::nullopt;
  const TextRead read = read_text(statement, 0, file_.bytes(), text_bytes_);
  if (!read.wrong.empty()) file_.fail(fmt::format("table {}, column value, id {}: {}", table_, id, read.wrong));
  return read.text;
}

}  // namespace gable
