// Subscriptions as a program uses them, on every engine.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "platform/descriptor_wait.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = Change::Kind;

constexpr milliseconds now{0};
constexpr seconds soon{30};  // never reached when all is well

class AnySubscription : public testing::TestWithParam<std::string> {
 protected:
  Store open(OpenOptions options = {}) { return Store::open(site_.url(), options); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

std::string letter(Kind kind) {
  switch (kind) {
    case Kind::put:
      return "+";
    case Kind::erase:
      return "-";
    case Kind::left:
      return "<";
    case Kind::drop:
      return "drop ";
    case Kind::event:
      return "!";
    case Kind::item:
      return "item ";
    case Kind::item_gone:
      return "gone ";
    case Kind::state_end:
      return "=";
  }
  return "?";
}

/// `+a` put, `-a` erased, `<a` left, `!s1` event 1 of s, `=` end of the state, `|` after the last of a batch.
std::string told(const Change& change) {
  std::string text = letter(change.kind);
  if (change.kind == Kind::drop) text += change.source;
  text += change.event ? change.source + std::to_string(change.event->version) : change.key;
  return change.batch_end ? text + "|" : text;
}

std::string all_told(Subscription& subscription) {
  std::string text;
  while (const auto change = subscription.next(now)) text += (text.empty() ? "" : " ") + told(*change);
  return text;
}

SubscriptionOptions notes(Start start = Start::now) { return {.collections = {{.name = "notes"}}, .start = start}; }

TEST_P(AnySubscription, TellsTheLastStateOfEachKeyInCommitOrder) {
  Store store = open();
  Collection collection = store.collection("notes");
  collection.put("before", 0);
  Subscription subscription = store.subscribe(notes());
  EXPECT_EQ(all_told(subscription), "");
  collection.put("a", 1);
  collection.put("b", 1);
  collection.put("a", 2);
  store.collection("others").put("x", 1);
  const auto first = subscription.next(now);
  ASSERT_TRUE(first);
  EXPECT_EQ(told(*first), "+b");
  EXPECT_EQ(first->source, "notes");
  const auto second = subscription.next(now);
  ASSERT_TRUE(second);
  EXPECT_EQ(told(*second), "+a|");
  EXPECT_EQ(second->record->value.as_int(), 2);
  EXPECT_EQ(second->version, Version{4});
  EXPECT_EQ(subscription.point().position, store.position());
  collection.erase("b");
  EXPECT_EQ(all_told(subscription), "-b|");
  EXPECT_EQ(subscription.lag(), 0u);
}

TEST_P(AnySubscription, NeverShowsHalfACommit) {
  Store store = open();
  Subscription subscription = store.subscribe(notes());
  store.transact([](Transaction& transaction) {
    for (const char* key : {"a", "b", "c"}) transaction.collection("notes").put(key, 1);
  });
  EXPECT_EQ(all_told(subscription), "+a +b +c|");
}

TEST_P(AnySubscription, ARecordThatStopsMatchingLeaves) {
  Store store = open();
  Collection collection = store.collection("notes");
  Subscription subscription = store.subscribe(
      {.collections = {{.name = "notes", .key_prefix = "t/", .where = "open = :o", .parameters = {{"o", true}}}}});
  collection.put("t/a", Value::object({{"open", true}}));
  collection.put("x/a", Value::object({{"open", true}}));
  EXPECT_EQ(all_told(subscription), "+t/a|");
  collection.put("t/a", Value::object({{"open", false}}));
  const auto left = subscription.next(now);
  ASSERT_TRUE(left);
  EXPECT_EQ(told(*left), "<t/a|");
  EXPECT_EQ(left->version, Version{3});
  EXPECT_FALSE(left->record);
}

TEST_P(AnySubscription, TheStateComesFirstWhereItIsAskedFor) {
  Store store = open();
  Collection collection = store.collection("notes");
  for (const char* key : {"a", "b", "c"}) collection.put(key, 1);
  collection.erase("b");
  store.stream("s").append({.type = "t"});
  SubscriptionOptions options = notes(Start::state);
  options.streams = {{}};
  Subscription subscription = store.subscribe(options);
  EXPECT_EQ(all_told(subscription), "+a +c !s1 =|");
  collection.put("d", 1);
  store.stream("s").append({.type = "t"});
  EXPECT_EQ(all_told(subscription), "+d !s2|");
}

TEST_P(AnySubscription, AStateThatIsChangedWhileItIsToldEndsRight) {
  Store store = open();
  Collection collection = store.collection("notes");
  std::map<std::string, std::int64_t> truth;
  const auto key_of = [](int i) { return "k" + std::to_string(10000 + i); };
  store.transact([&](Transaction& transaction) {
    for (int i = 0; i < 2000; ++i) {
      transaction.collection("notes").put(key_of(i), i);
      truth[key_of(i)] = i;
    }
  });
  Subscription subscription = store.subscribe(notes(Start::state));
  std::map<std::string, std::int64_t> seen;
  const auto take = [&](const Change& change) {
    if (change.kind == Kind::put) {
      seen[change.key] = change.record->value.as_int();
    } else {
      EXPECT_EQ(change.kind, Kind::erase);
      seen.erase(change.key);
    }
  };
  int steps = 0;
  for (;;) {
    const auto change = subscription.next(soon);
    ASSERT_TRUE(change);
    if (change->kind == Kind::state_end) break;
    take(*change);
    if (++steps % 100 == 0 && steps <= 2000) {
      collection.put(key_of(steps / 3), -steps);
      truth[key_of(steps / 3)] = -steps;
      collection.erase(key_of(1999 - steps / 5));
      truth.erase(key_of(1999 - steps / 5));
    }
  }
  EXPECT_GT(steps, 2000);
  while (const auto change = subscription.next(now)) take(*change);  // what came after the end had been read
  EXPECT_EQ(seen, truth);
}

TEST_P(AnySubscription, WithHistoryEachVersionIsToldWhereItIsAskedFor) {
  Store store = open();
  Collection collection = store.collection("notes");
  collection.set_options({.history = {.enabled = true}});
  Subscription subscription = store.subscribe({.collections = {{.name = "notes", .every_version = true}}});
  for (int i = 1; i <= 3; ++i) collection.put("a", i);
  collection.erase("a");
  collection.put("a", 4);
  std::string values;
  while (const auto change = subscription.next(now))
    values += change->record ? std::to_string(change->record->value.as_int()) : "-";
  EXPECT_EQ(values, "123-4");
}

TEST_P(AnySubscription, ADroppedCollectionIsTold) {
  Store store = open();
  store.collection("notes").put("a", 1);
  Subscription subscription = store.subscribe(notes());
  store.collection("notes").drop();
  store.collection("notes").put("b", 1);
  EXPECT_EQ(all_told(subscription), "drop notes +b|");
}

TEST_P(AnySubscription, StreamsAreToldEventByEvent) {
  Store store = open();
  Stream orders = store.stream("order-1");
  orders.append({.type = "placed", .data = Value::object({{"sum", 5}})});
  Subscription subscription = store.subscribe({.streams = {{.prefix = "order-"}}, .start = Start::log});
  orders.append({.type = "paid"});
  store.stream("user-1").append({.type = "joined"});
  EXPECT_EQ(all_told(subscription), "!order-11 !order-12|");
  store.transact([](Transaction& transaction) {
    transaction.stream("order-1").append({.type = "sent"});
    transaction.stream("order-2").append({.type = "placed"});
  });
  EXPECT_EQ(all_told(subscription), "!order-13 !order-21|");

  Subscription filtered = store.subscribe(
      {.streams = {{.prefix = "order-1", .exact = true, .types = {"placed", "sent"}, .where = "data.sum > 1"}},
       .start = Start::log});
  EXPECT_EQ(all_told(filtered), "!order-11|");
  Subscription later = store.subscribe({.streams = {{}}, .after = Position{2}});
  EXPECT_EQ(all_told(later), "!user-11 !order-13 !order-21|");
  Subscription from_now = store.subscribe({.streams = {{}}});
  EXPECT_EQ(all_told(from_now), "");
}

TEST_P(AnySubscription, QueuesAreToldItemByItem) {
  Store store = open();
  Subscription subscription = store.subscribe({.queues = {{.name = "work"}}});
  const std::string id = store.queue("work").put(Value("job"));
  store.queue("other").put(Value("job"));
  const auto put = subscription.next(now);
  ASSERT_TRUE(put);
  EXPECT_EQ(told(*put), "item " + id + "|");
  EXPECT_EQ(put->source, "work");
  EXPECT_EQ(put->item->payload.as_string(), "job");
  const auto leases = store.queue("work").take();
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(all_told(subscription), "") << "leases are no changes";
  store.queue("work").done(leases[0]);
  EXPECT_EQ(all_told(subscription), "gone " + id + "|");
}

TEST_P(AnySubscription, EverythingMeansWhatIsYetToComeToo) {
  Store store = open();
  Subscription subscription = store.subscribe({.everything = true});
  store.transact([](Transaction& transaction) {
    transaction.collection("a").put("1", 1);
    transaction.collection("b").put("1", 1);
    transaction.stream("s").append({.type = "t"});
  });
  const std::string text = all_told(subscription);
  EXPECT_NE(text.find("+1"), std::string::npos) << text;
  EXPECT_NE(text.find("!s1"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), ' '), 2) << text;
}

TEST_P(AnySubscription, ANamedOneGoesOnWhereItSaved) {
  Store store = open();
  Collection collection = store.collection("notes");
  SubscriptionOptions options = notes();
  options.consumer = "indexer";
  {
    Subscription subscription = store.subscribe(options);
    subscription.save();
    collection.put("a", 1);
    collection.put("b", 1);
    EXPECT_EQ(told(*subscription.next(now)), "+a");
    subscription.save();
    EXPECT_EQ(told(*subscription.next(now)), "+b|");
  }
  {
    Subscription subscription = store.subscribe(options);
    EXPECT_EQ(all_told(subscription), "+b|") << "it was told, but not saved";
    subscription.save();
  }
  const Position before = store.position();
  collection.put("c", 1);
  Subscription subscription = store.subscribe(options);
  EXPECT_EQ(all_told(subscription), "+c|");
  subscription.save();
  EXPECT_EQ(store.position(), Position{before.value + 1}) << "places take no position";
  ASSERT_EQ(store.consumers().size(), 1u);
  EXPECT_EQ(store.consumers()[0].name, "indexer");
  EXPECT_EQ(store.consumers()[0].lag, 0u);
  EXPECT_TRUE(store.forget_consumer("indexer"));
  EXPECT_FALSE(store.forget_consumer("indexer"));
}

TEST_P(AnySubscription, APlaceInTheMiddleOfAStateOrACommitIsExact) {
  Store store = open();
  store.transact([](Transaction& transaction) {
    for (int i = 0; i < 9; ++i) transaction.collection("notes").put("k" + std::to_string(i), i);
    for (int i = 0; i < 3; ++i) transaction.stream("s").append({.type = "t"});
  });
  SubscriptionOptions options = notes(Start::state);
  options.streams = {{}};
  options.consumer = "c";
  std::string text;
  for (int i = 0; i < 40; ++i) {
    if (i == 20) {
      store.transact([](Transaction& transaction) {
        for (int n = 0; n < 4; ++n) {
          transaction.collection("notes").put("m" + std::to_string(n), n);
          transaction.stream("s").append({.type = "t"});
        }
      });
    }
    Subscription subscription = store.subscribe(options);
    if (const auto change = subscription.next(now)) text += " " + told(*change);
    subscription.save();
  }
  EXPECT_EQ(text, " +k0 +k1 +k2 +k3 +k4 +k5 +k6 +k7 +k8 !s1 !s2 !s3 =| +m0 +m1 +m2 +m3 !s4 !s5 !s6 !s7|");
}

TEST_P(AnySubscription, ThePlaceIsSavedWithTheConsumersOwnWritesOrNotAtAll) {
  Store store = open();
  SubscriptionOptions options = notes();
  options.consumer = "counter";
  store.subscribe(options).save();
  store.collection("notes").put("a", 1);
  Subscription subscription = store.subscribe(options);
  ASSERT_TRUE(subscription.next(now));
  EXPECT_THROW(store.transact([&](Transaction& transaction) {
    transaction.collection("counts").put("n", 1);
    subscription.save(transaction);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  {
    Subscription again = store.subscribe(options);
    EXPECT_EQ(all_told(again), "+a|");
  }
  store.transact([&](Transaction& transaction) {
    transaction.collection("counts").put("n", 1);
    subscription.save(transaction);
  });
  Subscription again = store.subscribe(options);
  EXPECT_EQ(all_told(again), "");
}

TEST_P(AnySubscription, TwoUnderOneNameAreToldApart) {
  Store store = open();
  SubscriptionOptions options = notes();
  options.consumer = "one";
  Subscription first = store.subscribe(options);
  Subscription second = store.subscribe(options);
  first.save();
  first.save();
  try {
    second.save();
    FAIL() << "both moved the place";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::conflict);
  }
  options.collections[0].where = "x = 1";
  try {
    store.subscribe(options);
    FAIL() << "the place was one of another watch";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::conflict);
  }
}

TEST_P(AnySubscription, BehindTheLogThereIsAGapAndARestart) {
  OpenOptions small;
  small.log_bytes_max = 1;
  small.log_bytes_bound = 1;
  Store store = open(small);
  SubscriptionOptions options = notes();
  options.consumer = "slow";
  store.subscribe(options).save();
  Collection collection = store.collection("notes");
  for (int i = 0; i < 50; ++i) collection.put("k" + std::to_string(i % 5), i);
  store.compact();
  ASSERT_GT(store.describe().log_base, Position{0}) << "nobody pins the log";
  ASSERT_EQ(store.consumers().size(), 1u);
  EXPECT_TRUE(store.consumers()[0].gap);
  Subscription subscription = store.subscribe(options);
  try {
    subscription.next(now);
    FAIL() << "a gap went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::gap);
  }
  subscription.restart();
  EXPECT_EQ(all_told(subscription), "+k0 +k1 +k2 +k3 +k4 =|");
  subscription.save();
  collection.put("k0", 99);
  EXPECT_EQ(all_told(subscription), "+k0|");
}

TEST_P(AnySubscription, EventsErasedBeforeTheyWereSeenAreAGap) {
  Store store = open();
  const auto append = [&](const char* stream, int count) {
    for (int i = 0; i < count; ++i) store.stream(stream).append({.type = "t"});
  };
  append("a", 3);
  append("b", 3);
  store.stream("b").truncate(3);
  SubscriptionOptions options{.streams = {{.prefix = "a"}}, .consumer = "a-only", .start = Start::log};
  Subscription other = store.subscribe(options);
  options = {.streams = {{}}, .consumer = "all", .start = Start::log};
  Subscription all = store.subscribe(options);
  EXPECT_EQ(told(*all.next(now)), "!a1");
  all.save();
  other.save();
  Subscription mixed = store.subscribe({.everything = true});
  append("b", 2);
  store.stream("b").truncate(5);
  append("c", 1);
  EXPECT_EQ(all_told(other), "!a1 !a2 !a3|") << "it has lost nothing";
  const auto gap = [&](Subscription& subscription) {
    try {
      while (subscription.next(now)) continue;
    } catch (const Error& error) {
      return error.code() == ErrorCode::gap;
    }
    return false;
  };
  EXPECT_TRUE(gap(mixed));
  Subscription resumed = store.subscribe(options);
  EXPECT_TRUE(gap(resumed));
  resumed.restart();
  EXPECT_EQ(all_told(resumed), "!a1 !a2 !a3 !b5 !c1 =|");
  resumed.save();
  store.stream("b").truncate(6);
  store.stream("b").set_options({.keep_count = 10});
  append("c", 1);
  EXPECT_EQ(all_told(resumed), "!c2|") << "what it has seen may go";
}

TEST_P(AnySubscription, AWaitEndsWithACommitOfAnotherThreadAndWithCancel) {
  Store store = open();
  Subscription subscription = store.subscribe(notes());
  std::thread writer([&] { store.collection("notes").put("a", 1); });
  const auto change = subscription.next(soon);
  writer.join();
  ASSERT_TRUE(change);
  EXPECT_EQ(told(*change), "+a|");
  std::thread canceller([&] { subscription.cancel(); });
  EXPECT_FALSE(subscription.next());
  canceller.join();
  EXPECT_FALSE(subscription.next());
}

TEST_P(AnySubscription, ItsDescriptorIsReadableWhenThereIsSomethingNew) {
  Store store = open();
  Subscription subscription = store.subscribe(notes());
  const int descriptor = subscription.descriptor();
  const auto readable = [&](seconds within) {
    return platform::wait_for_descriptor(descriptor, {.readable = true}, platform::steady_now() + within).readable;
  };
  EXPECT_TRUE(readable(soon)) << "one looks once at first";
  EXPECT_FALSE(subscription.next(now));
  store.collection("notes").put("a", 1);
  // The bell may have rung for a commit that was there before.
  while (!subscription.next(now)) ASSERT_TRUE(readable(soon));
}

TEST_P(AnySubscription, RunHandsOverAndSaves) {
  Store store = open();
  SubscriptionOptions options = notes(Start::log);
  options.consumer = "runner";
  for (int i = 0; i < 5; ++i) store.collection("notes").put("k" + std::to_string(i), i);
  std::string text;
  store.subscribe(options).run([&](const Change& change) {
    text += told(change);
    return text.size() < 6;
  });
  EXPECT_EQ(text, "+k0+k1");
  Subscription rest = store.subscribe(options);
  EXPECT_EQ(all_told(rest), "+k2 +k3 +k4|");
}

TEST_P(AnySubscription, SmallPiecesTellTheSameAsLargeOnes) {
  Store store = open();
  std::mt19937_64 random(testing::UnitTest::GetInstance()->random_seed());
  SubscriptionOptions small = notes(Start::log);
  small.batch_changes_max = 3;
  Subscription piecemeal = store.subscribe(small);
  Subscription follower = store.subscribe(notes(Start::log));
  std::map<std::string, std::int64_t> truth, by_pieces, followed;
  const auto apply = [](std::map<std::string, std::int64_t>& state, const Change& change) {
    if (change.kind == Kind::put) {
      state[change.key] = change.record->value.as_int();
    } else {
      state.erase(change.key);
    }
  };
  for (int round = 0; round < 60; ++round) {
    store.transact([&](Transaction& transaction) {
      for (std::uint64_t i = random() % 9; i > 0; --i) {
        const std::string key = "k" + std::to_string(random() % 20);
        if (random() % 4 == 0) {
          transaction.collection("notes").erase(key);
          truth.erase(key);
        } else {
          transaction.collection("notes").put(key, round);
          truth[key] = round;
        }
      }
    });
    if (random() % 3 != 0) continue;
    bool whole = true;
    while (const auto change = follower.next(now)) {
      apply(followed, *change);
      whole = change->batch_end;
    }
    EXPECT_TRUE(whole);
    EXPECT_EQ(followed, truth);
  }
  while (const auto change = piecemeal.next(now)) apply(by_pieces, *change);
  EXPECT_EQ(by_pieces, truth);
}

TEST_P(AnySubscription, WrongOnesAreRefused) {
  Store store = open();
  const auto code_of = [&](const SubscriptionOptions& options) {
    try {
      store.subscribe(options);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code_of({}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.collections = {{.name = "notes", .where = "and and"}}}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.collections = {{.name = ""}}}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.everything = true, .consumer = std::string("a\nb")}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.everything = true, .after = Position{99}}), ErrorCode::invalid_argument);
  EXPECT_THROW(store.subscribe({.everything = true}).save(), Error);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnySubscription, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
