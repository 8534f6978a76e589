// What becomes of a text index whose files are damaged, taken away, or cannot be written.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <random>

#include "codec/value_random.hpp"
#include "model/declaration.hpp"
#include "platform/file.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"
#include "view/text/connection.hpp"
#include "view/text/example_store.hpp"

namespace strata::view {
namespace {

using Keys = std::vector<std::string>;

class TextDamage : public testing::Test {
 protected:
  std::unique_ptr<TextIndex> open() {
    return std::make_unique<TextIndex>(directory(), TextOptions{"", {"title"}, false}, "notes");
  }
  std::string directory() const { return scratch_ / "view"; }
  std::string file() const { return platform::join(directory(), "index.sqlite"); }
  Keys found(TextIndex& index, std::string_view words = "fox") {
    return keys_of(index.read(store_.opener()).search(words, 1000));
  }

  platform::ScratchDirectory scratch_;
  ExampleStore store_ = ExampleStore::in_memory();
};

TEST_F(TextDamage, AFileThatIsTakenAwayWhileItIsOpenComesBack) {
  store_.put("a", "fox");
  const auto one = open(), two = open();
  EXPECT_EQ(found(*one), Keys{"a"});
  EXPECT_EQ(found(*two), Keys{"a"});
  platform::remove_file(file());
  store_.put("b", "fox");
  EXPECT_EQ(found(*two), (Keys{"a", "b"}));
  EXPECT_TRUE(platform::exists(file()));
  EXPECT_EQ(two->rows_written(), 2u);  // it was filled anew
  store_.put("c", "fox");
  EXPECT_EQ(found(*one), (Keys{"a", "b", "c"}));
  EXPECT_EQ(found(*two), (Keys{"a", "b", "c"}));
  EXPECT_TRUE(two->describe().shared);
}

TEST_F(TextDamage, EachOfItsFilesAndTheDirectoryMayBeTakenAwayAtAnyTime) {
  const auto one = open(), two = open();
  std::mt19937_64 random(codec::test_seed());
  SCOPED_TRACE("replay: STRATA_TEST_SEED=" + std::to_string(codec::test_seed()) + " view_text_test");
  Keys expected;
  for (int i = 0; i < 60; ++i) {
    expected.push_back("k" + std::to_string(1000 + i));
    store_.put(expected.back(), "fox");
    const char* const part = std::vector<const char*>{"", "-wal", "-shm", "/", nullptr}.at(random() % 5);
    if (part != nullptr && *part == '/') {
      platform::remove_tree(directory());
    } else if (part != nullptr) {
      platform::remove_file(file() + part);
    }
    TextIndex& index = random() % 2 == 0 ? *one : *two;
    ASSERT_EQ(found(index), expected) << i;
    ASSERT_TRUE(index.describe().shared) << i;
  }
}

TEST_F(TextDamage, AReadingGoesOnWhenItsFileIsTakenAway) {
  store_.put("a", "fox");
  const auto one = open(), two = open();
  TextReading reading = one->read(store_.opener());
  platform::remove_tree(directory());
  store_.put("b", "fox");
  EXPECT_EQ(found(*two), (Keys{"a", "b"}));
  EXPECT_EQ(keys_of(reading.search("fox", 10)), Keys{"a"});
}

TEST_F(TextDamage, AFileThatIsNoDatabaseIsMadeAnew) {
  store_.put("a", "fox");
  platform::make_directories(directory());
  platform::replace_file(file(), std::string(5000, 'x'));
  const auto index = open();
  EXPECT_EQ(found(*index), Keys{"a"});
  EXPECT_TRUE(index->describe().shared);
}

TEST_F(TextDamage, APageThatIsDamagedWhileItIsOpenIsNoticedAndTheIndexIsMadeAnew) {
  Keys expected;
  auto transaction = store_.begin();
  for (int i = 0; i < 2000; ++i) {
    expected.push_back("k" + std::to_string(10000 + i));
    model::put_record(*transaction, "notes", expected.back(),
                      Value::object({{"title", "fox w" + std::to_string(i % 50) + " x" + std::to_string(i)}}), {});
  }
  store_.commit(std::move(transaction));
  const auto index = open();
  EXPECT_EQ(found(*index).size(), 1000u);
  {
    text::Connection connection(file());
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  {
    platform::File opened(file(), platform::File::Mode::read_write);
    const std::uint64_t size = opened.size();
    ASSERT_GT(size, 100'000u);
    for (std::uint64_t at = 4096; at < size; at += 4096) opened.write_at(at, std::string(4096, '\x5a'));
  }
  const auto another = open();
  store_.put("k1", "fox");
  expected.insert(expected.begin(), "k1");
  auto hits = keys_of(another->read(store_.opener()).search("fox", 10'000));
  std::sort(hits.begin(), hits.end());
  EXPECT_EQ(hits, expected);
  hits = keys_of(index->read(store_.opener()).search("fox", 10'000));
  std::sort(hits.begin(), hits.end());
  EXPECT_EQ(hits, expected);
}

TEST_F(TextDamage, ARecordThatIsDamagedInTheStoreIsNamedAndStopsNoOther) {
  store_.put("a", "fox");
  store_.put("b", "fox");
  const auto space = store_.view()->catalogue().find("notes")->records();
  const auto transaction = store_.trunk().engine().begin_write(store_.trunk().deadline({}));
  Bytes row(*transaction->get({space, "b"}));
  row[row.size() / 2] = static_cast<char>(row[row.size() / 2] ^ 4);
  transaction->put({space, "b"}, row);
  transaction->commit(Durability::sync);
  const auto index = open();
  TextReading reading = index->read(store_.opener());
  EXPECT_EQ(keys_of(reading.search("fox", 10)), Keys{"a"});
  EXPECT_EQ(reading.damaged(), 1u);
  EXPECT_NE(reading.trouble().find("record `b`"), std::string::npos) << reading.trouble();
  store_.put("c", "fox");
  TextReading later = index->read(store_.opener());
  EXPECT_EQ(keys_of(later.search("fox", 10)), (Keys{"a", "c"}));
  EXPECT_EQ(later.damaged(), 1u);
}

TEST_F(TextDamage, WhereTheDirectoryCannotBeMadeAPrivateIndexStandsIn) {
  store_.put("a", "fox");
  platform::replace_file(scratch_ / "view", "not a directory");
  const auto index = open();
  {
    TextReading reading = index->read(store_.opener());
    EXPECT_EQ(keys_of(reading.search("fox", 10)), Keys{"a"});
    EXPECT_NE(reading.trouble(), "");
  }
  EXPECT_FALSE(index->describe().shared);
}

TEST_F(TextDamage, WhileAnotherHoldsTheFileAnswersAreRightNevertheless) {
  store_.put("a", "fox");
  const auto index = open();
  EXPECT_EQ(found(*index), Keys{"a"});
  text::Connection other(file());
  const text::SqliteTransaction held(other, text::SqliteTransaction::Kind::write);
  store_.put("b", "fox");
  store_.erase("a");
  TextReading reading = index->read(store_.opener());
  EXPECT_EQ(keys_of(reading.search("fox", 10)), Keys{"b"});
  EXPECT_EQ(reading.apart(), 1u);  // not all of it
  EXPECT_NE(reading.trouble(), "");
  EXPECT_THROW(index->bring_up(store_.opener(), nullptr), Error);
}

TEST_F(TextDamage, ACollectionThatIsDroppedAndMadeAgainShowsNothingOfTheOldOne) {
  store_.put("a", "fox");
  const auto index = open();
  EXPECT_EQ(found(*index), Keys{"a"});
  const auto before = store_.view();
  auto dropping = store_.begin();
  model::drop_collection(*dropping, "notes");
  EXPECT_TRUE(index->read_at(*dropping, store_.opener()).search("fox", 10).empty());
  store_.commit(std::move(dropping));
  EXPECT_EQ(found(*index), Keys{});
  store_.put("b", "fox");
  EXPECT_EQ(found(*index), Keys{"b"});
  commit::ViewSource source(*before, Time{});
  EXPECT_EQ(keys_of(index->read_at(source, store_.opener()).search("fox", 10)), Keys{"a"});
}

}  // namespace
}  // namespace strata::view
