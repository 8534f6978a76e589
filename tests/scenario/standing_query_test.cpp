// Standing queries: subscriptions that ask for what is alike a vector or has words, on every engine.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using Floats = std::vector<float>;
using Kind = Change::Kind;

constexpr std::chrono::milliseconds now{0};

class AnyStandingQuery : public testing::TestWithParam<std::string> {
 protected:
  Store open(OpenOptions options = {}) { return Store::open(site_.url(), options); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

Value note(const Floats& vector, const std::string& text = "", bool open = true) {
  Value value = Value::object({{"text", text}, {"open", open}});
  if (vector.empty()) return value;
  std::vector<Value> elements(vector.begin(), vector.end());
  value.set("v", Value::array(elements));
  return value;
}

Collection declared(Store& store) {
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "v", .dimension = 2});
  notes.create_text({.fields = {"text"}});
  return notes;
}

Near near(const Floats& vector, double similarity = 0.9) { return {.vector = vector, .similarity = similarity}; }

SubscriptionOptions watch_near(const Floats& vector, Start start = Start::now) {
  return {.collections = {{.name = "notes", .near = near(vector)}}, .start = start};
}

SubscriptionOptions watch_text(const std::string& words) {
  return {.collections = {{.name = "notes", .text = TextMatch{{}, words}}}};
}

/// `+a` put, `-a` erased, `<a` left, `=` end of the state, `|` after the last of a batch.
std::string told(const Change& change) {
  const std::map<Kind, std::string> letters = {{Kind::put, "+"},  {Kind::erase, "-"},     {Kind::left, "<"},
                                               {Kind::drop, "#"}, {Kind::state_end, "="}, {Kind::event, "!"}};
  return letters.at(change.kind) + change.key + (change.batch_end ? "|" : "");
}

std::string all_told(Subscription& subscription) {
  std::string text;
  while (const auto change = subscription.next(now)) text += (text.empty() ? "" : " ") + told(*change);
  return text;
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

TEST_P(AnyStandingQuery, TellsOfWhatIsNearAndHowAlikeItIs) {
  Store store = open();
  Collection notes = declared(store);
  notes.put("before", note({1, 0}));
  Subscription subscription = store.subscribe(watch_near({2, 0}));
  EXPECT_EQ(all_told(subscription), "");
  notes.put("a", note({1, 0.1F}));
  const auto change = subscription.next(now);
  ASSERT_TRUE(change);
  EXPECT_EQ(told(*change), "+a|");
  ASSERT_TRUE(change->similarity);
  EXPECT_NEAR(*change->similarity, 1 / std::sqrt(1.01), 1e-5);
  EXPECT_FALSE(change->record->value["v"]) << "the record does not hold its vector";
  notes.put("far", note({0, 1}));
  notes.put("none", note({}));
  const auto far = subscription.next_batch();
  ASSERT_EQ(far.size(), 2u);
  EXPECT_EQ(told(far[0]) + told(far[1]), "<far<none|");
  EXPECT_FALSE(far[0].similarity);
}

TEST_P(AnyStandingQuery, AVectorThatIsWrittenApartIsAChangeOfItsRecord) {
  Store store = open();
  Collection notes = declared(store);
  notes.put("a", note({0, 1}));
  notes.put("b", note({}));
  Subscription subscription = store.subscribe(watch_near({1, 0}));
  Subscription plain = store.subscribe({.collections = {{.name = "notes"}}});
  const Version version = notes.get("a")->version;
  const Version written = notes.put_vector("a", "v", Floats{1, 0});
  const auto change = subscription.next(now);
  ASSERT_TRUE(change);
  EXPECT_EQ(told(*change), "+a|");
  EXPECT_EQ(change->source, "notes");
  EXPECT_EQ(change->version, version) << "the record itself is as it was";
  EXPECT_EQ(change->position, Position{written.value});
  EXPECT_EQ(change->record->value["open"].as_bool(), true);
  notes.put_vector("b", "v", Floats{1, 0});
  EXPECT_EQ(all_told(subscription), "+b|");
  notes.put_vector("a", "v", Floats{-1, 0});
  EXPECT_EQ(all_told(subscription), "<a|") << "it leaves through the vector";
  notes.erase_vector("b", "v");
  EXPECT_EQ(all_told(subscription), "<b|") << "nothing is not near";
  EXPECT_EQ(all_told(plain), "") << "for others the record has not changed";
}

TEST_P(AnyStandingQuery, RecordAndVectorInOneCommitAreToldOnce) {
  Store store = open();
  Collection notes = declared(store);
  Subscription subscription = store.subscribe(watch_near({1, 0}));
  notes.put("a", note({1, 0}, "one"));
  EXPECT_EQ(all_told(subscription), "+a|");
  store.transact([](Transaction& transaction) {
    transaction.collection("notes").put("a", note({}, "two"));
    transaction.collection("notes").put("b", note({1, 0}));
    transaction.collection("notes").put_vector("a", "v", Floats{1, 0.2F});
  });
  EXPECT_EQ(subscription.next_batch().size(), 2u);
  EXPECT_EQ(all_told(subscription), "");
  notes.put("a", note({}, "three"));
  EXPECT_EQ(all_told(subscription), "+a|") << "its vector is what it was";
  notes.put_vector("a", "v", Floats{0, 1});
  notes.put("a", note({}, "four"));
  notes.put_vector("a", "v", Floats{1, 0});
  EXPECT_EQ(all_told(subscription), "+a|") << "the last state alone";
}

TEST_P(AnyStandingQuery, AnErasedRecordIsToldAsErased) {
  Store store = open();
  Collection notes = declared(store);
  for (const char* key : {"a", "b", "c"}) notes.put(key, note({1, 0}));
  Subscription subscription = store.subscribe(watch_near({1, 0}));
  notes.erase("a");
  EXPECT_EQ(all_told(subscription), "-a|");
  notes.put_vector("b", "v", Floats{0, 1});
  notes.erase("b");
  EXPECT_EQ(all_told(subscription), "-b|");
  notes.erase("c");
  notes.put("c", note({1, 0}));
  EXPECT_EQ(all_told(subscription), "+c|");
  notes.drop();
  EXPECT_EQ(all_told(subscription), "#|");
}

TEST_P(AnyStandingQuery, EveryConditionHasToBeMet) {
  Store store = open();
  Collection notes = declared(store);
  Subscription subscription = store.subscribe({.collections = {{.name = "notes",
                                                                .key_prefix = "t/",
                                                                .where = "open = true",
                                                                .near = near({1, 0}),
                                                                .text = TextMatch{{}, "tea"}}}});
  notes.put("t/a", note({1, 0}, "green tea"));
  notes.put("x/a", note({1, 0}, "green tea"));
  EXPECT_EQ(all_told(subscription), "+t/a|");
  notes.put("t/a", note({1, 0}, "green tea", false));
  EXPECT_EQ(all_told(subscription), "<t/a|") << "it leaves through the filter";
  notes.put("t/a", note({1, 0}, "green tea"));
  EXPECT_EQ(all_told(subscription), "+t/a|");
  notes.put("t/a", note({}, "coffee"));
  EXPECT_EQ(all_told(subscription), "<t/a|") << "it leaves through the text";
  notes.put("t/a", note({}, "tea"));
  EXPECT_EQ(all_told(subscription), "+t/a|");
  notes.put("t/a", note({0, 1}, "tea"));
  EXPECT_EQ(all_told(subscription), "<t/a|") << "it leaves through the vector";
  notes.put_vector("x/a", "v", Floats{1, 0.1F});
  EXPECT_EQ(all_told(subscription), "") << "not of these keys";
}

TEST_P(AnyStandingQuery, WordsMeanWhatTheyMeanToASearch) {
  Store store = open();
  Collection notes = declared(store);
  store.collection("notes").create_text({.name = "stems", .fields = {"text"}, .stemming = true});
  const std::vector<std::string> texts = {
      "Das Cafe am Ring", "tea and coffee", "coffee and tea", "teapots", "Crème brûlée", "they were walking", "",
      "tea, no milk"};
  const std::vector<std::pair<std::string, std::string>> asked = {
      {"text", "café"}, {"text", "creme"},       {"text", "\"tea and\""},
      {"text", "tea*"}, {"text", "+tea coffee"}, {"text", "tea -milk"},
      {"text", "walk"}, {"stems", "walks"},      {"text", "\"and tea\" -x"}};
  std::vector<Subscription> subscriptions;
  for (const auto& [field, words] : asked)
    subscriptions.push_back(store.subscribe({.collections = {{.name = "notes", .text = TextMatch{field, words}}}}));
  for (std::size_t i = 0; i < texts.size(); ++i) notes.put("k" + std::to_string(i), note({}, texts[i]));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Search search;
    search.text = TextMatch{asked[i].first, asked[i].second};
    std::set<std::string> found, watched;
    for (const Hit& hit : notes.search(search).hits) found.insert(hit.record.key);
    while (const auto change = subscriptions[i].next(now)) {
      EXPECT_FALSE(change->similarity);
      if (change->kind == Kind::put) watched.insert(change->key);
    }
    EXPECT_EQ(watched, found) << asked[i].second;
    EXPECT_EQ(found.empty(), asked[i] == std::make_pair(std::string("text"), std::string("walk"))) << asked[i].second;
  }
}

TEST_P(AnyStandingQuery, WhatItIsNearMayBeWordsOrARecord) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "v", .dimension = 256, .embedder = "lexical", .sources = {"text"}});
  notes.put("model", note({}, "watering the garden"));
  Subscription words = store.subscribe(
      {.collections = {{.name = "notes", .near = Near{.words = "garden watering", .similarity = 0.5}}}});
  Subscription like =
      store.subscribe({.collections = {{.name = "notes", .near = Near{.like = "model", .similarity = 0.9}}}});
  notes.put("a", note({}, "watering the garden"));
  notes.put("b", note({}, "quarterly accounts"));
  EXPECT_EQ(all_told(words), "+a <b|");
  EXPECT_EQ(all_told(like), "+a <b|");
  notes.put("model", note({}, "quarterly accounts"));
  notes.put("b", note({}, "quarterly accounts!"));
  notes.put("c", note({}, "watering the garden"));
  EXPECT_EQ(all_told(like), "<model <b +c|") << "it is like what the record was, and not like itself";
}

TEST_P(AnyStandingQuery, TheStateComesFirstWhereItIsAskedFor) {
  Store store = open();
  Collection notes = declared(store);
  notes.put("a", note({1, 0}));
  notes.put("b", note({0, 1}));
  notes.put("c", note({1, 0.1F}));
  Subscription subscription = store.subscribe(watch_near({1, 0}, Start::state));
  EXPECT_EQ(told(*subscription.next(now)), "+a");
  notes.put_vector("b", "v", Floats{1, 0});
  EXPECT_EQ(all_told(subscription), "+c +b =|");
  notes.put_vector("a", "v", Floats{0, 1});
  EXPECT_EQ(all_told(subscription), "<a|");
}

TEST_P(AnyStandingQuery, ANamedOneGoesOnInAnotherStore) {
  SubscriptionOptions options = watch_near({1, 0});
  options.consumer = "alerts";
  {
    Store store = open();
    declared(store);
    store.subscribe(options).save();
    store.collection("notes").put("a", note({0, 1}));
    store.collection("notes").put_vector("a", "v", Floats{1, 0});
    store.collection("notes").put("b", note({1, 0}));
    Subscription subscription = store.subscribe(options);
    EXPECT_EQ(told(*subscription.next(now)), "+a");
    subscription.save();
  }
  Store store = open();
  if (GetParam() == "memory") return;  // gone with its only Store
  Subscription subscription = store.subscribe(options);
  EXPECT_EQ(all_told(subscription), "+b|");
  subscription.save();
  store.collection("notes").erase("a");
  store.collection("notes").create_vector({.field = "w", .dimension = 2});
  EXPECT_EQ(all_told(subscription), "-a|") << "a second field changes nothing for it";
  options.collections[0].near->field = "v";
  EXPECT_EQ(told(*store.subscribe(options).next(now)), "-a|") << "the same condition, with its name";
}

TEST_P(AnyStandingQuery, AnotherConditionUnderTheSameNameIsAConflict) {
  Store store = open();
  declared(store).put("a", note({1, 0}));
  SubscriptionOptions options = watch_near({1, 0});
  options.collections[0].text = TextMatch{{}, "tea"};
  options.consumer = "alerts";
  store.subscribe(options).save();
  const auto code_with = [&](const std::function<void(CollectionWatch&)>& change) {
    SubscriptionOptions other = options;
    change(other.collections[0]);
    return error_of([&] { store.subscribe(other); }).code();
  };
  EXPECT_EQ(code_with([](CollectionWatch&) {}), ErrorCode::internal) << "the same one is taken up";
  EXPECT_EQ(code_with([](CollectionWatch& watch) { watch.near.reset(); }), ErrorCode::conflict);
  EXPECT_EQ(code_with([](CollectionWatch& watch) { watch.near->vector[1] = 0.5F; }), ErrorCode::conflict);
  EXPECT_EQ(code_with([](CollectionWatch& watch) { watch.near->similarity = 0.5; }), ErrorCode::conflict);
  EXPECT_EQ(code_with([](CollectionWatch& watch) { watch.near = Near{.like = "a", .similarity = 0.9}; }),
            ErrorCode::conflict);
  EXPECT_EQ(code_with([](CollectionWatch& watch) { watch.text->words = "coffee"; }), ErrorCode::conflict);
  EXPECT_EQ(code_with([](CollectionWatch& watch) { watch.text.reset(); }), ErrorCode::conflict);
}

TEST_P(AnyStandingQuery, APlaceInTheMiddleOfACommitIsExact) {
  Store store = open();
  declared(store);
  SubscriptionOptions options = watch_near({1, 0}, Start::state);
  options.consumer = "c";
  const auto commit = [&](const std::function<void(Collection)>& act) {
    store.transact([&](Transaction& transaction) { act(transaction.collection("notes")); });
  };
  std::string text;
  for (int i = 0; i < 24; ++i) {
    if (i == 1 || i == 8) {
      commit([](Collection notes) {
        for (const char* key : {"a", "b", "c"}) notes.put(key, note({1, 0}));
        notes.put("x", note({}));
      });
    }
    if (i == 14) {
      commit([](Collection notes) {
        notes.erase("a");
        notes.put_vector("b", "v", Floats{0, 1});
        notes.erase("c");
        notes.put("x", note({1, 0.1F}));
      });
    }
    Subscription subscription = store.subscribe(options);
    if (const auto change = subscription.next(now))
      text += (*change).kind == Kind::put ? "+" + change->key : told(*change);
    subscription.save();
  }
  // Which of a commit comes first is not said; each comes once.
  const auto count = [&](const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  for (const char* part : {"+a", "+b", "+c", "<x"}) EXPECT_EQ(count(part), 2u) << part << " in " << text;
  for (const char* part : {"-a", "<b", "-c", "+x"}) EXPECT_EQ(count(part), 1u) << part << " in " << text;
}

TEST_P(AnyStandingQuery, SmallPiecesEndWhereASearchDoes) {
  Store store = open();
  Collection notes = declared(store);
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const Floats target = {1, 0};
  SubscriptionOptions options = watch_near(target);
  options.collections[0].where = "open = true";
  options.collections[0].text = TextMatch{{}, "tea"};
  options.consumer = "pieces";
  options.batch_changes_max = 3;
  std::set<std::string> seen;
  std::set<std::string> there;
  store.subscribe(options).save();
  for (int round = 0; round < 60; ++round) {
    store.transact([&](Transaction& transaction) {
      Collection collection = transaction.collection("notes");
      for (std::uint64_t i = random() % 6; i > 0; --i) {
        const std::string key = "k" + std::to_string(random() % 12);
        const Floats vector = random() % 2 == 0 ? Floats{1, 0.1F} : Floats{0.1F, 1};
        const std::uint64_t what = random() % 4;
        if (what == 0) collection.erase(key);
        if (what == 1 && collection.get(key)) collection.put_vector(key, "v", vector);
        if (what == 2) collection.put(key, note({}, random() % 4 == 0 ? "milk" : "tea", random() % 4 != 0));
        if (what == 3) collection.put(key, note(vector, "tea"));
      }
    });
    if (random() % 3 != 0) continue;
    Subscription subscription = store.subscribe(options);
    for (std::uint64_t steps = random() % 9; steps > 0; --steps) {
      const auto change = subscription.next(now);
      if (!change) break;
      if (change->kind == Kind::put) {
        seen.insert(change->key);
      } else {
        seen.erase(change->key);
      }
    }
    subscription.save();
  }
  Subscription subscription = store.subscribe(options);
  while (const auto change = subscription.next(now)) {
    if (change->kind == Kind::put) {
      seen.insert(change->key);
    } else {
      seen.erase(change->key);
    }
  }
  Search search;
  search.near.push_back(near(target));
  search.where = "open = true and text contains 'tea'";
  search.limit = 100;
  for (const Hit& hit : notes.search(search).hits) there.insert(hit.record.key);
  EXPECT_EQ(seen, there);
}

TEST_P(AnyStandingQuery, AFieldThatIsDroppedEndsItWithItsName) {
  Store store = open();
  Collection notes = declared(store);
  Subscription subscription = store.subscribe(watch_near({1, 0}));
  notes.put("a", note({1, 0}));
  notes.drop_vector("v");
  const auto next = [&] { return error_of([&] { subscription.next(now); }); };
  EXPECT_EQ(next().code(), ErrorCode::not_found);
  EXPECT_NE(std::string(next().what()).find("`v`"), std::string::npos) << next().what();
  notes.create_vector({.field = "v", .dimension = 2});
  notes.put("a", note({1, 0}));
  EXPECT_EQ(all_told(subscription), "+a|");
}

TEST_P(AnyStandingQuery, WrongOnesAreRefused) {
  Store store = open();
  Collection notes = declared(store);
  notes.put("a", note({}));
  store.collection("bare").put("a", 1);
  const auto code_of = [&](const CollectionWatch& watch) {
    return error_of([&] { store.subscribe({.collections = {watch}}); }).code();
  };
  const auto code_near = [&](const Near& wrong) { return code_of({.name = "notes", .near = wrong}); };
  const auto code_text = [&](const TextMatch& wrong) { return code_of({.name = "notes", .text = wrong}); };
  EXPECT_EQ(code_near({.vector = {1, 0}}), ErrorCode::invalid_argument) << "no bound";
  EXPECT_EQ(code_near({.similarity = 0.5}), ErrorCode::invalid_argument) << "no target";
  EXPECT_EQ(code_near({.vector = {1, 0}, .like = "a", .similarity = 0.5}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_near({.vector = {1, 0, 0}, .similarity = 0.5}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_near({.vector = {0, 0}, .similarity = 0.5}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_near({.vector = {1, 0}, .similarity = NAN}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_near({.words = "tea", .similarity = 0.5}), ErrorCode::invalid_argument) << "no embedder";
  EXPECT_EQ(code_near({.like = "a", .similarity = 0.5}), ErrorCode::not_found) << "it has no vector";
  EXPECT_EQ(code_near({.field = "w", .vector = {1, 0}, .similarity = 0.5}), ErrorCode::not_found);
  EXPECT_EQ(code_text({{}, ""}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_text({{}, "-tea"}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_text({{}, "\"tea"}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_text({"title", "tea"}), ErrorCode::not_found);
  EXPECT_EQ(code_of({.name = "bare", .text = TextMatch{{}, "tea"}}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.name = "bare", .near = near({1, 0})}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.name = "absent", .near = near({1, 0})}), ErrorCode::not_found);
  EXPECT_EQ(code_of({.name = "notes", .every_version = true, .near = near({1, 0})}), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { store.subscribe(watch_text("tea")); }).code(), ErrorCode::internal) << "this one is right";
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyStandingQuery, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
