// Bytes flipped in an engine's own files. Engines differ in what they notice (LMDB and SQLite keep no checksums of
// pages, and LMDB may end the process); none may give a value that was never put, and what is missing verify tells.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "tests/contract/child_process.hpp"
#include "tests/faults/any_engine.hpp"

namespace strata::faults {
namespace {

constexpr int records = 300;
constexpr unsigned patience_s = 60;

std::string body_of(int number) { return "body " + std::to_string(number * 7919) + std::string(40, 'x'); }
std::string key_of(int number) { return "key" + std::to_string(number); }

class FileDamage : public AnyEngine {
 protected:
  void make_files() const {
    Store store = open({.durability = Durability::relaxed});
    store.collection("notes").create_index({.name = "n", .fields = {{"n", false}}, .unique = false});
    for (int base = 0; base < records; base += 50) {
      store.transact([&](Transaction& transaction) {
        for (int number = base; number < base + 50; ++number)
          transaction.collection("notes").put(key_of(number),
                                              Value::object({{"n", number}, {"body", body_of(number)}}));
      });
    }
    store.compact();
  }
  int read_elsewhere() const { return engine::ChildProcess("reader", {url()}).wait(); }
  /// What a bit may be flipped in.
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place() + "/engine")) {
      if (entry.is_regular_file() && entry.file_size() > 0) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
};

enum Answer { right = 0, refused = 10, missing_and_told = 11, wrong_value = 20, missing_in_silence = 21 };

/// Reads everything in a process of its own.
int play_reader(const engine::RoleArguments& arguments, engine::ParentLine&) {
  const std::string& url = arguments.at(0);
  ::alarm(patience_s);
  bool missing = false;
  try {
    Store store = Store::open(url, {.create = false});
    const Collection notes = store.collection("notes");
    for (int number = 0; number < records; ++number) {
      const auto record = notes.get(key_of(number));
      missing |= !record;
      if (record && record->value["body"].as_string() != body_of(number)) return wrong_value;
    }
    const QueryResult found = notes.find({.where = "n >= 100 and n < 200"});
    for (const Record& record : found.records) {
      const auto number = static_cast<int>(record.value["n"].as_int());
      if (number < 100 || number >= 200 || record.key != key_of(number) ||
          record.value["body"].as_string() != body_of(number))
        return wrong_value;
    }
    missing |= found.records.size() != 100;
    if (!missing) return right;
    return store.verify().problems.empty() ? missing_in_silence : missing_and_told;
  } catch (const Error& error) {
    // While something was missing, an error of verify tells as well.
    return error.code() == ErrorCode::internal ? wrong_value : refused;
  }
}

const bool reader_known = engine::register_role("reader", play_reader);

TEST_P(FileDamage, NeverGivesAValueThatWasNotPut) {
  make_files();
  ASSERT_EQ(read_elsewhere(), right);
  const char* given = std::getenv("STRATA_TEST_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::mt19937_64 random(seed);
  const int flips = std::getenv("STRATA_SOAK") != nullptr ? 2000 : 40;
  std::map<int, int> answers;
  const auto paths = files();
  ASSERT_FALSE(paths.empty());
  const std::string saved = directory_ / "saved";
  std::filesystem::copy(place(), saved, std::filesystem::copy_options::recursive);
  for (int flip = 0; flip < flips; ++flip) {
    const std::string& path = paths[random() % paths.size()];
    std::string content = platform::read_file(path).value();
    const std::size_t at = random() % content.size();
    content[at] = static_cast<char>(content[at] ^ (1 << (random() % 8)));
    {
      platform::File file(path, platform::File::Mode::read_write);
      file.write_at(0, content);
    }
    const int answer = read_elsewhere();
    ++answers[answer];
    const std::string place_of_flip = "byte " + std::to_string(at) + " of " + path +
                                      "; replay: STRATA_TEST_SEED=" + std::to_string(seed) +
                                      " damage_test --gtest_filter='*NeverGivesAValueThatWasNotPut/" + GetParam() + "'";
    EXPECT_NE(answer, wrong_value) << place_of_flip;
    EXPECT_NE(answer, missing_in_silence) << place_of_flip;
    EXPECT_NE(answer, 3) << "an exception that is no strata::Error; " << place_of_flip;
    std::filesystem::remove_all(place());
    std::filesystem::copy(saved, place(), std::filesystem::copy_options::recursive);
  }
  std::string told;
  for (const auto& [answer, count] : answers) told += " " + std::to_string(answer) + ":" + std::to_string(count);
  RecordProperty("answers", told);
  EXPECT_EQ(read_elsewhere(), right);
}

STRATA_ON_EVERY_ENGINE(FileDamage);

}  // namespace
}  // namespace strata::faults
