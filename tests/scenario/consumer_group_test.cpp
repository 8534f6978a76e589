// Consumer groups as a program uses them, on every engine.
#include <gtest/gtest.h>

#include <set>

#include "platform/clock.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

using std::chrono::seconds;

class AnyGroup : public testing::TestWithParam<std::string> {
 protected:
  Store open(OpenOptions options = {}) { return Store::open(site_.url(), options); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

std::vector<std::uint64_t> versions(const std::optional<EventBatch>& batch) {
  std::vector<std::uint64_t> out;
  if (batch) {
    for (const Event& event : batch->events) out.push_back(event.version);
  }
  return out;
}

using Versions = std::vector<std::uint64_t>;

void append(Store& store, int count, const std::string& type = "t") {
  store.transact([&](Transaction& transaction) {
    for (int i = 0; i < count; ++i) transaction.stream("s").append({.type = type});
  });
}

template <class Act>
ErrorCode code_of(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

TEST_P(AnyGroup, MembersShareTheEvents) {
  Store store = open();
  append(store, 5);
  ConsumerGroup one = store.consumer_group({.name = "g", .batch_max = 2, .member = "one"});
  ConsumerGroup two = store.consumer_group({.name = "g", .batch_max = 2, .member = "two"});
  const auto first = one.take(), second = two.take(), third = one.take();
  EXPECT_EQ(versions(first), (Versions{1, 2}));
  EXPECT_EQ(versions(second), (Versions{3, 4}));
  EXPECT_EQ(versions(third), (Versions{5}));
  EXPECT_FALSE(two.take());
  EXPECT_EQ(two.describe().in_flight, 3u);
  const Position before = store.position();
  one.done(*first);
  two.done(*second);
  one.done(*third);
  EXPECT_EQ(store.position(), before);
  EXPECT_EQ(two.describe().in_flight, 0u);
  EXPECT_EQ(code_of([&] { one.done(*first); }), ErrorCode::conflict);
  append(store, 1);
  EXPECT_EQ(versions(two.take()), (Versions{6}));
}

TEST_P(AnyGroup, ABatchIsFinishedWithItsEffectsOrNotAtAll) {
  Store store = open();
  append(store, 1);
  ConsumerGroup group = store.consumer_group({.name = "g"});
  const auto batch = group.take();
  ASSERT_TRUE(batch);
  EXPECT_THROW(store.transact([&](Transaction& transaction) {
    transaction.collection("effects").put("1", 1);
    group.done(transaction, *batch);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(group.describe().in_flight, 1u);
  store.transact([&](Transaction& transaction) {
    transaction.collection("effects").put("1", 1);
    group.done(transaction, *batch);
  });
  EXPECT_EQ(group.describe().in_flight, 0u);
  EXPECT_TRUE(store.collection("effects").get("1"));
}

TEST_P(AnyGroup, ABatchLeftBehindGoesToAnotherBeforeNewerEvents) {
  platform::ManualClock clock(platform::clock().now());
  const platform::ClockOverride override(clock);
  Store store = open();
  append(store, 2);
  ConsumerGroup group = store.consumer_group({.name = "g", .batch_max = 1, .lease = seconds(10)});
  const auto lost = group.take();
  ASSERT_TRUE(lost);
  clock.advance(seconds(11));
  const auto again = group.take();
  EXPECT_EQ(versions(again), versions(lost));
  EXPECT_EQ(again->attempts, 2u);
  EXPECT_EQ(code_of([&] { group.done(*lost); }), ErrorCode::conflict);
  group.extend(*again, seconds(30));
  clock.advance(seconds(11));
  const auto next = group.take();
  EXPECT_EQ(versions(next), (Versions{2}));
  group.give_back(*next);
  EXPECT_EQ(versions(group.take()), (Versions{2}));
  group.done(*again);
}

TEST_P(AnyGroup, SharesWhatItsStreamsMatchAndBeginsWhereItIsTold) {
  Store store = open();
  append(store, 3, "old");
  ConsumerGroup late = store.consumer_group({.name = "late", .streams = {{}}, .start = Start::now});
  EXPECT_FALSE(late.take());
  ConsumerGroup picky = store.consumer_group({.name = "picky", .streams = {{.types = {"new"}}}});
  EXPECT_FALSE(picky.take());
  append(store, 1, "new");
  EXPECT_EQ(versions(picky.take()), (Versions{4}));
  EXPECT_EQ(versions(late.take()), (Versions{4}));
  EXPECT_EQ(code_of([&] { store.consumer_group({.name = "picky", .streams = {{.types = {"x"}}}}).take(); }),
            ErrorCode::conflict);
  EXPECT_EQ(code_of([&] { store.consumer_group({.name = ""}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { store.consumer_group({.name = "g", .batch_max = 0}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { late.done(EventBatch{.token = "x"}); }), ErrorCode::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyGroup, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
