#include "platform/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace strata::platform {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
                  std::atomic<std::uint32_t>::is_always_lock_free,
              "the kernel and other processes read the bare word");

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen, SteadyTime deadline) {
  const auto since_start = deadline.time_since_epoch();
  if (since_start.count() < 0) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_start);
  timespec until{};
  until.tv_sec = static_cast<time_t>(seconds.count());
  until.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since_start - seconds).count());
  // The BITSET form alone takes an absolute time (CLOCK_MONOTONIC, which steady_clock is); not PRIVATE, as the word may
  // be shared.
  ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, seen, &until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(std::atomic<std::uint32_t>& word, int count) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0);
}

}  // namespace strata::platform
