// One SQLite connection to the database, with its prepared statements.
#pragma once

#include <sqlite3.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/process_bond.hpp"
#include "platform/clock.hpp"
#include "strata/engine.hpp"

namespace strata::engine::sqlite {

/// What is asked of the table of one space group.
enum class Query : std::uint8_t { get, put, erase, erase_range, scan, scan_reverse, scan_keys, scan_keys_reverse };
inline constexpr std::size_t queries = 8;

struct ConnectionOptions {
  std::string path;
  std::string place;  ///< for messages
  bool read_only = false;
  bool create = false;
  std::uint64_t cache_bytes = 0;
  std::uint64_t mmap_bytes = 0;
  std::uint64_t wal_bytes_kept = 0;      ///< what the log file shrinks to when it starts anew
  std::chrono::nanoseconds patience{0};  ///< How long a call waits for a lock of another process, opening included.
};

class Connection;

/// A prepared statement taken from its connection, given back when destroyed. Movable.
class Statement {
 public:
  Statement() = default;
  Statement(Connection& connection, Query query, SpaceGroup group);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement() { give_back(); }

  explicit operator bool() const { return statement_ != nullptr; }
  /// The view must live until the next step() has returned, and through all steps of a scan.
  void bind(int index, bytes_view value);
  /// True when it stands on a row.
  bool step(std::string_view operation);
  /// Valid until the next step, and until it is given back.
  bytes_view column(int index) const;

 private:
  void give_back() noexcept;

  Connection* connection_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  Query query_{};
  SpaceGroup group_{};
};

/// Used by one thread at a time. In a forked child it is neither used nor closed: SQLite's locks do not survive fork.
class Connection {
 public:
  explicit Connection(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// How long the next calls wait where another process is in the way.
  void set_patience(std::chrono::nanoseconds patience) { patience_ = patience; }

  void execute(const std::string& sql, std::string_view operation);
  std::int64_t number(const std::string& sql, std::string_view operation);

  /// Pins the latest state.
  void begin_read();
  /// False when SQLite refused.
  bool end_read() noexcept;
  void begin_write();
  void commit();
  /// Ends a transaction without effect. False when SQLite refused.
  bool rollback() noexcept;

  /// A hash of what SQLite knows the pinned state by; 0 while the write-ahead log has never been written.
  std::uint64_t state_hash() const;

  struct CheckpointResult {
    bool finished = false;        ///< Nothing stood in the way.
    std::uint64_t wal_pages = 0;  ///< in the log
    std::uint64_t copied = 0;     ///< of them, in the database too
  };
  /// `restart` also waits, within the patience, until the log can start anew.
  CheckpointResult checkpoint(bool restart);

  /// Pages in the log after the last commit of this connection.
  std::uint64_t wal_pages() const { return wal_pages_; }

  /// Rewrites the database without its gaps. False when `go_on`, asked now and then, said so.
  bool vacuum(const std::function<bool()>& go_on);

  void release_memory() noexcept;
  /// Leaves the write-ahead log as it is when this is the last connection to close.
  void keep_log_at_close() noexcept;

  [[noreturn]] void fail(int code, std::string_view operation) const;

 private:
  friend class Statement;
  using Slot = std::vector<sqlite3_stmt*>;

  sqlite3_stmt* prepare(const std::string& sql, std::string_view operation);
  sqlite3_stmt* take(Query query, SpaceGroup group);
  void give_back(Query query, SpaceGroup group, sqlite3_stmt* statement) noexcept;
  Slot& slot(Query query, SpaceGroup group);
  void run(sqlite3_stmt*& statement, const char* sql, std::string_view operation);
  void open(const ConnectionOptions& options);
  void configure(const ConnectionOptions& options);
  void close() noexcept;
  static int wait_while_busy(void* self, int count);

  const std::string place_;
  ProcessBond bond_;
  sqlite3* database_ = nullptr;
  std::chrono::nanoseconds patience_;
  platform::SteadyTime busy_until_{};
  std::uint64_t wal_pages_ = 0;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* pin_ = nullptr;
  sqlite3_stmt* begin_write_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* rollback_ = nullptr;
  std::array<Slot, queries * space_groups> slots_;
};

inline constexpr std::uint64_t page_bytes = 4096;

/// The statement that makes the table of a group.
std::string table_definition(SpaceGroup group);

}  // namespace strata::engine::sqlite
