#include "platform/thread_line.hpp"

namespace strata::platform {

bool ThreadLine::enter(SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  if (!occupied_) {
    occupied_ = true;
    return true;
  }
  Waiter self;
  const auto place = waiters_.insert(waiters_.end(), &self);
  while (!self.admitted) {
    if (self.turn.wait_until(lock, deadline) == std::cv_status::timeout && !self.admitted) {
      waiters_.erase(place);
      return false;
    }
  }
  return true;
}

void ThreadLine::leave() noexcept {
  const std::lock_guard lock(mutex_);
  if (waiters_.empty()) {
    occupied_ = false;
    return;
  }
  Waiter* next = waiters_.front();
  waiters_.pop_front();
  next->admitted = true;
  // Under the mutex: the waiter lives on its thread's stack, and returns as soon as it may.
  next->turn.notify_one();
}

std::size_t ThreadLine::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

}  // namespace strata::platform
