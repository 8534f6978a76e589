// Rows that were changed behind the store's back: reading says so or answers right, and verify names each.
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/log_entry.hpp"
#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "commit/writer.hpp"
#include "tests/faults/any_engine.hpp"
#include "tests/faults/tampering.hpp"

namespace strata::faults {
namespace {

class Damage : public AnyEngine {
 protected:
  void SetUp() override {
    store_.emplace(open());
    Collection notes = store_->collection("notes");
    notes.create_index({.name = "kind", .fields = {{"kind", false}}, .unique = false});
    notes.create_index({.name = "mail", .fields = {{"mail", false}}, .unique = true});
    for (int number = 0; number < 6; ++number) {
      notes.put("key" + std::to_string(number),
                Value::object({{"kind", number % 2}, {"mail", "m" + std::to_string(number)}, {"text", "some text"}}));
    }
    notes.put("mortal", Value::object({{"kind", 9}}), {.if_version = {}, .time_to_live = std::chrono::hours(24)});
    Collection audit = store_->collection("audit");
    audit.set_options({.history = {.enabled = true, .keep_for = {}, .keep_count = {}}, .time_to_live = {}});
    audit.put("a", "first");
    audit.put("a", "second");
    audit.put("a", "third");
    ASSERT_EQ(problems(), std::vector<std::string>{});
    tampering_ = std::make_unique<Tampering>(GetParam(), place());
    notes_ = tampering_->collection("notes");
    audit_ = tampering_->collection("audit");
  }

  std::vector<std::string> problems() { return store_->verify().problems; }

  /// Whether one of verify's problems holds all these words.
  testing::AssertionResult verify_names(const std::vector<std::string>& words) {
    const auto found = problems();
    for (const std::string& problem : found) {
      if (std::all_of(words.begin(), words.end(),
                      [&](const std::string& word) { return problem.find(word) != std::string::npos; }))
        return testing::AssertionSuccess();
    }
    auto failure = testing::AssertionFailure() << "verify says:";
    for (const std::string& problem : found) failure << "\n  " << problem;
    return failure;
  }
  void expect_damaged_record(const std::string& key) {
    const std::vector<std::string> words{"`" + key + "`", "`notes`"};
    EXPECT_TRUE(says(error_of([&] { store_->collection("notes").get(key); }), ErrorCode::corruption, words));
    EXPECT_TRUE(verify_names(words));
  }
  std::size_t index_entries(const std::string& index) { return tampering_->rows(notes_.index(index)->space()).size(); }

  std::optional<Store> store_;
  std::unique_ptr<Tampering> tampering_;
  commit::CollectionDefinition notes_, audit_;
};

TEST_P(Damage, AFlippedByteOfARecordIsNamedByGetAndVerify) {
  const Bytes row = tampering_->get(notes_.records(), "key3");
  for (std::size_t at = 0; at < row.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    tampering_->put(notes_.records(), "key3", flipped(row, at));
    expect_damaged_record("key3");
    if (HasFailure()) return;
  }
  const std::vector<std::string> words{"`key3`", "`notes`"};
  Collection notes = store_->collection("notes");
  EXPECT_TRUE(says(error_of([&] { notes.find(); }), ErrorCode::corruption, words));
  EXPECT_TRUE(says(error_of([&] { notes.find({.where = "kind = 1"}); }), ErrorCode::corruption, words));
  EXPECT_TRUE(says(error_of([&] {
                     notes.get_many(std::vector<std::string>{"key1", "key3"});
                   }),
                   ErrorCode::corruption, words));
  EXPECT_TRUE(says(error_of([&] { notes.put("key3", 1); }), ErrorCode::corruption, words));
  EXPECT_TRUE(says(error_of([&] { notes.erase("key3"); }), ErrorCode::corruption, words));
  EXPECT_EQ(notes.get("key2")->value["mail"].as_string(), "m2") << "what is whole is still read";
  notes.put("key2", Value::object({{"kind", 0}, {"mail", "new"}}));
  tampering_->put(notes_.records(), "key3", row);
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_P(Damage, AFlippedByteOfAKeyIsNamedByGetAndVerify) {
  const std::string key = "key3";
  for (std::size_t at = 0; at < key.size(); ++at) {
    const std::string wrong = flipped(key, at);
    SCOPED_TRACE("key " + wrong);
    tampering_->move(notes_.records(), key, wrong);
    expect_damaged_record(wrong);
    EXPECT_TRUE(says(error_of([&] { store_->collection("notes").find(); }), ErrorCode::corruption,
                     {"`" + wrong + "`", "`notes`"}));
    EXPECT_TRUE(verify_names({"index `kind`", "`key3`", "not there"}));
    tampering_->move(notes_.records(), wrong, key);
  }
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_P(Damage, ARecordCutShortIsNamed) {
  const Bytes row = tampering_->get(notes_.records(), "key3");
  for (std::size_t size = 0; size < row.size(); ++size) {
    tampering_->put(notes_.records(), "key3", bytes_view(row).substr(0, size));
    expect_damaged_record("key3");
    if (HasFailure()) return;
  }
}

TEST_P(Damage, AnotherRecordsRowIsNamed) {
  tampering_->put(notes_.records(), "key3", tampering_->get(notes_.records(), "key1"));
  expect_damaged_record("key3");
  tampering_->put(notes_.records(), "key3", tampering_->get(audit_.records(), "a"));
  expect_damaged_record("key3");
}

TEST_P(Damage, ARecordThatIsGoneIsNamed) {
  tampering_->erase(notes_.records(), "key3");
  EXPECT_TRUE(verify_names({"index `kind`", "`key3`", "`notes`"}));
  EXPECT_TRUE(verify_names({"`notes`", "totals"}));
  EXPECT_TRUE(verify_names({"digest"}));
}

TEST_P(Damage, AnIndexEntryThatIsGoneIsNamed) {
  const Space space = notes_.index("kind")->space();
  for (const auto& [entry, unused] : tampering_->rows(space)) {
    const std::string key(codec::split_index_entry(entry).primary_key);
    tampering_->erase(space, entry);
    EXPECT_TRUE(verify_names({"`" + key + "`", "`notes`", "no entry in index `kind`"}));
    tampering_->put(space, entry, {});
  }
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_P(Damage, AnIndexEntryOfNoRecordIsNamedAndNotAnswered) {
  const Space space = notes_.index("kind")->space();
  Bytes part;
  codec::append_ordered(part, Value(1).view());
  tampering_->put(space, codec::index_entry_key(part, "nobody"), {});
  EXPECT_TRUE(verify_names({"index `kind`", "`notes`", "`nobody`", "not there"}));
  try {
    for (const Record& record : store_->collection("notes").find({.where = "kind = 1"}).records)
      EXPECT_NE(record.key, "nobody");
  } catch (const Error& error) {
    EXPECT_TRUE(says(error, ErrorCode::corruption, {"`nobody`"}));
  }
}

TEST_P(Damage, AnIndexEntryThatDoesNotFollowIsNamedAndNotAnswered) {
  const Space space = notes_.index("kind")->space();
  Bytes part;
  codec::append_ordered(part, Value(1).view());
  tampering_->put(space, codec::index_entry_key(part, "key2"), {});  // whose kind is 0
  EXPECT_TRUE(verify_names({"`key2`", "`notes`", "index `kind`", "does not follow"}));
  try {
    for (const Record& record : store_->collection("notes").find({.where = "kind = 1"}).records)
      EXPECT_EQ(record.value["kind"].as_int(), 1) << record.key;
  } catch (const Error& error) {
    EXPECT_TRUE(says(error, ErrorCode::corruption, {"`key2`"}));
  }
}

TEST_P(Damage, AMalformedIndexEntryIsNamed) {
  tampering_->put(notes_.index("kind")->space(), "x", {});
  EXPECT_TRUE(verify_names({"index `kind`", "`notes`"}));
}

TEST_P(Damage, AValueTwiceInAUniqueIndexIsNamed) {
  const Value body = Value::object({{"kind", 1}, {"mail", "m1"}});
  codec::RecordHeader header;
  header.version = Version{1};
  tampering_->put(notes_.records(), "twin", codec::encode_record({notes_.records(), "twin"}, header, body.encoded()));
  Bytes part;
  codec::append_ordered(part, body["mail"]);
  tampering_->put(notes_.index("mail")->space(), codec::index_entry_key(part, "twin"), {});
  EXPECT_TRUE(verify_names({"`notes`", "unique index `mail`", "twice"}));
}

TEST_P(Damage, WrongTotalsAreNamed) {
  const std::vector<std::pair<Space, std::string>> spaces{{notes_.records(), "collection `notes`"},
                                                          {notes_.index("kind")->space(), "index `kind`"},
                                                          {audit_.history(), "history of collection `audit`"},
                                                          {commit::catalogue_space, "the catalogue"},
                                                          {commit::log_space, "the log"}};
  for (const auto& [space, name] : spaces) {
    SCOPED_TRACE(name);
    const Bytes key = commit::totals_key(space);
    const Bytes row = tampering_->get(commit::totals_space, key);
    const codec::SpaceTotals right = codec::decode_totals(row);
    for (codec::SpaceTotals wrong : {codec::SpaceTotals{right.rows + 1, right.bytes, right.digest},
                                     codec::SpaceTotals{right.rows, right.bytes - 1, right.digest}}) {
      tampering_->put(commit::totals_space, key, codec::encode_totals(wrong));
      EXPECT_TRUE(verify_names({name, "totals"}));
    }
    tampering_->put(commit::totals_space, key,
                    codec::encode_totals({right.rows, right.bytes, {right.digest.low + 1, right.digest.high}}));
    EXPECT_TRUE(verify_names({name, "digest"}));
    for (std::size_t at = 0; at < row.size(); ++at) {
      tampering_->put(commit::totals_space, key, flipped(row, at));
      EXPECT_TRUE(verify_names({"totals", "damaged"})) << "byte " << at;
    }
    tampering_->erase(commit::totals_space, key);
    EXPECT_TRUE(verify_names({name}));
    tampering_->put(commit::totals_space, key, row);
  }
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_P(Damage, ALogEntryThatIsGoneIsNamedAndNotSteppedOver) {
  const auto entries = tampering_->rows(commit::log_space);
  ASSERT_GT(entries.size(), 5U);
  for (std::size_t at = 0; at < entries.size(); ++at) {
    SCOPED_TRACE("entry " + std::to_string(at + 1));
    tampering_->erase(commit::log_space, entries[at].first);
    EXPECT_FALSE(problems().empty());
    EXPECT_TRUE(verify_names({"log", "position"}));
    const Error error = error_of([&] { store_->log(Position{0}); });
    EXPECT_TRUE(error.code() == ErrorCode::corruption || error.code() == ErrorCode::gap) << error.what();
    tampering_->put(commit::log_space, entries[at].first, entries[at].second);
  }
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_P(Damage, AFlippedByteOfALogEntryIsNamed) {
  const auto [key, row] = tampering_->rows(commit::log_space).at(4);
  for (std::size_t at = 0; at < row.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    tampering_->put(commit::log_space, key, flipped(row, at));
    EXPECT_TRUE(verify_names({"log"}));
    EXPECT_TRUE(says(error_of([&] { store_->log(Position{0}); }), ErrorCode::corruption, {"log"}));
    if (HasFailure()) return;
  }
}

TEST_P(Damage, ALogEntryInAnothersPlaceIsNamed) {
  const auto entries = tampering_->rows(commit::log_space);
  tampering_->put(commit::log_space, entries[4].first, entries[3].second);
  EXPECT_TRUE(verify_names({"log entry at position 5", "does not follow"}));
}

TEST_P(Damage, AHistoryRowIsNamedByReadingAndVerify) {
  const auto versions = tampering_->rows(audit_.history());
  ASSERT_EQ(versions.size(), 2U);
  const auto& [key, row] = versions.front();
  const Version version = commit::split_history_key(key).second;
  for (std::size_t at = 0; at < row.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    tampering_->put(audit_.history(), key, flipped(row, at));
    EXPECT_TRUE(verify_names({"`a`", "`audit`"}));
    if (HasFailure()) return;
  }
  tampering_->put(audit_.history(), key, flipped(row, row.size() - 1));
  EXPECT_TRUE(says(error_of([&] { store_->collection("audit").get("a", Position{version.value}); }),
                   ErrorCode::corruption, {"`a`", "`audit`"}));
  EXPECT_TRUE(
      says(error_of([&] { store_->collection("audit").history("a"); }), ErrorCode::corruption, {"`a`", "`audit`"}));
  tampering_->erase(audit_.history(), key);
  EXPECT_TRUE(verify_names({"history of collection `audit`", "totals"}));
  tampering_->put(audit_.history(), key, versions.back().second);
  EXPECT_TRUE(verify_names({"`a`", "`audit`"}));
}

TEST_P(Damage, AnExpiryRowIsNamed) {
  const auto rows = tampering_->rows(commit::expiry_space);
  ASSERT_EQ(rows.size(), 1U);
  tampering_->erase(commit::expiry_space, rows.front().first);
  EXPECT_TRUE(verify_names({"`mortal`", "`notes`", "expir"}));
  tampering_->put(commit::expiry_space, rows.front().first, rows.front().second);
  const Bytes nobody = commit::expiry_key(Time{1}, notes_.records(), "nobody");
  tampering_->put(commit::expiry_space, nobody, {});
  EXPECT_TRUE(verify_names({"`nobody`", "expir"}));
  tampering_->erase(commit::expiry_space, nobody);
  tampering_->put(commit::expiry_space, commit::expiry_key(Time{1}, notes_.records(), "key1"), {});
  EXPECT_TRUE(verify_names({"`key1`", "expir"}));
}

TEST_P(Damage, AFlippedByteOfTheHeadStopsTheStore) {
  store_->close();
  const Bytes row = tampering_->get(engine::head_key.space, engine::head_key.bytes);
  for (std::size_t at = 0; at < row.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    tampering_->put(engine::head_key.space, engine::head_key.bytes, flipped(row, at));
    const Error error = error_of([&] { open(); });
    const bool newer = at < 4 && error.code() == ErrorCode::unsupported;
    EXPECT_TRUE(newer || says(error, ErrorCode::corruption, {"head", "backup"}));
  }
  for (std::size_t size = 0; size < row.size(); ++size) {
    tampering_->put(engine::head_key.space, engine::head_key.bytes, bytes_view(row).substr(0, size));
    EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::corruption, {})) << "cut to " << size;
  }
  tampering_->erase(engine::head_key.space, engine::head_key.bytes);
  EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::corruption, {place()}));
  tampering_->put(engine::head_key.space, engine::head_key.bytes, row);
  store_.emplace(open());
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_P(Damage, AHeadThatDoesNotAgreeIsNamed) {
  const codec::Head right = tampering_->head();
  const auto with = [&](auto change) {
    codec::Head wrong = right;
    change(wrong);
    tampering_->put(engine::head_key.space, engine::head_key.bytes, codec::encode_head(wrong));
  };
  with([](codec::Head& head) { head.digest.low += 1; });
  EXPECT_TRUE(verify_names({"digest", "head"}));
  with([](codec::Head& head) { head.chain.low += 1; });
  EXPECT_TRUE(verify_names({"chain", "head"}));
  with([](codec::Head& head) { head.records += 1; });
  EXPECT_TRUE(verify_names({"records", "head"}));
  with([](codec::Head& head) { head.position.value += 1; });
  EXPECT_TRUE(verify_names({"log ends", "head"}));
  with([](codec::Head& head) { head.position.value -= 1; });
  EXPECT_TRUE(verify_names({"log ends", "head"}));
  with([](codec::Head& head) { head.log_base.value += 1; });
  EXPECT_TRUE(verify_names({"log", "position"}));
}

TEST_P(Damage, AFlippedByteOfTheCatalogueIsNamed) {
  store_->close();
  const Bytes row = tampering_->get(commit::catalogue_space, "notes");
  for (std::size_t at = 0; at < row.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    tampering_->put(commit::catalogue_space, "notes", flipped(row, at));
    EXPECT_TRUE(says(error_of([&] { open().collection("notes").get("key1"); }), ErrorCode::corruption,
                     {"catalogue", "`notes`"}));
    if (HasFailure()) return;
  }
}

TEST_P(Damage, AnExpiryRowThatDoesNotFollowErasesNothing) {
  tampering_->put(commit::expiry_space, commit::expiry_key(Time{1}, notes_.records(), "key1"), {});
  tampering_->put(commit::expiry_space, commit::expiry_key(Time{1}, notes_.records(), "nobody"), {});
  store_->compact();
  EXPECT_TRUE(store_->collection("notes").get("key1"));
  EXPECT_EQ(tampering_->rows(commit::expiry_space).size(), 1U) << "upkeep cleared them away";
}

STRATA_ON_EVERY_ENGINE(Damage);

class DroppedCollection : public AnyEngine {};

TEST_P(DroppedCollection, LeavesNothingOfItsExpiringRecords) {
  Store store = open();
  store.collection("stays").put("a", 1);
  store.collection("goes").put("b", 1, {.if_version = {}, .time_to_live = std::chrono::microseconds(1)});
  store.collection("goes").put("c", 1, {.if_version = {}, .time_to_live = std::chrono::hours(24)});
  EXPECT_TRUE(store.collection("goes").drop());
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
  store.compact();
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
  store.compact();
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

STRATA_ON_EVERY_ENGINE(DroppedCollection);

}  // namespace
}  // namespace strata::faults
