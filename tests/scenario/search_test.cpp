// Vectors, text and both together as a program uses them, on every engine.
#include "strata/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/copy.hpp"
#include "strata/dump.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using Keys = std::vector<std::string>;
using Floats = std::vector<float>;

class AnyStoreOfVectors : public testing::TestWithParam<std::string> {
 protected:
  Store open(OpenOptions options = {}) { return Store::open(site_.url(), options); }
  bool is_remote() const { return GetParam() == "postgres"; }
  /// Where the views' files lie.
  std::filesystem::path files() const { return std::filesystem::path(directory_ / "store") / "views"; }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

Value array_of(const Floats& vector) {
  std::vector<Value> elements;
  for (const float element : vector) elements.emplace_back(static_cast<double>(element));
  return Value::array(elements);
}

Value note(const Floats& vector, int group, const std::string& text = "") {
  return Value::object({{"group", group}, {"text", text}, {"embedding", array_of(vector)}});
}

Floats random_vector(std::mt19937_64& random, std::size_t dimension) {
  std::normal_distribution<float> element;
  Floats vector(dimension);
  for (float& one : vector) one = element(random);
  return vector;
}

double similarity_of(Metric metric, const Floats& a, const Floats& b) {
  double dot = 0, aa = 0, bb = 0, distance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    distance += (x - y) * (x - y);
  }
  if (metric == Metric::inner_product) return dot;
  return metric == Metric::l2 ? -std::sqrt(distance) : dot / std::sqrt(aa * bb);
}

/// What a field should hold.
using Model = std::map<std::string, std::pair<Floats, int>>;

std::vector<std::pair<double, std::string>> nearest(const Model& model, Metric metric, const Floats& target,
                                                    std::size_t k, const std::function<bool(int)>& accept) {
  std::vector<std::pair<double, std::string>> all;
  for (const auto& [key, row] : model) {
    if (accept(row.second)) all.emplace_back(-similarity_of(metric, target, row.first), key);
  }
  std::sort(all.begin(), all.end());
  if (all.size() > k) all.resize(k);
  for (auto& one : all) one.first = -one.first;
  return all;
}

Keys keys_of(const SearchResult& result) {
  Keys keys;
  for (const Hit& hit : result.hits) keys.push_back(hit.record.key);
  return keys;
}

template <class Call>
Error error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::internal, "nothing was thrown"};
}

/// Hits are as alike as the best there are; equal ones may stand in either order.
void expect_exact(
    const SearchResult& result, const Model& model, Metric metric, const Floats& target, std::size_t k,
    const std::function<bool(int)>& accept = [](int) { return true; }) {
  const auto expected = nearest(model, metric, target, k, accept);
  ASSERT_EQ(result.hits.size(), expected.size());
  EXPECT_TRUE(result.complete) << result.incomplete_because;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Hit& hit = result.hits[i];
    const auto row = model.find(hit.record.key);
    ASSERT_NE(row, model.end()) << hit.record.key;
    EXPECT_TRUE(accept(row->second.second)) << hit.record.key;
    EXPECT_NEAR(hit.score, expected[i].first, 2e-5 * std::max(1.0, std::fabs(expected[i].first))) << i;
    EXPECT_NEAR(hit.score, similarity_of(metric, target, row->second.first),
                2e-5 * std::max(1.0, std::fabs(hit.score)));
  }
}

double recall_of(const SearchResult& result, const Model& model, Metric metric, const Floats& target, std::size_t k) {
  const auto expected = nearest(model, metric, target, k, [](int) { return true; });
  std::size_t found = 0;
  for (const auto& [similarity, key] : expected) {
    for (const Hit& hit : result.hits) found += hit.record.key == key ? 1 : 0;
  }
  return expected.empty() ? 1 : static_cast<double>(found) / static_cast<double>(expected.size());
}

Search near_search(const Floats& vector, std::size_t limit = 10, const std::string& where = {}) {
  Search search;
  search.near.push_back({.vector = vector});
  search.where = where;
  search.limit = limit;
  return search;
}

Search text_search(const std::string& words) {
  Search search;
  search.text = TextMatch{{}, words};
  return search;
}

TEST_P(AnyStoreOfVectors, AVectorIsStoredApartFromItsRecordAndFoundAtOnce) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 2});
  notes.put("a", note({1, 0}, 1));
  notes.put("b", note({0, 1}, 2));
  notes.put("c", note({1, 1}, 1));
  EXPECT_FALSE(notes.get("a")->value["embedding"]) << "the record does not hold it";
  EXPECT_EQ(notes.vector("a"), (Floats{1, 0}));
  const SearchResult result = notes.search(near_search({2, 0.1F}, 2));
  EXPECT_EQ(keys_of(result), (Keys{"a", "c"}));
  EXPECT_EQ(result.hits[0].ranks, (std::vector<std::size_t>{1}));
  EXPECT_EQ(result.position, store.position());
  EXPECT_EQ(keys_of(notes.search(near_search({2, 0.1F}, 2, "group = 2"))), (Keys{"b"}));

  Search like;
  like.near.push_back({.like = "a"});
  EXPECT_EQ(keys_of(notes.search(like)), (Keys{"c", "b"})) << "it is no hit itself";
  Search alike = near_search({1, 0});
  alike.near[0].similarity = 0.5;
  EXPECT_EQ(keys_of(notes.search(alike)), (Keys{"a", "c"}));
}

TEST_P(AnyStoreOfVectors, OtherFieldsChangeWithoutTheVector) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 2});
  notes.put("a", note({1, 0}, 1));
  const Version written = store.collection(".vector/notes/embedding").get("a")->version;
  notes.put("a", Value::object({{"group", 7}}));
  notes.put("a", note({1, 0}, 8));
  EXPECT_EQ(store.collection(".vector/notes/embedding").get("a")->version, written) << "it was not written again";
  EXPECT_EQ(notes.vector("a"), (Floats{1, 0}));
  notes.put("a", Value::object({{"embedding", nullptr}}));
  EXPECT_EQ(notes.vector("a"), std::nullopt);
  EXPECT_TRUE(notes.search(near_search({1, 0})).hits.empty());
}

TEST_P(AnyStoreOfVectors, AReusedKeyNeverMeetsAnOldVector) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 2});
  notes.put("a", note({1, 0}, 1));
  EXPECT_EQ(keys_of(notes.search(near_search({1, 0}))), (Keys{"a"}));
  notes.erase("a");
  EXPECT_TRUE(notes.search(near_search({1, 0})).hits.empty());
  notes.put("a", Value::object({{"group", 2}}));
  EXPECT_EQ(notes.vector("a"), std::nullopt);
  EXPECT_TRUE(notes.search(near_search({1, 0})).hits.empty());
  notes.put("b", note({1, 0}, 1), {.if_version = {}, .time_to_live = std::chrono::microseconds(1)});
  notes.put("b", Value::object({{"group", 2}}));
  EXPECT_EQ(notes.vector("b"), std::nullopt) << "the record that had it has expired";
}

TEST_P(AnyStoreOfVectors, VectorsExpireWithTheirRecords) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 2});
  notes.put("stays", note({1, 0}, 1));
  notes.put("goes", note({1, 0}, 1), {.if_version = {}, .time_to_live = std::chrono::microseconds(1)});
  EXPECT_EQ(keys_of(notes.search(near_search({1, 0}))), (Keys{"stays"}));
  store.compact();
  EXPECT_FALSE(store.collection(".vector/notes/embedding").get("goes"));
  EXPECT_EQ(store.verify().problems, Keys{});
}

TEST_P(AnyStoreOfVectors, BadVectorsAreRefusedInOneLineAndNothingIsStored) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 2});
  const Position before = store.position();
  for (const char* bad :
       {R"({"embedding":[1]})", R"({"embedding":[1,2,3]})", R"({"embedding":[0,0]})", R"({"embedding":[1,"x"]})",
        R"({"embedding":"x"})", R"({"embedding":{}})", R"({"embedding":[1e300,1]})", R"({"embedding":[]})"}) {
    const Error error = error_of([&] { notes.put("a", Value::from_json(bad)); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << bad;
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("embedding"), std::string::npos) << error.what();
  }
  EXPECT_EQ(store.position(), before);
  const float nan = std::nanf(""), infinite = INFINITY;
  const auto code = [&](const Search& search) { return error_of([&] { notes.search(search); }).code(); };
  for (const Floats& bad : {Floats{nan, 1}, Floats{1, infinite}, Floats{0, 0}, Floats{1}, Floats{1, 2, 3}})
    EXPECT_EQ(code(near_search(bad)), ErrorCode::invalid_argument);
  EXPECT_EQ(code(near_search({1, 0}, 0)), ErrorCode::invalid_argument);
  EXPECT_EQ(code(near_search({1, 0}, 1'000'000'000)), ErrorCode::invalid_argument);
  EXPECT_EQ(code(near_search({1, 0}, 1, "group = (1")), ErrorCode::invalid_argument);
  EXPECT_EQ(code(Search{}), ErrorCode::invalid_argument);
  Search unknown = near_search({1, 0});
  unknown.near[0].field = "nothing";
  EXPECT_EQ(code(unknown), ErrorCode::not_found);
  EXPECT_EQ(error_of([&] { store.collection("none").search(near_search({1, 0})); }).code(), ErrorCode::not_found);
  EXPECT_EQ(error_of([&] { notes.put_vector("none", "embedding", Floats{1, 0}); }).code(), ErrorCode::not_found);
  EXPECT_EQ(error_of([&] { notes.create_vector({.field = "embedding", .dimension = 3}); }).code(),
            ErrorCode::already_exists);
  EXPECT_EQ(error_of([&] { notes.create_vector({.field = "x", .dimension = 0}); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { notes.create_vector({.field = "$.x", .dimension = 2}); }).code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { notes.create_vector({.field = "x[0]", .dimension = 2}); }).code(),
            ErrorCode::invalid_argument);
}

TEST_P(AnyStoreOfVectors, RecordsThatWereThereGiveTheirVectorsToANewField) {
  Store store = open();
  Collection notes = store.collection("notes");
  for (int i = 0; i < 30; ++i) notes.put("n" + std::to_string(i), note({1, static_cast<float>(i)}, i));
  notes.put("without", Value::object({{"group", 1}}));
  notes.create_vector({.field = "embedding", .dimension = 2});
  EXPECT_FALSE(notes.get("n3")->value["embedding"]);
  EXPECT_EQ(notes.vector("n3"), (Floats{1, 3}));
  EXPECT_EQ(notes.search(near_search({1, 7}, 1)).hits.at(0).record.key, "n7");
  EXPECT_EQ(notes.vectors().at(0).vectors, 30u);

  Collection others = store.collection("others");
  others.put("good", note({1, 2}, 1));
  others.put("bad", Value::from_json(R"({"embedding":[1,2,3]})"));
  const Error error = error_of([&] { others.create_vector({.field = "embedding", .dimension = 2}); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_NE(std::string(error.what()).find("bad"), std::string::npos) << error.what();
  EXPECT_TRUE(others.vectors().empty()) << "nothing was declared";
  EXPECT_TRUE(others.get("good")->value["embedding"]);
}

TEST_P(AnyStoreOfVectors, ATransactionFindsItsOwnVectorsAndASnapshotItsState) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 2});
  notes.create_text({.fields = {"text"}});
  notes.put("a", note({1, 0}, 1, "old words"));
  const Snapshot before = store.snapshot();
  store.transact([&](Transaction& transaction) {
    Collection inside = transaction.collection("notes");
    inside.put("b", note({1, 0.1F}, 1, "new words"));
    inside.erase("a");
    EXPECT_EQ(keys_of(inside.search(near_search({1, 0}))), (Keys{"b"}));
    EXPECT_EQ(keys_of(inside.search(text_search("words"))), (Keys{"b"}));
  });
  EXPECT_EQ(keys_of(notes.search(near_search({1, 0}))), (Keys{"b"}));
  EXPECT_EQ(keys_of(before.collection("notes").search(near_search({1, 0}))), (Keys{"a"}));
  EXPECT_EQ(keys_of(before.collection("notes").search(text_search("words"))), (Keys{"a"}));
}

TEST_P(AnyStoreOfVectors, TextIsFoundByWordsPhrasesAndPrefixesWithSnippets) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_text({.name = "words", .fields = {"title", "body"}, .stemming = true});
  notes.put("a", Value::from_json(R"({"title":"Running shoes","body":"for the morning run"})"));
  notes.put("b", Value::from_json(R"({"title":"Über den Fluß","body":"a river in the morning"})"));
  notes.put("c", Value::from_json(R"({"title":"Nothing","body":"else"})"));
  EXPECT_EQ(keys_of(notes.search(text_search("runs"))), (Keys{"a"}));
  EXPECT_EQ(keys_of(notes.search(text_search("uber"))), (Keys{"b"}));
  EXPECT_EQ(notes.search(text_search("morning")).hits.size(), 2u);
  EXPECT_EQ(keys_of(notes.search(text_search("\"the morning run\""))), (Keys{"a"}));
  EXPECT_EQ(keys_of(notes.search(text_search("noth*"))), (Keys{"c"}));
  EXPECT_EQ(keys_of(notes.search(text_search("morning -river"))), (Keys{"a"}));
  Search search = text_search("river");
  search.snippets = true;
  EXPECT_NE(notes.search(search).hits.at(0).snippet.find("[river]"), std::string::npos);
  EXPECT_EQ(error_of([&] { notes.search(text_search("")); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { notes.search(text_search("\"open")); }).code(), ErrorCode::invalid_argument);
  notes.erase("a");
  EXPECT_TRUE(notes.search(text_search("shoes")).hits.empty());
  EXPECT_TRUE(notes.drop_text("words"));
  EXPECT_EQ(error_of([&] { notes.search(text_search("river")); }).code(), ErrorCode::invalid_argument);
}

TEST_P(AnyStoreOfVectors, VectorsAndTextAreFusedAndFiltered) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 2});
  notes.create_text({.fields = {"text"}});
  notes.put("near", note({1, 0}, 1, "nothing of that"));
  notes.put("said", note({0, 1}, 1, "the lake"));
  notes.put("both", note({1, 0.2F}, 1, "lake lake"));
  notes.put("filtered", note({1, 0.1F}, 2, "the lake"));
  Search search = near_search({1, 0}, 10, "group = 1");
  search.text = TextMatch{{}, "lake"};
  const SearchResult result = notes.search(search);
  EXPECT_EQ(keys_of(result).at(0), "both");
  EXPECT_EQ(keys_of(result).size(), 3u);
  for (const Hit& hit : result.hits) EXPECT_NE(hit.record.key, "filtered");
  EXPECT_EQ(result.hits[0].ranks.size(), 2u);
  EXPECT_TRUE(result.hits[0].text_score);
  EXPECT_GE(result.plan.legs.size(), 2u);
  search.fusion = Fusion::weighted;
  EXPECT_EQ(keys_of(notes.search(search)).at(0), "both");
}

TEST_P(AnyStoreOfVectors, CopiesAndDumpsCarryThemAlong) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 3, .type = ElementType::i8});
  notes.create_text({.fields = {"text"}});
  std::mt19937_64 random(5);
  for (int i = 0; i < 50; ++i) notes.put("n" + std::to_string(i), note(random_vector(random, 3), i, "word"));
  std::vector<std::string> lines;
  dump(store, [&](std::string_view line) { lines.emplace_back(line); });
  Store loaded = Store::open("memory:");
  std::size_t next = 0;
  const LoadReport report = load(loaded, [&](std::string& line) {
    if (next == lines.size()) return false;
    line = lines[next++];
    return true;
  });
  EXPECT_TRUE(report.digest_compared);
  Store copied = Store::open("memory:");
  copy(store, copied, {});
  const Search search = near_search({1, 2, 3});
  const Keys expected = keys_of(notes.search(search));
  for (Store* other : {&loaded, &copied}) {
    EXPECT_EQ(keys_of(other->collection("notes").search(search)), expected);
    EXPECT_EQ(other->collection("notes").search(text_search("word")).hits.size(), 10u);
    EXPECT_EQ(other->verify().problems, Keys{});
  }
}

/// Puts, replaces and erases at random, and keeps the model alongside.
void churn(Store& store, Model& model, std::mt19937_64& random, std::size_t changes, std::size_t keys,
           std::size_t dimension) {
  constexpr std::size_t batch = 200;
  for (std::size_t done = 0; done < changes; done += batch) {
    store.transact([&](Transaction& transaction) {
      Collection notes = transaction.collection("notes");
      for (std::size_t i = 0; i < std::min(batch, changes - done); ++i) {
        const std::string key = "n" + std::to_string(random() % keys);
        if (random() % 10 == 0) {
          notes.erase(key);
          model.erase(key);
          continue;
        }
        Floats vector = random_vector(random, dimension);
        const int group = static_cast<int>(random() % 1000);
        notes.put(key, note(vector, group));
        model[key] = {std::move(vector), group};
      }
    });
  }
}

TEST_P(AnyStoreOfVectors, FlatEqualsBruteForceWhateverHappens) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  constexpr std::size_t dimension = 12;
  for (const Metric metric : {Metric::cosine, Metric::inner_product, Metric::l2}) {
    Store store = open({.background = false});
    Collection notes = store.collection("notes");
    notes.drop();
    notes.create_vector({.field = "embedding", .dimension = dimension, .metric = metric, .index = VectorIndex::flat});
    Model model;
    for (int round = 0; round < 4; ++round) {
      churn(store, model, random, round == 0 ? volume(5000, 20'000) : 300, volume(3500, 20'000), dimension);
      if (round == 1) {
        EXPECT_TRUE(notes.build_search());
      }
      const Floats target = random_vector(random, dimension);
      expect_exact(notes.search(near_search(target)), model, metric, target, 10);
      for (const int bound : {1, 10, 100, 500}) {
        expect_exact(notes.search(near_search(target, 20, "group < " + std::to_string(bound))), model, metric, target,
                     20, [&](int group) { return group < bound; });
      }
    }
    EXPECT_GT(notes.vectors().at(0).segments, 0u);
  }
}

TEST_P(AnyStoreOfVectors, GraphsAndListsFindNearlyAllAndOnlyWhatIsThere) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  constexpr std::size_t dimension = 16;
  for (const VectorIndex kind : {VectorIndex::hnsw, VectorIndex::ivf}) {
    Store store = open({.background = false});
    Collection notes = store.collection("notes");
    notes.drop();
    notes.create_vector({.field = "embedding", .dimension = dimension, .index = kind});
    notes.create_index({.name = {}, .fields = {{"group"}}});
    Model model;
    double recall = 0;
    std::size_t searches = 0;
    for (int round = 0; round < 3; ++round) {
      churn(store, model, random, round == 0 ? 4000 : 600, 4000, dimension);
      if (round != 2) notes.build_search();
      for (int i = 0; i < 20; ++i) {
        const Floats target = random_vector(random, dimension);
        const SearchResult result = notes.search(near_search(target));
        ASSERT_EQ(result.hits.size(), 10u);
        EXPECT_EQ(result.plan.legs.back().access, std::string(to_string(kind)));
        for (const Hit& hit : result.hits) {
          const auto row = model.find(hit.record.key);
          ASSERT_NE(row, model.end()) << hit.record.key << " does not exist";
          EXPECT_NEAR(hit.score, similarity_of(Metric::cosine, target, row->second.first), 1e-4);
        }
        recall += recall_of(result, model, Metric::cosine, target, 10);
        ++searches;
        const int bound = 1 << (i % 10);
        const SearchResult filtered = notes.search(near_search(target, 10, "group < " + std::to_string(bound)));
        const auto accept = [&](int group) { return group < bound; };
        EXPECT_EQ(filtered.hits.size(), nearest(model, Metric::cosine, target, 10, accept).size());
        for (const Hit& hit : filtered.hits) EXPECT_LT(hit.record.value["group"].as_int(), bound);
      }
    }
    EXPECT_GE(recall / static_cast<double>(searches), 0.95);
  }
}

TEST_P(AnyStoreOfVectors, AnIndexThatTheLogHasLeftBehindIsBuiltAgain) {
  if (is_remote()) GTEST_SKIP() << "the same code as elsewhere, and slow";
  std::mt19937_64 random(11);
  constexpr std::size_t dimension = 8;
  Store store = open({.durability = Durability::relaxed, .log_bytes_max = 1, .background = false});
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = dimension});
  notes.create_text({.fields = {"text"}});
  Model model;
  churn(store, model, random, 6000, 3000, dimension);
  ASSERT_TRUE(notes.build_search());
  ASSERT_GT(notes.vectors().at(0).segments, 0u);
  const Position built = notes.vectors().at(0).indexed;
  for (int i = 0; i < 1300; ++i) {
    const std::string key = "n" + std::to_string(i);
    notes.put(key, note(random_vector(random, dimension), 5, "fresh"));
    model[key] = {*notes.vector(key), 5};
  }
  store.compact();
  ASSERT_GT(store.describe().log_base, built) << "the log was not trimmed";
  const Floats target = random_vector(random, dimension);
  // Who has just opened it, and who had it open.
  std::optional<Store> other;
  if (GetParam() != "memory") other.emplace(open({.background = false}));
  const Collection seen = (other ? *other : store).collection("notes");
  expect_exact(seen.search(near_search(target)), model, Metric::cosine, target, 10);
  EXPECT_EQ(seen.search(text_search("fresh")).hits.size(), 10u);
  EXPECT_TRUE(notes.build_search());
  EXPECT_GT(notes.vectors().at(0).indexed, built);
  expect_exact(notes.search(near_search(target)), model, Metric::cosine, target, 10);
}

TEST_P(AnyStoreOfVectors, ADroppedFieldLeavesNoFilesAndAnotherOfItsNameBeginsEmpty) {
  Store store = open();
  Collection notes = store.collection("notes");
  for (int round = 0; round < 2; ++round) {
    notes.create_vector({.field = "embedding", .dimension = 2});
    notes.create_text({.fields = {"text"}});
    EXPECT_TRUE(notes.search(near_search({1, 0})).hits.empty());
    notes.put("a", note({1, 0}, 1, "words"));
    EXPECT_EQ(keys_of(notes.search(near_search({1, 0}))), (Keys{"a"}));
    EXPECT_EQ(keys_of(notes.search(text_search("words"))), (Keys{"a"}));
    if (round == 0) {
      EXPECT_TRUE(notes.drop_vector("embedding"));
      EXPECT_TRUE(notes.drop_text("text"));
    } else {
      EXPECT_TRUE(notes.drop());
    }
    if (std::filesystem::exists(files())) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(files()))
        EXPECT_FALSE(entry.is_regular_file()) << entry.path();
    }
  }
}

TEST_P(AnyStoreOfVectors, AfterEveryVectorWasReplacedTenTimesItFindsAsMuchInAsLittleSpace) {
  if (is_remote()) GTEST_SKIP() << "the same code as elsewhere, and slow";
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  constexpr std::size_t dimension = 16, keys = 2500;
  const auto replace_all = [&](Store& store, Model& model, std::size_t from, std::size_t to) {
    store.transact([&](Transaction& transaction) {
      Collection notes = transaction.collection("notes");
      for (std::size_t i = from; i < to; ++i) {
        const std::string key = "n" + std::to_string(i);
        model[key] = {random_vector(random, dimension), 0};
        notes.put(key, note(model[key].first, 0));
      }
    });
  };
  const auto mean_recall = [&](const Collection& notes, const Model& model) {
    double recall = 0;
    constexpr int searches = 40;
    for (int i = 0; i < searches; ++i) {
      const Floats target = random_vector(random, dimension);
      recall += recall_of(notes.search(near_search(target)), model, Metric::cosine, target, 10);
    }
    return recall / searches;
  };
  Model model;
  Store store = open({.background = false});
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = dimension, .index = VectorIndex::hnsw});
  for (int round = 0; round < 11; ++round) {
    for (std::size_t from = 0; from < keys; from += 500) {
      replace_all(store, model, from, from + 500);
      if (random() % 2 == 0) notes.build_search();
    }
  }
  notes.build_search();
  const double recall = mean_recall(notes, model);
  const std::uint64_t bytes = notes.vectors().at(0).file_bytes;

  Store fresh = Store::open("memory:", {.background = false});
  Collection others = fresh.collection("notes");
  others.create_vector({.field = "embedding", .dimension = dimension, .index = VectorIndex::hnsw});
  fresh.transact([&](Transaction& transaction) {
    for (const auto& [key, row] : model) transaction.collection("notes").put(key, note(row.first, 0));
  });
  others.build_search();
  EXPECT_GE(recall, mean_recall(others, model) - 0.01);
  EXPECT_LE(static_cast<double>(bytes), 1.5 * static_cast<double>(others.vectors().at(0).file_bytes) + 64 * 1024)
      << "blocks of a file system and the lock file aside";
}

TEST_P(AnyStoreOfVectors, FilesMayBeDeletedOrDamagedAndAnswersStayRight) {
  if (is_remote() || GetParam() == "memory") GTEST_SKIP() << "its views lie elsewhere";
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  constexpr std::size_t dimension = 8;
  Model model;
  {
    Store store = open();
    store.collection("notes").create_vector({.field = "embedding", .dimension = dimension});
    store.collection("notes").create_text({.fields = {"text"}});
  }
  for (int round = 0; round < 8; ++round) {
    Store store = open({.background = false});
    Collection notes = store.collection("notes");
    churn(store, model, random, round == 0 ? 3000 : 100, 3000, dimension);
    notes.build_search();
    const auto damage = [&] {
      std::vector<std::filesystem::path> paths;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(files())) {
        if (entry.is_regular_file() && entry.path().filename() != "lock") paths.push_back(entry.path());
      }
      if (paths.empty()) return;
      const auto path = paths[random() % paths.size()];
      if (random() % 2 == 0) {
        std::filesystem::remove(path);
        return;
      }
      const auto size = std::filesystem::file_size(path);
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      for (int i = 0; i < 20 && size > 0; ++i) {
        file.seekp(static_cast<std::streamoff>(random() % size));
        file.put(static_cast<char>(random()));
      }
    };
    const Floats target = random_vector(random, dimension);
    expect_exact(notes.search(near_search(target)), model, Metric::cosine, target, 10);
    damage();
    expect_exact(notes.search(near_search(target)), model, Metric::cosine, target, 10);
    Store other = Store::open(site_.url(), {.background = false});
    expect_exact(other.collection("notes").search(near_search(target)), model, Metric::cosine, target, 10);
    EXPECT_EQ(other.collection("notes").search(text_search("absent")).hits.size(), 0u);
    notes.build_search();
    expect_exact(other.collection("notes").search(near_search(target)), model, Metric::cosine, target, 10);
  }
}

TEST_P(AnyStoreOfVectors, SearchesWhileOthersWriteAndBuildAreEachOfOneState) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "embedding", .dimension = 4});
  notes.create_text({.fields = {"text"}});
  // In each state one record alone has the word and the vector: whoever finds none, or two, has seen half a commit.
  notes.put("k0", note({1, 0, 0, 0}, 0, "here"));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    std::mt19937_64 random(seed);
    for (int i = 1; i <= 150; ++i) {
      store.transact([&](Transaction& transaction) {
        Collection inside = transaction.collection("notes");
        const int next = i % 5, last = (i - 1) % 5;
        inside.put("k" + std::to_string(last), note({0, 0, 0, 1}, 1, "gone"));
        inside.put("k" + std::to_string(next), note({1, 0, 0, 0}, 0, "here"));
      });
    }
    stop = true;
  });
  std::size_t searches = 0;
  while (!stop || searches == 0) {
    Search search = near_search({1, 0, 0, 0});
    search.near[0].similarity = 0.9;
    EXPECT_EQ(notes.search(search).hits.size(), 1u);
    EXPECT_EQ(notes.search(text_search("here")).hits.size(), 1u);
    search.text = TextMatch{{}, "here"};
    const SearchResult both = notes.search(search);
    ASSERT_EQ(both.hits.size(), 1u);
    EXPECT_EQ(both.hits[0].ranks, (std::vector<std::size_t>{1, 1}));
    ++searches;
  }
  writer.join();
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyStoreOfVectors, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& engine) { return engine.param; });

}  // namespace
}  // namespace strata
