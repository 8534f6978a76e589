// A transaction that has read nothing presumes the state that its process saw last. Another process has gone on.
#include "tests/process/shared_store.hpp"

namespace strata {
namespace {

class Presumptions : public SharedStore {
 protected:
  /// Both have seen the collection as it is.
  void SetUp() override {
    one_.collection("notes").put("old", 1);
    ASSERT_TRUE(other_.collection("notes").get("old"));
  }
  void make_anew() {
    ASSERT_TRUE(other_.collection("notes").drop());
    other_.collection("notes").put("new", 2);
  }

  Store one_ = open();
  Store other_ = open();
};

TEST_P(Presumptions, ABlindWriteFindsACollectionThatItHasNotSeen) {
  other_.collection("letters").put("theirs", 1);
  one_.collection("letters").put("mine", 2);
  EXPECT_EQ(one_.collection("letters").count(), 2u);
  EXPECT_EQ(one_.collections(), (Lines{"letters", "notes"}));
  EXPECT_EQ(one_.verify().problems, Lines{});
}

TEST_P(Presumptions, ABlindWriteFindsACollectionThatWasMadeAnew) {
  make_anew();
  one_.collection("notes").put("mine", 3);
  EXPECT_EQ(other_.collection("notes").count(), 2u);
  EXPECT_FALSE(one_.collection("notes").get("old"));
  EXPECT_TRUE(other_.collection("notes").get("mine"));
  EXPECT_EQ(one_.verify().problems, Lines{});
}

TEST_P(Presumptions, AReadBehindABlindWriteSeesTheCollectionThatWasMadeAnew) {
  make_anew();
  std::vector<Lines> seen;
  one_.transact([&](Transaction& transaction) {
    Collection notes = transaction.collection("notes");
    notes.put("mine", 3);
    Lines keys;
    for (const char* key : {"old", "new", "mine"}) {
      if (notes.get(key)) keys.emplace_back(key);
    }
    seen.push_back(std::move(keys));
  });
  EXPECT_EQ(seen, (std::vector<Lines>{{"new", "mine"}}));
  EXPECT_EQ(other_.collection("notes").count(), 2u);
}

TEST_P(Presumptions, OneWhoSwallowsTheConflictOfAReadIsRunAgainToo) {
  make_anew();
  int runs = 0;
  one_.transact([&](Transaction& transaction) {
    ++runs;
    Collection notes = transaction.collection("notes");
    notes.put("mine", 3);
    static_cast<void>(code_of([&] { notes.get("new"); }));
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(other_.collection("notes").count(), 2u);
  EXPECT_EQ(one_.verify().problems, Lines{});
}

TEST_P(Presumptions, ABlindWriteKeepsTheHistoryThatWasSwitchedOnMeanwhile) {
  CollectionOptions options;
  options.history.enabled = true;
  other_.collection("notes").set_options(options);
  const Position before = other_.position();
  one_.collection("notes").put("old", 5);
  const auto then = other_.collection("notes").get("old", before);
  ASSERT_TRUE(then);
  EXPECT_EQ(then->value.as_int(), 1);
}

TEST_P(Presumptions, ABlindWriteIntoAnIndexThatItHasNotSeenIsFoundByIt) {
  other_.collection("notes").create_index({.fields = {{"rank"}}});
  one_.collection("notes").put("mine", Value::from_json(R"({"rank":7})"));
  EXPECT_EQ(other_.collection("notes").find({.where = "rank == 7"}).records.size(), 1u);
  EXPECT_EQ(other_.verify().problems, Lines{});
}

TEST_P(Presumptions, TheStateThatIsReadIsTheNewestThereIs) {
  other_.collection("notes").put("theirs", 3);
  one_.transact([&](Transaction& transaction) {
    transaction.collection("notes").put("mine", 4);
    EXPECT_EQ(transaction.position(), Position{2});
    EXPECT_TRUE(transaction.collection("notes").get("theirs"));
  });
  EXPECT_EQ(one_.position(), Position{3});
}

TEST_P(Presumptions, WritersThatPresumeAndWritersThatReadAddUp) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Store& store = i % 2 == 0 ? one_ : other_;
      for (int j = 0; j < 25; ++j) {
        store.transact([&](Transaction& transaction) {
          Collection notes = transaction.collection("notes");
          notes.put(std::to_string(i) + "-" + std::to_string(j), 1);
          notes.put("sum", notes.get("sum") ? notes.get("sum")->value.as_int() + 1 : 1);
        });
        store.collection("notes").put("blind-" + std::to_string(i) + "-" + std::to_string(j), 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(one_.collection("notes").get("sum")->value.as_int(), 100);
  EXPECT_EQ(one_.collection("notes").count(), 202u);
  EXPECT_EQ(one_.position(), Position{201});
  EXPECT_EQ(one_.verify().problems, Lines{});
}

STRATA_SHARED_ENGINES(Presumptions);

}  // namespace
}  // namespace strata
