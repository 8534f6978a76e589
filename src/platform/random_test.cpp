#include "platform/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "platform/child_process.hpp"
#include "platform/clock.hpp"
#include "platform/scratch_directory.hpp"

namespace strata::platform {
namespace {

/// Later than any id that other tests of this process have made.
Time far_time() { return *Time::parse("2100-01-01"); }

TEST(Random, FillsTheWholeSpan) {
  std::vector<std::byte> bytes(10'000);
  fill_random(bytes);
  // A run of 32 zero bytes has a chance of 10,000 to 2^256.
  const std::vector<std::byte> zeros(32);
  EXPECT_EQ(std::search(bytes.begin(), bytes.end(), zeros.begin(), zeros.end()), bytes.end());
  EXPECT_NE(random_u64(), random_u64());
  fill_random({});
}

TEST(UuidMaking, CarriesVersionVariantAndTime) {
  ManualClock clock(far_time());
  const ClockOverride in_force(clock);
  const Uuid id = make_uuid();
  EXPECT_EQ(id.bytes[6] >> 4, 7);
  EXPECT_EQ(id.bytes[8] >> 6, 2);
  EXPECT_EQ(time_of(id), far_time());
}

TEST(UuidMaking, OrdersIdsWithinAMillisecondAndBeyondItsCounter) {
  ManualClock clock(far_time() + std::chrono::hours(1));
  const ClockOverride in_force(clock);
  Uuid last = make_uuid();
  for (int i = 0; i < 10'000; ++i) {
    const Uuid next = make_uuid();
    ASSERT_LT(last, next) << i;
    last = next;
  }
}

TEST(UuidMaking, OrdersIdsWhenTheClockGoesBack) {
  ManualClock clock(far_time() + std::chrono::hours(2));
  const ClockOverride in_force(clock);
  const Uuid before = make_uuid();
  clock.set(*Time::parse("1999-01-01"));
  const Uuid after = make_uuid();
  EXPECT_LT(before, after);
  clock.set({-1});
  EXPECT_LT(after, make_uuid());
  clock.set(far_time() + std::chrono::hours(3));
  EXPECT_EQ(time_of(make_uuid()), far_time() + std::chrono::hours(3));
}

TEST(UuidMaking, GivesNoIdTwiceToThreads) {
  constexpr std::size_t threads = 4;
  constexpr std::size_t each = 2000;
  std::vector<std::vector<Uuid>> made(threads);
  std::vector<std::thread> running;
  running.reserve(threads);
  for (std::vector<Uuid>& ids : made) {
    running.emplace_back([&ids] {
      for (std::size_t i = 0; i < each; ++i) ids.push_back(make_uuid());
    });
  }
  for (std::thread& thread : running) thread.join();
  std::set<Uuid> all;
  for (const std::vector<Uuid>& ids : made) {
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(all.size(), threads * each);
}

TEST(UuidMaking, GivesAForkedChildOtherIds) {
  const ScratchDirectory scratch;
  const Uuid before = make_uuid();
  ChildProcess child([&] {
    const Uuid id = make_uuid();
    replace_file(scratch / "id", id.view());
    return before < id ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_NE(read_file(scratch / "id"), Bytes(make_uuid().view()));
}

}  // namespace
}  // namespace strata::platform
