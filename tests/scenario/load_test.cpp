// A dump that is loaded again after its load was stopped, on every engine.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

using Lines = std::vector<std::string>;

/// Lines that hardly repeat.
Bytes content(unsigned seed, std::size_t size) {
  std::mt19937 random(seed);
  Bytes out;
  while (out.size() < size) out += std::to_string(random()) + '\n';
  return out;
}

/// Some of every kind: records with an index and history, words, vectors, documents that share content, events, edges.
void fill(Store& store) {
  Collection notes = store.collection("notes");
  notes.set_options({.history = {.enabled = true}});
  notes.create_index({.name = {}, .fields = {{"n", false}}});
  for (int i = 0; i < 60; ++i) notes.put("k" + std::to_string(i), Value::object({{"n", i}, {"t", "some words"}}));
  notes.create_text({.fields = {"t"}});
  const Bytes shared = content(1, 60'000);
  store.documents("files").put("a", shared + content(2, 30'000));
  store.documents("files").put("b", shared);
  store.documents("files").put("small", "few bytes");
  for (int i = 0; i < 30; ++i)
    store.stream("s" + std::to_string(i % 3)).append(NewEvent{.type = "t", .data = Value(i)});
  for (int i = 0; i < 20; ++i)
    store.graph().link("notes/k" + std::to_string(i), "next", "notes/k" + std::to_string(i + 1));
}

Lines dump_of(Store& store) {
  Lines lines;
  dump(store, [&](std::string_view line) { lines.emplace_back(line); });
  return lines;
}

/// Loads the first lines of a dump; gives the message of what that threw.
std::string load_lines(Store& store, const Lines& lines, std::size_t count) {
  std::size_t next = 0;
  try {
    const LoadReport report = load(store, [&](std::string& line) {
      if (next == count) return false;
      line = lines[next++];
      return true;
    });
    return report.digest_compared ? "loaded, compared" : "loaded";
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
}

void expect_equal(Store& store, Store& source) {
  EXPECT_EQ(store.describe().digest, source.describe().digest);
  EXPECT_EQ(store.verify().problems, Lines{});
  for (const std::string key : {"a", "b", "small"}) {
    EXPECT_TRUE(store.documents("files").get(key) == source.documents("files").get(key)) << key;
  }
  EXPECT_EQ(store.documents("files").statistics().chunks, source.documents("files").statistics().chunks);
}

class AnyLoad : public testing::TestWithParam<std::string> {
 protected:
  AnyLoad() { fill(source_); }
  Store open() {
    OpenOptions options;
    options.durability = Durability::relaxed;
    return Store::open(site_.url(), options);
  }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
  Store source_ = Store::open("memory:");
};

INSTANTIATE_TEST_SUITE_P(Engines, AnyLoad, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

TEST_P(AnyLoad, ThatWasCutShortAndIsRepeatedGivesAnEqualStore) {
  const char* replay = std::getenv("STRATA_TEST_SEED");
  const unsigned seed = replay != nullptr ? static_cast<unsigned>(std::atoll(replay)) : std::random_device()();
  SCOPED_TRACE("STRATA_TEST_SEED=" + std::to_string(seed) + " scenario_test --gtest_filter=*AnyLoad*");
  std::mt19937 random(seed);
  const Lines lines = dump_of(source_);
  Store store = open();
  for (int cut = 0; cut < 4; ++cut) {
    const std::string outcome = load_lines(store, lines, 1 + random() % (lines.size() - 1));
    EXPECT_NE(outcome.find("it was cut short"), std::string::npos) << outcome;
  }
  EXPECT_EQ(load_lines(store, lines, lines.size()), "loaded, compared");
  expect_equal(store, source_);
  EXPECT_EQ(store.collection("notes").history("k1").size(), 1U) << "what was there was left alone";

  const Position before = store.position();
  EXPECT_EQ(load_lines(store, lines, lines.size()), "loaded, compared");
  EXPECT_EQ(store.position(), before) << "all of it was there";
  store.documents("files").put("a", content(3, 50'000));
  EXPECT_EQ(store.verify().problems, Lines{});
  EXPECT_NE(load_lines(store, lines, lines.size()).find("the store has"), std::string::npos);
}

TEST_P(AnyLoad, IntoAStoreOfOtherRecordsGoesOnToo) {
  const Lines lines = dump_of(source_);
  Store store = open();
  store.collection("mine").put("k", 1);
  EXPECT_NE(load_lines(store, lines, lines.size() * 2 / 3).find("cut short"), std::string::npos);
  EXPECT_NE(load_lines(store, lines, lines.size() - 1).find("cut short"), std::string::npos);
  EXPECT_EQ(load_lines(store, lines, lines.size()), "loaded");
  EXPECT_EQ(store.verify().problems, Lines{});
  EXPECT_TRUE(store.collection("mine").get("k"));
  EXPECT_EQ(store.collection("notes").count(), 60U);
  EXPECT_TRUE(store.documents("files").get("a") == source_.documents("files").get("a"));
}

class Loading : public testing::Test {
 protected:
  Loading() {
    Store source = Store::open("memory:");
    fill(source);
    lines_ = dump_of(source);
  }
  Lines lines_;
};

TEST_F(Loading, IsRefusedWhenOthersWroteAfterItWasStopped) {
  Store store = Store::open("memory:");
  load_lines(store, lines_, lines_.size() - 1);
  store.collection("notes").put("k1", "mine");
  const std::string outcome = load_lines(store, lines_, lines_.size());
  EXPECT_TRUE(outcome.starts_with("invalid_argument: line ")) << outcome;
  EXPECT_TRUE(
      outcome.ends_with("a load of this dump was stopped, and the store was written to since; load into an "
                        "empty store"))
      << outcome;
}

TEST_F(Loading, OverDocumentsOfOthersIsRefusedHoweverOftenItIsTried) {
  Store store = Store::open("memory:");
  store.documents("own").put("k", content(9, 50'000));
  const Bytes mine = *store.documents("own").get("k");
  for (const std::size_t count : {std::size_t{2}, lines_.size(), lines_.size()}) {
    const std::string outcome = load_lines(store, lines_, count);
    EXPECT_TRUE(outcome.find("cut short") != std::string::npos ||
                outcome.find("the store has documents already") != std::string::npos)
        << outcome;
  }
  EXPECT_TRUE(store.documents("own").get("k") == mine);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_F(Loading, OfAnotherDumpIsNotTakenForTheOneThatWasStopped) {
  Store other = Store::open("memory:");
  fill(other);
  Store store = Store::open("memory:");
  load_lines(store, lines_, lines_.size() - 1);
  EXPECT_NE(load_lines(store, dump_of(other), lines_.size()).find("the store has documents already"),
            std::string::npos);
}

/// Loads in another process, which is killed after so many commits, or lets it end before.
void load_until_killed(const std::string& url, const Lines& lines, std::size_t commits_before_death) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Store store = Store::open(url);
    const Position begin = store.position();
    std::thread executioner([&] {
      for (Position at = begin; at.value < begin.value + commits_before_death;)
        at = store.wait_for_commit(at, std::chrono::milliseconds(50));
      ::raise(SIGKILL);
    });
    executioner.detach();
    load_lines(store, lines, lines.size());
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
}

TEST_F(Loading, ThatIsKilledGoesOnWhenItIsRepeated) {
  const platform::ScratchDirectory directory;
  const std::string url = "lmdb:" + directory.path() + "/store";
  for (const std::size_t commits : {1U, 3U, 6U, 2U}) load_until_killed(url, lines_, commits);
  Store store = Store::open(url);
  EXPECT_EQ(load_lines(store, lines_, lines_.size()), "loaded, compared");
  Store whole = Store::open("memory:");
  load_lines(whole, lines_, lines_.size());
  expect_equal(store, whole);
}

}  // namespace
}  // namespace strata
