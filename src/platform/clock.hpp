// The two clocks, behind a seam that tests can drive.
#pragma once

#include <atomic>
#include <chrono>

#include "strata/types.hpp"

namespace strata::platform {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Used by many threads at once.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time.
  virtual Time now() = 0;
  /// Time that never goes back and counts suspended time (CLOCK_BOOTTIME): for leases and maximum ages.
  virtual std::chrono::microseconds uptime() = 0;
  /// Names the time since the machine was started: uptimes under different names do not compare. Nil where the system
  /// does not tell.
  virtual Uuid boot() = 0;
};

/// The clock in force: the system's, unless a test has set another.
Clock& clock();

/// For tests: puts `replacement` in force while it lives. Not nestable.
class ClockOverride {
 public:
  explicit ClockOverride(Clock& replacement);
  ~ClockOverride();
  ClockOverride(const ClockOverride&) = delete;
  ClockOverride& operator=(const ClockOverride&) = delete;
};

/// The test twin: stands still until it is told to move.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start.micros) {}
  Time now() override { return {now_.load()}; }
  std::chrono::microseconds uptime() override { return std::chrono::microseconds(uptime_.load()); }
  Uuid boot() override {
    Uuid name;
    name.bytes[0] = boots_.load();
    return name;
  }
  void advance(std::chrono::microseconds by) {
    now_ += by.count();
    uptime_ += by.count();
  }
  /// Wall time alone jumps, as when someone sets the clock.
  void set(Time now) { now_ = now.micros; }
  /// The machine starts anew: uptime begins again, wall time goes on.
  void reboot() {
    ++boots_;
    uptime_ = 1;
  }

 private:
  std::atomic<std::int64_t> now_;
  std::atomic<std::int64_t> uptime_{1};
  std::atomic<std::uint8_t> boots_{1};
};

/// The steady clock that deadlines are measured on.
SteadyTime steady_now();
void sleep_until(SteadyTime until);

}  // namespace strata::platform
