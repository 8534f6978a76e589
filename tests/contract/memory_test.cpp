// Writing from memory: what was presumed holds when the commit returns, or nothing was written.
#include <random>

#include "tests/contract/contract_fixture.hpp"

namespace strata::engine {
namespace {

constexpr Space hot = Space::make(SpaceGroup::system, 3);

class Memories : public EngineFixture {
 protected:
  void SetUp() override {
    write(*engine_, {{"counter", "0"}}, Durability::relaxed, hot);
    ASSERT_FALSE(engine_->memory().empty());
  }
  std::unique_ptr<WriteTransaction> begin(Engine& engine) {
    return engine.begin_from_memory(engine.memory(), patient());
  }
  /// So many new keys that the next ones are presumed to be absent.
  void write_new_keys() {
    std::vector<Key> keys;
    for (const char* key : {"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"}) keys.push_back({records, key});
    const auto transaction = engine_->begin_write(patient());
    transaction->get_many(keys, [](std::size_t, std::optional<bytes_view> value) { EXPECT_FALSE(value); });
    transaction->put({hot, "counter"}, "1");
    transaction->commit(Durability::relaxed);
  }

  std::unique_ptr<Engine> other_ = site_.open();
};

class NoMemories : public EngineFixture {};

TEST_P(NoMemories, WhoAsksItsOwnDiskRemembersNothing) {
  write(*engine_, {{"counter", "0"}}, Durability::relaxed, hot);
  EXPECT_EQ(engine_->memory(), Bytes());
  EXPECT_FALSE(engine_->begin_from_memory("anything", patient()));
}

TEST_P(Memories, HotRowsAreRememberedAndWrittenAnew) {
  for (const char* next : {"1", "2", "3"}) {
    const auto transaction = begin(*engine_);
    ASSERT_TRUE(transaction);
    EXPECT_NE(read(*transaction, "counter", hot), next);
    transaction->put({hot, "counter"}, next);
    transaction->put({records, next}, "a row");
    transaction->commit(Durability::sync);
    EXPECT_EQ(read(*engine_->snapshot(), "counter", hot), next);
    EXPECT_EQ(read(*engine_->snapshot(), next), "a row");
  }
}

TEST_P(Memories, NothingIsWrittenWhenAnotherHasWrittenMeanwhile) {
  const auto transaction = begin(*engine_);
  ASSERT_TRUE(transaction);
  write(*other_, {{"counter", "theirs"}}, Durability::relaxed, hot);
  transaction->put({hot, "counter"}, "ours");
  transaction->put({records, "ours"}, "");
  EXPECT_THROW(transaction->commit(Durability::sync), StaleMemory);
  EXPECT_EQ(read(*engine_->snapshot(), "counter", hot), "theirs");
  EXPECT_FALSE(read(*engine_->snapshot(), "ours"));
}

TEST_P(Memories, ATransactionThatWasLetGoLeavesNothingAndMemoryHolds) {
  {
    const auto transaction = begin(*engine_);
    ASSERT_TRUE(transaction);
    transaction->put({hot, "counter"}, "let go");
  }
  const auto transaction = begin(*engine_);
  ASSERT_TRUE(transaction);
  EXPECT_EQ(read(*transaction, "counter", hot), "0");
  transaction->put({hot, "counter"}, "1");
  transaction->commit(Durability::relaxed);
  EXPECT_EQ(read(*engine_->snapshot(), "counter", hot), "1");
}

TEST_P(Memories, AReadThatMemoryCannotAnswerSeesTheTruthOrEnds) {
  write(*engine_, {{"a", "1"}, {"b", "2"}});
  {
    const auto transaction = begin(*engine_);
    ASSERT_TRUE(transaction);
    transaction->put({records, "c"}, "3");
    EXPECT_EQ(read_all(*transaction, {records, {}, {}}), (Rows{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
    transaction->erase({records, "a"});
    transaction->commit(Durability::relaxed);
  }
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"b", "2"}, {"c", "3"}}));
  const auto transaction = begin(*engine_);
  ASSERT_TRUE(transaction);
  write(*other_, {{"d", "4"}});
  EXPECT_THROW(transaction->get({records, "b"}), StaleMemory);
}

TEST_P(Memories, ARowThatWasPresumedAbsentAndIsThereEndsTheTransaction) {
  write(*engine_, {{"there", "1"}});
  write_new_keys();
  for (const bool written : {true, false}) {
    auto transaction = begin(*engine_);
    ASSERT_TRUE(transaction);
    ASSERT_FALSE(read(*transaction, "there"));
    if (written) transaction->put({records, "there"}, "2");
    transaction->put({hot, "counter"}, "2");
    EXPECT_THROW(transaction->commit(Durability::sync), StaleMemory);
    EXPECT_EQ(read(*engine_->snapshot(), "there"), "1");
    EXPECT_EQ(read(*engine_->snapshot(), "counter", hot), "1");
    transaction.reset();
    write_new_keys();
    EXPECT_FALSE(begin(*engine_)) << "who was wrong asks for once";
  }
}

TEST_P(Memories, GoesFromOneEngineObjectToAnother) {
  write(*other_, {{"a", "1"}});
  write(*engine_, {{"counter", "0"}}, Durability::relaxed, hot);
  const auto transaction = other_->begin_from_memory(engine_->memory(), patient());
  ASSERT_TRUE(transaction);
  EXPECT_EQ(read(*transaction, "counter", hot), "0");
  transaction->put({hot, "counter"}, "theirs");
  transaction->commit(Durability::relaxed);
  EXPECT_EQ(read(*engine_->snapshot(), "counter", hot), "theirs");
  const auto stale = begin(*engine_);
  ASSERT_TRUE(stale);
  stale->put({hot, "counter"}, "ours");
  EXPECT_THROW(stale->commit(Durability::relaxed), StaleMemory);
}

TEST_P(Memories, AWriterThatHasTheLockIsWaitedForUntilTheDeadlineAlone) {
  write(*other_, {{"a", "1"}});
  write(*engine_, {{"counter", "0"}}, Durability::relaxed, hot);
  const auto holder = other_->begin_write(patient());
  const auto transaction =
      engine_->begin_from_memory(engine_->memory(), std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
  ASSERT_TRUE(transaction);
  transaction->put({hot, "counter"}, "ours");
  EXPECT_THROW(transaction->commit(Durability::relaxed), StaleMemory);
  // Had it been waited for longer, the server would have ended it.
  holder->put({hot, "counter"}, "theirs");
  holder->commit(Durability::relaxed);
  EXPECT_EQ(read(*engine_->snapshot(), "counter", hot), "theirs");
}

TEST_P(Memories, NonsenseIsNoMemory) {
  for (const Bytes& nonsense : {Bytes(), Bytes("x"), Bytes(7, '\0'), engine_->memory().substr(0, 20)}) {
    EXPECT_FALSE(engine_->begin_from_memory(nonsense, patient()));
  }
}

/// Two engine objects, random memories, random work: as if each transaction that committed had run alone.
TEST_P(Memories, RandomWorkEndsAsInAMap) {
  std::mt19937_64 random(20261121);
  std::map<Bytes, Bytes> rows;
  std::vector<Bytes> memories{engine_->memory()};
  std::size_t from_memory = 0;
  std::size_t stale = 0;
  for (int step = 0; step < 600; ++step) {
    Engine& engine = random() % 4 == 0 ? *other_ : *engine_;
    const Bytes& memory = random() % 8 == 0 ? memories[random() % memories.size()] : memories.back();
    auto transaction = engine.begin_from_memory(memory, patient());
    const bool presumed = transaction != nullptr;
    if (!presumed) transaction = engine.begin_write(patient());
    std::map<Bytes, Bytes> after = rows;
    bool as_expected = true;
    try {
      for (std::uint64_t act = random() % 5; act > 0; --act) {
        const Bytes key = "k" + std::to_string(random() % (random() % 3 == 0 ? 10 : 100'000));
        const auto expected = after.contains(key) ? std::optional<Bytes>(after[key]) : std::nullopt;
        switch (random() % 8) {
          case 0:
            transaction->erase({records, key});
            after.erase(key);
            break;
          case 1:
            as_expected &= read_all(*transaction, {records, {}, {}}) == Rows(after.begin(), after.end());
            break;
          case 2:
            transaction->erase_range({records, key, key + "5"});
            after.erase(after.lower_bound(key), after.lower_bound(key + "5"));
            break;
          default:
            as_expected &= read(*transaction, key) == expected;
            transaction->put({records, key}, std::to_string(step));
            after[key] = std::to_string(step);
        }
      }
      transaction->put({hot, "counter"}, std::to_string(step));
      transaction->commit(Durability::relaxed);
      EXPECT_TRUE(as_expected) << "step " << step;
      rows = std::move(after);
      memories.push_back(engine.memory());
      from_memory += presumed ? 1 : 0;
    } catch (const StaleMemory&) {
      EXPECT_TRUE(presumed);
      ++stale;
    }
    transaction.reset();
    ASSERT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), Rows(rows.begin(), rows.end())) << "step " << step;
  }
  EXPECT_GT(from_memory, 50u);
  EXPECT_GT(stale, 5u);
}

std::vector<std::string> schemes(bool remote) {
  std::vector<std::string> all = schemes_under_test();
  std::erase_if(all, [&](const std::string& scheme) { return (scheme == "postgres") != remote; });
  return all;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Memories);
INSTANTIATE_TEST_SUITE_P(Engines, Memories, testing::ValuesIn(schemes(true)), scheme_name);
INSTANTIATE_TEST_SUITE_P(Engines, NoMemories, testing::ValuesIn(schemes(false)), scheme_name);

}  // namespace
}  // namespace strata::engine
