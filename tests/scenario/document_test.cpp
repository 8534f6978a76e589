// Documents as a program uses them, on every engine.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "platform/clock.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

class AnyDocuments : public testing::TestWithParam<std::string> {
 protected:
  Store open(OpenOptions options = {}) {
    options.durability = Durability::relaxed;
    return Store::open(site_.url(), options);
  }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

std::optional<ErrorCode> code_of(const std::function<void()>& call) {
  try {
    call();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

void expect_sound(const Store& store) { EXPECT_EQ(store.verify().problems, std::vector<std::string>{}); }

/// Bytes without pattern.
Bytes noise(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  Bytes out;
  out.reserve(size + 8);
  while (out.size() < size) {
    const std::uint64_t word = random();
    out.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  out.resize(size);
  return out;
}

/// Lines of words, some of them not of ASCII.
Bytes prose(std::size_t size, unsigned seed = 1) {
  static const std::vector<std::string> words{"the ",   "store ", "holds ",        "r\u00e9sum\u00e9 ",
                                              "chunk ", "and ",   "\u6f22\u5b57 ", "once\n"};
  std::mt19937 random(seed);
  Bytes out;
  while (out.size() < size) out += words[random() % words.size()] + std::to_string(random() % 1000) + ' ';
  return out;
}

TEST_P(AnyDocuments, ADocumentIsPutDescribedReadAndErased) {
  Store store = open();
  Documents documents = store.documents();
  EXPECT_EQ(documents.name(), "documents");
  EXPECT_FALSE(documents.describe("a"));
  EXPECT_FALSE(documents.get("a"));
  EXPECT_EQ(code_of([&] { documents.reader("a"); }), ErrorCode::not_found);
  EXPECT_FALSE(documents.erase("a"));

  const Bytes text = prose(100'000);
  const DocumentDescription put =
      documents.put("a", text, {.name = "a.txt", .metadata = Value::object({{"language", "en"}})});
  EXPECT_EQ(put.key, "a");
  EXPECT_EQ(put.name, "a.txt");
  EXPECT_EQ(put.size, text.size());
  EXPECT_EQ(put.media_type, "text/plain");
  EXPECT_GE(put.chunks, 2U);
  EXPECT_TRUE(put.hash.starts_with("xxh3:")) << put.hash;
  EXPECT_EQ(put.hash.size(), 37U);
  EXPECT_EQ(put.record.version.value, store.position().value);
  const auto found = documents.describe("a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->hash, put.hash);
  EXPECT_EQ(found->record.value, put.record.value);
  EXPECT_EQ(found->record.created, put.record.created);
  EXPECT_EQ(documents.get("a"), text);
  EXPECT_EQ(documents.reader("a").read(50'000, 1'000), text.substr(50'000, 1'000));

  const auto record = store.collection("documents").get("a");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->value["name"].as_string(), "a.txt");
  EXPECT_EQ(record->value["size"].as_int(), static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(record->value["hash"].as_string(), put.hash);
  EXPECT_EQ(record->value["language"].as_string(), "en");
  EXPECT_EQ(store.collection("documents").find({.where = "size > 99999 and language = 'en'"}).records.size(), 1U);
  EXPECT_EQ(store.collections(), std::vector<std::string>{"documents"});
  expect_sound(store);

  EXPECT_TRUE(documents.erase("a"));
  EXPECT_FALSE(documents.describe("a"));
  EXPECT_FALSE(store.collection("documents").get("a"));
  const DocumentStatistics none = documents.statistics();
  EXPECT_EQ(none.documents, 0U);
  EXPECT_EQ(none.chunks, 0U);
  EXPECT_EQ(none.stored_bytes, 0U);
  expect_sound(store);
}

TEST_P(AnyDocuments, ContentOfAnySizeAndKindReadsBack) {
  Store store = open();
  Documents documents = store.documents("files");
  std::map<std::string, Bytes> contents;
  for (const std::size_t size : {0U, 1U, 4'095U, 4'096U, 4'097U, 8'192U, 70'000U, 300'000U}) {
    contents["noise " + std::to_string(size)] = noise(size);
    contents["text " + std::to_string(size)] = prose(size).substr(0, size);
    contents["zeros " + std::to_string(size)] = Bytes(size, '\0');
  }
  for (const auto& [key, content] : contents) documents.put(key, content);
  for (const auto& [key, content] : contents) {
    EXPECT_EQ(documents.get(key), content) << key;
    const auto found = documents.describe(key);
    ASSERT_TRUE(found) << key;
    EXPECT_EQ(found->size, content.size()) << key;
    DocumentReader reader = documents.reader(key);
    EXPECT_EQ(reader.read(0, content.size() + 10), content) << key;
    EXPECT_EQ(reader.read(content.size(), 1), "") << key;
    EXPECT_EQ(reader.read(content.size() + 100, 1), "") << key;
    if (content.size() > 2) {
      EXPECT_EQ(reader.read(content.size() / 2, 100), content.substr(content.size() / 2, 100)) << key;
    }
    Bytes all;
    reader.read_all([&](bytes_view part) {
      all.append(part);
      return true;
    });
    EXPECT_EQ(all, content) << key;
  }
  EXPECT_EQ(documents.describe("noise 70000")->media_type, "application/octet-stream");
  EXPECT_EQ(documents.describe("zeros 70000")->media_type, "application/octet-stream");
  EXPECT_EQ(documents.describe("text 70000")->media_type, "text/plain");
  EXPECT_EQ(documents.describe("text 0")->media_type, "text/plain");
  expect_sound(store);
}

TEST_P(AnyDocuments, WhatSeveralHoldIsStoredOnceUntilTheLastLetsGo) {
  Store store = open();
  Documents documents = store.documents();
  const Bytes content = noise(400'000);
  documents.put("one", content);
  const DocumentStatistics alone = documents.statistics();
  Documents others = store.documents("others");
  others.put("two", content);
  Bytes changed = content;
  changed.replace(200'000, 5, "other");
  documents.put("three", changed);
  const DocumentStatistics shared = documents.statistics();
  EXPECT_EQ(alone.chunks, documents.describe("one")->chunks);
  EXPECT_LE(shared.chunks, alone.chunks + 2);
  EXPECT_LT(alone.stored_bytes, content.size() * 103 / 100) << "bytes without pattern take hardly more than they are";
  expect_sound(store);

  EXPECT_TRUE(documents.erase("one"));
  EXPECT_EQ(others.get("two"), content);
  EXPECT_EQ(documents.get("three"), changed);
  EXPECT_EQ(documents.statistics().chunks, shared.chunks);
  EXPECT_TRUE(others.erase("two"));
  EXPECT_EQ(documents.get("three"), changed);
  EXPECT_EQ(documents.statistics().chunks, documents.describe("three")->chunks);
  documents.put("three", "short now");
  EXPECT_EQ(documents.statistics().chunks, 0U);
  EXPECT_EQ(documents.get("three"), "short now");
  expect_sound(store);
}

TEST_P(AnyDocuments, TextTakesAFractionOfItsSizeFromTheFirstDocumentOn) {
  Store store = open();
  Documents documents = store.documents();
  const Bytes text = prose(300'000);
  documents.put("a", text);
  EXPECT_LT(documents.statistics().stored_bytes, text.size() / 2);
  EXPECT_EQ(documents.get("a"), text);
}

TEST_P(AnyDocuments, ReplacingChangesContentAndRecordAtOnce) {
  Store store = open();
  Documents documents = store.documents();
  const Bytes first = noise(150'000, 1), second = noise(90'000, 2);
  const auto before = documents.put("k", first, {.metadata = Value::object({{"draft", true}})});
  EXPECT_EQ(code_of([&] { documents.put("k", second, {.if_version = Version{0}}); }), ErrorCode::conflict);
  EXPECT_EQ(documents.get("k"), first);
  const auto after = documents.put("k", second, {.if_version = before.record.version});
  EXPECT_EQ(documents.get("k"), second);
  EXPECT_GT(after.record.version, before.record.version);
  EXPECT_EQ(after.record.created, before.record.created);
  EXPECT_TRUE(after.record.value["draft"].is_missing()) << "the metadata is replaced too";
  EXPECT_EQ(documents.statistics().chunks, after.chunks);
  const Position position = store.position();
  documents.put("k", second, {.name = "another name"});
  EXPECT_EQ(store.position(), Position{position.value + 1});
  const auto changes = store.log(position, 10).at(0).changes;
  EXPECT_EQ(changes.size(), 1U) << "content that stays is not written again";
  expect_sound(store);
}

TEST_P(AnyDocuments, WhatIsWrittenToTheRecordLeavesTheContentAlone) {
  Store store = open();
  Documents documents = store.documents("files");
  Collection records = store.collection("files");
  const Bytes content = noise(50'000);
  documents.put("k", content);
  Value value = records.get("k")->value;
  value.set("reviewed", Value(true));
  records.put("k", value);
  EXPECT_EQ(documents.get("k"), content);
  EXPECT_EQ(documents.describe("k")->record.value["reviewed"].as_bool(), true);
  EXPECT_EQ(documents.describe("k")->size, content.size());
  records.put("plain", Value::object({{"no", "document"}}));
  EXPECT_FALSE(documents.describe("plain"));
  EXPECT_FALSE(documents.erase("plain"));
  EXPECT_TRUE(records.get("plain"));
  EXPECT_EQ(documents.list().documents.size(), 1U);
  EXPECT_TRUE(records.erase("k"));
  EXPECT_FALSE(documents.get("k"));
  EXPECT_EQ(documents.statistics().chunks, 0U);
  records.put("k", value);
  EXPECT_FALSE(documents.describe("k")) << "a new record does not meet an old document";
  expect_sound(store);
}

TEST_P(AnyDocuments, ADocumentExpiresWithItsRecord) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  store.collection("files").set_options({.time_to_live = std::chrono::minutes(10)});
  Documents documents = store.documents("files");
  const Bytes content = noise(50'000);
  documents.put("a", content);
  documents.put("b", content);
  documents.put("c", "short");
  clock.advance(std::chrono::minutes(6));
  store.collection("files").put("b", documents.describe("b")->record.value);
  EXPECT_EQ(documents.get("a"), content);
  clock.advance(std::chrono::minutes(6));
  EXPECT_FALSE(documents.get("a"));
  EXPECT_EQ(documents.get("b"), content) << "writing the record gave it ten minutes more";
  EXPECT_EQ(documents.list().documents.size(), 1U);
  expect_sound(store);
  store.compact();
  EXPECT_EQ(documents.get("b"), content);
  EXPECT_EQ(documents.statistics().documents, 1U);
  expect_sound(store);
  clock.advance(std::chrono::minutes(20));
  documents.put("b", "anew");
  EXPECT_EQ(documents.statistics().chunks, 0U) << "what had expired under the key went";
  store.compact();
  expect_sound(store);
  EXPECT_EQ(documents.statistics().chunks, 0U);
}

TEST_P(AnyDocuments, ADroppedCollectionTakesItsDocumentsWithIt) {
  Store store = open();
  const Bytes shared = noise(120'000);
  {
    Documents files = store.documents("files");
    files.put("kept elsewhere", shared);
    for (int i = 0; i < 5; ++i) files.put("f" + std::to_string(i), noise(60'000, 10 + static_cast<unsigned>(i)));
    files.put("tiny", "x");
  }
  Documents others = store.documents("others");
  const std::uint64_t kept = others.put("copy", shared).chunks;
  EXPECT_TRUE(store.collection("files").drop());
  EXPECT_TRUE(store.documents("files").list().documents.empty());
  expect_sound(store);
  EXPECT_GT(others.statistics().unreferenced, 0U);
  store.documents("files").put("f0", "a new life");
  EXPECT_EQ(store.documents("files").get("f0"), "a new life");
  store.compact();
  EXPECT_EQ(others.statistics().unreferenced, 0U);
  EXPECT_EQ(others.statistics().chunks, kept);
  EXPECT_EQ(others.get("copy"), shared);
  EXPECT_EQ(store.documents("files").get("f0"), "a new life");
  expect_sound(store);
}

TEST_P(AnyDocuments, InATransactionItIsAPartOfIt) {
  Store store = open();
  const Bytes content = noise(80'000), other = noise(80'000, 2);
  store.documents().put("there", content);
  store.transact([&](Transaction& transaction) {
    Documents documents = transaction.documents();
    documents.put("a", content);
    documents.put("b", other);
    EXPECT_EQ(documents.get("a"), content);
    EXPECT_EQ(documents.reader("b").read(70'000, 100), other.substr(70'000, 100));
    documents.put("a", other);
    EXPECT_EQ(documents.get("a"), other);
    EXPECT_TRUE(documents.erase("there"));
    EXPECT_FALSE(documents.describe("there"));
    std::vector<std::string> keys;
    for (const DocumentDescription& one : documents.list().documents) keys.push_back(one.key);
    EXPECT_EQ(keys, (std::vector<std::string>{"a", "b"}));
    documents.put("there", content);
    EXPECT_TRUE(documents.erase("b"));
    transaction.collection("notes").put("n", Value::object({{"see", "a"}}));
    EXPECT_EQ(code_of([&] { documents.writer("w"); }), ErrorCode::invalid_argument);
  });
  EXPECT_EQ(store.documents().get("a"), other);
  EXPECT_EQ(store.documents().get("there"), content);
  EXPECT_FALSE(store.documents().get("b"));
  expect_sound(store);
  EXPECT_THROW(store.transact([&](Transaction& transaction) {
    transaction.documents().put("c", noise(40'000, 9));
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_FALSE(store.documents().get("c"));
  expect_sound(store);
}

TEST_P(AnyDocuments, ASnapshotKeepsWhatItSaw) {
  Store store = open();
  Documents documents = store.documents();
  const Bytes content = noise(200'000);
  documents.put("k", content);
  const Snapshot snapshot = store.snapshot();
  DocumentReader reader = documents.reader("k");
  documents.put("k", "other");
  documents.erase("k");
  store.compact();
  EXPECT_EQ(snapshot.documents().get("k"), content);
  EXPECT_EQ(snapshot.documents().list().documents.size(), 1U);
  EXPECT_EQ(reader.read(100'000, 50'000), content.substr(100'000, 50'000));
  EXPECT_EQ(code_of([&] { snapshot.documents().put("k", "x"); }), ErrorCode::unsupported);
}

/// Snapshots may be let go at any moment: again, until one lives long enough.
template <class Act>
auto persistently(const Act& act) {
  for (;;) {
    try {
      return act();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::limit_exceeded) throw;
    }
  }
}

TEST_P(AnyDocuments, AReaderWhoseSnapshotIsGoneGoesOnWhileTheContentStays) {
  constexpr auto age = std::chrono::milliseconds(40);
  const auto grow_old = [&] {
    const auto until = platform::steady_now() + age;
    while (platform::steady_now() <= until) std::this_thread::yield();
  };
  Store store = open({.snapshot_age_max = age});
  Documents documents = store.documents();
  const Bytes content = noise(200'000);
  persistently([&] { return documents.put("k", content); });
  DocumentReader reader = persistently([&] { return documents.reader("k"); });
  DocumentReader late = persistently([&] { return documents.reader("k"); });
  grow_old();
  persistently([&] { return documents.put("k", content, {.name = "renamed"}); });
  Bytes read;
  for (std::size_t at = 0; at < content.size(); at += 50'000)
    read += persistently([&] { return reader.read(at, 50'000); });
  EXPECT_EQ(read, content);
  persistently([&] { return documents.put("k", noise(200'000, 2)); });
  grow_old();
  EXPECT_EQ(code_of([&] { persistently([&] { return late.read(100'000, 10); }); }), ErrorCode::conflict);
}

TEST_P(AnyDocuments, AreListedByKeyInPages) {
  Store store = open();
  Documents documents = store.documents();
  store.transact([&](Transaction& transaction) {
    for (int i = 0; i < 25; ++i)
      transaction.documents().put("src/" + std::string(1, static_cast<char>('a' + i)), "content " + std::to_string(i));
    transaction.documents().put("zzz", "last");
    transaction.documents().put("aaa", "first");
  });
  std::vector<std::string> keys;
  DocumentPage page;
  do {
    page = documents.list("src/", 10, page.cursor);
    EXPECT_LE(page.documents.size(), 10U);
    for (const DocumentDescription& one : page.documents) keys.push_back(one.key);
  } while (!page.cursor.empty());
  EXPECT_EQ(keys.size(), 25U);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(documents.list().documents.size(), 27U);
  EXPECT_TRUE(documents.list("nothing/").documents.empty());
}

TEST_P(AnyDocuments, WrongUseIsRefused) {
  Store store = open();
  Documents documents = store.documents();
  const auto invalid = ErrorCode::invalid_argument;
  EXPECT_EQ(code_of([&] { documents.put("", "x"); }), invalid);
  EXPECT_EQ(code_of([&] { documents.put(std::string(241, 'k'), "x"); }), ErrorCode::limit_exceeded);
  EXPECT_EQ(code_of([&] { documents.put("k", "x", {.metadata = Value(1)}); }), invalid);
  EXPECT_EQ(code_of([&] { documents.put("k", "x", {.metadata = Value::object({{"size", 1}})}); }), invalid);
  EXPECT_EQ(code_of([&] { documents.put("k", "x", {.name = "\xff"}); }), invalid);
  EXPECT_EQ(code_of([&] { store.documents(".chunk").put("k", "x"); }), invalid);
  EXPECT_EQ(code_of([&] { store.documents("a/b").put("k", "x"); }), invalid);
  EXPECT_EQ(code_of([&] { store.collection(".chunk").erase("k"); }), invalid);
  EXPECT_EQ(store.position(), Position{0});
}

TEST_P(AnyDocuments, LargeOnesAreWrittenPartByPartAndSeenAtOnce) {
  Store store = open();
  Documents documents = store.documents();
  const Bytes content = noise(2'000'000) + prose(7'000'000);
  {
    DocumentWriter writer = documents.writer("big", {.media_type = "application/x-big"});
    for (std::size_t at = 0; at < content.size(); at += 700'001) {
      writer.write(bytes_view(content).substr(at, 700'001));
      EXPECT_FALSE(documents.describe("big"));
    }
    EXPECT_GT(store.position().value, 1U) << "it took several commits";
    expect_sound(store);
    const DocumentDescription written = writer.finish();
    EXPECT_EQ(written.size, content.size());
    EXPECT_EQ(written.media_type, "application/x-big");
    EXPECT_EQ(code_of([&] { writer.write("more"); }), ErrorCode::closed);
    EXPECT_EQ(code_of([&] { writer.finish(); }), ErrorCode::closed);
  }
  expect_sound(store);
  EXPECT_EQ(documents.get("big"), content);
  DocumentReader reader = documents.reader("big");
  std::mt19937 random(3);
  for (int i = 0; i < 50; ++i) {
    const std::size_t at = random() % content.size();
    const std::size_t length = random() % 50'000;
    ASSERT_EQ(reader.read(at, length), content.substr(at, length));
  }
  const std::uint64_t chunks = documents.statistics().chunks;
  EXPECT_EQ(documents.put("in one call", content).hash, documents.describe("big")->hash);
  EXPECT_EQ(documents.statistics().chunks, chunks) << "the same content by another way is cut alike";
  EXPECT_TRUE(documents.erase("big"));
  EXPECT_EQ(documents.get("in one call"), content);
  EXPECT_TRUE(documents.erase("in one call"));
  store.compact();
  EXPECT_EQ(documents.statistics().chunks, 0U);
  EXPECT_EQ(documents.statistics().unreferenced, 0U);
  expect_sound(store);
}

TEST_P(AnyDocuments, AWriterThatIsGivenUpLeavesNothing) {
  Store store = open();
  Documents documents = store.documents();
  {
    DocumentWriter writer = documents.writer("never");
    writer.write(noise(1'000'000) + prose(5'000'000));
    EXPECT_GT(documents.statistics().chunks, 0U);
  }
  store.compact();
  EXPECT_EQ(documents.statistics().chunks, 0U);
  EXPECT_FALSE(documents.describe("never"));
  expect_sound(store);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyDocuments, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
