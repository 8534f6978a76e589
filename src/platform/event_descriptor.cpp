#include "platform/event_descriptor.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "strata/error.hpp"

namespace strata::platform {

EventDescriptor::EventDescriptor() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) {
    throw Error(ErrorCode::io, std::string("no descriptor to wait on: ") + std::strerror(errno) +
                                   "; close some, or raise the limit (ulimit -n)");
  }
}

EventDescriptor::~EventDescriptor() { ::close(descriptor_); }

void EventDescriptor::set() noexcept {
  const std::uint64_t one = 1;
  // It fails only when it is set already.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

void EventDescriptor::clear() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(descriptor_, &count, sizeof count);
}

}  // namespace strata::platform
