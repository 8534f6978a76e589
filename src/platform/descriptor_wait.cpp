#include "platform/descriptor_wait.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>

#include "platform/os_error.hpp"

namespace strata::platform {
namespace {

constexpr std::int64_t milliseconds_max = 60'000;

/// Rounded up, so that a wait does not end before its time.
int milliseconds_until(SteadyTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, milliseconds_max));
}

}  // namespace

DescriptorEvents wait_for_descriptor(int descriptor, DescriptorEvents wanted, SteadyTime deadline) {
  pollfd one{};
  one.fd = descriptor;
  one.events = static_cast<short>((wanted.readable ? POLLIN : 0) | (wanted.writable ? POLLOUT : 0));
  for (;;) {
    const int ready = ::poll(&one, 1, milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) throw os_error("poll", "a descriptor", errno);
    if (ready > 0) {
      const bool failed = (one.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
      return {failed || (one.revents & POLLIN) != 0, failed || (one.revents & POLLOUT) != 0};
    }
    if (steady_now() >= deadline) return {};
  }
}

}  // namespace strata::platform
