// The DuckDB file of one directory, shared by every handle of this process, and whether a write has failed.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/connection.hpp"
#include "engine/duckdb/page_cache.hpp"
#include "engine/duckdb/page_rewrite.hpp"
#include "engine/duckdb/view.hpp"
#include "engine/occupant.hpp"
#include "engine/process_bond.hpp"
#include "platform/thread_line.hpp"
#include "strata/engine.hpp"

namespace strata::engine::duck {

struct DatabaseOptions {
  std::uint64_t cache_bytes = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t threads = 0;
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
  PageCache& cache() { return cache_; }

  /// The latest state.
  std::shared_ptr<View> begin_read();
  void end_read(Connection& connection) noexcept;
  void count_snapshot(int change) noexcept { snapshots_ += static_cast<std::uint64_t>(change); }

  /// Waits for this thread's turn to write; `busy` at the deadline. Ends by commit() or abandon().
  void begin_write(Deadline deadline);
  /// `view` is the state that the writes were made on; it is let go of.
  void commit(std::shared_ptr<View> view, const Overlay& overlay);
  void abandon() noexcept;

  void maintain();
  void compact(Progress& progress);
  EngineStatistics statistics();

 private:
  /// A state that is committed, or about to be.
  struct State {
    PageDirectory directory;
    std::uint64_t commits = 0;
  };

  void create(const DatabaseOptions& options);
  void open(const std::string& path, const DatabaseOptions& options);
  void close() noexcept;
  void recognise(Connection& connection);
  void load_directory(Connection& connection);
  void write(std::shared_ptr<View> view, const std::function<void(PageRewrite&)>& rewrite);
  void write_pages(View& view, const std::function<void(PageRewrite&)>& rewrite, State& next);
  std::optional<Bytes> repack_from(bytes_view from);
  void repack(Progress& progress);
  void checkpoint(std::string_view phase);
  std::optional<State> state_of(std::uint64_t commits) const;
  std::unique_ptr<Connection> connect() const { return std::make_unique<Connection>(database_, place_); }
  Connection& borrow();
  void drop(const Connection& connection) noexcept;
  void poison(const std::string& reason) noexcept;
  [[noreturn]] void refuse() const;

  const std::string directory_;
  const std::string path_;
  const std::string place_;
  const bool read_only_;
  ProcessBond bond_;
  std::unique_ptr<Occupant> occupant_;
  duckdb_database database_ = nullptr;
  PageCache cache_;

  platform::ThreadLine writers_;
  std::unique_ptr<Connection> writer_;  // belongs to whoever has the turn
  std::uint64_t next_id_ = 1;

  std::mutex state_mutex_;
  State published_;
  std::optional<State> committing_;
  std::shared_ptr<View> latest_;  // of the published state, or none

  std::mutex pool_mutex_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;

  std::atomic<std::uint64_t> snapshots_{0};
  std::atomic<bool> poisoned_{false};
  mutable std::mutex reason_mutex_;
  std::string reason_;
};

}  // namespace strata::engine::duck
