#include "platform/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "platform/clock.hpp"
#include "platform/os_error.hpp"

namespace strata::platform {
namespace {

constexpr unsigned counter_bits = 12;
constexpr std::uint64_t counter_max = (std::uint64_t{1} << counter_bits) - 1;

/// Milliseconds and counter of the id made last: one word, so that neither threads nor a fork can find it half-made.
std::atomic<std::uint64_t> last_stamp{0};

/// Above every stamp given before. When the clock stands or goes back the counter runs on, into the milliseconds at
/// its end.
std::uint64_t next_stamp() {
  const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(clock().now().micros / 1000, 0));
  std::uint64_t last = last_stamp.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = std::max(millis << counter_bits, last + 1);
  } while (!last_stamp.compare_exchange_weak(last, next, std::memory_order_relaxed));
  return next;
}

}  // namespace

void fill_random(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t filled = ::getrandom(out.data(), out.size(), 0);
    if (filled < 0) {
      if (errno == EINTR) continue;
      throw os_error("read randomness from", "getrandom", errno);
    }
    out = out.subspan(static_cast<std::size_t>(filled));
  }
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  fill_random(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

Uuid make_uuid() {
  const std::uint64_t stamp = next_stamp();
  const std::uint64_t millis = stamp >> counter_bits;
  const std::uint64_t counter = stamp & counter_max;
  Uuid id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | counter >> 8);
  id.bytes[7] = static_cast<std::uint8_t>(counter);
  fill_random(std::as_writable_bytes(std::span(id.bytes).subspan(8)));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

Time time_of(const Uuid& id) {
  std::int64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i) millis = millis << 8 | id.bytes[i];
  return {millis * 1000};
}

}  // namespace strata::platform
