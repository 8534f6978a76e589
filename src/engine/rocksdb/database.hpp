// The RocksDB database of one directory, shared by every handle of this process, and whether a write has failed.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/commit_sync.hpp"
#include "engine/occupant.hpp"
#include "engine/process_bond.hpp"
#include "platform/thread_line.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine::lsm {

struct DatabaseOptions {
  std::uint64_t cache_bytes = 0;
  std::uint64_t write_buffer_bytes = 0;
};

/// Thread-safe. At most one exists for a directory in a process.
class Database {
 public:
  Database(const OpenRequest& request, const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// `closed` in a forked child, `io` after a failed write.
  void check() const {
    if (bond_.inherited() || poisoned_.load(std::memory_order_acquire)) refuse();
  }
  bool inherited() const noexcept { return bond_.inherited(); }
  bool read_only() const { return read_only_; }
  const std::string& place() const { return place_; }
  rocksdb::DB& rows() const { return *database_; }
  rocksdb::ColumnFamilyHandle* family(Space space) const { return families_[static_cast<std::size_t>(space.group())]; }
  [[noreturn]] void fail(const rocksdb::Status& status, std::string_view operation) const;

  const rocksdb::Snapshot* begin_read();
  void end_read(const rocksdb::Snapshot* snapshot) noexcept;

  /// Waits for this thread's turn to write; `busy` at the deadline. Ends by commit() or abandon().
  void begin_write(Deadline deadline);
  void commit(rocksdb::WriteBatchWithIndex& batch, Durability durability);
  void abandon() noexcept;

  void compact(Progress& progress);
  EngineStatistics statistics();

 private:
  void open(const DatabaseOptions& options);
  void sync_through(std::uint64_t commit);
  void poison(const std::string& reason) noexcept;
  [[noreturn]] void refuse() const;
  std::uint64_t property(const std::string& name) const;

  const std::string directory_;
  const std::string place_;
  const bool read_only_;
  ProcessBond bond_;
  std::unique_ptr<Occupant> occupant_;
  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;

  platform::ThreadLine writers_;
  CommitSync sync_;
  std::atomic<std::uint64_t> snapshots_{0};

  std::atomic<bool> poisoned_{false};
  mutable std::mutex reason_mutex_;
  std::string reason_;
};

}  // namespace strata::engine::lsm
