// The two clocks, behind a seam that tests can drive.
#pragma once

#include <chrono>

#include "strata/types.hpp"

namespace strata::platform {

using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time.
  virtual Time now() = 0;
  /// Time that never goes back and counts suspended time (CLOCK_BOOTTIME): for leases and maximum ages.
  virtual std::chrono::microseconds uptime() = 0;
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
  explicit ManualClock(Time start) : now_(start) {}
  Time now() override { return now_; }
  std::chrono::microseconds uptime() override { return uptime_; }
  void advance(std::chrono::microseconds by) { now_ = now_ + by; uptime_ += by; }
  /// Wall time alone jumps, as when someone sets the clock.
  void set(Time now) { now_ = now; }

 private:
  Time now_;
  std::chrono::microseconds uptime_{1};
};

/// The steady clock that deadlines are measured on.
SteadyTime steady_now();
void sleep_until(SteadyTime until);

}  // namespace strata::platform
