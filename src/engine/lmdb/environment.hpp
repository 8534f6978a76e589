// One LMDB environment: the mapped file, its trees, its pooled reader slots, and the state that is shared by every
// handle of this process on the directory.
#pragma once

#include <lmdb.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/lmdb/occupancy.hpp"
#include "engine/process_bond.hpp"
#include "platform/lock.hpp"
#include "strata/engine.hpp"

namespace strata::engine {

struct EnvironmentOptions {
  std::size_t map_bytes = 0;
  unsigned readers = 0;
  bool readahead = false;
};

/// Thread-safe. At most one exists for a directory in a process (environment_registry.hpp).
class Environment {
 public:
  /// `not_found` when there is nothing to open and the request is for reading alone.
  Environment(const OpenRequest& request, const EnvironmentOptions& options);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Makes the trees where they are absent, and readies the gate; doing it again is no error. Requires: one thread at a
  /// time, and before any that writes.
  void allow_writing(const std::string& store_directory);

  /// `closed` in a forked child, `io` after a failed write.
  void check() const {
    bond_.check(place_);
    if (poisoned_.load(std::memory_order_acquire)) refuse_poisoned();
  }
  bool inherited() const noexcept { return bond_.inherited(); }
  const std::string& place() const { return place_; }
  const std::string& directory() const { return directory_; }
  MDB_dbi tree(Space space) const { return trees_[static_cast<std::size_t>(space.group())]; }

  /// A read transaction on the latest state, from the pool when one is idle there.
  struct Reading {
    MDB_txn* transaction;
    std::uint64_t token;  ///< As Snapshot::token().
  };
  Reading begin_read();
  void end_read(MDB_txn* transaction) noexcept;

  /// Waits for the gate. Requires: allow_writing().
  std::unique_ptr<platform::Gate::Pass> enter_gate(Deadline deadline);
  /// Requires: the caller holds the gate. Ends by commit_write() or abandon_write() in the same thread: LMDB holds a
  /// mutex meanwhile that no other thread can release.
  MDB_txn* begin_write();
  void abandon_write(MDB_txn* transaction) noexcept;
  /// Any failure poisons.
  void commit_write(MDB_txn* transaction, Durability durability);
  /// Makes commits that were `relaxed` survive a power failure. A failure poisons.
  void flush();

  [[noreturn]] void fail(int code, const char* operation) const;
  /// As fail(); where the system refused a write, the environment is poisoned.
  [[noreturn]] void fail_write(int code, const char* operation);

  /// Clears the slots of dead processes, at most once a second.
  void sweep_readers();
  EngineStatistics statistics();

 private:
  /// Keeps the map where it is.
  class Use {
   public:
    explicit Use(Environment& environment) : environment_(environment) { environment_.enter(false); }
    ~Use() { environment_.leave(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Environment& environment_;
  };

  void remove_unbegun_file();
  void open_file();
  int open_with_map(std::size_t map_bytes);
  bool open_trees(unsigned flags);
  void close_file() noexcept;
  void adopt_larger_map();
  bool is_the_newest(MDB_txn* transaction) const;
  MDB_txn* enter(bool reading);
  void leave() noexcept;
  std::uint64_t free_pages(MDB_txn* transaction) const;
  static const char* tree_name(std::size_t group);
  void poison(int code, const char* operation) noexcept;
  [[noreturn]] void refuse_poisoned() const;

  const std::string directory_;
  const std::string place_;
  const EnvironmentOptions options_;
  const bool read_only_;
  ProcessBond bond_;
  std::unique_ptr<Occupancy> occupancy_;
  std::unique_ptr<platform::Gate> gate_;

  MDB_env* env_ = nullptr;
  std::array<MDB_dbi, space_groups> trees_{};
  bool trees_open_ = false;
  std::atomic<std::chrono::steady_clock::rep> swept_at_{0};

  std::mutex mutex_;            // guards what follows, and env_ while it is replaced
  std::size_t live_ = 0;        // uses of env_ that forbid to map it anew
  std::vector<MDB_txn*> idle_;  // reset, each with a slot in the reader table

  std::atomic<bool> poisoned_{false};
  mutable std::mutex poison_mutex_;
  int poison_code_ = 0;
  const char* poison_operation_ = "";
};

}  // namespace strata::engine
