#include "analyzer/trace/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/trace/byte_source.h"

namespace gable {
namespace {

constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr int kLongestRow = 256 << 20;

// Pages that are named twice in a damaged tree keep SQLite busy without end, its own reading of the schema included. A
// row takes a dozen steps and has more bytes than that.
constexpr std::int64_t kStepsPerByte = 64;
constexpr std::int64_t kStepsAtLeast = 1 << 20;
constexpr int kStepsAtOnce = 1000;

int count_steps(void* steps_left) {
  auto& left = *static_cast<std::int64_t*>(steps_left);
  left -= kStepsAtOnce;
  return left < 0 ? 1 : 0;
}

/// The path as a URI: '?' and '#' end one, '%' begins an escape.
std::string read_only_uri(const std::string& path) {
  std::string uri = "file://";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '?' || c == '#' || c == '%')
      uri += fmt::format("%{:02X}", static_cast<unsigned>(c));
    else
      uri += c;
  }
  return uri + "?immutable=1";  // no journal is looked for or written beside the user's file
}

}  // namespace

void Sqlite::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void Sqlite::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Sqlite::fail(const std::string& message) const {
  throw InputError(Where{std::make_shared<const std::string>(name_)}, message);
}

void Sqlite::fail_at(std::string_view doing) const {
  if (sqlite3_errcode(database_.get()) == SQLITE_INTERRUPT)
    fail(fmt::format("cannot {}: it goes on without end, the file is damaged", doing));
  fail(fmt::format("cannot {}: SQLite says {}", doing, in_quotes(sqlite3_errmsg(database_.get()))));
}

Sqlite Sqlite::open(const std::string& path, std::string_view advice) {
  Sqlite file(path, open_bytes(path)->all_bytes());
  std::array<char, kMagic.size()> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  if (std::string_view(head.data(), head.size()) != kMagic) file.fail(fmt::format("no SQLite database; {}", advice));
  sqlite3* database = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  const int result = sqlite3_open_v2(read_only_uri(path).c_str(), &database, kFlags, nullptr);
  file.database_.reset(database);
  if (result != SQLITE_OK) file.fail_at("open");
  file.restrict();
  file.read_entries();
  return file;
}

Sqlite Sqlite::from_bytes(std::string_view bytes, const std::string& name, std::string_view advice) {
  Sqlite file(name, static_cast<std::int64_t>(bytes.size()));
  if (!bytes.starts_with(kMagic)) file.fail(fmt::format("no SQLite database; {}", advice));
  sqlite3* database = nullptr;
  const int result = sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  file.database_.reset(database);
  if (result != SQLITE_OK) file.fail_at("open");
  // SQLite takes a pointer that it may write through; READONLY is its word that it does not.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  if (sqlite3_deserialize(database, "main", data, size, size, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
    file.fail_at("open");
  file.restrict();
  file.read_entries();
  return file;
}

void Sqlite::restrict() {
  sqlite3* const database = database_.get();
  for (const int off : {SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                        SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION})
    sqlite3_db_config(database, off, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  steps_left_ = std::make_unique<std::int64_t>(kStepsAtLeast + kStepsPerByte * bytes_);
  sqlite3_progress_handler(database, kStepsAtOnce, count_steps, steps_left_.get());
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, kLongestRow);
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_exec(database, "PRAGMA cell_size_check=ON", nullptr, nullptr, nullptr);
}

void Sqlite::read_entries() {
  const Statement statement = prepare("SELECT name, type, rootpage FROM sqlite_master", "read its tables");
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(statement.get())) == SQLITE_ROW) {
    const auto text = [&](int column) {
      const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), column));
      return std::string(value == nullptr ? "" : value);
    };
    const std::string type = text(1);
    if (type == "table")
      entries_.emplace(text(0), sqlite3_column_int64(statement.get(), 2) > 0 ? Entry::kTable : Entry::kVirtual);
    if (type == "view") entries_.emplace(text(0), Entry::kView);
  }
  if (result != SQLITE_DONE) fail_at("read its tables");
}

bool Sqlite::has_table(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return false;
  if (found->second == Entry::kTable) return true;
  fail(fmt::format("{} is a {}, not a table of records", name,
                   found->second == Entry::kView ? "view" : "virtual table"));
}

Sqlite::Statement Sqlite::prepare(const std::string& sql, std::string_view doing) const {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail_at(doing);
  return Statement(statement);
}

}  // namespace gable
