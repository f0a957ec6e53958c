// A database that is only read, opened so that a hostile file cannot run anything: no views, no triggers, no virtual
// tables, nothing written beside it. All errors are InputError with the file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace gable {

class Sqlite {
 public:
  /// @throws InputError if it is no regular file or no database; `advice` says what would be right
  static Sqlite open(const std::string& path, std::string_view advice);
  /// `bytes` must outlive it; `name` is the file's in messages.
  static Sqlite from_bytes(std::string_view bytes, const std::string& name, std::string_view advice);

  /// @throws InputError if there is a view or a virtual table of that name
  [[nodiscard]] bool has_table(std::string_view name) const;
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

  [[noreturn]] void fail(const std::string& message) const;
  /// With what SQLite says of its last call. `doing` is "read table X".
  [[noreturn]] void fail_at(std::string_view doing) const;

 private:
  friend class SqliteRows;
  friend class SqliteTexts;

  enum class Entry : std::uint8_t { kTable, kView, kVirtual };
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  Sqlite(std::string name, std::int64_t bytes) : name_(std::move(name)), bytes_(bytes) {}
  void restrict();
  void read_entries();
  [[nodiscard]] Statement prepare(const std::string& sql, std::string_view doing) const;

  std::string name_;
  std::int64_t bytes_ = 0;
  std::unique_ptr<std::int64_t> steps_left_;  ///< SQLite holds on to it
  std::unique_ptr<sqlite3, Close> database_;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// The rows of a table as they lie in the file. Columns are named by their position in `columns`; one that the table
/// does not have is null in every row. A table that does not exist has no rows.
class SqliteRows {
 public:
  SqliteRows(const Sqlite& file, std::string_view table, std::span<const std::string_view> columns);

  [[nodiscard]] bool exists() const { return statement_ != nullptr; }
  [[nodiscard]] bool has(std::size_t column) const { return has_.at(column); }
  /// For progress: what a table of rows that were never deleted has; 0 where it cannot be told.
  [[nodiscard]] std::int64_t rows_about() const { return rows_about_; }

  [[nodiscard]] bool next();
  [[nodiscard]] std::int64_t row() const { return row_; }

  /// Nothing for null. @throws InputError with table, column and row for what is no integer
  [[nodiscard]] std::optional<std::int64_t> integer(std::size_t column) const;
  /// `if_null` for null. @throws InputError for a value that is not in [least, most]
  [[nodiscard]] std::int64_t integer_in(std::size_t column, std::int64_t least, std::int64_t most,
                                        std::int64_t if_null) const;
  /// Valid until next(). Nothing for null. @throws InputError for what is no text of at most 1 MB
  [[nodiscard]] std::optional<std::string_view> text(std::size_t column);
  [[noreturn]] void fail(std::size_t column, std::string_view message) const;

 private:
  const Sqlite& file_;
  std::string table_;
  std::vector<std::string_view> columns_;
  std::vector<bool> has_;
  Sqlite::Statement statement_;
  std::int64_t rows_about_ = 0;
  std::int64_t row_ = 0;
  std::int64_t text_bytes_ = 0;
};

/// Texts of a table (id, value), fetched as they are asked for: such tables hold whole logs beside the names.
class SqliteTexts {
 public:
  SqliteTexts(const Sqlite& file, std::string_view table);

  /// Valid until the next call. Nothing where there is no such row, or null in it.
  [[nodiscard]] std::optional<std::string_view> at(std::int64_t id);

 private:
  void note_rows();

  const Sqlite& file_;
  std::string table_;
  Sqlite::Statement statement_;
  std::unordered_map<std::int64_t, std::int64_t> rowids_;  ///< where the id is no key of the table
  bool is_key_ = false;
  std::int64_t text_bytes_ = 0;
};

}  // namespace gable
