// A vector field that another one takes the place of: another model, another dimension, at one position.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

class AnyStoreWithTwoModels : public testing::TestWithParam<std::string> {
 protected:
  AnyStoreWithTwoModels() {
    notes_.create_vector({.field = "v", .dimension = 2, .metric = Metric::l2});
    for (int i = 0; i < 20; ++i) notes_.put(key(i), Value::object({{"n", i}, {"v", Value::array({i, 0})}}));
    notes_.create_vector({.field = "new", .dimension = 3, .metric = Metric::l2});
    for (int i = 0; i < 20; ++i) notes_.put_vector(key(i), "new", std::vector<float>{0, 0, static_cast<float>(19 - i)});
  }
  static std::string key(int i) { return std::string("k") + static_cast<char>('a' + i); }
  static std::string nearest(const Collection& notes, std::vector<float> to) {
    Search search;
    search.near = {{.field = "v", .vector = std::move(to)}};
    search.limit = 1;
    const SearchResult found = notes.search(search);
    return found.hits.empty() ? "" : found.hits[0].record.key;
  }

  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
  Store store_ = Store::open(site_.url());
  Collection notes_ = store_.collection("notes");
};

TEST_P(AnyStoreWithTwoModels, TheNewOneAnswersUnderTheOldNameFromOneCommitOn) {
  EXPECT_EQ(nearest(notes_, {3, 0}), key(3));
  const Snapshot before = store_.snapshot();
  const Position position = store_.position();
  notes_.replace_vector("v", "new");
  EXPECT_EQ(store_.position().value, position.value + 1);
  EXPECT_EQ(nearest(notes_, {0, 0, 3}), key(16));
  EXPECT_THROW(nearest(notes_, {3, 0}), Error) << "the old dimension is still taken";
  EXPECT_EQ(nearest(before.collection("notes"), {3, 0}), key(3));
  ASSERT_EQ(notes_.vectors().size(), 1U);
  EXPECT_EQ(notes_.vectors()[0].options.field, "v");
  EXPECT_EQ(notes_.vectors()[0].options.dimension, 3U);
  EXPECT_EQ(notes_.vectors()[0].vectors, 20U);

  notes_.put("z", Value::object({{"n", 1}, {"v", Value::array({9, 9, 9})}}));
  EXPECT_EQ(nearest(notes_, {9, 9, 9}), "z");
  EXPECT_FALSE(notes_.get("z")->value["v"]);
  notes_.erase(key(16));
  EXPECT_NE(nearest(notes_, {0, 0, 3}), key(16));
  EXPECT_EQ(store_.verify().problems, std::vector<std::string>{});
}

TEST_P(AnyStoreWithTwoModels, ReopenedItIsTheSame) {
  notes_.replace_vector("v", "new");
  const std::string digest = store_.describe().digest;
  if (GetParam() != "memory") {
    store_.close();
    store_ = Store::open(site_.url());
    EXPECT_EQ(store_.describe().digest, digest);
    EXPECT_EQ(nearest(store_.collection("notes"), {0, 0, 3}), key(16));
  }
  EXPECT_EQ(nearest(store_.collection("notes"), {0, 0, 5}), key(14));
  // Declared anew under the name that became free, it is empty.
  store_.collection("notes").create_vector({.field = "new", .dimension = 2});
  EXPECT_EQ(store_.collection("notes").vectors()[1].vectors, 0U);
  EXPECT_EQ(store_.verify().problems, std::vector<std::string>{});
}

TEST_P(AnyStoreWithTwoModels, WrongReplacementsAreRefusedAndChangeNothing) {
  const std::string digest = store_.describe().digest;
  EXPECT_THROW(notes_.replace_vector("v", "nothing"), Error);
  EXPECT_THROW(notes_.replace_vector("nothing", "new"), Error);
  EXPECT_THROW(notes_.replace_vector("v", "v"), Error);
  EXPECT_THROW(store_.collection("nowhere").replace_vector("v", "new"), Error);
  EXPECT_THROW(store_.transact([](Transaction& inside) { inside.collection("notes").replace_vector("v", "new"); }),
               Error);
  EXPECT_EQ(store_.describe().digest, digest);
  EXPECT_EQ(notes_.vectors().size(), 2U);
}

TEST_P(AnyStoreWithTwoModels, SearchesGoOnWhileItHappens) {
  std::atomic<bool> stop = false;
  std::atomic<int> old_ones = 0, new_ones = 0;
  std::thread searching([&] {
    Collection notes = store_.collection("notes");
    while (!stop || new_ones == 0) {
      Search search;
      search.near = {{.field = "v", .like = key(5)}};
      search.limit = 1;
      const SearchResult found = notes.search(search);
      // In either model the neighbours of the sixth are the fifth and the seventh; the dimension tells which it was.
      ASSERT_EQ(found.hits.size(), 1U);
      EXPECT_TRUE(found.hits[0].record.key == key(4) || found.hits[0].record.key == key(6));
      ++(found.position < store_.position() || notes.vectors().size() == 2 ? old_ones : new_ones);
    }
  });
  while (old_ones == 0) std::this_thread::yield();
  notes_.replace_vector("v", "new");
  stop = true;
  searching.join();
  EXPECT_GT(new_ones, 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyStoreWithTwoModels, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& engine) { return engine.param; });

TEST(ReplacingAVectorField, KeepsTheIndexThatWasBuilt) {
  for (const std::string& engine : built_of({"lmdb", "sqlite"})) {
    const platform::ScratchDirectory directory;
    Store writing = Store::open(engine + ":" + (directory / "store"), {.background = false});
    Collection notes = writing.collection("notes");
    notes.create_vector({.field = "v", .dimension = 2, .metric = Metric::l2, .index = VectorIndex::hnsw});
    notes.create_vector({.field = "new", .dimension = 3, .metric = Metric::l2, .index = VectorIndex::hnsw});
    writing.transact([](Transaction& transaction) {
      Collection inside = transaction.collection("notes");
      for (int i = 0; i < 2'500; ++i) {
        inside.put("k" + std::to_string(i),
                   Value::object({{"v", Value::array({i, 1})}, {"new", Value::array({-i, i % 7, 1})}}));
      }
    });
    EXPECT_TRUE(notes.build_search());
    notes.replace_vector("v", "new");
    const auto described = notes.vectors();
    ASSERT_EQ(described.size(), 1U);
    EXPECT_EQ(described[0].in_use, VectorIndex::hnsw) << "the index was thrown away";
    EXPECT_EQ(described[0].unindexed, 0U);
    Search search;
    search.near = {{.field = "v", .vector = {-100, 2, 1}}};
    EXPECT_EQ(notes.search(search).hits.at(0).record.key, "k100");
  }
}

}  // namespace
}  // namespace strata
