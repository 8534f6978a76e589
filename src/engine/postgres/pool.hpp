// The sessions that snapshots stand in, each for one at a time.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/postgres/connection.hpp"
#include "engine/postgres/target.hpp"

namespace strata::engine::postgres {

/// Connects, and prepares the session; goes on trying until the deadline while the server cannot be reached.
std::unique_ptr<Connection> connect(const Target& target, std::chrono::milliseconds idle_in_transaction,
                                    platform::SteadyTime deadline);

/// Thread-safe.
class Pool {
 public:
  explicit Pool(const Target& target) : target_(target) {}

  /// An idle session or a new one. `busy` when all are in use until the deadline.
  std::unique_ptr<Connection> take(platform::SteadyTime deadline);
  /// Null, or one that was lost: there is room for another.
  void give_back(std::unique_ptr<Connection> connection) noexcept;
  std::size_t in_use() const;

 private:
  const Target& target_;
  mutable std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace strata::engine::postgres
