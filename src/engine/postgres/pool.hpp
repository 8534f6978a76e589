// The sessions that snapshots stand in, each for one at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/postgres/connection.hpp"
#include "engine/postgres/target.hpp"

namespace strata::engine::postgres {

/// The life of the server that the newest session met: one that was started anew may have lost commits. Thread-safe.
class Lineage {
 public:
  /// Tells of a session, by when its server was started.
  void meet(std::int64_t server_start) { number_ = static_cast<std::uint64_t>(server_start); }
  std::uint64_t number() const { return number_; }

 private:
  std::atomic<std::uint64_t> number_ = 0;
};

/// Connects, and prepares the session; goes on trying until the deadline while the server cannot be reached.
std::unique_ptr<Connection> connect(const Target& target, std::chrono::milliseconds idle_in_transaction,
                                    platform::SteadyTime deadline, Lineage& lineage);

/// Thread-safe.
class Pool {
 public:
  Pool(const Target& target, Lineage& lineage) : target_(target), lineage_(lineage) {}

  /// An idle session or a new one. `busy` when all are in use until the deadline.
  std::unique_ptr<Connection> take(platform::SteadyTime deadline);
  /// Null, or one that was lost: there is room for another.
  void give_back(std::unique_ptr<Connection> connection) noexcept;
  std::size_t in_use() const;

 private:
  const Target& target_;
  Lineage& lineage_;
  mutable std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace strata::engine::postgres
