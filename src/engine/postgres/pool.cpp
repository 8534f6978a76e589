#include "engine/postgres/pool.hpp"

#include "engine/postgres/postgres_error.hpp"
#include "engine/postgres/schema.hpp"
#include "platform/random.hpp"

namespace strata::engine::postgres {
namespace {

/// A snapshot is let go by its owner after a minute; the server lets go of what that owner left standing.
constexpr auto idle_snapshot_max = std::chrono::minutes(10);
constexpr auto retry_every = std::chrono::milliseconds(50);

/// Every session may then be of another life.
std::int64_t unknown_start() { return static_cast<std::int64_t>(platform::random_u64()); }

}  // namespace

std::unique_ptr<Connection> connect(const Target& target, std::chrono::milliseconds idle_in_transaction,
                                    platform::SteadyTime deadline, Lineage& lineage) {
  for (;;) {
    try {
      auto connection = std::make_unique<Connection>(target);
      prepare_session(*connection, idle_in_transaction);
      lineage.meet(server_start(*connection).value_or(unknown_start()));
      return connection;
    } catch (const Disconnected&) {
      if (platform::steady_now() + retry_every >= deadline) throw;
    }
    platform::sleep_until(platform::steady_now() + retry_every);
  }
}

std::unique_ptr<Connection> Pool::take(platform::SteadyTime deadline) {
  {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_until(lock, deadline, [&] { return in_use_ < target_.snapshots_max; })) {
      throw Error(ErrorCode::busy, target_.place + ": all " + std::to_string(target_.snapshots_max) +
                                       " snapshots are in use in this process; let some go, or raise ?snapshots=");
    }
    ++in_use_;
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  try {
    return connect(target_, idle_snapshot_max, deadline, lineage_);
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

void Pool::give_back(std::unique_ptr<Connection> connection) noexcept {
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    if (connection && !connection->lost()) idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

std::size_t Pool::in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_;
}

}  // namespace strata::engine::postgres
