// One SQLite connection to a text index, with its prepared statements.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "platform/file_identity.hpp"
#include "strata/error.hpp"
#include "strata/types.hpp"

namespace strata::view::text {

/// The file is not what it should be, and is made anew: damaged, or gone.
class BrokenFile : public Error {
 public:
  explicit BrokenFile(const std::string& message) : Error(ErrorCode::corruption, message) {}
};

class Connection;

/// A prepared statement of the connection, ready to be bound; reset when destroyed. One use of one text at a time.
class Statement {
 public:
  Statement(Connection& connection, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Numbered from 1. Views must live until the last step.
  Statement& bind(int index, std::uint64_t number);
  Statement& bind_blob(int index, bytes_view bytes);
  Statement& bind_text(int index, std::string_view text);
  /// For functions of ours; `type` names what it points to.
  Statement& bind_pointer(int index, void* pointer, const char* type);

  /// True when it stands on a row.
  bool step();
  void run() {
    while (step()) {
    }
  }
  /// To be bound and run again.
  void reset();

  // Numbered from 0, valid until the next step.
  std::uint64_t number(int column) const;
  double real(int column) const;
  bytes_view bytes(int column) const;

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
};

/// Used by one thread at a time. In a forked child it is neither used nor closed: SQLite's locks do not survive fork.
class Connection {
 public:
  /// Empty: a private database that lives in memory, and on the disk where it grows large.
  explicit Connection(std::string path);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void execute(const char* sql);
  bool in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }
  void rollback() noexcept;
  /// The files that it works on, as the paths lead to them. BrokenFile when one is gone.
  struct Files {
    platform::FileIdentity database;
    platform::FileIdentity log;
    platform::FileIdentity log_index;
    friend bool operator==(const Files&, const Files&) = default;
  };
  /// Requires: it has read.
  const Files& note_files();
  /// Whether the database's path leads elsewhere by now, or to nothing.
  bool is_displaced() const;
  /// Whether that of its log does, or of the log's index: others would not see what it writes.
  bool lost_its_log() const;
  bool is_private() const { return path_.empty(); }
  bool inherited() const;
  sqlite3* handle() const { return database_; }

  /// Throws what the code means; BrokenFile when the file is to be made anew.
  [[noreturn]] void fail(int code) const;

 private:
  friend class Statement;
  sqlite3_stmt* take(const std::string& sql);
  void close() noexcept;
  static int wait_while_busy(void* self, int count);

  std::string path_;
  std::uint64_t fork_generation_;
  sqlite3* database_ = nullptr;
  std::int64_t busy_until_ = 0;
  std::map<std::string, sqlite3_stmt*> statements_;
  Files files_;
};

/// A transaction of the connection; the destructor rolls back.
class SqliteTransaction {
 public:
  enum class Kind { read, write };
  SqliteTransaction(Connection& connection, Kind kind);
  ~SqliteTransaction() { connection_.rollback(); }
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  void commit() { connection_.execute("COMMIT"); }

 private:
  Connection& connection_;
};

}  // namespace strata::view::text
