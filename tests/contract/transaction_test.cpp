// Snapshots, write transactions, tokens.
#include <atomic>
#include <thread>
#include <vector>

#include "tests/contract/contract_fixture.hpp"

namespace strata::engine {
namespace {

class Transactions : public EngineFixture {};

TEST_P(Transactions, ASnapshotIsUntouchedByLaterWrites) {
  write(*engine_, {{"a", "1"}, {"b", "2"}});
  const auto before = engine_->snapshot();
  const auto transaction = engine_->begin_write(patient());
  transaction->put({records, "a"}, "changed");
  transaction->erase({records, "b"});
  transaction->put({records, "c"}, "3");
  transaction->commit(Durability::relaxed);
  EXPECT_EQ(read_all(*before, {records, {}, {}}), (Rows{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(read(*before, "a"), "1");
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"a", "changed"}, {"c", "3"}}));
}

TEST_P(Transactions, ACursorOfASnapshotIsUntouchedByLaterWrites) {
  write(*engine_, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const auto snapshot = engine_->snapshot();
  const auto cursor = snapshot->scan({records, {}, {}}, {});
  ASSERT_TRUE(cursor->next());
  for (int i = 0; i < 20; ++i) {
    const auto transaction = engine_->begin_write(patient());
    transaction->erase_range({records, {}, {}});
    transaction->put({records, "b"}, Bytes(3000, static_cast<char>('a' + i)));
    transaction->commit(Durability::relaxed);
  }
  ASSERT_TRUE(cursor->next());
  EXPECT_EQ(cursor->value(), "2");
  ASSERT_TRUE(cursor->next());
  EXPECT_EQ(cursor->value(), "3");
  EXPECT_FALSE(cursor->next());
}

TEST_P(Transactions, SnapshotsAreTakenWhileSomeoneWrites) {
  write(*engine_, {{"a", "1"}});
  const auto transaction = engine_->begin_write(patient());
  transaction->put({records, "a"}, "2");
  EXPECT_EQ(read(*engine_->snapshot(), "a"), "1");
  std::thread([&] { EXPECT_EQ(read(*engine_->snapshot(), "a"), "1"); }).join();
  transaction->commit(Durability::relaxed);
  EXPECT_EQ(read(*engine_->snapshot(), "a"), "2");
}

TEST_P(Transactions, ManySnapshotsEachKeepTheirState) {
  const std::size_t bound = engine_->capabilities().snapshots_max;
  const int count = bound == 0 ? 100 : static_cast<int>(bound);
  std::vector<std::unique_ptr<Snapshot>> held;
  for (int i = 0; i < count; ++i) {
    write(*engine_, {{"n", std::to_string(i)}});
    held.push_back(engine_->snapshot());
  }
  for (int i = 0; i < count; ++i) EXPECT_EQ(read(*held[static_cast<std::size_t>(i)], "n"), std::to_string(i));
}

TEST_P(Transactions, EqualTokensMeanEqualState) {
  std::map<std::uint64_t, Rows> states;
  for (int i = 0; i < 60; ++i) {
    const auto snapshot = engine_->snapshot();
    const Rows state = read_all(*snapshot, {records, {}, {}});
    if (snapshot->token() != 0) {
      const auto known = states.emplace(snapshot->token(), state).first;
      EXPECT_EQ(known->second, state);
    }
    const auto transaction = engine_->begin_write(patient());
    transaction->put({records, std::to_string(i % 7)}, std::to_string(i));
    if (i % 3 != 0) transaction->commit(i % 2 == 0 ? Durability::sync : Durability::relaxed);
  }
}

TEST_P(Transactions, AWriteTransactionReadsItsOwnWrites) {
  write(*engine_, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const auto transaction = engine_->begin_write(patient());
  transaction->put({records, "b"}, "new");
  transaction->erase({records, "c"});
  transaction->put({records, "d"}, "4");
  EXPECT_EQ(read(*transaction, "b"), "new");
  EXPECT_EQ(read(*transaction, "c"), std::nullopt);
  EXPECT_EQ(read_all(*transaction, {records, {}, {}}), (Rows{{"a", "1"}, {"b", "new"}, {"d", "4"}}));
  EXPECT_EQ(read_all(*transaction, {records, {}, "d"}, {.reverse = true}), (Rows{{"b", "new"}, {"a", "1"}}));
  const std::vector<Key> keys{{records, "d"}, {records, "c"}};
  std::vector<std::optional<Bytes>> found;
  transaction->get_many(keys, [&](std::size_t, std::optional<bytes_view> value) { found.push_back(owned(value)); });
  EXPECT_EQ(found, (std::vector<std::optional<Bytes>>{"4", std::nullopt}));
}

TEST_P(Transactions, WhatIsNotCommittedIsSeenByNobodyAndLeavesNoTrace) {
  write(*engine_, {{"a", "1"}, {"b", "2"}});
  {
    const auto transaction = engine_->begin_write(patient());
    transaction->put({records, "a"}, "changed");
    transaction->erase_range({records, "b", {}});
    transaction->put({records, "c"}, Bytes(100'000, 'c'));
    EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"a", "1"}, {"b", "2"}}));
  }
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"a", "1"}, {"b", "2"}}));
  const auto transaction = engine_->begin_write(patient());
  EXPECT_EQ(read_all(*transaction, {records, {}, {}}), (Rows{{"a", "1"}, {"b", "2"}}));
}

TEST_P(Transactions, ACommitShowsAllItsWritesAtOnce) {
  write(*engine_, {{"a", "0"}, {"b", "0"}});
  std::atomic<bool> done{false};
  std::atomic<int> looks{0};
  std::thread reader([&] {
    while (!done || looks == 0) {
      const auto snapshot = engine_->snapshot();
      EXPECT_EQ(read(*snapshot, "a"), read(*snapshot, "b"));
      ++looks;
    }
  });
  for (int i = 1; i <= 100; ++i) write(*engine_, {{"a", std::to_string(i)}, {"b", std::to_string(i)}});
  done = true;
  reader.join();
  EXPECT_EQ(read(*engine_->snapshot(), "b"), "100");
}

TEST_P(Transactions, ErasingAnAbsentKeyIsNoError) {
  write(*engine_, {{"a", "1"}});
  const auto transaction = engine_->begin_write(patient());
  transaction->erase({records, "absent"});
  transaction->erase_range({records, "x", "z"});
  transaction->erase_range({Space::make(SpaceGroup::history, 1), {}, {}});
  transaction->commit(Durability::sync);
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"a", "1"}}));
}

TEST_P(Transactions, ARangeIsErasedAsItIsRead) {
  const Space neighbour = Space::make(SpaceGroup::record, 8);
  write(*engine_, {{"a", "other"}}, Durability::relaxed, neighbour);
  const std::map<Bytes, Bytes> rows{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}};
  const auto left_by = [&](bytes_view begin, bytes_view end) {
    write(*engine_, rows);
    const auto transaction = engine_->begin_write(patient());
    transaction->erase_range({records, begin, end});
    transaction->commit(Durability::relaxed);
    return keys_of(read_all(*engine_->snapshot(), {records, {}, {}}));
  };
  EXPECT_EQ(left_by("b", "d"), (std::vector<Bytes>{"a", "d"}));
  EXPECT_EQ(left_by({}, "c"), (std::vector<Bytes>{"c", "d"}));
  EXPECT_EQ(left_by("c", {}), (std::vector<Bytes>{"a", "b"}));
  EXPECT_EQ(left_by("c", "c"), (std::vector<Bytes>{"a", "b", "c", "d"}));
  EXPECT_EQ(left_by("d", "b"), (std::vector<Bytes>{"a", "b", "c", "d"}));
  EXPECT_EQ(left_by({}, {}), std::vector<Bytes>());
  EXPECT_EQ(read_all(*engine_->snapshot(), {neighbour, {}, {}}), (Rows{{"a", "other"}}));
}

TEST_P(Transactions, AnErasedRangeTakesNewRowsInTheSameTransaction) {
  write(*engine_, {{"a", "1"}, {"b", "2"}});
  const auto transaction = engine_->begin_write(patient());
  transaction->put({records, "c"}, "3");
  transaction->erase_range({records, {}, {}});
  EXPECT_EQ(read_all(*transaction, {records, {}, {}}), Rows());
  transaction->put({records, "b"}, "again");
  transaction->commit(Durability::relaxed);
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"b", "again"}}));
}

TEST_P(Transactions, ALongRangeIsErasedWhole) {
  for (const SpaceGroup group : {SpaceGroup::log, SpaceGroup::record}) {
    const Space space = Space::make(group, 3);
    const auto name = [](int i) { return std::to_string(100'000 + i); };
    std::map<Bytes, Bytes> rows;
    for (int i = 0; i < 5000; ++i) rows.emplace(name(i), Bytes(static_cast<std::size_t>(i % 300), 'x'));
    write(*engine_, rows, Durability::relaxed, space);
    write(*engine_, {{"row", "of another space"}}, Durability::relaxed, Space::make(group, 2));
    const auto transaction = engine_->begin_write(patient());
    const Bytes from = name(10);
    const Bytes to = name(4990);
    transaction->erase_range({space, from, to});
    transaction->commit(Durability::relaxed);
    const auto snapshot = engine_->snapshot();
    EXPECT_EQ(read_all(*snapshot, {space, {}, {}}).size(), 20u);
    EXPECT_EQ(read_all(*snapshot, {Space::make(group, 2), {}, {}}).size(), 1u);
  }
}

TEST_P(Transactions, KeysMayComeInAnyOrderInSpacesThatExpectThemSorted) {
  for (const SpaceGroup group : {SpaceGroup::log, SpaceGroup::ids, SpaceGroup::events, SpaceGroup::system}) {
    const Space low = Space::make(group, 1);
    const Space high = Space::make(group, 2);
    const auto transaction = engine_->begin_write(patient());
    for (const char* key : {"m", "z", "a", "zz", "m", "n"}) {
      transaction->put({low, key}, key);
      transaction->put({high, key}, "high");
      transaction->put({low, key}, "last");
    }
    transaction->commit(Durability::relaxed);
    EXPECT_EQ(read_all(*engine_->snapshot(), {low, {}, {}}),
              (Rows{{"a", "last"}, {"m", "last"}, {"n", "last"}, {"z", "last"}, {"zz", "last"}}));
  }
}

TEST_P(Transactions, AnEmptyTransactionCommits) {
  write(*engine_, {{"a", "1"}});
  for (const Durability durability : {Durability::sync, Durability::relaxed}) {
    engine_->begin_write(patient())->commit(durability);
  }
  EXPECT_EQ(read(*engine_->snapshot(), "a"), "1");
}

TEST_P(Transactions, ACursorMayBeDroppedAfterTheWriteThatEndedIt) {
  write(*engine_, {{"a", "1"}, {"b", "2"}});
  const auto transaction = engine_->begin_write(patient());
  auto cursor = transaction->scan({records, {}, {}}, {});
  ASSERT_TRUE(cursor->next());
  transaction->erase({records, "a"});
  auto another = transaction->scan({records, {}, {}}, {});
  ASSERT_TRUE(another->next());
  EXPECT_EQ(another->key(), "b");
  transaction->commit(Durability::relaxed);
  cursor.reset();
  another.reset();
}

TEST_P(Transactions, OneWritesAtATimeAndTheOtherIsBusyAtItsDeadline) {
  auto transaction = engine_->begin_write(patient());
  std::optional<ErrorCode> refusal;
  std::thread([&] { refusal = refusal_of_write(impatient()); }).join();
  EXPECT_EQ(refusal, ErrorCode::busy);
  transaction.reset();
  std::thread([&] { refusal = refusal_of_write(patient()); }).join();
  EXPECT_EQ(refusal, std::nullopt);
}

TEST_P(Transactions, AWaiterIsLetInWhenTheWriterEnds) {
  for (const bool commits : {true, false}) {
    auto transaction = engine_->begin_write(patient());
    transaction->put({records, "a"}, commits ? "committed" : "abandoned");
    std::atomic<bool> waiting{false};
    std::optional<Bytes> seen;
    std::thread waiter([&] {
      waiting = true;
      seen = read(*engine_->begin_write(patient()), "a");
    });
    while (!waiting) std::this_thread::yield();
    if (commits) transaction->commit(Durability::relaxed);
    transaction.reset();
    waiter.join();
    EXPECT_EQ(seen, "committed");
  }
}

TEST_P(Transactions, RowsThatAreFetchedWithTheLockAreThoseBehindIt) {
  write(*engine_, {{"a", "old"}, {"b", "old"}});
  auto first = engine_->begin_write(patient());
  first->put({records, "a"}, "new");
  first->erase({records, "b"});
  first->put({head_key.space, "x"}, "other space");
  std::atomic<bool> asked{false};
  std::thread second([&] {
    const std::vector<Key> ahead{
        {records, "a"}, {records, "b"}, {records, "absent"}, {head_key.space, "x"}, {records, "a"}};
    asked = true;
    const auto transaction = engine_->begin_write(patient(), ahead);
    EXPECT_EQ(read(*transaction, "a"), "new");
    EXPECT_EQ(read(*transaction, "b"), std::nullopt);
    EXPECT_EQ(read(*transaction, "absent"), std::nullopt);
    EXPECT_EQ(read(*transaction, "x", head_key.space), "other space");
    transaction->put({records, "a"}, "own");
    EXPECT_EQ(read(*transaction, "a"), "own");
    transaction->commit(Durability::relaxed);
  });
  while (!asked) std::this_thread::yield();
  first->commit(Durability::relaxed);
  first.reset();
  second.join();
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"a", "own"}}));
}

TEST_P(Transactions, TheLineageOfAnEngineThatLosesNothingStaysTheSame) {
  const std::uint64_t lineage = engine_->lineage();
  write(*engine_, {{"a", "1"}}, Durability::sync);
  EXPECT_EQ(read(*engine_->snapshot(), "a"), "1");
  EXPECT_EQ(engine_->lineage(), lineage);
}

TEST_P(Transactions, ThreadsThatCountTogetherLoseNoStep) {
  constexpr int threads = 4;
  constexpr int steps = 50;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      for (int step = 0; step < steps; ++step) {
        const auto transaction = engine_->begin_write(patient());
        const int count = std::stoi(read(*transaction, "count").value_or("0"));
        transaction->put({records, "count"}, std::to_string(count + 1));
        transaction->commit(Durability::relaxed);
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  EXPECT_EQ(read(*engine_->snapshot(), "count"), std::to_string(threads * steps));
}

INSTANTIATE_TEST_SUITE_P(Engines, Transactions, testing::ValuesIn(schemes_under_test()), scheme_name);

}  // namespace
}  // namespace strata::engine
