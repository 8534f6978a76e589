// Several processes on one text index, killed while they bring it up.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <random>
#include <thread>

#include "codec/value_random.hpp"
#include "engine/sqlite/sqlite_engine.hpp"
#include "platform/child_process.hpp"
#include "platform/file.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"
#include "view/text/example_store.hpp"

namespace strata::view {
namespace {

constexpr int rounds = 12;
constexpr int writes = 300;

class TextProcess : public testing::Test {
 protected:
  std::string directory() const { return scratch_ / "view"; }
  /// Each process opens the store for itself.
  ExampleStore open_store() const {
    engine::register_sqlite_engine();
    engine::OpenRequest request;
    request.store_directory = scratch_.path();
    request.directory = scratch_ / "engine";
    request.location = scratch_.path();
    platform::make_directories(request.directory);
    return ExampleStore(engine::open_engine("sqlite", request));
  }
  std::unique_ptr<TextIndex> open_index() const {
    return std::make_unique<TextIndex>(directory(), TextOptions{"", {"title"}, false}, "notes");
  }
  /// What an index that begins from nothing finds.
  static std::vector<TextHit> anew(ExampleStore& store) {
    TextIndex index("", {"", {"title"}, false}, "notes");
    return index.read(store.opener()).search("fox", 100'000);
  }

  platform::ScratchDirectory scratch_;
};

TEST_F(TextProcess, KilledWhileItFollowsAnIndexIsWhatItWouldBeFromNothing) {
  SCOPED_TRACE("replay: STRATA_TEST_SEED=" + std::to_string(codec::test_seed()) + " view_text_test");
  std::mt19937_64 random(codec::test_seed());
  open_store().put("first", "fox");
  std::size_t compared = 0;
  for (int round = 0; round < rounds; ++round) {
    const platform::Sign begun;
    const std::uint64_t seed = random();
    platform::ChildProcess child([&] {
      ExampleStore store = open_store();
      const auto index = open_index();
      std::mt19937_64 own(seed);
      for (int i = 0;; ++i) {
        auto transaction = store.begin();
        for (int n = 0; n < 20; ++n) {
          const std::string key = "k" + std::to_string(own() % 200);
          if (own() % 4 == 0) {
            model::erase_record(*transaction, "notes", key, {});
          } else {
            const std::string title = (own() % 2 == 0 ? "fox w" : "dog w") + std::to_string(own() % 30);
            model::put_record(*transaction, "notes", key, Value::object({{"title", title}}), {});
          }
        }
        store.commit(std::move(transaction));
        index->bring_up(store.opener(), nullptr);
        if (i == static_cast<int>(seed % 5)) begun.give();
      }
      return 0;
    });
    ASSERT_TRUE(begun.await());
    if (round % 4 == 3) platform::remove_tree(directory());
    EXPECT_EQ(child.kill(), -SIGKILL);
    ExampleStore store = open_store();
    const auto index = open_index();
    const auto hits = index->read(store.opener()).search("fox", 100'000);
    const auto expected = anew(store);
    ASSERT_EQ(hits.size(), expected.size());
    for (std::size_t i = 0; i < hits.size(); ++i) {
      ASSERT_EQ(hits[i].key, expected[i].key);
      ASSERT_EQ(hits[i].version, expected[i].version);
      ASSERT_EQ(hits[i].score, expected[i].score);
    }
    compared += hits.size();
  }
  EXPECT_GT(compared, 100u);
}

TEST_F(TextProcess, ProcessesThatWriteAndSearchAtOnceEachFindWhatTheyWrote) {
  open_store().put("first", "fox");
  const auto work = [&](int number) {
    ExampleStore store = open_store();
    const auto index = open_index();
    for (int i = 0; i < writes; ++i) {
      const std::string word = "p" + std::to_string(number) + "n" + std::to_string(i);
      store.put("k" + std::to_string(number), word.c_str());
      const auto hits = index->read(store.opener()).search(word, 10);
      if (hits.size() != 1 || hits[0].key != "k" + std::to_string(number)) return 1;
    }
    return 0;
  };
  platform::ChildProcess one([&] { return work(1); });
  platform::ChildProcess two([&] { return work(2); });
  platform::ChildProcess three([&] { return work(3); });
  EXPECT_EQ(one.wait(), 0);
  EXPECT_EQ(two.wait(), 0);
  EXPECT_EQ(three.wait(), 0);
}

TEST_F(TextProcess, WhereTheFileCannotGrowAnswersAreRightNevertheless) {
  platform::ChildProcess child([&] {
    ExampleStore store = ExampleStore::in_memory();
    const auto index = open_index();
    for (int i = 0; i < 50; ++i) store.put("k" + std::to_string(i), "fox");
    if (index->read(store.opener()).search("fox", 100).size() != 50) return 1;
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{4096, 4096};
    if (::setrlimit(RLIMIT_FSIZE, &none) != 0) return 2;
    for (int i = 0; i < 5; ++i) {
      store.put("n" + std::to_string(i), "fox");
      store.erase("k" + std::to_string(i));
      TextReading reading = index->read(store.opener());
      const auto hits = reading.search("fox", 100);
      if (hits.size() != 50 || reading.trouble().empty()) return 3;
      if (reading.apart() != static_cast<std::uint64_t>(i) + 1) return 4;  // the rest is in the index as it was
    }
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(TextProcess, ThreadsShareAnIndex) {
  ExampleStore store = open_store();
  store.put("first", "fox");
  for (const std::string& place : {directory(), std::string()}) {
    TextIndex index(place, TextOptions{"", {"title"}, false}, "notes");
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
      threads.emplace_back([&, number] {
        for (int i = 0; i < 50; ++i) {
          const std::string key = "k" + std::to_string(number);
          const std::string word = "t" + std::to_string(number) + "n" + std::to_string(i);
          store.put(key, word.c_str());
          TextReading reading = index.read(store.opener());
          const auto hits = reading.search(word, 10);
          if (hits.size() != 1 || hits[0].key != key) ++wrong;
          if (index.snippet(Value::object({{"title", word}}), word) != "[" + word + "]") ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST_F(TextProcess, AForkedChildIsRefused) {
  ExampleStore store = open_store();
  store.put("a", "fox");
  const auto index = open_index();
  EXPECT_EQ(index->read(store.opener()).search("fox", 10).size(), 1u);
  platform::ChildProcess child([&] {
    try {
      index->describe();
    } catch (const Error& error) {
      return error.code() == ErrorCode::closed ? 0 : 2;
    }
    return 1;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(index->read(store.opener()).search("fox", 10).size(), 1u);
}

}  // namespace
}  // namespace strata::view
