// Answers that are kept, and legs that run at the same time: both give what a search that does neither gives.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using std::chrono::milliseconds;

class AnyStoreThatIsSearched : public testing::TestWithParam<std::string> {
 protected:
  AnyStoreThatIsSearched() {
    notes_.create_vector({.field = "embedding", .dimension = 4, .index = VectorIndex::flat});
    notes_.create_text({.name = "text", .fields = {"text"}});
  }
  static Value note(double x, double y, const std::string& text, int group = 0) {
    return Value::object({{"group", group}, {"text", text}, {"embedding", Value::array({x, y, 1.0, 0.5})}});
  }
  static Search near(float x, float y) {
    Search search;
    search.near = {{.vector = {x, y, 1.0F, 0.5F}}};
    search.limit = 3;
    return search;
  }
  static bool is_kept(const SearchResult& result) { return result.plan.method.starts_with("kept answer"); }
  static std::vector<std::string> keys_of(const SearchResult& result) {
    std::vector<std::string> keys;
    for (const Hit& hit : result.hits) keys.push_back(hit.record.key);
    return keys;
  }

  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
  Store store_ = Store::open(site_.url());
  Collection notes_ = store_.collection("notes");
};

TEST_P(AnyStoreThatIsSearched, KeepsAnAnswerUntilWhatItDependsOnChanges) {
  notes_.put("a", note(1, 0, "red fox"));
  notes_.put("b", note(0, 1, "blue fox"));
  store_.collection("others").put("w", Value(1));
  const Search search = near(1, 0);
  EXPECT_FALSE(is_kept(notes_.search(search)));
  const SearchResult again = notes_.search(search);
  EXPECT_TRUE(is_kept(again));
  EXPECT_EQ(keys_of(again), (std::vector<std::string>{"a", "b"}));

  store_.collection("others").put("x", Value(1));
  const SearchResult beside = notes_.search(search);
  EXPECT_TRUE(is_kept(beside)) << beside.plan.method;
  EXPECT_EQ(beside.position, store_.position());

  notes_.put("c", note(1, 0, "green fox"));
  const SearchResult changed = notes_.search(search);
  EXPECT_FALSE(is_kept(changed));
  EXPECT_EQ(keys_of(changed), (std::vector<std::string>{"a", "c", "b"}));
  notes_.put_vector("a", "embedding", std::vector<float>{-1, -1, -1, -1});
  EXPECT_EQ(keys_of(notes_.search(search)), (std::vector<std::string>{"c", "b", "a"}));
  notes_.erase("c");
  EXPECT_EQ(keys_of(notes_.search(search)), (std::vector<std::string>{"b", "a"}));
}

TEST_P(AnyStoreThatIsSearched, TellsRequestsApart) {
  notes_.put("a", note(1, 0, "red fox", 1));
  notes_.put("b", note(0, 1, "blue fox", 2));
  Search search = near(1, 0);
  const auto expect_fresh = [&] {
    EXPECT_FALSE(is_kept(notes_.search(search)));
    EXPECT_TRUE(is_kept(notes_.search(search)));
  };
  expect_fresh();
  search.limit = 1;
  expect_fresh();
  search.where = "group = :g";
  search.parameters = {{"g", Value(2)}};
  expect_fresh();
  EXPECT_EQ(keys_of(notes_.search(search)), std::vector<std::string>{"b"});
  search.parameters = {{"g", Value(1)}};
  expect_fresh();
  EXPECT_EQ(keys_of(notes_.search(search)), std::vector<std::string>{"a"});
  search.near[0].similarity = 0.5;
  expect_fresh();
  search.text = TextMatch{.words = "fox"};
  expect_fresh();
  search.fields = {"group"};
  expect_fresh();
  search.near.clear();
  expect_fresh();
}

TEST_P(AnyStoreThatIsSearched, KeepsNoAnswerBeyondTheLifeOfItsRecordsOrRelativeTimes) {
  notes_.put("lasting", note(0, 1, "lasting"));
  notes_.put("passing", note(1, 0, "passing"), {.time_to_live = milliseconds(150)});
  const Search search = near(1, 0);
  EXPECT_EQ(keys_of(notes_.search(search)).size(), 2U);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (keys_of(notes_.search(search)).size() == 2U) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "an expired record is still told";
    std::this_thread::sleep_for(milliseconds(10));
  }
  Search recent = near(1, 0);
  recent.where = "updated > ago('1h')";
  static_cast<void>(notes_.search(recent));
  EXPECT_FALSE(is_kept(notes_.search(recent)));
}

TEST_P(AnyStoreThatIsSearched, AnswersAlikeWhetherKeptOrNot) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto number = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  const std::vector<std::string> words{"red", "blue", "green", "fox", "dog"};
  const auto any_word = [&] { return words[random() % words.size()]; };
  std::vector<Search> searches;
  for (int i = 0; i < 6; ++i) {
    Search search = near(static_cast<float>(number(5)), static_cast<float>(number(5)));
    if (i % 2 == 1) search.text = TextMatch{.words = any_word()};
    if (i % 3 == 1) search.where = "group = " + std::to_string(number(3));
    searches.push_back(std::move(search));
  }
  int kept = 0;
  const int rounds = static_cast<int>(volume(200, 20'000));
  for (int round = 0; round < rounds; ++round) {
    const std::string key = "k" + std::to_string(number(20));
    switch (number(6)) {
      case 0:
        notes_.put(key, note(number(5), number(5), any_word() + " " + any_word(), number(3)));
        break;
      case 1:
        notes_.erase(key);
        break;
      case 2:
        store_.collection("others").put(key, Value(round));
        break;
      default:
        break;
    }
    const Search& search = searches[random() % searches.size()];
    const SearchResult given = notes_.search(search);
    const SearchResult computed = store_.snapshot().collection("notes").search(search);
    kept += is_kept(given) ? 1 : 0;
    ASSERT_EQ(given.position, computed.position);
    ASSERT_EQ(keys_of(given), keys_of(computed)) << "round " << round << ": " << given.plan.method;
    for (std::size_t i = 0; i < given.hits.size(); ++i) {
      ASSERT_EQ(given.hits[i].record.version, computed.hits[i].record.version);
      ASSERT_EQ(given.hits[i].record.value, computed.hits[i].record.value);
    }
  }
  EXPECT_GT(kept, rounds / 10);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyStoreThatIsSearched, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& engine) { return engine.param; });

TEST(LegsOfASearch, FindTheSameSideBySideAsInTurn) {
  constexpr int records = 12'000;  // beyond which legs have threads of their own
  Store writing = Store::open("memory:");
  Collection notes = writing.collection("notes");
  notes.create_vector({.field = "place", .dimension = 2, .metric = Metric::l2, .index = VectorIndex::flat});
  notes.create_vector({.field = "colour", .dimension = 2, .metric = Metric::l2, .index = VectorIndex::flat});
  for (int from = 0; from < records; from += 2'000) {
    writing.transact([&](Transaction& transaction) {
      Collection inside = transaction.collection("notes");
      for (int i = from; i < from + 2'000; ++i) {
        inside.put("k" + std::to_string(i), Value::object({{"place", Value::array({i % 101, i % 89})},
                                                           {"colour", Value::array({i % 97, i % 83})}}));
      }
    });
  }
  Search search;
  search.near = {{.field = "place", .vector = {50, 40}}, {.field = "colour", .vector = {30, 20}}};
  const auto expect_alike = [&] {
    const SearchResult given = notes.search(search);
    const SearchResult in_turn = writing.snapshot().collection("notes").search(search);
    ASSERT_EQ(given.hits.size(), 10U);
    ASSERT_EQ(in_turn.hits.size(), 10U);
    for (std::size_t i = 0; i < given.hits.size(); ++i) {
      EXPECT_EQ(given.hits[i].record.key, in_turn.hits[i].record.key);
      EXPECT_EQ(given.hits[i].ranks, in_turn.hits[i].ranks);
      EXPECT_EQ(given.hits[i].score, in_turn.hits[i].score);
    }
    ASSERT_EQ(given.plan.legs.size(), 2U);
    EXPECT_EQ(given.plan.legs[0].name, "vector place");
    EXPECT_EQ(given.plan.legs[1].name, "vector colour");
  };
  expect_alike();
  search.near[0].like = "k17";
  search.near[0].vector.clear();
  expect_alike();
  // An error of one leg is the search's, whichever it is.
  search.near[0].like = "nobody";
  EXPECT_THROW(static_cast<void>(notes.search(search)), Error);
  std::swap(search.near[0], search.near[1]);
  EXPECT_THROW(static_cast<void>(notes.search(search)), Error);
}

}  // namespace
}  // namespace strata
