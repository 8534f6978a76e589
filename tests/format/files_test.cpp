// Stores and dumps that earlier builds wrote, in a folder for each format: v1/store-sqlite is a store directory,
// v1/dump.jsonl its dump, v1/expected what both hold.
//
// A new format gets a new folder: STRATA_WRITE_FORMAT_FILES=DIR format_test --gtest_filter='FormatFiles.*' writes one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "platform/scratch_directory.hpp"
#include "strata/dump.hpp"
#include "strata/strata.hpp"

namespace strata {
namespace {

namespace fs = std::filesystem;

Value sample(int number) {
  return Value::object({{"kind", number % 3 == 0 ? "note" : "task"},
                        {"mail", "m" + std::to_string(number)},
                        {"score", number / 4.0},
                        {"tags", Value::array({"all", "t" + std::to_string(number % 4)})},
                        {"when", "2024-05-01T10:00:00Z"},
                        {"nested", Value::object({{"deep", Value::array({1, nullptr, true, -7})}})},
                        {"text", "\u00e4\u20ac " + std::string(static_cast<std::size_t>(number), 'x')}});
}

void fill(Store& store) {
  Collection notes = store.collection("notes");
  notes.create_index({.name = "kind", .fields = {{"kind", false}, {"score", false}}, .unique = false});
  notes.create_index({.name = "mail", .fields = {{"mail", false}}, .unique = true});
  notes.create_index({.name = "tags", .fields = {{"tags", false}}, .unique = false});
  notes.create_index({.name = "updated", .fields = {{"updated", true}}, .unique = false});
  for (int base = 0; base < 40; base += 10) {
    store.transact([&](Transaction& transaction) {
      for (int number = base; number < base + 10; ++number)
        transaction.collection("notes").put("key" + std::to_string(number), sample(number));
    });
  }
  notes.erase("key13");
  notes.put("mortal", 1, {.if_version = {}, .time_to_live = std::chrono::hours(24 * 365 * 200)});
  Collection audit = store.collection("audit");
  audit.set_options({.history = {.enabled = true, .keep_for = {}, .keep_count = {}}, .time_to_live = {}});
  for (int number = 1; number <= 3; ++number) audit.put("a", number);
  audit.erase("a");
  store.collection("gone").put("x", 1);
  store.collection("gone").drop();
}

std::string digest_in(const fs::path& expected) {
  std::ifstream file(expected);
  std::string word, digest;
  file >> word >> digest;
  return digest;
}

void expect_the_sample(Store& store, const std::string& digest) {
  EXPECT_EQ(store.describe().digest, digest);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
  EXPECT_EQ(store.collections(), (std::vector<std::string>{"audit", "notes"}));
  const Collection notes = store.collection("notes");
  EXPECT_EQ(notes.count(), 40U);
  EXPECT_FALSE(notes.get("key13"));
  for (int number = 0; number < 40; ++number) {
    const auto record = notes.get("key" + std::to_string(number));
    EXPECT_EQ(record.has_value(), number != 13);
    EXPECT_TRUE(!record || record->value == sample(number)) << record->value.to_json();
  }
  EXPECT_TRUE(notes.get("mortal")->expires);
  const QueryResult found = notes.find({.where = "kind = 'note' and score >= 5"});
  EXPECT_EQ(found.plan.access, "index kind");
  EXPECT_EQ(found.records.size(), 7U);
  EXPECT_EQ(notes.count({.where = "tags contains 't1'"}), 9U);
  EXPECT_TRUE(store.collection("audit").options().history.enabled);
}

void write_files(const fs::path& root) {
  const std::string place = root / "store-sqlite";
  Store store = Store::open("sqlite:" + place, {.background = false});
  fill(store);
  store.compact();
  std::ofstream dumped(root / "dump.jsonl");
  dump(store, [&](std::string_view line) { dumped << line << "\n"; });
  std::ofstream(root / "expected") << "digest " << store.describe().digest << "\n";
  store.close();
  fs::remove_all(place + "/run");
}

std::vector<fs::path> formats() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(STRATA_FORMAT_FILES)) {
    if (entry.is_directory() && entry.path().filename().string().front() == 'v') found.push_back(entry.path());
  }
  return found;
}

TEST(FormatFiles, AreWrittenWhenAskedFor) {
  const char* root = std::getenv("STRATA_WRITE_FORMAT_FILES");
  platform::ScratchDirectory scratch;
  const fs::path place = root != nullptr ? fs::path(root) : fs::path(scratch / "files");
  fs::create_directories(place);
  write_files(place);
  Store store = Store::open("sqlite:" + (place / "store-sqlite").string(), {.create = false});
  expect_the_sample(store, digest_in(place / "expected"));
  store.close();
  fs::remove_all(place / "store-sqlite" / "run");
}

TEST(FormatFiles, AStoreOfEveryFormatOpensVerifiesAndHoldsWhatWasPut) {
  ASSERT_FALSE(formats().empty());
  for (const fs::path& format : formats()) {
    SCOPED_TRACE(format);
    platform::ScratchDirectory scratch;
    fs::copy(format / "store-sqlite", scratch / "store", fs::copy_options::recursive);
    Store store = Store::open(scratch / "store", {.create = false});
    expect_the_sample(store, digest_in(format / "expected"));
    Collection audit = store.collection("audit");
    const auto versions = audit.history("a");
    ASSERT_EQ(versions.size(), 3U);
    EXPECT_EQ(versions[0].record.value.as_int(), 3);
    EXPECT_TRUE(versions[0].erased);
    EXPECT_EQ(audit.get("a", Position{versions[1].record.version.value})->value.as_int(), 2);
    EXPECT_EQ(store.log(Position{0}).size(), store.position().value);
    store.collection("notes").put("new", sample(100));
    EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
  }
}

TEST(FormatFiles, ADumpOfEveryFormatLoadsWithItsDigest) {
  ASSERT_FALSE(formats().empty());
  for (const fs::path& format : formats()) {
    SCOPED_TRACE(format);
    std::ifstream lines(format / "dump.jsonl");
    Store store = Store::open("memory:");
    const LoadReport report =
        load(store, [&](std::string& line) { return static_cast<bool>(std::getline(lines, line)); });
    EXPECT_TRUE(report.digest_compared);
    expect_the_sample(store, digest_in(format / "expected"));
  }
}

}  // namespace
}  // namespace strata
