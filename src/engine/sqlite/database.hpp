// The SQLite database of one directory, shared by every handle of this process: its connections, the write gate, the
// write-ahead log's syncs and checkpoints, and whether a write has failed.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/commit_sync.hpp"
#include "engine/process_bond.hpp"
#include "engine/sqlite/connection.hpp"
#include "platform/file.hpp"
#include "platform/lock.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine::sqlite {

struct DatabaseOptions {
  std::uint64_t cache_bytes = 0;
  std::uint64_t mmap_bytes = 0;
  std::uint64_t wal_bytes = 0;
};

/// Thread-safe. At most one exists for a directory in a process.
class Database {
 public:
  Database(const OpenRequest& request, const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Makes the database where it is absent, and readies the gate. Does nothing the second time.
  void allow_writing(const std::string& store_directory);

  /// `closed` in a forked child, `io` after a failed write.
  void check() const {
    if (bond_.inherited() || poisoned_.load(std::memory_order_acquire)) refuse();
  }
  bool inherited() const noexcept { return bond_.inherited(); }
  const std::string& place() const { return place_; }
  void poison(const std::string& reason) noexcept;

  struct Pinned {
    Connection* connection;
    std::uint64_t token;
  };
  /// A connection that stands in a read transaction on the latest state.
  Pinned begin_read();
  void end_read(Connection* connection) noexcept;

  /// The right to write, and the connection to do it with, in a transaction. Ends by commit() or abandon().
  struct Turn {
    std::unique_ptr<platform::Gate::Pass> pass;
    Connection* connection = nullptr;
  };
  /// Requires: allow_writing().
  Turn begin_write(Deadline deadline);
  void commit(Turn& turn, Durability durability, bool changed);
  void abandon(Turn& turn) noexcept;

  void maintain();
  void compact(Progress& progress);
  EngineStatistics statistics();

 private:
  enum class Role { reading, writing, creating };
  std::unique_ptr<Connection> connect(Role role) const;
  bool recognise(Connection& connection) const;
  void open_writer();
  Connection* borrow();
  void give_back(Connection* connection) noexcept;
  void drop(Connection* connection) noexcept;
  void sync_through(std::uint64_t commit);
  void checkpoint_if_due(std::uint64_t pages_least) noexcept;
  void checkpoint();
  bool rewrite(Progress& progress);
  [[noreturn]] void refuse() const;

  const std::string directory_;
  const std::string path_;
  const std::string place_;
  const DatabaseOptions options_;
  const std::uint64_t wal_pages_due_;
  ProcessBond bond_;

  std::mutex opening_mutex_;
  std::atomic<bool> writable_{false};
  std::unique_ptr<platform::Gate> gate_;  // set once, before writable_
  std::unique_ptr<Connection> writer_;    // used by the holder of the gate
  platform::File log_;                    // for syncing: the log exists as long as a connection does

  std::mutex pool_mutex_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  std::atomic<std::uint64_t> snapshots_{0};
  std::atomic<bool> log_seen_{false};

  CommitSync sync_;

  std::mutex checkpoint_mutex_;
  std::atomic<std::uint64_t> wal_pages_{0};
  std::atomic<std::uint64_t> checkpoint_at_pages_;
  std::atomic<std::uint64_t> checkpoints_{0};

  std::atomic<bool> poisoned_{false};
  mutable std::mutex reason_mutex_;
  std::string reason_;
};

}  // namespace strata::engine::sqlite
