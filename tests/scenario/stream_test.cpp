// Event streams as a program uses them, on every engine.
#include "strata/stream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/copy.hpp"
#include "strata/dump.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

using Texts = std::vector<std::string>;
using Versions = std::vector<std::uint64_t>;

class AnyStoreOfEvents : public testing::TestWithParam<std::string> {
 protected:
  Store open(OpenOptions options = {}) { return Store::open(site_.url(), options); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

NewEvent event(std::string type, Value data = {}, std::string id = {}) {
  return {.type = std::move(type), .data = std::move(data), .id = std::move(id)};
}

Versions versions_of(const std::vector<Event>& events) {
  Versions versions;
  for (const Event& one : events) versions.push_back(one.version);
  return versions;
}

Texts places_of(const std::vector<Event>& events) {
  Texts places;
  for (const Event& one : events) places.push_back(one.stream + "@" + std::to_string(one.version));
  return places;
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

TEST_P(AnyStoreOfEvents, WhatIsAppendedIsReadBackWhole) {
  Store store = open();
  Stream stream = store.stream("order-1");
  EXPECT_EQ(stream.version(), 0u);
  EXPECT_FALSE(stream.describe());
  EXPECT_TRUE(stream.read().empty());
  const AppendResult first = stream.append({.type = "placed",
                                            .data = Value::from_json(R"({"sum":3})"),
                                            .metadata = Value::from_json(R"({"by":"ann"})"),
                                            .id = "e1",
                                            .correlation = "c",
                                            .causation = "k"});
  EXPECT_EQ(first.first, 1u);
  EXPECT_EQ(first.last, 1u);
  EXPECT_EQ(first.position, Position{1});
  EXPECT_FALSE(first.repeated);
  const std::vector<NewEvent> two{event("paid", 5), event("sent")};
  const AppendResult second = stream.append(two);
  EXPECT_EQ(second.first, 2u);
  EXPECT_EQ(second.last, 3u);
  EXPECT_EQ(second.position, Position{2});

  const std::vector<Event> events = stream.read();
  ASSERT_EQ(versions_of(events), (Versions{1, 2, 3}));
  EXPECT_EQ(events[0].stream, "order-1");
  EXPECT_EQ(events[0].type, "placed");
  EXPECT_EQ(events[0].data["sum"].as_int(), 3);
  EXPECT_EQ(events[0].metadata["by"].as_string(), "ann");
  EXPECT_EQ(events[0].id, "e1");
  EXPECT_EQ(events[0].correlation, "c");
  EXPECT_EQ(events[0].causation, "k");
  EXPECT_EQ(events[0].position, Position{1});
  EXPECT_EQ(events[0].number, 1u);
  EXPECT_EQ(events[2].number, 3u);
  EXPECT_EQ(events[2].position, Position{2});
  EXPECT_EQ(events[2].metadata.type(), ValueType::null);
  EXPECT_EQ(stream.get(2)->data.as_int(), 5);
  EXPECT_FALSE(stream.get(4));
  EXPECT_EQ(stream.version(), 3u);
  EXPECT_TRUE(store.collections().empty());
  EXPECT_EQ(store.verify().problems, Texts{});
}

TEST_P(AnyStoreOfEvents, AnExpectationThatDoesNotHoldIsAConflictNamingTheVersion) {
  Store store = open();
  Stream stream = store.stream("s");
  EXPECT_EQ(error_of([&] { stream.append(event("a"), Expected::exists()); }).code(), ErrorCode::conflict);
  EXPECT_EQ(error_of([&] { stream.append(event("a"), Expected::exactly(1)); }).code(), ErrorCode::conflict);
  EXPECT_EQ(stream.append(event("a"), Expected::none()).last, 1u);
  EXPECT_EQ(stream.append(event("a"), Expected::exactly(1)).last, 2u);
  EXPECT_EQ(stream.append(event("a"), Expected::exists()).last, 3u);
  for (const Expected expected : {Expected::none(), Expected::exactly(2), Expected::exactly(4)}) {
    const Error error = error_of([&] { stream.append(event("a"), expected); });
    EXPECT_EQ(error.code(), ErrorCode::conflict);
    EXPECT_NE(std::string(error.what()).find("version 3"), std::string::npos) << error.what();
  }
  EXPECT_EQ(stream.version(), 3u);
}

TEST_P(AnyStoreOfEvents, ATransactionAppendsToManyStreamsBesideItsRecordsOrToNone) {
  Store store = open();
  store.transact([](Transaction& transaction) {
    Stream a = transaction.stream("a");
    const AppendResult blind = a.append(event("x", 1));
    EXPECT_EQ(blind.last, 0u);
    EXPECT_EQ(blind.position, Position{});
    a.append(event("x", 2), Expected::exactly(1));
    transaction.stream("b").append(event("y"), Expected::none());
    transaction.collection("notes").put("n", 1);
    EXPECT_TRUE(a.read().empty()) << "a transaction does not see its own appends";
    EXPECT_EQ(error_of([&] { a.append(event("x"), Expected::exactly(1)); }).code(), ErrorCode::conflict);
  });
  EXPECT_EQ(store.position(), Position{1});
  EXPECT_EQ(places_of(store.streams().read()), (Texts{"a@1", "a@2", "b@1"}));
  EXPECT_THROW(store.transact([](Transaction& transaction) {
    transaction.stream("a").append(event("x"));
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(store.stream("a").version(), 2u);
  EXPECT_EQ(store.verify().problems, Texts{});
}

TEST_P(AnyStoreOfEvents, AnEventWithAKnownIdIsNotAppendedAgain) {
  Store store = open();
  Stream stream = store.stream("s");
  stream.append(event("a"));
  const AppendResult first = stream.append(event("a", 1, "id-1"), Expected::exactly(1));
  const AppendResult again = stream.append(event("a", 1, "id-1"), Expected::exactly(1));
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.first, first.first);
  EXPECT_EQ(again.last, first.last);
  EXPECT_EQ(again.position, first.position);
  EXPECT_EQ(stream.version(), 2u);

  const std::vector<NewEvent> mixed{event("a", 1, "id-1"), event("b", 2, "id-2"), event("b", 2, "id-2")};
  const AppendResult rest = stream.append(mixed, Expected::exactly(2));
  EXPECT_FALSE(rest.repeated);
  EXPECT_EQ(rest.first, 3u);
  EXPECT_EQ(rest.last, 3u);
  EXPECT_TRUE(stream.append(mixed).repeated);

  const Error other = error_of([&] { store.stream("t").append(event("a", 1, "id-1")); });
  EXPECT_EQ(other.code(), ErrorCode::already_exists);
  store.transact([](Transaction& transaction) {
    transaction.stream("s").append(event("c", 1, "id-3"));
    EXPECT_TRUE(transaction.stream("s").append(event("c", 1, "id-3")).repeated);
    EXPECT_EQ(error_of([&] { transaction.stream("t").append(event("c", 1, "id-3")); }).code(),
              ErrorCode::already_exists);
  });
  EXPECT_EQ(stream.version(), 4u);
  EXPECT_EQ(store.verify().problems, Texts{});
}

TEST_P(AnyStoreOfEvents, EventsAreReadForwardAndBackwardFromVersionPositionAndTime) {
  Store store = open();
  Stream stream = store.stream("s");
  std::vector<Event> all;
  for (int i = 1; i <= 40; ++i) {
    stream.append(event(i % 3 == 0 ? "third" : "other", i));
    store.stream("t").append(event("beside"));
  }
  all = stream.read();
  ASSERT_EQ(all.size(), 40u);
  EXPECT_EQ(versions_of(stream.read({.from = 38})), (Versions{38, 39, 40}));
  EXPECT_EQ(versions_of(stream.read({.from = 3, .backward = true})), (Versions{3, 2, 1}));
  EXPECT_EQ(versions_of(stream.read({.backward = true, .limit = 2})), (Versions{40, 39}));
  EXPECT_EQ(versions_of(stream.read({.types = {"third"}, .limit = 2})), (Versions{3, 6}));
  for (std::uint64_t i = 1; i <= 40; ++i) {
    const Position after = all[i - 1].position;
    EXPECT_EQ(stream.read({.after = after}).size(), 40 - i);
    EXPECT_EQ(stream.read({.after = after, .backward = true}).size(), 40 - i);
    const Time time = all[i - 1].time;
    const auto since = static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const Event& one) { return one.time >= time; }));
    EXPECT_EQ(stream.read({.since = time}).size(), since);
    EXPECT_EQ(stream.read({.since = time, .backward = true}).size(), since);
    EXPECT_EQ(stream.read({.until = time}).size(), 40 - since);
    EXPECT_EQ(stream.read({.until = time, .backward = true}).size(), 40 - since);
  }
  std::size_t visited = 0;
  stream.scan({}, [&](const Event&) { return ++visited < 5; });
  EXPECT_EQ(visited, 5u);
}

TEST_P(AnyStoreOfEvents, AllStreamsAreReadInTheCommonOrder) {
  Store store = open();
  Texts places;
  for (std::uint64_t i = 0; i < 60; ++i) {
    const std::string name = (i % 2 == 0 ? "even/" : "odd/") + std::to_string(i % 5);
    const AppendResult result = store.stream(name).append(event(i % 4 == 0 ? "fourth" : "other"));
    places.push_back(name + "@" + std::to_string(result.last));
  }
  const Streams streams = store.streams();
  const std::vector<Event> all = streams.read();
  EXPECT_EQ(places_of(all), places);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].number, i + 1);
  EXPECT_EQ(places_of(streams.read({.backward = true})), Texts(places.rbegin(), places.rend()));
  EXPECT_EQ(places_of(streams.read({.from = 58})), Texts(places.begin() + 57, places.end()));
  EXPECT_EQ(places_of(streams.read({.from = 2, .backward = true})), (Texts{places[1], places[0]}));
  EXPECT_EQ(streams.read({.prefix = "even/"}).size(), 30u);
  EXPECT_EQ(streams.read({.types = {"fourth"}, .prefix = "odd/"}).size(), 0u);
  EXPECT_EQ(streams.read({.types = {"fourth"}}).size(), 15u);
  for (std::size_t i = 0; i < all.size(); i += 7) {
    EXPECT_EQ(streams.read({.after = all[i].position}).size(), 59 - i);
    EXPECT_EQ(streams.read({.after = all[i].position, .backward = true}).size(), 59 - i);
    EXPECT_EQ(streams.read({.after = all[i].position, .limit = 3}).size(), std::min<std::size_t>(3, 59 - i));
  }
  const auto descriptions = streams.list("even/");
  ASSERT_EQ(descriptions.size(), 5u);
  EXPECT_EQ(descriptions[1].name, "even/1");
  EXPECT_EQ(descriptions[1].version, 6u);
  EXPECT_EQ(descriptions[1].first, 1u);
  EXPECT_EQ(streams.list({}, 7).size(), 7u);
}

TEST_P(AnyStoreOfEvents, TruncatingAndErasingNeverGivesAVersionOrNumberAgain) {
  Store store = open();
  Stream stream = store.stream("s");
  for (int i = 0; i < 10; ++i) stream.append(event("a"));
  EXPECT_EQ(stream.truncate(4), 3u);
  EXPECT_EQ(stream.truncate(4), 0u);
  EXPECT_EQ(stream.describe()->first, 4u);
  stream.save_snapshot(9, Value::object({{"sum", 1}}));
  EXPECT_TRUE(stream.erase());
  EXPECT_FALSE(stream.erase());
  EXPECT_FALSE(stream.snapshot());
  EXPECT_TRUE(stream.read().empty());
  EXPECT_EQ(stream.version(), 10u);
  EXPECT_EQ(stream.describe()->first, 0u);
  EXPECT_EQ(store.streams().list().size(), 1u);
  EXPECT_EQ(store.verify().problems, Texts{});
  const AppendResult next = stream.append(event("b"), Expected::exactly(10));
  EXPECT_EQ(next.last, 11u);
  EXPECT_EQ(stream.read()[0].number, 11u);
  EXPECT_EQ(store.stream("other").append(event("b")).last, 1u);

  EXPECT_TRUE(stream.erase(true));
  EXPECT_TRUE(stream.describe()->tombstone);
  EXPECT_EQ(error_of([&] { stream.append(event("c")); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(stream.version(), 11u);
  EXPECT_EQ(store.verify().problems, Texts{});
}

TEST_P(AnyStoreOfEvents, AnAggregateSnapshotIsKeptAsOfAVersion) {
  Store store = open();
  Stream stream = store.stream("s");
  EXPECT_FALSE(stream.snapshot());
  for (int i = 0; i < 3; ++i) stream.append(event("a"));
  EXPECT_EQ(error_of([&] { stream.save_snapshot(4, 1); }).code(), ErrorCode::invalid_argument);
  stream.save_snapshot(2, Value::object({{"sum", 7}}));
  stream.save_snapshot(1, Value::object({{"sum", 3}}));
  const auto snapshot = stream.snapshot();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->version, 2u);
  EXPECT_EQ(snapshot->state["sum"].as_int(), 7);
  EXPECT_EQ(versions_of(stream.read({.from = snapshot->version + 1})), Versions{3});
}

TEST_P(AnyStoreOfEvents, ASnapshotReadsTheStateOfItsPosition) {
  Store store = open();
  store.stream("s").append(event("a"));
  const Snapshot before = store.snapshot();
  store.stream("s").append(event("b"));
  EXPECT_EQ(before.stream("s").read().size(), 1u);
  EXPECT_EQ(before.streams().read().size(), 1u);
  EXPECT_EQ(error_of([&] { before.stream("s").append(event("c")); }).code(), ErrorCode::unsupported);
}

TEST_P(AnyStoreOfEvents, MalformedNamesTypesAndIdsAreRefused) {
  Store store = open();
  for (const std::string& name : {std::string(), std::string("a\x1f"), std::string(201, 'x'), std::string("\xff")}) {
    EXPECT_EQ(error_of([&] { store.stream(name).append(event("a")); }).code(), ErrorCode::invalid_argument);
    EXPECT_EQ(error_of([&] { store.stream(name).read(); }).code(), ErrorCode::invalid_argument);
  }
  Stream stream = store.stream(std::string(200, 'x'));
  EXPECT_EQ(error_of([&] { stream.append(event("")); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { stream.append(event(std::string(201, 't'))); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { stream.append(event("t", 1, std::string(201, 'i'))); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { stream.append(event("t", std::string(1 << 20, 'v'))); }).code(), ErrorCode::limit_exceeded);
  EXPECT_EQ(store.position(), Position{0});
  EXPECT_EQ(stream.append(event(std::string(200, 't'), std::string(1000, 'v'), std::string(200, 'i'))).last, 1u);
  EXPECT_TRUE(stream.append(event(std::string(200, 't'), {}, std::string(200, 'i'))).repeated);
  EXPECT_EQ(error_of([&] {
              store.transact([](Transaction& transaction) {
                for (std::size_t i = 0; i <= transaction_changes_max; ++i) transaction.stream("m").append(event("t"));
              });
            }).code(),
            ErrorCode::limit_exceeded);
}

TEST_P(AnyStoreOfEvents, UpkeepErasesWhatRetentionDoesNotKeepAndTheNewestStays) {
  Store store = open();
  Stream counted = store.stream("counted");
  Stream aged = store.stream("aged");
  Stream kept = store.stream("kept");
  EXPECT_EQ(error_of([&] { counted.set_options({.keep_count = 0}); }).code(), ErrorCode::invalid_argument);
  const std::vector<NewEvent> many(2500, event("a", std::string(100, 'x')));
  for (Stream* stream : {&counted, &aged, &kept}) stream->append(many);
  const auto rows_and_bytes = [&] {
    std::pair<std::uint64_t, std::uint64_t> found;
    for (const SpaceStatistics& space : store.statistics().spaces) {
      if (space.name == "collection .events") found = {space.rows, space.bytes};
    }
    return found;
  };
  const auto before = rows_and_bytes();
  counted.set_options({.keep_count = 3});
  aged.set_options({.keep_for = std::chrono::microseconds(1)});
  store.compact();
  const auto after = rows_and_bytes();
  EXPECT_EQ(versions_of(counted.read()), (Versions{2498, 2499, 2500}));
  EXPECT_EQ(versions_of(aged.read()), Versions{2500});
  EXPECT_EQ(kept.read().size(), 2500u);
  EXPECT_EQ(before.first, 7500u);
  EXPECT_EQ(after.first, 2504u);
  EXPECT_LT(after.second, before.second / 2);
  EXPECT_EQ(*counted.describe()->options.keep_count, 3u);
  counted.append(event("b"));
  store.compact();
  EXPECT_EQ(versions_of(counted.read()), (Versions{2499, 2500, 2501}));
  counted.set_options({});
  EXPECT_EQ(store.verify().problems, Texts{});
}

TEST_P(AnyStoreOfEvents, TruncatingSplitsBeyondTheLimitsOfATransaction) {
  if (GetParam() == "duckdb" || GetParam() == "postgres") GTEST_SKIP() << "a volume for the local engines";
  Store store = open({.durability = Durability::relaxed});
  Stream stream = store.stream("s");
  const std::vector<NewEvent> many(12'000, event("a"));
  stream.append(many);
  EXPECT_EQ(stream.truncate(11'001), 11'000u);
  EXPECT_GE(store.position(), Position{3});
  EXPECT_EQ(stream.read().front().version, 11'001u);
  EXPECT_EQ(stream.truncate(1'000'000), 1'000u);
  EXPECT_EQ(stream.version(), 12'000u);
  EXPECT_EQ(stream.append(event("b")).last, 12'001u);
  EXPECT_EQ(stream.read().front().number, 12'001u);
}

TEST_P(AnyStoreOfEvents, ADumpTakesTheEventsAlongWithTheirNumbers) {
  Store store = open();
  for (int i = 0; i < 30; ++i) {
    store.stream(i % 3 == 0 ? "z" : "a").append(event("t", i, i % 4 == 0 ? "id-" + std::to_string(i) : std::string()));
  }
  store.stream("gone").append(event("t"));
  store.stream("gone").erase();
  store.stream("a").set_options({.keep_count = 1000});
  store.stream("a").save_snapshot(5, "state");
  std::vector<std::string> lines;
  dump(store, [&](std::string_view line) { lines.emplace_back(line); });
  for (const std::string& engine : {std::string("memory"), GetParam()}) {
    const StoreSite site(engine, directory_ / ("loaded-" + engine));
    Store loaded = Store::open(site.url());
    std::size_t next = 0;
    const LoadReport report = load(loaded, [&](std::string& line) {
      if (next == lines.size()) return false;
      line = lines[next++];
      return true;
    });
    EXPECT_TRUE(report.digest_compared);
    EXPECT_EQ(loaded.describe().digest, store.describe().digest);
    const std::vector<Event> theirs = loaded.streams().read(), ours = store.streams().read();
    EXPECT_EQ(places_of(theirs), places_of(ours));
    ASSERT_EQ(theirs.size(), ours.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      EXPECT_EQ(theirs[i].number, ours[i].number);
      EXPECT_EQ(theirs[i].time, ours[i].time);
      EXPECT_EQ(theirs[i].data, ours[i].data);
    }
    EXPECT_EQ(loaded.verify().problems, Texts{});
    EXPECT_TRUE(loaded.stream("z").append(event("t", 0, "id-0")).repeated);
    EXPECT_EQ(loaded.stream("gone").append(event("t")).last, 2u);
    EXPECT_EQ(loaded.stream("gone").read()[0].number, 32u);
    next = 0;
    EXPECT_EQ(error_of([&] {
                load(loaded, [&](std::string& line) {
                  line = lines[next++];
                  return true;
                });
              }).code(),
              ErrorCode::invalid_argument);
    EXPECT_EQ(loaded.verify().problems, Texts{});
    loaded.close();
    site.remove();
  }
}

TEST_P(AnyStoreOfEvents, ACopyHasTheSameEventsAtTheSamePositions) {
  Store store = open();
  for (int i = 0; i < 20; ++i) store.stream(i % 3 == 0 ? "z" : "a").append(event("t", i));
  for (const std::string& engine : {std::string("memory"), GetParam()}) {
    const StoreSite site(engine, directory_ / ("copied-" + engine));
    Store copied = Store::open(site.url());
    copy(store, copied, {});
    const std::vector<Event> theirs = copied.streams().read(), ours = store.streams().read();
    EXPECT_EQ(places_of(theirs), places_of(ours));
    for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(theirs[i].position, ours[i].position);
    EXPECT_EQ(copied.describe().digest, store.describe().digest);
    EXPECT_EQ(copied.verify().problems, Texts{});
    EXPECT_EQ(copied.stream("z").append(event("t")).last, store.stream("z").version() + 1);
    copied.close();
    site.remove();
  }
}

TEST_P(AnyStoreOfEvents, TheLogSaysStreamAndVersion) {
  Store store = open();
  store.stream("s").append(event("a"));
  store.stream("s").append(event("a"));
  store.stream("s").truncate(2);
  const std::vector<LogEntry> log = store.log(Position{1});
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0].changes[0].stream, "s");
  EXPECT_EQ(log[0].changes[0].stream_version, 2u);
  EXPECT_EQ(log[0].changes[0].operation, LogChange::Operation::put);
  EXPECT_EQ(log[1].changes[0].stream_version, 1u);
  EXPECT_EQ(log[1].changes[0].operation, LogChange::Operation::erase);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyStoreOfEvents, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& engine) { return engine.param; });

}  // namespace
}  // namespace strata
