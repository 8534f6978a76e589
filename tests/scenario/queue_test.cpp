// Queues as a program uses them, on every engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "platform/clock.hpp"
#include "platform/scratch_directory.hpp"
#include "platform/wake_word.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class AnyQueue : public testing::TestWithParam<std::string> {
 protected:
  Store open() { return Store::open(site_.url(), {}); }
  bool remote(const Store& store) { return store.describe().engine.remote; }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

Lease take_one(Queue& queue, const TakeOptions& options = {}) {
  std::vector<Lease> taken = queue.take(options);
  if (taken.size() != 1) throw std::runtime_error("took " + std::to_string(taken.size()) + " items, not 1");
  return std::move(taken.front());
}

std::vector<std::int64_t> payloads(const std::vector<Lease>& leases) {
  std::vector<std::int64_t> out;
  for (const Lease& lease : leases) out.push_back(lease.item.payload.as_int());
  return out;
}

std::vector<std::int64_t> payloads(const std::vector<QueueItem>& items) {
  std::vector<std::int64_t> out;
  for (const QueueItem& item : items) out.push_back(item.payload.as_int());
  return out;
}

using Payloads = std::vector<std::int64_t>;

std::optional<ErrorCode> code_of(const std::function<void()>& call) {
  try {
    call();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

void expect_sound(const Store& store) { EXPECT_EQ(store.verify().problems, std::vector<std::string>{}); }

TEST_P(AnyQueue, AnItemIsPutTakenAndDone) {
  Store store = open();
  Queue mail = store.queue("mail");
  EXPECT_TRUE(mail.take().empty());
  const std::string id = mail.put(Value::object({{"to", "a@example.org"}}));
  EXPECT_EQ(store.queues(), std::vector<std::string>{"mail"});
  EXPECT_EQ(mail.get(id)->state, ItemState::waiting);
  const Lease lease = take_one(mail, {.consumer = "worker 1"});
  EXPECT_EQ(lease.item.id, id);
  EXPECT_EQ(lease.item.payload["to"].as_string(), "a@example.org");
  EXPECT_EQ(lease.item.attempts, 1U);
  EXPECT_EQ(lease.item.state, ItemState::leased);
  const auto shown = mail.get(id);
  EXPECT_EQ(shown->state, ItemState::leased);
  EXPECT_EQ(shown->consumer, "worker 1");
  EXPECT_EQ(shown->until, lease.item.until);
  EXPECT_TRUE(mail.take().empty()) << "one consumer at a time";
  mail.done(lease);
  EXPECT_FALSE(mail.get(id));
  EXPECT_EQ(code_of([&] { mail.done(lease); }), ErrorCode::conflict);
  EXPECT_TRUE(store.queues().empty());
  EXPECT_TRUE(store.collections().empty()) << "the store's own collections are not listed";
  expect_sound(store);
}

TEST_P(AnyQueue, HigherPrioritiesGoFirstAndAmongEqualsTheOneDueFirst) {
  Store store = open();
  Queue queue = store.queue("q");
  const Time now = platform::clock().now();
  queue.put(1, {.at = now - seconds(10)});
  queue.put(2, {.at = now - seconds(20)});
  queue.put(3, {.priority = 5});
  queue.put(4, {.priority = -5, .at = now - seconds(90)});
  queue.put(5, {.priority = 5, .at = now - seconds(1)});
  EXPECT_EQ(payloads(queue.list()), (Payloads{5, 3, 2, 1, 4}));
  EXPECT_EQ(payloads(queue.take({.limit = 2})), (Payloads{5, 3}));
  EXPECT_EQ(payloads(queue.take({.limit = 10})), (Payloads{2, 1, 4}));
}

TEST_P(AnyQueue, PutManyIsAllOrNoneAndKeepsItsOrder) {
  Store store = open();
  Queue queue = store.queue("q");
  std::vector<Value> values;
  for (int i = 0; i < 200; ++i) values.emplace_back(i);
  const std::vector<std::string> ids = queue.put_many(values);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 200U);
  EXPECT_EQ(store.position(), Position{1});
  Payloads expected;
  for (int i = 0; i < 200; ++i) expected.push_back(i);
  EXPECT_EQ(payloads(queue.take({.limit = 1'000})), expected);
  EXPECT_TRUE(code_of([&] { queue.put_many(std::vector<Value>{Value(1), Value(std::string(2'000'000, 'x'))}); }));
  EXPECT_EQ(queue.statistics().leased, 200U);
  EXPECT_EQ(queue.statistics().ready, 0U);
}

TEST_P(AnyQueue, ADelayedItemIsTakenWhenItIsDueAndHidesNoneOfALowerPriority) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1, {.priority = 9, .delay = minutes(5)});
  queue.put(2, {.at = clock.now() + minutes(10)});
  EXPECT_TRUE(queue.take().empty());
  queue.put(3, {.priority = -1});
  EXPECT_EQ(payloads(queue.take({.limit = 10, .lease = hours(1)})), Payloads{3});
  EXPECT_EQ(queue.statistics().delayed, 2U);
  clock.advance(minutes(5));
  EXPECT_EQ(payloads(queue.take({.limit = 10, .lease = hours(1)})), Payloads{1});
  clock.advance(minutes(5));
  EXPECT_EQ(payloads(queue.take({.limit = 10})), Payloads{2});
}

TEST_P(AnyQueue, AKeyKeepsASecondItemOutUntilTheFirstIsGone) {
  Store store = open();
  Queue queue = store.queue("q");
  const std::string first = queue.put(1, {.deduplicate = "k"});
  EXPECT_EQ(queue.put(2, {.deduplicate = "k"}), first);
  EXPECT_EQ(queue.put_many(std::vector<Value>{Value(3), Value(4)}, {.deduplicate = "k"}),
            (std::vector<std::string>{first, first}));
  EXPECT_NE(queue.put(5, {.deduplicate = "other"}), first);
  EXPECT_NE(store.queue("r").put(6, {.deduplicate = "k"}), first);
  store.transact([](Transaction& transaction) {
    Queue own = transaction.queue("s");
    EXPECT_EQ(own.put(1, {.deduplicate = "k"}), own.put(2, {.deduplicate = "k"})) << "within one transaction too";
  });
  EXPECT_EQ(store.queue("s").list().size(), 1U);
  const Lease lease = take_one(queue);
  EXPECT_EQ(queue.put(7, {.deduplicate = "k"}), first) << "while it is in flight, too";
  queue.done(lease);
  EXPECT_NE(queue.put(8, {.deduplicate = "k"}), first);
  const std::string long_key(3'000, 'k');
  EXPECT_EQ(queue.put(9, {.deduplicate = long_key}), queue.put(9, {.deduplicate = long_key}));
  EXPECT_NE(queue.put(9, {.deduplicate = long_key + "!"}), queue.put(9, {.deduplicate = long_key}));
  expect_sound(store);
}

TEST_P(AnyQueue, ADeadItemGivesUpItsKeyUntilItIsRevived) {
  Store store = open();
  Queue queue = store.queue("q");
  const std::string first = queue.put(1, {.deduplicate = "k", .order_key = "o"});
  queue.fail(take_one(queue), {.error = "broken", .dead = true});
  EXPECT_EQ(queue.get(first)->state, ItemState::dead);
  const std::string second = queue.put(2, {.deduplicate = "k", .order_key = "o"});
  EXPECT_NE(second, first);
  EXPECT_EQ(code_of([&] { queue.revive(first); }), ErrorCode::already_exists);
  const Lease lease = take_one(queue);
  EXPECT_EQ(lease.item.id, second) << "a dead item does not hold up its order key";
  queue.done(lease);
  EXPECT_TRUE(queue.revive(first));
  EXPECT_FALSE(queue.revive(first));
  EXPECT_EQ(queue.put(3, {.deduplicate = "k"}), first);
  const Lease again = take_one(queue);
  EXPECT_EQ(again.item.id, first);
  EXPECT_EQ(again.item.attempts, 1U) << "its attempts are forgotten";
  expect_sound(store);
}

TEST_P(AnyQueue, ItemsOfOneOrderKeyGoOneAfterTheOther) {
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1, {.order_key = "a"});
  queue.put(2, {.priority = 100, .order_key = "a"});
  queue.put(3, {.order_key = "b"});
  queue.put(4);
  std::vector<Lease> taken = queue.take({.limit = 10});
  EXPECT_EQ(payloads(taken), (Payloads{1, 3, 4})) << "2 waits for 1, whatever its priority";
  EXPECT_TRUE(queue.take().empty());
  queue.fail(taken[0], {.retry_in = hours(1)});
  EXPECT_TRUE(queue.take().empty()) << "2 waits as long as 1 is there";
  queue.done(taken[1]);
  queue.give_back(taken[2]);
  EXPECT_EQ(payloads(queue.take()), Payloads{4});
  EXPECT_TRUE(queue.erase(taken[0].item.id));
  EXPECT_EQ(payloads(queue.take()), Payloads{2});
  expect_sound(store);
}

TEST_P(AnyQueue, ALeaseThatEndsLetsTheItemBeTakenAgainAndTheFirstTakerChangesNothing) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  const std::string id = queue.put(1);
  const Lease first = take_one(queue, {.lease = seconds(10), .consumer = "first"});
  clock.advance(milliseconds(9'999));
  EXPECT_TRUE(queue.take().empty());
  clock.advance(milliseconds(1));
  EXPECT_EQ(queue.get(id)->state, ItemState::waiting);
  const Lease second = take_one(queue, {.consumer = "second"});
  EXPECT_EQ(second.item.attempts, 2U);
  EXPECT_NE(second.token, first.token);
  for (const auto& call :
       std::vector<std::function<void()>>{[&] { queue.done(first); }, [&] { queue.fail(first); },
                                          [&] { queue.extend(first, seconds(5)); }, [&] { queue.give_back(first); }}) {
    EXPECT_EQ(code_of(call), ErrorCode::conflict);
  }
  EXPECT_EQ(queue.get(id)->consumer, "second");
  queue.done(second);
  EXPECT_EQ(code_of([&] { queue.done(first); }), ErrorCode::conflict);
}

TEST_P(AnyQueue, ALeaseThatHasEndedMayStillFinishWhatNobodyElseHasTaken) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  const Lease lease = take_one(queue, {.lease = seconds(10)});
  clock.advance(hours(1));
  queue.done(lease);
  EXPECT_TRUE(queue.list().empty());
}

TEST_P(AnyQueue, AnExtendedLeaseGoesOnFromThen) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  const Position put = store.position();
  const Lease lease = take_one(queue, {.lease = seconds(10)});
  clock.advance(seconds(8));
  queue.extend(lease, seconds(10));
  clock.advance(seconds(8));
  EXPECT_TRUE(queue.take().empty());
  clock.advance(seconds(2));
  EXPECT_EQ(queue.take().size(), 1U);
  EXPECT_EQ(store.position(), put) << "leases take no position";
}

TEST_P(AnyQueue, JumpsOfTheWallClockChangeNoLeaseOnOneMachine) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  if (remote(store)) GTEST_SKIP() << "there the wall clock is what consumers share";
  Queue queue = store.queue("q");
  queue.put(1);
  const Lease lease = take_one(queue, {.lease = seconds(10)});
  clock.set(*Time::parse("2031-01-01"));
  EXPECT_TRUE(queue.take().empty());
  clock.set(*Time::parse("1999-01-01"));
  EXPECT_TRUE(queue.take().empty());
  clock.advance(seconds(10));
  EXPECT_EQ(queue.take().size(), 1U);
}

TEST_P(AnyQueue, OnARemoteEngineTheWallClockMeasuresLeases) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  if (!remote(store)) GTEST_SKIP() << "not remote";
  Queue queue = store.queue("q");
  queue.put(1);
  const Lease lease = take_one(queue, {.lease = seconds(10)});
  clock.reboot();
  EXPECT_TRUE(queue.take().empty()) << "the boot of one machine says nothing to the others";
  clock.set(clock.now() + seconds(10));
  EXPECT_EQ(queue.take().size(), 1U);
  EXPECT_EQ(code_of([&] { queue.done(lease); }), ErrorCode::conflict);
}

TEST_P(AnyQueue, WhatIsPutWithoutDelayIsTakenThoughTheClockIsSetBack) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  clock.set(*Time::parse("2029-12-31"));
  queue.put(2);
  EXPECT_EQ(payloads(queue.take({.limit = 10})), (Payloads{1, 2}));
}

TEST_P(AnyQueue, ARebootFreesWhatWasLeased) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  if (remote(store)) GTEST_SKIP() << "there the wall clock is what consumers share";
  Queue queue = store.queue("q");
  queue.put(1);
  const Lease lease = take_one(queue, {.lease = hours(1)});
  EXPECT_TRUE(queue.take().empty());
  clock.reboot();
  const Lease again = take_one(queue);
  EXPECT_EQ(again.item.attempts, 2U);
  EXPECT_EQ(code_of([&] { queue.done(lease); }), ErrorCode::conflict);
}

TEST_P(AnyQueue, AFailureIsTriedAgainLaterAndLaterUntilTheItemIsDead) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.set_options({.lease = hours(1), .attempts_max = 5, .backoff = seconds(1), .backoff_max = seconds(3)});
  EXPECT_EQ(queue.options().backoff_max, seconds(3));
  const std::string id = queue.put(1);
  for (const int wait_seconds : {1, 2, 3, 3}) {
    queue.fail(take_one(queue), {.error = "attempt"});
    EXPECT_EQ(queue.get(id)->due, clock.now() + seconds(wait_seconds));
    clock.advance(seconds(wait_seconds) - milliseconds(1));
    EXPECT_TRUE(queue.take().empty());
    clock.advance(milliseconds(1));
  }
  queue.fail(take_one(queue), {.error = "the last straw"});
  const auto dead = queue.get(id);
  EXPECT_EQ(dead->state, ItemState::dead);
  EXPECT_EQ(dead->error, "the last straw");
  EXPECT_EQ(dead->attempts, 5U);
  clock.advance(hours(24));
  EXPECT_TRUE(queue.take().empty());
  EXPECT_EQ(queue.statistics().dead, 1U);
  EXPECT_EQ(payloads(queue.list(ItemState::dead)), Payloads{1});
  expect_sound(store);
}

TEST_P(AnyQueue, AnItemWhoseConsumersKeepDyingIsDeadInTheEnd) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.set_options({.lease = seconds(1), .attempts_max = 3});
  const std::string id = queue.put(1);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(take_one(queue).item.attempts, static_cast<std::uint64_t>(i));
    clock.advance(seconds(1));
  }
  EXPECT_TRUE(queue.take().empty());
  EXPECT_EQ(queue.get(id)->state, ItemState::dead);
  EXPECT_EQ(queue.get(id)->error, "taken 3 times and never done");
  EXPECT_TRUE(queue.revive(id));
  EXPECT_EQ(take_one(queue).item.attempts, 1U);
}

TEST_P(AnyQueue, WhoeverWaitsBehindADeadItemIsTakenAtOnce) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.set_options({.lease = seconds(1), .attempts_max = 1});
  queue.put(1, {.order_key = "o"});
  queue.put(2, {.order_key = "o"});
  EXPECT_EQ(payloads(queue.take()), Payloads{1});
  clock.advance(seconds(1));
  EXPECT_EQ(payloads(queue.take()), Payloads{2});
}

TEST_P(AnyQueue, WhatIsGivenBackCountsAsNeverTaken) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  const Lease lease = take_one(queue);
  queue.give_back(lease);
  EXPECT_EQ(code_of([&] { queue.done(lease); }), ErrorCode::conflict);
  EXPECT_EQ(take_one(queue, {.lease = seconds(1)}).item.attempts, 1U);
  clock.advance(seconds(1));
  const Lease second = take_one(queue);
  EXPECT_EQ(second.item.attempts, 2U);
  queue.give_back(second);
  EXPECT_EQ(take_one(queue).item.attempts, 2U) << "the taking that ended without a word counts";
}

TEST_P(AnyQueue, ARepeatedItemIsPutAgainWhenItIsDone) {
  platform::ManualClock clock(*Time::parse("2030-01-01T00:00:00Z"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  const std::string first = queue.put(
      7, {.priority = 3, .at = *Time::parse("2030-01-01T01:00:00Z"), .deduplicate = "hourly", .repeat = hours(1)});
  clock.advance(hours(1) + minutes(1));
  const Lease lease = take_one(queue);
  queue.fail(lease, {.retry_in = minutes(2)});
  clock.advance(minutes(2));
  queue.done(take_one(queue));
  const std::vector<QueueItem> next = queue.list();
  ASSERT_EQ(next.size(), 1U);
  EXPECT_NE(next[0].id, first);
  EXPECT_EQ(next[0].due, *Time::parse("2030-01-01T02:00:00Z")) << "counted from when it was due, not from its retry";
  EXPECT_EQ(next[0].attempts, 0U);
  EXPECT_EQ(next[0].priority, 3);
  EXPECT_EQ(queue.put(8, {.deduplicate = "hourly"}), next[0].id);
  clock.advance(hours(5));
  queue.done(take_one(queue));
  EXPECT_EQ(queue.list().at(0).due, *Time::parse("2030-01-01T07:00:00Z")) << "moments already past are left out";
  expect_sound(store);
}

TEST_P(AnyQueue, DoneSharesATransactionWithTheConsumersOwnWrites) {
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  const Lease lease = take_one(queue);
  EXPECT_THROW(store.transact([&](Transaction& transaction) {
    transaction.collection("effects").put("1", 1);
    transaction.queue("q").done(lease);
    EXPECT_EQ(code_of([&] { transaction.queue("q").done(lease); }), ErrorCode::conflict) << "once in a transaction";
    EXPECT_TRUE(transaction.queue("q").list().empty());
    throw std::runtime_error("changed my mind");
  }),
               std::runtime_error);
  EXPECT_EQ(queue.statistics().leased, 1U);
  store.transact([&](Transaction& transaction) {
    transaction.collection("effects").put("1", 1);
    transaction.queue("q").done(lease);
    transaction.queue("next").put(2);
  });
  EXPECT_TRUE(queue.list().empty());
  EXPECT_TRUE(store.collection("effects").get("1"));
  EXPECT_EQ(store.queue("next").statistics().ready, 1U);
  EXPECT_EQ(code_of([&] {
              store.transact([&](Transaction& transaction) {
                transaction.collection("effects").put("2", 1);
                transaction.queue("q").done(lease);
              });
            }),
            ErrorCode::conflict);
  EXPECT_FALSE(store.collection("effects").get("2"));
}

TEST_P(AnyQueue, ManyAreDoneInOneCommitOrNone) {
  Store store = open();
  Queue queue = store.queue("q");
  for (int i = 0; i < 20; ++i) queue.put(i, {.order_key = i % 2 == 0 ? "" : "o" + std::to_string(i)});
  const std::vector<Lease> leases = queue.take({.limit = 20});
  ASSERT_EQ(leases.size(), 20U);
  std::vector<Lease> twice{leases[0], leases[1], leases[0]};
  EXPECT_EQ(code_of([&] { queue.done_many(twice); }), ErrorCode::conflict);
  queue.give_back(leases[7]);
  EXPECT_EQ(code_of([&] { queue.done_many(leases); }), ErrorCode::conflict);
  EXPECT_EQ(queue.statistics().leased, 19U) << "none is done";
  const Position before = store.position();
  queue.done_many({});
  EXPECT_EQ(store.position(), before);
  store.transact([&](Transaction& transaction) {
    Queue own = transaction.queue("q");
    own.done(leases[0]);
    EXPECT_EQ(code_of([&] { own.done_many(std::span(leases).first(2)); }), ErrorCode::conflict);
    own.done_many(std::span(leases).subspan(1, 6));
    EXPECT_EQ(own.list().size(), 13U);
  });
  queue.done_many(std::span(leases).subspan(8));
  EXPECT_EQ(store.position().value, before.value + 2);
  EXPECT_EQ(payloads(queue.list()), Payloads{7});
  EXPECT_EQ(payloads(queue.take()), Payloads{7}) << "its order key is free";
  expect_sound(store);
}

TEST_P(AnyQueue, WhatIsInHandIsDoneAndTheNextTakenInOneCommit) {
  Store store = open();
  Queue queue = store.queue("q");
  EXPECT_TRUE(queue.done_and_take({}).empty());
  for (int i = 1; i <= 6; ++i) queue.put(i);
  std::vector<Lease> leases = queue.done_and_take({});
  EXPECT_EQ(payloads(leases), Payloads{1}) << "with empty hands it takes";
  const Position before = store.position();
  const std::vector<Lease> next = queue.done_and_take(leases, {.limit = 2, .consumer = "worker 1"});
  EXPECT_EQ(payloads(next), (Payloads{2, 3}));
  EXPECT_EQ(next.front().item.attempts, 1U);
  EXPECT_EQ(queue.get(next.front().item.id)->consumer, "worker 1");
  EXPECT_EQ(store.position().value, before.value + 1);
  EXPECT_FALSE(queue.get(leases.front().item.id));
  EXPECT_EQ(code_of([&] { queue.done_and_take(leases); }), ErrorCode::conflict);
  EXPECT_EQ(queue.statistics().leased, 2U) << "whose lease is over takes nothing";
  EXPECT_EQ(code_of([&] { store.transact([&](Transaction& own) { own.queue("q").done_and_take(next); }); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { queue.done_and_take(next, {.limit = 0}); }), ErrorCode::invalid_argument);
  leases = queue.done_and_take(next, {.limit = 10});
  EXPECT_EQ(payloads(leases), (Payloads{4, 5, 6}));
  EXPECT_TRUE(queue.done_and_take(leases, {.limit = 10}).empty());
  EXPECT_TRUE(store.queues().empty());
  expect_sound(store);
}

TEST_P(AnyQueue, DoneLetsTheNextOfItsOrderKeyBeTakenInTheSameCommit) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  queue.set_options({.lease = seconds(1), .attempts_max = 1});
  queue.put(1, {.order_key = "o", .repeat = hours(1)});
  queue.put(2, {.order_key = "o"});
  queue.put(3, {.order_key = "o"});
  std::vector<Lease> leases = queue.take({.limit = 3});
  EXPECT_EQ(payloads(leases), Payloads{1});
  leases = queue.done_and_take(leases, {.limit = 3});
  EXPECT_EQ(payloads(leases), Payloads{2}) << "what is put again is due later, and stands behind";
  EXPECT_TRUE(queue.take({.limit = 3}).empty());
  clock.advance(seconds(1));
  EXPECT_EQ(payloads(queue.take()), Payloads{3}) << "2 is dead";
  EXPECT_EQ(code_of([&] { queue.done_and_take(leases); }), ErrorCode::conflict);
  EXPECT_EQ(queue.statistics().dead, 1U);
  EXPECT_EQ(queue.statistics().delayed, 1U);
  expect_sound(store);
}

TEST_P(AnyQueue, WhoeverHasDoneItsWorkWaitsForMore) {
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  const std::vector<Lease> leases = queue.take();
  std::vector<Lease> taken;
  std::thread worker([&] { taken = store.queue("q").done_and_take(leases, {.wait = minutes(5)}); });
  queue.put(2);
  worker.join();
  EXPECT_EQ(payloads(taken), Payloads{2});
  EXPECT_EQ(queue.list().size(), 1U);
}

TEST_P(AnyQueue, ATransactionSeesItsOwnItemsAndCannotTake) {
  Store store = open();
  store.queue("q").put(2, {.priority = 2});
  store.transact([&](Transaction& transaction) {
    Queue queue = transaction.queue("q");
    const std::string id = queue.put(3, {.priority = 3});
    queue.put(1, {.priority = 1});
    EXPECT_EQ(payloads(queue.list()), (Payloads{3, 2, 1}));
    EXPECT_EQ(payloads(queue.list({}, 2)), (Payloads{3, 2}));
    EXPECT_EQ(queue.get(id)->payload.as_int(), 3);
    EXPECT_EQ(queue.statistics().ready, 3U);
    EXPECT_EQ(code_of([&] { queue.take(); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { store.queue("q").take(); }), ErrorCode::invalid_argument);
    EXPECT_TRUE(queue.erase(id));
    EXPECT_EQ(payloads(queue.list()), (Payloads{2, 1}));
  });
  EXPECT_EQ(payloads(store.queue("q").list()), (Payloads{2, 1}));
  const Snapshot snapshot = store.snapshot();
  store.queue("q").put(9);
  EXPECT_EQ(snapshot.queue("q").list().size(), 2U);
  EXPECT_EQ(code_of([&] { snapshot.queue("q").take(); }), ErrorCode::unsupported);
  EXPECT_EQ(code_of([&] { snapshot.queue("q").put(1); }), ErrorCode::unsupported);
}

TEST_P(AnyQueue, AnErasedItemTakesItsLeaseAlong) {
  Store store = open();
  Queue queue = store.queue("q");
  const std::string id = queue.put(1, {.order_key = "o"});
  queue.put(2, {.order_key = "o"});
  const Lease lease = take_one(queue);
  EXPECT_TRUE(queue.erase(id));
  EXPECT_FALSE(queue.erase(id));
  EXPECT_FALSE(queue.erase("nonsense"));
  EXPECT_EQ(code_of([&] { queue.done(lease); }), ErrorCode::conflict);
  EXPECT_EQ(payloads(queue.take()), Payloads{2});
  expect_sound(store);
}

TEST_P(AnyQueue, StatisticsCountAndTellTheAgeOfTheOldest) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Queue queue = store.queue("q");
  EXPECT_EQ(queue.statistics().oldest, std::nullopt);
  for (int i = 0; i < 6; ++i) queue.put(i);
  queue.put(7, {.delay = hours(1)});
  clock.advance(seconds(30));
  queue.fail(take_one(queue), {.dead = true});
  queue.take({.limit = 2});
  const QueueStatistics counts = queue.statistics();
  EXPECT_EQ(counts.name, "q");
  EXPECT_EQ(counts.ready, 3U);
  EXPECT_EQ(counts.delayed, 1U);
  EXPECT_EQ(counts.leased, 2U);
  EXPECT_EQ(counts.dead, 1U);
  EXPECT_EQ(counts.oldest, seconds(30));
  EXPECT_EQ(queue.list(ItemState::leased).size(), 2U);
  EXPECT_EQ(queue.list(ItemState::waiting).size(), 4U);
  EXPECT_EQ(queue.list(std::nullopt, 3).size(), 3U);
}

TEST_P(AnyQueue, QueuesDoNotMix) {
  Store store = open();
  const std::string long_name(200, 'n');
  for (const std::string& name : {std::string("a"), std::string("ab"), long_name, long_name.substr(1) + "m"})
    store.queue(name).put(Value(name));
  store.queue("settings alone").set_options({});
  EXPECT_EQ(store.queues(),
            (std::vector<std::string>{"a", "ab", long_name.substr(1) + "m", long_name, "settings alone"}));
  for (const std::string& name : {std::string("a"), std::string("ab"), long_name}) {
    Queue queue = store.queue(name);
    EXPECT_EQ(take_one(queue).item.payload.as_string(), name);
    EXPECT_TRUE(queue.take().empty());
  }
}

TEST_P(AnyQueue, ATakerThatWaitsIsWokenByWhoeverPuts) {
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  queue.done(take_one(queue));
  std::vector<Lease> taken;
  std::thread taker([&] { taken = store.queue("q").take({.wait = minutes(5)}); });
  queue.put(2);
  taker.join();
  EXPECT_EQ(payloads(taken), Payloads{2});
}

TEST_P(AnyQueue, ATakerThatWaitsGetsWhatIsGivenBackFailedOrDueInTime) {
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  const auto expect_taken = [&](const std::function<void(const Lease&)>& letting_go) {
    const Lease lease = take_one(queue, {.wait = minutes(5)});
    std::vector<Lease> taken;
    std::thread taker([&] { taken = store.queue("q").take({.wait = minutes(5)}); });
    letting_go(lease);
    taker.join();
    ASSERT_EQ(payloads(taken), Payloads{1});
    queue.give_back(taken.front());
  };
  expect_taken([&](const Lease& lease) { queue.give_back(lease); });
  expect_taken([&](const Lease& lease) { queue.fail(lease, {.retry_in = milliseconds(0)}); });
  expect_taken([&](const Lease& lease) { queue.fail(lease, {.retry_in = milliseconds(20)}); });
  expect_taken([&](const Lease& lease) { queue.extend(lease, milliseconds(1)); });
}

TEST_P(AnyQueue, AnIdleTakerWritesNothing) {
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1);
  queue.take();
  const std::uint64_t syncs = store.statistics().syncs;
  EXPECT_TRUE(queue.take({.wait = milliseconds(30)}).empty());
  EXPECT_EQ(store.statistics().syncs, syncs);
}

TEST_P(AnyQueue, ManyTakersNeverHaveTheSameItem) {
  Store store = open();
  std::vector<Value> values;
  for (int i = 0; i < 60; ++i) values.emplace_back(i);
  store.queue("q").put_many(values);
  std::vector<std::vector<Lease>> taken(4);
  std::vector<std::thread> takers;
  for (auto& mine : taken) {
    takers.emplace_back([&store, &mine] {
      Queue queue = store.queue("q");
      for (std::vector<Lease> some = queue.take({.limit = 2}); !some.empty(); some = queue.take({.limit = 2}))
        for (Lease& one : some) {
          queue.done(one);
          mine.push_back(std::move(one));
        }
    });
  }
  for (std::thread& taker : takers) taker.join();
  std::multiset<std::int64_t> all;
  for (const auto& mine : taken) {
    for (const Lease& lease : mine) all.insert(lease.item.payload.as_int());
  }
  EXPECT_EQ(all.size(), 60U);
  EXPECT_EQ(std::set<std::int64_t>(all.begin(), all.end()).size(), 60U);
  EXPECT_TRUE(store.queues().empty());
  expect_sound(store);
}

TEST_P(AnyQueue, ACopyHasTheItemsAndNoLeases) {
  Store store = open();
  Queue queue = store.queue("q");
  const std::string id = queue.put(1, {.order_key = "o"});
  queue.set_options({.attempts_max = 9});
  take_one(queue);
  Store other = Store::open("lmdb:" + (directory_ / "copy"), {});
  copy(store, other);
  EXPECT_EQ(other.describe().digest, store.describe().digest);
  Queue there = other.queue("q");
  EXPECT_EQ(there.options().attempts_max, 9U);
  EXPECT_EQ(there.get(id)->state, ItemState::waiting);
  EXPECT_EQ(take_one(there).item.id, id);
  expect_sound(other);
}

TEST_P(AnyQueue, ADumpHasTheItemsToo) {
  Store store = open();
  Queue queue = store.queue("q");
  queue.put(1, {.deduplicate = "k"});
  queue.put(2, {.priority = 1});
  std::vector<std::string> lines;
  dump(store, [&](std::string_view line) { lines.emplace_back(line); });
  Store other = Store::open("memory:", {});
  std::size_t at = 0;
  load(other, [&](std::string& line) {
    if (at == lines.size()) return false;
    line = lines[at++];
    return true;
  });
  EXPECT_EQ(other.describe().digest, store.describe().digest);
  Queue there = other.queue("q");
  EXPECT_EQ(payloads(there.take({.limit = 2})), (Payloads{2, 1}));
  expect_sound(other);
}

TEST_P(AnyQueue, WhatMakesNoSenseIsRefused) {
  Store store = open();
  Queue queue = store.queue("q");
  const auto refused = [](const std::function<void()>& call) { return code_of(call) == ErrorCode::invalid_argument; };
  EXPECT_TRUE(refused([&] { store.queue(""); }));
  EXPECT_TRUE(refused([&] {
    store.queue(
        "a\x1f"
        "b");
  }));
  EXPECT_TRUE(refused([&] { store.queue(std::string(201, 'q')); }));
  EXPECT_TRUE(refused([&] { queue.put(1, {.delay = seconds(-1)}); }));
  EXPECT_TRUE(refused([&] { queue.put(1, {.delay = seconds(1), .at = Time{1}}); }));
  EXPECT_TRUE(refused([&] { queue.put(1, {.repeat = seconds(0)}); }));
  EXPECT_TRUE(refused([&] { queue.put(1, {.deduplicate = "\xff"}); }));
  EXPECT_TRUE(refused([&] { queue.put(1, {.order_key = "\xff"}); }));
  EXPECT_TRUE(refused([&] { queue.take({.limit = 0}); }));
  EXPECT_TRUE(refused([&] { queue.take({.limit = 1'001}); }));
  EXPECT_TRUE(refused([&] { queue.take({.lease = milliseconds(0)}); }));
  EXPECT_TRUE(refused([&] { queue.take({.lease = milliseconds::max()}); }));
  EXPECT_TRUE(refused([&] { queue.take({.consumer = std::string(201, 'c')}); }));
  EXPECT_TRUE(refused([&] { queue.set_options({.attempts_max = 0}); }));
  EXPECT_TRUE(refused([&] { queue.set_options({.backoff = milliseconds(-1)}); }));
  EXPECT_TRUE(refused([&] { queue.done({}); }));
  EXPECT_EQ(code_of([&] { queue.put(Value(std::string(1 << 20, 'x'))); }), ErrorCode::limit_exceeded);
  queue.put(1);
  const Lease lease = take_one(queue);
  EXPECT_TRUE(refused([&] { store.queue("r").done(lease); }));
  EXPECT_TRUE(refused([&] { queue.fail(lease, {.error = "\xff"}); }));
  EXPECT_TRUE(refused([&] { queue.fail(lease, {.retry_in = milliseconds::max()}); }));
  EXPECT_TRUE(refused([&] { store.collection(".items").put("a", 1); }));
  queue.fail(lease, {.error = std::string(100'000, 'e')});
  EXPECT_LT(queue.get(lease.item.id)->error.size(), 5'000U);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyQueue, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
