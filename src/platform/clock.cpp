#include "platform/clock.hpp"

#include <time.h>

#include <cerrno>
#include <string_view>

#include "platform/file.hpp"

namespace strata::platform {
namespace {

std::chrono::nanoseconds read_clock(clockid_t id) {
  timespec value{};
  ::clock_gettime(id, &value);
  return std::chrono::seconds(value.tv_sec) + std::chrono::nanoseconds(value.tv_nsec);
}

/// Read once: it cannot change under a living process.
Uuid read_boot() {
  const auto text = read_file("/proc/sys/kernel/random/boot_id");
  if (!text) return {};
  return Uuid::parse(std::string_view(*text).substr(0, text->find('\n'))).value_or(Uuid{});
}

class SystemClock : public Clock {
 public:
  Time now() override {
    return {std::chrono::duration_cast<std::chrono::microseconds>(read_clock(CLOCK_REALTIME)).count()};
  }
  std::chrono::microseconds uptime() override {
    return std::chrono::duration_cast<std::chrono::microseconds>(read_clock(CLOCK_BOOTTIME));
  }
  Uuid boot() override {
    static const Uuid name = read_boot();
    return name;
  }
};

SystemClock system_clock;
std::atomic<Clock*> override_clock{nullptr};

}  // namespace

Clock& clock() {
  Clock* replacement = override_clock.load(std::memory_order_acquire);
  return replacement != nullptr ? *replacement : system_clock;
}

ClockOverride::ClockOverride(Clock& replacement) { override_clock.store(&replacement, std::memory_order_release); }
ClockOverride::~ClockOverride() { override_clock.store(nullptr, std::memory_order_release); }

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

void sleep_until(SteadyTime until) {
  if (until <= steady_now()) return;
  const auto since_start = until.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_start);
  timespec wanted{};
  wanted.tv_sec = static_cast<time_t>(seconds.count());
  wanted.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since_start - seconds).count());
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wanted, nullptr) == EINTR) {
  }
}

}  // namespace strata::platform
