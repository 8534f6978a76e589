#include "view/text/text_index.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "codec/log_entry.hpp"
#include "follow/mirror.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"
#include "view/text/example_store.hpp"

namespace strata::view {
namespace {

using Keys = std::vector<std::string>;
const TextOptions title_and_body{"", {"title", "body"}, false};

Keys found(TextIndex& index, const OpenView& open, std::string_view words) {
  return keys_of(index.read(open).search(words, 100));
}

TEST(TextIndex, ACommittedRecordIsFoundAndAnErasedOneIsNot) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  store.put("a", "the quick fox");
  store.put("b", "a slow fox", "with a long body of many more words");
  EXPECT_EQ(found(index, store.opener(), "fox"), (Keys{"a", "b"}));
  EXPECT_EQ(found(index, store.opener(), "slow"), Keys{"b"});
  store.erase("a");
  store.put("c", "fox");
  EXPECT_EQ(found(index, store.opener(), "fox"), (Keys{"c", "b"}));
  EXPECT_EQ(index.read(store.opener()).rows(), 2u);
}

TEST(TextIndex, AHitCarriesTheVersionOfItsRecord) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  store.put("a", "fox");
  const Position second = store.put("a", Value::object({{"title", "fox"}, {"stars", 5}}));
  const auto hits = index.read(store.opener()).search("fox", 10);
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].version.value, second.value);
}

TEST(TextIndex, AChangeOfOtherFieldsWritesNoWords) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  store.put("a", Value::object({{"title", "fox"}, {"stars", 1}}));
  index.bring_up(store.opener(), nullptr);
  const std::uint64_t written = index.rows_written();
  ASSERT_EQ(written, 1u);
  const Position last = store.put("a", Value::object({{"title", "fox"}, {"stars", 2}}));
  index.bring_up(store.opener(), nullptr);
  EXPECT_EQ(index.rows_written(), written);
  EXPECT_EQ(index.read(store.opener()).search("fox", 1).at(0).version.value, last.value);
  store.put("a", Value::object({{"title", "vixen"}, {"stars", 2}}));
  index.bring_up(store.opener(), nullptr);
  EXPECT_EQ(index.rows_written(), written + 2);  // the old words and the new ones
}

TEST(TextIndex, CaseAndDiacriticsDoNotCountAndEndingsOnlyWithoutStemming) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex plain("", title_and_body, "notes");
  TextIndex stemmed("", {"", {"title", "body"}, true}, "notes");
  store.put("a", "Über die Bücher");
  store.put("b", "running horses");
  for (TextIndex* index : {&plain, &stemmed}) {
    EXPECT_EQ(found(*index, store.opener(), "uber"), Keys{"a"});
    EXPECT_EQ(found(*index, store.opener(), "BÜCHER"), Keys{"a"});
  }
  EXPECT_EQ(found(plain, store.opener(), "run horse"), Keys{});
  EXPECT_EQ(found(stemmed, store.opener(), "run"), Keys{"b"});
  EXPECT_EQ(found(stemmed, store.opener(), "horse"), Keys{"b"});
}

TEST(TextIndex, PhrasesPrefixesAndSigns) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  store.put("a", "new york city");
  store.put("b", "york is not new");
  store.put("c", "new yorkshire pudding");
  const auto all = [&](std::string_view words) {
    const Keys keys = found(index, store.opener(), words);
    return std::set<std::string>(keys.begin(), keys.end());
  };
  using Set = std::set<std::string>;
  EXPECT_EQ(all("\"new york\""), Set{"a"});
  EXPECT_EQ(all("york*"), (Set{"a", "b", "c"}));
  EXPECT_EQ(all("\"new york\"*"), (Set{"a", "c"}));
  EXPECT_EQ(all("new -pudding"), (Set{"a", "b"}));
  EXPECT_EQ(all("+york new"), (Set{"a", "b"}));
  EXPECT_EQ(all("+new +city pudding"), Set{"a"});
  EXPECT_EQ(all("new-york"), Set{"a"});
  EXPECT_EQ(all("york NOT AND OR NEAR title:"), (Set{"a", "b"}));
}

TEST(TextIndex, TextsOfAnArrayCountTogetherAndOtherValuesAreNone) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", {"", {"tags", "a.b"}, false}, "notes");
  store.put("a", Value::from_json(R"({"tags":["red","green",["blue"],{"x":"hidden"},7],"a":{"b":"deep"}})"));
  store.put("b", Value::from_json(R"({"tags":7})"));
  for (const char* word : {"red", "green", "blue", "deep"}) EXPECT_EQ(found(index, store.opener(), word), Keys{"a"});
  EXPECT_EQ(found(index, store.opener(), "hidden"), Keys{});
  EXPECT_EQ(found(index, store.opener(), "7"), Keys{});
  EXPECT_EQ(index.read(store.opener()).rows(), 1u);
}

TEST(TextIndex, HitsOfOneScoreComeByKeyAndPagesFollowEachOther) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  auto transaction = store.begin();
  constexpr int records = 3000;
  for (int i = 0; i < records; ++i) {
    std::string key = std::to_string(i * 7919 % records);
    key.insert(0, 4 - key.size(), '0');
    model::put_record(*transaction, "notes", key, Value::object({{"title", i % 2 == 0 ? "same" : "same same"}}), {});
  }
  store.commit(std::move(transaction));
  TextReading reading = index.read(store.opener());
  const auto whole = reading.search("same", records);
  ASSERT_EQ(whole.size(), static_cast<std::size_t>(records));
  for (std::size_t i = 1; i < whole.size(); ++i) {
    ASSERT_TRUE(whole[i - 1].score > whole[i].score ||
                (whole[i - 1].score == whole[i].score && whole[i - 1].key < whole[i].key));
  }
  Keys paged;
  for (std::size_t offset = 0; offset < records; offset += 101) {
    for (const TextHit& hit : reading.search("same", 101, offset)) paged.push_back(hit.key);
  }
  EXPECT_EQ(paged, keys_of(whole));
  EXPECT_TRUE(reading.search("same", 10, records).empty());
  EXPECT_TRUE(reading.search("same", std::numeric_limits<std::size_t>::max(), 2999).size() == 1);
}

TEST(TextIndex, ACollectionThatIsNotThereHasNoHitsUntilItIs) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  EXPECT_EQ(found(index, store.opener(), "fox"), Keys{});
  store.put("a", "fox");
  EXPECT_EQ(found(index, store.opener(), "fox"), Keys{"a"});
}

TEST(TextIndex, AnotherCollectionOfTheSameNameIsIndexedAnew) {
  platform::ScratchDirectory scratch;
  ExampleStore one = ExampleStore::in_memory(), two = ExampleStore::in_memory();
  one.put("a", "fox");
  two.put("b", "fox");
  TextIndex index(scratch / "view", title_and_body, "notes");
  EXPECT_EQ(found(index, one.opener(), "fox"), Keys{"a"});
  EXPECT_EQ(found(index, two.opener(), "fox"), Keys{"b"});  // another store in the same directory
  TextIndex other(scratch / "view", {"", {"body"}, false}, "notes");
  EXPECT_EQ(found(other, two.opener(), "fox"), Keys{});
  EXPECT_EQ(found(index, two.opener(), "fox"), Keys{"b"});  // other options
}

TEST(TextIndex, AnIndexBehindTheLogIsFilledAnew) {
  platform::ScratchDirectory scratch;
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index(scratch / "view", title_and_body, "notes");
  store.put("a", "fox");
  EXPECT_EQ(found(index, store.opener(), "fox"), Keys{"a"});
  store.erase("a");
  store.put("b", "fox");
  store.put("c", "dog");
  store.trim_log();
  EXPECT_EQ(found(index, store.opener(), "fox"), Keys{"b"});
  store.put("d", "fox");
  EXPECT_EQ(found(index, store.opener(), "fox"), (Keys{"b", "d"}));
}

TEST(TextIndex, ARangeThatIsErasedByOneEntryIsErasedInTheIndexButForWhatCameBack) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  for (const char* key : {"a", "b", "c", "d", "e"}) store.put(key, "fox");
  EXPECT_EQ(found(index, store.opener(), "fox").size(), 5u);
  const auto before = store.view();
  const engine::Space space = before->catalogue().find("notes")->records();
  store.trunk().exclusive(store.trunk().deadline({}), Durability::sync, [&](commit::Writer& writer) {
    follow::Mirror(writer).empty({space, "b", "e"});
    codec::Head& head = writer.head();
    codec::Entry entry;
    entry.position = Position{head.position.value + 1};
    entry.time = head.time;
    entry.id = platform::make_uuid();
    entry.changes.push_back({codec::Operation::erase_range, space, "b", "e", {}, 3});
    entry.chain = codec::chain_after(head.chain, entry);
    writer.transaction().put({commit::log_space, codec::log_key(entry.position, 0)}, codec::encode_entry(entry).at(0));
    head.position = entry.position;
    head.chain = entry.chain;
  });
  store.put("c", "fox");
  const auto reading_of = [&](commit::View& view) {
    commit::ViewSource source(view, Time{});
    return keys_of(index.read_at(source, store.opener()).search("fox", 10));
  };
  EXPECT_EQ(found(index, store.opener(), "fox"), (Keys{"a", "c", "e"}));
  EXPECT_EQ(reading_of(*before), (Keys{"a", "b", "c", "d", "e"}));
}

TEST(TextIndex, AStoreThatWasPutBackIsIndexedAnew) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  store.put("a", "fox");
  EXPECT_EQ(found(index, store.opener(), "fox"), Keys{"a"});
  const std::uint64_t written = index.rows_written();
  store.trunk().exclusive(store.trunk().deadline({}), Durability::sync, [](commit::Writer& writer) {
    writer.head().incarnation += 1;
    writer.note_written();
  });
  EXPECT_EQ(found(index, store.opener(), "fox"), Keys{"a"});
  EXPECT_EQ(index.rows_written(), written + 1);
  store.trunk().exclusive(store.trunk().deadline({}), Durability::sync, [](commit::Writer& writer) {
    writer.head().chain += codec::Hash128{1, 0};
    writer.note_written();
  });
  EXPECT_EQ(found(index, store.opener(), "fox"), Keys{"a"});
  EXPECT_EQ(index.rows_written(), written + 2);
}

TEST(TextIndex, ATransactionFindsItsOwnWritesAndNotWhatItErased) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  store.put("a", "fox");
  store.put("b", "fox");
  store.put("c", "fox");
  auto transaction = store.begin();
  model::erase_record(*transaction, "notes", "a", {});
  model::put_record(*transaction, "notes", "b", Value::object({{"title", "dog"}}), {});
  model::put_record(*transaction, "notes", "d", Value::object({{"title", "fox"}}), {});
  store.put("e", "fox");  // committed after the transaction began
  {
    TextReading reading = index.read_at(*transaction, store.opener());
    EXPECT_EQ(keys_of(reading.search("fox", 10)), (Keys{"c", "d"}));
    EXPECT_EQ(keys_of(reading.search("dog", 10)), Keys{"b"});
    EXPECT_EQ(reading.rows(), 3u);
    EXPECT_EQ(reading.search("dog", 10).at(0).version, Version{});
  }
  EXPECT_EQ(found(index, store.opener(), "fox"), (Keys{"a", "b", "c", "e"}));
}

TEST(TextIndex, ATransactionThatMakesTheCollectionFindsWhatItWrote) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  auto transaction = store.begin();
  model::put_record(*transaction, "notes", "a", Value::object({{"title", "fox"}}), {});
  EXPECT_EQ(keys_of(index.read_at(*transaction, store.opener()).search("fox", 10)), Keys{"a"});
}

TEST(TextIndex, TwoReadingsOfAPrivateIndexInOneThreadDoNotWaitForEachOther) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", title_and_body, "notes");
  store.put("a", "fox");
  TextReading first = index.read(store.opener());
  store.put("b", "fox");
  TextReading second = index.read(store.opener());
  EXPECT_EQ(keys_of(first.search("fox", 10)), Keys{"a"});
  EXPECT_EQ(keys_of(second.search("fox", 10)), (Keys{"a", "b"}));
}

TEST(TextIndex, SnippetsShowWhereItMatches) {
  TextIndex index("", {"", {"title", "body"}, true}, "notes");
  const Value record = Value::object({{"title", "A day"}, {"body", "we saw the Foxes running over a field at night"}});
  EXPECT_EQ(index.snippet(record, "fox +run -dog", 5), "we saw the [Foxes] [running]...");
  EXPECT_EQ(index.snippet(record, "day"), "A [day]");
  EXPECT_EQ(index.snippet(record, "absent"), "");
  EXPECT_EQ(index.snippet(Value(7), "day"), "");
}

TEST(TextIndex, BringingUpTellsItsProgressAndStopsWhenAsked) {
  platform::ScratchDirectory scratch;
  ExampleStore store = ExampleStore::in_memory();
  auto transaction = store.begin();
  for (int i = 0; i < 3500; ++i) {
    model::put_record(*transaction, "notes", std::to_string(i), Value::object({{"title", "word"}}), {});
  }
  store.commit(std::move(transaction));
  class Stops : public engine::Progress {
   public:
    explicit Stops(int steps) : steps_(steps) {}
    bool advance(std::string_view, std::uint64_t done, std::uint64_t total) override {
      EXPECT_LE(done, total);
      return --steps_ > 0;
    }

   private:
    int steps_;
  };
  TextIndex index(scratch / "view", title_and_body, "notes");
  Stops stops(2);
  EXPECT_EQ(index.bring_up(store.opener(), &stops), Position{});
  EXPECT_TRUE(index.describe().filling);
  EXPECT_EQ(index.rows_written(), 2000u);
  TextIndex another(scratch / "view", title_and_body, "notes");  // goes on where the first one stopped
  EXPECT_EQ(another.bring_up(store.opener(), nullptr), store.view()->position());
  EXPECT_EQ(another.rows_written(), 1500u);
  EXPECT_EQ(another.describe().rows, 3500u);
  EXPECT_GT(another.describe().file_bytes, 0u);
}

TEST(TextIndex, PathsThatCannotBeOnesAreRefused) {
  EXPECT_THROW(TextIndex("", {"", {}, false}, "notes"), Error);
  EXPECT_THROW(TextIndex("", {"", {"a["}, false}, "notes"), Error);
  EXPECT_THROW(TextIndex("", {"", std::vector<std::string>(9, "a"), false}, "notes"), Error);
}

}  // namespace
}  // namespace strata::view
