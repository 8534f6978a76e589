// A line of the threads of one process before one place.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>

#include "platform/clock.hpp"

namespace strata::platform {

/// Lets one thread in at a time, first come, first served.
class ThreadLine {
 public:
  /// False when it was not this thread's turn before the deadline. A place that is free is taken whatever the deadline.
  bool enter(SteadyTime deadline);
  /// By any thread, for the one that is inside.
  void leave() noexcept;
  std::size_t waiting() const;

 private:
  struct Waiter {
    std::condition_variable turn;
    bool admitted = false;
  };

  mutable std::mutex mutex_;
  std::list<Waiter*> waiters_;
  bool occupied_ = false;
};

}  // namespace strata::platform
