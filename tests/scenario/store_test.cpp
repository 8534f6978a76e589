// A store as a program uses it, on every engine.
#include <gtest/gtest.h>

#include <set>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

class AnyStore : public testing::TestWithParam<std::string> {
 protected:
  Store open(OpenOptions options = {}) { return Store::open(site_.url(), options); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

std::vector<std::string> keys_of(const QueryResult& result) {
  std::vector<std::string> keys;
  for (const Record& record : result.records) keys.push_back(record.key);
  return keys;
}

using Keys = std::vector<std::string>;

TEST_P(AnyStore, AnEmptyStoreVerifies) {
  Store store = open();
  EXPECT_EQ(store.position(), Position{0});
  EXPECT_TRUE(store.collections().empty());
  EXPECT_EQ(store.verify().problems, Keys{});
  EXPECT_FALSE(store.collection("notes").get("a"));
}

TEST_P(AnyStore, APutIsReadBackWithVersionAndTimes) {
  Store store = open();
  Collection notes = store.collection("notes");
  const Version first = notes.put("a", Value::from_json(R"({"text":"hello","n":1})"));
  EXPECT_EQ(first, Version{1});
  const auto record = notes.get("a");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->value["text"].as_string(), "hello");
  EXPECT_EQ(record->version, first);
  EXPECT_EQ(record->created, record->updated);
  const Version second = notes.put("a", Value::from_json(R"({"text":"again"})"));
  EXPECT_EQ(second, Version{2});
  EXPECT_LE(notes.get("a")->created, notes.get("a")->updated);
  EXPECT_EQ(notes.get("a")->created, record->created);
  EXPECT_TRUE(notes.erase("a"));
  EXPECT_FALSE(notes.erase("a"));
  EXPECT_FALSE(notes.get("a"));
  EXPECT_EQ(store.position(), Position{3});
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStore, IfVersionRefusesAStaleWriter) {
  Store store = open();
  Collection notes = store.collection("notes");
  const Version version = notes.put("a", 1, {.if_version = Version{0}});
  EXPECT_THROW(notes.put("a", 2, {.if_version = Version{0}}), Error);
  notes.put("a", 2, {.if_version = version});
  try {
    notes.put("a", 3, {.if_version = version});
    FAIL() << "a stale version was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::conflict);
  }
  EXPECT_EQ(notes.get("a")->value.as_int(), 2);
}

TEST_P(AnyStore, ATransactionIsAllOrNothingAndSeesItsOwnWrites) {
  Store store = open();
  store.transact([](Transaction& transaction) {
    Collection a = transaction.collection("a"), b = transaction.collection("b");
    a.put("1", Value::object({{"n", 1}}));
    b.put("1", Value::object({{"n", 2}}));
    EXPECT_EQ(a.get("1")->value["n"].as_int(), 1);
    EXPECT_EQ(keys_of(b.find({.where = "n = 2"})), Keys{"1"});
  });
  EXPECT_EQ(store.position(), Position{1});
  EXPECT_THROW(store.transact([](Transaction& transaction) {
    transaction.collection("a").put("2", 5);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_FALSE(store.collection("a").get("2"));
  EXPECT_EQ(store.log(Position{0}).size(), 1u);
}

TEST_P(AnyStore, IndexesAnswerQueriesAndStayRight) {
  Store store = open();
  Collection notes = store.collection("notes");
  for (int i = 0; i < 50; ++i) {
    notes.put("k" + std::to_string(100 + i),
              Value::object({{"kind", i % 3 == 0 ? "note" : "task"},
                             {"score", i},
                             {"tags", Value::array({"t" + std::to_string(i % 5), "all"})}}));
  }
  const Query query{.where = "kind = 'note' and score >= 30", .order = {{"score", true}}};
  const Keys expected{"k148", "k145", "k142", "k139", "k136", "k133", "k130"};
  EXPECT_EQ(keys_of(notes.find(query)), expected);
  notes.create_index({.name = {}, .fields = {{"kind", false}, {"score", false}}, .unique = false});
  notes.create_index({.name = {}, .fields = {{"tags", false}}, .unique = false});
  const QueryResult by_index = notes.find(query);
  EXPECT_EQ(keys_of(by_index), expected);
  EXPECT_EQ(by_index.plan.access, "index kind,score");
  EXPECT_FALSE(by_index.plan.sorted_in_memory);
  EXPECT_EQ(notes.count({.where = "tags contains 't1'"}), 10u);
  EXPECT_EQ(notes.explain({.where = "tags contains 't1'"}).access, "index tags");
  notes.put("k148", Value::object({{"kind", "task"}, {"score", 1}}));
  EXPECT_EQ(keys_of(notes.find(query)).size(), expected.size() - 1);
  EXPECT_EQ(store.verify().problems, Keys{});
  EXPECT_TRUE(notes.drop_index("tags"));
  EXPECT_EQ(notes.indexes().size(), 1u);
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStore, PagesFollowOneAnotherWithAndWithoutAnIndex) {
  Store store = open();
  Collection notes = store.collection("notes");
  for (int i = 0; i < 40; ++i) notes.put("k" + std::to_string(10 + i), Value::object({{"n", i % 7}}));
  const auto walk = [&](bool descending) {
    Query query{.order = {{"n", descending}}, .limit = 6};
    Keys all;
    for (;;) {
      const QueryResult page = notes.find(query);
      for (const Record& record : page.records) all.push_back(record.key);
      if (page.cursor.empty()) return all;
      query.cursor = page.cursor;
    }
  };
  const Keys up = walk(false), down = walk(true);
  EXPECT_EQ(up.size(), 40u);
  EXPECT_EQ(Keys(down.rbegin(), down.rend()), up);
  notes.create_index({.name = {}, .fields = {{"n", false}}, .unique = false});
  EXPECT_EQ(walk(false), up);
  EXPECT_EQ(walk(true), down);
  EXPECT_THROW(notes.find({.order = {{"n", false}}, .cursor = "abc"}), Error);
}

TEST_P(AnyStore, AUniqueIndexRefusesASecondHolder) {
  Store store = open();
  Collection users = store.collection("users");
  users.create_index({.name = "mail", .fields = {{"mail", false}}, .unique = true});
  users.put("a", Value::object({{"mail", "x"}}));
  users.put("n1", Value::object({{"mail", nullptr}}));
  users.put("n2", Value::object({}));
  try {
    users.put("b", Value::object({{"mail", "x"}}));
    FAIL() << "the value was taken twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::already_exists);
  }
  users.put("b", Value::object({{"mail", "y"}}));
  // Two records may exchange their values in one transaction.
  store.transact([](Transaction& transaction) {
    transaction.collection("users").put("a", Value::object({{"mail", "y"}}));
    transaction.collection("users").put("b", Value::object({{"mail", "x"}}));
  });
  EXPECT_EQ(users.get("a")->value["mail"].as_string(), "y");
  users.put("c", Value::object({{"mail", "z"}, {"other", "same"}}));
  users.put("d", Value::object({{"mail", "w"}, {"other", "same"}}));
  EXPECT_THROW(users.create_index({.name = "other", .fields = {{"other", false}}, .unique = true}), Error);
  EXPECT_EQ(users.indexes().size(), 1u);
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStore, HistoryAnswersAsOfPositionsAndTimes) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.set_options({.history = {.enabled = true, .keep_for = {}, .keep_count = {}}, .time_to_live = {}});
  const Version first = notes.put("a", "one");
  const Version second = notes.put("a", "two");
  notes.erase("a");
  notes.put("b", "other");
  const Version fourth = notes.put("a", "three");
  EXPECT_EQ(notes.get("a", Position{first.value})->value.as_string(), "one");
  EXPECT_EQ(notes.get("a", Position{second.value})->value.as_string(), "two");
  EXPECT_FALSE(notes.get("a", Position{second.value + 1}));
  EXPECT_EQ(notes.get("a", Position{fourth.value})->value.as_string(), "three");
  EXPECT_EQ(notes.history("a").size(), 3u);
  EXPECT_EQ(keys_of(notes.find({.at = Position{second.value}})), (Keys{"a"}));
  EXPECT_EQ(keys_of(notes.find({.at = Position{second.value + 2}})), (Keys{"b"}));
  const Time then = store.log(Position{second.value - 1}, 1).front().time;
  EXPECT_EQ(notes.get("a", then)->value.as_string(), "two");
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStore, WhatHasExpiredIsHidden) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.put("a", 1, {.time_to_live = std::chrono::microseconds(1)});
  notes.put("b", 2);
  EXPECT_FALSE(notes.get("a"));
  EXPECT_EQ(keys_of(notes.find()), Keys{"b"});
  EXPECT_EQ(notes.count(), 1u);
  store.compact();
  EXPECT_EQ(store.log(Position{2}).size(), 1u) << "a logged erase removed it";
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStore, TheSameTransactionIdCommitsOnce) {
  Store store = open();
  CommitResult first, second;
  const Uuid id = *Uuid::parse(store.transact([](Transaction& t) { return t.collection("seed").add(1); }));
  const auto append = [](Transaction& t) { t.collection("a").add(1); };
  store.transact(append, {.durability = {}, .timeout = {}, .id = id}, &first);
  store.transact(append, {.durability = {}, .timeout = {}, .id = id}, &second);
  EXPECT_FALSE(first.repeated);
  EXPECT_TRUE(second.repeated);
  EXPECT_EQ(first.position, second.position);
  EXPECT_EQ(store.collection("a").count(), 1u);
  EXPECT_EQ(store.outcome(id)->position, first.position);
}

TEST_P(AnyStore, ADumpLoadsIntoAnEqualStore) {
  std::vector<std::string> lines;
  std::string digest;
  {
    Store store = open();
    Collection notes = store.collection("notes");
    for (int i = 0; i < 300; ++i)
      notes.put("k" + std::to_string(i), Value::object({{"n", i}, {"f", i / 4.0}, {"s", "\u00e4"}}));
    notes.create_index({.name = {}, .fields = {{"n", false}}, .unique = true});
    store.collection("other").put("x", nullptr);
    store.collection("gone").put("x", 1);
    store.collection("gone").drop();
    digest = store.describe().digest;
    dump(store, [&](std::string_view line) { lines.emplace_back(line); });
  }
  for (const std::string target : {"memory:", "lmdb:", "sqlite:"}) {
    Store copy = Store::open(
        target == "memory:" ? target : target + directory_.path() + "/copy-" + target.substr(0, target.size() - 1));
    std::size_t next = 0;
    const LoadReport report = load(copy, [&](std::string& line) {
      if (next == lines.size()) return false;
      line = lines[next++];
      return true;
    });
    EXPECT_TRUE(report.digest_compared);
    EXPECT_EQ(copy.describe().digest, digest);
    EXPECT_EQ(copy.verify().problems, Keys{});
    EXPECT_EQ(copy.collection("notes").explain({.where = "n = 5"}).access, "index n");
  }
}

TEST_P(AnyStore, LongRecordsAreCompressedOnceThereAreEnough) {
  Store store = open();
  Collection notes = store.collection("notes");
  const auto note = [](int i) {
    return Value::object(
        {{"text", "what the agent saw in episode " + std::to_string(i) + " of its long life with its tools"},
         {"source", "https://example.org/a/rather/long/path/that/many/records/share?number=" + std::to_string(i)},
         {"kind", "an observation about the world, to be kept for later"},
         {"author", "the agent that is responsible for observations of this kind"}});
  };
  const auto write = [&](int from, int to) {
    store.transact([&](Transaction& transaction) {
      for (int i = from; i < to; ++i) transaction.collection("notes").put("k" + std::to_string(10000 + i), note(i));
    });
  };
  const auto bytes = [&] {
    for (const SpaceStatistics& space : store.statistics().spaces) {
      if (space.name == "collection notes") return space.bytes;
    }
    return std::uint64_t{0};
  };
  write(0, 1200);
  const std::uint64_t plain = bytes();
  store.compact();  // runs the upkeep that trains the dictionary
  write(1200, 2400);
  EXPECT_LT(bytes(), plain + plain / 2);
  EXPECT_EQ(notes.get("k11000")->value, note(1000));
  EXPECT_EQ(notes.get("k12000")->value, note(2000));
  EXPECT_EQ(notes.count({.where = "text like '%episode 2%'"}), 1u + 10u + 100u + 400u);
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStore, CommitAsyncCommitsBehindTheCaller) {
  Store store = open();
  std::vector<std::future<CommitResult>> futures;
  for (int i = 0; i < 20; ++i)
    futures.push_back(store.commit_async([&](Transaction& t) { t.collection("a").put("k" + std::to_string(i), i); }));
  std::set<std::uint64_t> positions;
  for (auto& future : futures) {
    try {
      positions.insert(future.get().position.value);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::conflict);  // several made the collection at once
    }
  }
  EXPECT_EQ(store.collection("a").count(), positions.size());
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStore, NestingATransactionIsRefused) {
  Store store = open();
  EXPECT_THROW(store.transact([&](Transaction&) { store.collection("a").put("k", 1); }), Error);
}

TEST_P(AnyStore, ManyThreadsCountToTheSum) {
  Store store = open();
  store.collection("n").put("sum", 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        store.transact([](Transaction& t) {
          Collection n = t.collection("n");
          n.put("sum", n.get("sum")->value.as_int() + 1);
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(store.collection("n").get("sum")->value.as_int(), 400);
  EXPECT_EQ(store.position(), Position{401});
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStore, AnOldSnapshotIsLetGo) {
  Store store = open({.snapshot_age_max = std::chrono::milliseconds(1)});
  const Snapshot snapshot = store.snapshot();
  while (true) {
    try {
      snapshot.collection("a").get("k");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::limit_exceeded);
      break;
    }
  }
}

TEST_P(AnyStore, ReopeningFindsEverything) {
  if (GetParam() == "memory") return;
  std::string digest;
  {
    Store store = open();
    store.collection("a").put("k", "v");
    digest = store.describe().digest;
    store.close();
    EXPECT_THROW(store.collection("a"), Error);
  }
  Store store = open();
  EXPECT_EQ(store.describe().digest, digest);
  EXPECT_EQ(store.collection("a").get("k")->value.as_string(), "v");
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyStore, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
