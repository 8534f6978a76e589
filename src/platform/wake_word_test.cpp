#include "platform/wake_word.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "platform/child_process.hpp"
#include "platform/clock.hpp"
#include "platform/scratch_directory.hpp"

namespace strata::platform {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

SteadyTime patiently() { return steady_now() + seconds(60); }

/// Waits for any number of changes up to `count` words on from `start`; false when one does not come.
bool await_changes(engine::Wake& word, std::uint32_t start, std::uint32_t count) {
  for (std::uint32_t seen = start; seen != start + count;) {
    const std::uint32_t now = word.wait(seen, patiently());
    if (now == seen) return false;
    seen = now;
  }
  return true;
}

TEST(WakeWord, AWaitEndsWhenTheWordDiffersAlready) {
  const auto word = make_local_wake_word();
  const std::uint32_t seen = word->current();
  word->notify();
  EXPECT_NE(word->current(), seen);
  EXPECT_EQ(word->wait(seen, steady_now() + hours(1)), word->current());
}

TEST(WakeWord, AWaitEndsAtItsDeadline) {
  const auto word = make_local_wake_word();
  const SteadyTime deadline = steady_now() + std::chrono::milliseconds(5);
  EXPECT_EQ(word->wait(word->current(), deadline), word->current());
  EXPECT_GE(steady_now(), deadline);
}

TEST(WakeWord, WakesAllThreads) {
  const auto word = make_local_wake_word();
  const std::uint32_t start = word->current();
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> woken{0};
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { woken += await_changes(*word, start, 1) ? 1 : 0; });
  word->notify();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(woken, 4);
}

TEST(WakeWord, TwoProcessesWakeEachOtherWithoutLosingAWord) {
  constexpr std::uint32_t rounds = 2000;
  const ScratchDirectory scratch;
  const auto ping = open_wake_word(scratch / "ping");
  const auto pong = open_wake_word(scratch / "pong");
  ChildProcess child([&] {
    const auto own_ping = open_wake_word(scratch / "ping");
    const auto own_pong = open_wake_word(scratch / "pong");
    for (std::uint32_t round = 0; round < rounds; ++round) {
      if (!await_changes(*own_ping, round, 1)) return 1;
      own_pong->notify();
    }
    return 0;
  });
  for (std::uint32_t round = 0; round < rounds; ++round) {
    ping->notify();
    ASSERT_TRUE(await_changes(*pong, round, 1)) << "round " << round;
  }
  EXPECT_EQ(child.wait(), 0);
}

TEST(WakeWord, AWaiterThatDiesLosesNobodyElsesWakeUp) {
  const ScratchDirectory scratch;
  const auto word = open_wake_word(scratch / "wake");
  Sign started;
  ChildProcess dying([&]() -> int {
    const auto own = open_wake_word(scratch / "wake");
    started.give();
    for (;;) own->wait(own->current(), patiently());
  });
  ASSERT_TRUE(started.await());
  EXPECT_EQ(dying.kill(), -SIGKILL);
  const std::uint32_t start = word->current();
  ChildProcess living([&] { return await_changes(*open_wake_word(scratch / "wake"), start, 100) ? 0 : 1; });
  for (int i = 0; i < 100; ++i) word->notify();
  EXPECT_EQ(living.wait(), 0);
}

TEST(WakeWord, AWaitEndsEarlyWhenItsFileIsDeleted) {
  const ScratchDirectory scratch;
  const auto word = open_wake_word(scratch / "wake");
  remove_file(scratch / "wake");
  const SteadyTime deadline = steady_now() + hours(1);
  EXPECT_EQ(word->wait(word->current(), deadline), word->current());
  EXPECT_LT(steady_now(), deadline);
}

TEST(WakeWord, AWaitEndsEarlyWhenThereCanBeNoFile) {
  const ScratchDirectory scratch;
  const auto word = open_wake_word(scratch / "absent/wake");
  const SteadyTime deadline = steady_now() + hours(1);
  const std::uint32_t seen = word->current();
  EXPECT_EQ(word->wait(seen, deadline), seen);
  EXPECT_LT(steady_now(), deadline);
  word->notify();
  EXPECT_NE(word->current(), seen);
}

TEST(WakeWord, ASuppressedNotifyDoesNothing) {
  const auto word = make_local_wake_word();
  const std::uint32_t seen = word->current();
  suppress_wake_ups(true);
  word->notify();
  EXPECT_EQ(word->current(), seen);
  suppress_wake_ups(false);
  word->notify();
  EXPECT_NE(word->current(), seen);
}

}  // namespace
}  // namespace strata::platform
