// Something that holds a snapshot, and may hold it only for so long.
#pragma once

#include <functional>
#include <mutex>

#include "platform/clock.hpp"

namespace strata::commit {

/// Its owner works under use(); when it has grown too old, whoever notices first (the owner, or the background thread
/// of the trunk) lets the snapshot go, so that it stops neither checkpoints nor the reuse of pages.
class Aged {
 public:
  Aged(platform::SteadyTime until, std::function<void()> let_go) : until_(until), let_go_(std::move(let_go)) {}

  /// Runs `work` with the snapshot; `limit_exceeded` when it has grown too old.
  template <class Work>
  auto use(Work&& work) {
    const std::lock_guard lock(mutex_);
    if (gone_ || platform::steady_now() >= until_) too_old();
    return work();
  }
  /// Lets the snapshot go if its time is up and nobody is using it; whether it is gone.
  bool expire(platform::SteadyTime now);
  /// Its owner goes: nothing will be let go after this.
  void cancel();
  platform::SteadyTime until() const { return until_; }

 private:
  [[noreturn]] void too_old();

  std::recursive_mutex mutex_;
  platform::SteadyTime until_;
  std::function<void()> let_go_;
  bool gone_ = false;
};

}  // namespace strata::commit
