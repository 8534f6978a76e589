#include "platform/clock.hpp"

#include <gtest/gtest.h>

namespace strata::platform {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST(Clock, OfTheSystemIsLaterThanThisTestWasWrittenAndNeverStandsBack) {
  EXPECT_GT(clock().now(), *Time::parse("2024-01-01"));
  const microseconds before = clock().uptime();
  EXPECT_LE(before, clock().uptime());
}

TEST(Clock, IsReplacedWhileAnOverrideLives) {
  ManualClock manual(Time{1000});
  {
    const ClockOverride in_force(manual);
    const microseconds uptime = clock().uptime();
    clock().now();
    manual.advance(seconds(5));
    EXPECT_EQ(clock().now(), Time{5'001'000});
    EXPECT_EQ(clock().uptime(), uptime + seconds(5));
    manual.set(Time{7});
    EXPECT_EQ(clock().now(), Time{7});
    EXPECT_EQ(clock().uptime(), uptime + seconds(5)) << "setting the clock does not move uptime";
  }
  EXPECT_NE(clock().now(), Time{7});
}

TEST(Clock, SleepsUntilAMomentAndNotForOneThatIsPast) {
  const SteadyTime until = steady_now() + std::chrono::milliseconds(2);
  sleep_until(until);
  EXPECT_GE(steady_now(), until);
  sleep_until(SteadyTime::min());
  sleep_until(until);
}

}  // namespace
}  // namespace strata::platform
