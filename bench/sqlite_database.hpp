// A raw SQLite connection and its statements, owned. Failures are std::runtime_error.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace strata::bench {

class SqliteStatement {
 public:
  SqliteStatement() = default;
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  void bind_text(int place, std::string_view text) {
    sqlite3_bind_text64(statement_.get(), place, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void bind_blob(int place, std::string_view bytes) {
    sqlite3_bind_blob64(statement_.get(), place, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  void bind(int place, std::int64_t number) { sqlite3_bind_int64(statement_.get(), place, number); }
  std::string_view column(int place) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), place));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), place))};
  }
  std::int64_t number(int place) const { return sqlite3_column_int64(statement_.get(), place); }
  /// True when there is a row.
  bool step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    throw std::runtime_error(std::string("raw SQLite: ") + sqlite3_errmsg(sqlite3_db_handle(statement_.get())));
  }
  /// Runs it to its end, ready for the next time.
  void run() {
    while (step()) {
    }
    reset();
  }
  void reset() { sqlite3_reset(statement_.get()); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  /// Write-ahead log, every commit synced.
  explicit SqliteDatabase(const std::string& path) {
    sqlite3* opened = nullptr;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    database_.reset(opened);
    require(code);
    constexpr int patience_ms = 60'000;
    sqlite3_busy_timeout(database_.get(), patience_ms);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  }
  void run(const std::string& sql) { require(sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr)); }
  SqliteStatement prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    require(sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr));
    return SqliteStatement(statement);
  }

 private:
  void require(int code) {
    if (code != SQLITE_OK) throw std::runtime_error(std::string("raw SQLite: ") + sqlite3_errmsg(database_.get()));
  }
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace strata::bench
