// The wake-up word of a store on a server: LISTEN and NOTIFY on a session of their own.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "engine/postgres/connection.hpp"
#include "engine/postgres/target.hpp"
#include "strata/engine.hpp"

namespace strata::engine::postgres {

/// The session begins with the first use: who only reads a record needs none. Where the server knows no notifications,
/// or cannot be reached, only this process's own commits change the word, and waiting falls back to the caller's poll.
class HintLine : public Wake {
 public:
  explicit HintLine(const Target& target);

  std::uint32_t current() override;
  void notify() noexcept override;
  std::uint32_t wait(std::uint32_t seen, Deadline deadline) override;

 private:
  /// Unless it is there, or was tried a moment ago.
  void connect();
  void take_hints();

  const Target& target_;
  const std::string channel_;
  const std::string own_mark_;
  ProcessBond bond_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Connection> connection_;
  platform::SteadyTime connect_at_{};
  bool was_connected_ = false;
  std::uint32_t word_ = 1;
  bool listening_ = false;  ///< A waiter looks after the session; the others wait for it.
};

}  // namespace strata::engine::postgres
