#include "ingest/folder_ingest.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "ingest/ingest_root.hpp"
#include "ingest/symbols.hpp"
#include "ingest/text_tree.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

TEST(FolderIngest, StrangeFilesAreReportedAndTheRestIsDone) {
  const Tree tree;
  fill(tree);
  tree.write("bad\xFF name.txt", "text \xC3\x28 not utf-8\n");
  tree.write("new\nline.md", "# x\n");
  tree.write("empty.txt", "");
  const std::string deep(200, 'd');
  tree.write(deep + "/" + deep + "/long.md", "# Long\n[up](../../README.md)\n");
  tree.write(deep + "/" + deep + "/long2.md", "# Long\n");
  ASSERT_EQ(::mkfifo(tree.path("pipe").c_str(), 0600), 0);
  Store store = Store::open("memory:");
  const IngestReport report = ingest(store, tree);
  EXPECT_EQ(report.added, 9U);
  EXPECT_EQ(report.skipped.at("neither file nor folder"), 1U);
  EXPECT_EQ(report.notes_total, 0U);
  EXPECT_EQ(store.collection("files").count(), 9U);
  const auto passage = store.collection("passages").find({.where = "text contains 'not utf-8'"}).records;
  ASSERT_EQ(passage.size(), 1U);
  EXPECT_EQ(passage[0].value["text"].as_string(), "text \xEF\xBF\xBD( not utf-8\n");
  EXPECT_EQ(store.documents("files").get(std::string(passage[0].value["file"].as_string())),
            "text \xC3\x28 not utf-8\n");
  EXPECT_EQ(everything(store), afresh(tree));
}

TEST(FolderIngest, WhatCannotBeReadStaysAsItWas) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const Tree tree;
  fill(tree);
  Store store = Store::open("memory:");
  ingest(store, tree);
  ::chmod(tree.path("README.md").c_str(), 0);
  ::chmod(tree.path("docs").c_str(), 0);
  const IngestReport report = ingest(store, tree);
  ::chmod(tree.path("docs").c_str(), 0700);
  EXPECT_EQ(report.removed, 0U);
  EXPECT_EQ(report.skipped.at("unreadable"), 2U);
  EXPECT_TRUE(store.documents("files").get("docs/guide.md"));
  EXPECT_TRUE(store.documents("files").get("README.md"));
}

TEST(FolderIngest, FurtherRootsHaveNames) {
  const Tree one;
  const Tree two;
  one.write("a.md", "one\n");
  two.write("docs/a.md", "two\n");
  two.write("more/docs/a.md", "three\n");
  Store store = Store::open("memory:");
  IngestOptions options;
  options.symbols = false;
  options.paths = {one.path()};
  FolderIngest(store, options).run();
  options.paths = {two.path("docs"), two.path("more/docs")};
  FolderIngest(store, options).run();
  EXPECT_EQ(store.documents("files").get("a.md"), "one\n");
  EXPECT_EQ(store.documents("files").get("docs/a.md"), "two\n");
  EXPECT_EQ(store.documents("files").get("docs-2/a.md"), "three\n");
  options.paths = {two.path("more")};
  options.name = "docs";
  EXPECT_THROW(FolderIngest(store, options), Error) << "the name is another folder's";
}

TEST(FolderIngest, APathWithinARootMeansThatPartOfIt) {
  const Tree tree;
  fill(tree);
  Store store = Store::open("memory:");
  ingest(store, tree);
  tree.write("docs/guide.md", "changed\n");
  tree.write("src/main.cpp", "int x;\n");
  IngestOptions options = options_for(tree);
  options.paths = {tree.path("docs")};
  EXPECT_EQ(FolderIngest(store, options).run().changed, 1U);
  EXPECT_EQ(store.documents("files").get("docs/guide.md"), "changed\n");
  EXPECT_NE(store.documents("files").get("src/main.cpp"), "int x;\n");
}

TEST(FolderIngest, AFileIsARootToo) {
  const Tree tree;
  fill(tree);
  Store store = Store::open("memory:");
  IngestOptions options = options_for(tree);
  options.paths = {tree.path("docs/guide.md")};
  EXPECT_EQ(FolderIngest(store, options).run().added, 1U);
  EXPECT_TRUE(store.documents("files").get("guide.md"));
}

TEST(FolderIngest, TheStoreWithinTheTreeIsLeftOut) {
  const Tree tree;
  fill(tree);
  Store store = Store::open("lmdb:" + tree.path("store"));
  EXPECT_EQ(ingest(store, tree).added, 4U);
  EXPECT_EQ(ingest(store, tree).unchanged, 4U);
}

TEST(FolderIngest, ADryRunWritesNothing) {
  const Tree tree;
  fill(tree);
  Store store = Store::open("memory:");
  IngestOptions options = options_for(tree);
  options.dry_run = true;
  const IngestReport report = FolderIngest(store, options).run();
  EXPECT_EQ(report.added, 4U);
  EXPECT_GT(report.passages, 4U);
  EXPECT_EQ(store.position().value, 0U);
}

TEST(FolderIngest, SymbolsLeadFromFilesToNames) {
  if (!has_symbols_program()) GTEST_SKIP() << "no universal-ctags here";
  const Tree tree;
  fill(tree);
  Store store = Store::open("memory:");
  IngestOptions options = options_for(tree);
  options.symbols = true;
  FolderIngest(store, options).run();
  const auto edge = store.graph().edge("files/src/main.cpp", "defines", "symbol:main");
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->value["line"].as_int(), 3);
  options.symbols = false;
  FolderIngest(store, options).run();
  EXPECT_EQ(everything(store), afresh(tree)) << "other options, other edges";
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
    return "no error";
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
}

IngestOptions named(const std::string& path, const std::string& name) {
  IngestOptions options;
  options.paths = {path};
  options.symbols = false;
  if (!name.empty()) options.name = name;
  return options;
}

TEST(FolderIngest, OfNestedRootsTheOneThatIsNamedIsForgotten) {
  const Tree tree;
  fill(tree);
  Store store = Store::open("memory:");
  Store outer_alone = Store::open("memory:");
  FolderIngest(outer_alone, named(tree.path(), "all")).run();
  FolderIngest(store, named(tree.path("docs"), "")).run();
  const std::string inner_alone = everything(store);
  FolderIngest(store, named(tree.path(), "all")).run();
  EXPECT_EQ(FolderIngest::forget(store, named(tree.path("docs") + "/", "")).removed, 1U);
  EXPECT_EQ(everything(store), everything(outer_alone));
  const std::string refusal = message_of([&] { FolderIngest::forget(store, named(tree.path("docs"), "")); });
  EXPECT_TRUE(refusal.starts_with("not_found: no root " + tree.path("docs") + ": those of this store are /"))
      << "a part of a root is no root: " << refusal;
  EXPECT_TRUE(refusal.ends_with(" (all)")) << refusal;

  FolderIngest(store, named(tree.path("docs"), "docs")).run();
  EXPECT_EQ(FolderIngest::forget(store, named(tree.path(), "")).removed, 4U);
  EXPECT_EQ(store.collection("files").count(), 1U);
  EXPECT_TRUE(store.documents("files").get("docs/guide.md"));
}

TEST(FolderIngest, OfTwoRootsAtOnePathTheNameTells) {
  const Tree tree;
  fill(tree);
  Store store = Store::open("memory:");
  FolderIngest(store, named(tree.path(), "a")).run();
  FolderIngest(store, named(tree.path(), "b")).run();
  EXPECT_NE(message_of([&] { FolderIngest::forget(store, named(tree.path(), "")); }).find("(--name): 'a', 'b'"),
            std::string::npos);
  EXPECT_EQ(FolderIngest::forget(store, named(tree.path(), "b")).removed, 4U);
  EXPECT_EQ(known_roots(store).size(), 1U);
  EXPECT_TRUE(store.documents("files").get("a/README.md"));
}

TEST(FolderIngest, ARootIsKnownByItsPathThroughLinksAndWithoutTheFolder) {
  const Tree tree;
  fill(tree);
  const Tree links;
  const std::string link = links.path("link");
  std::filesystem::create_directory_symlink(tree.path(), link);
  Store store = Store::open("memory:");
  FolderIngest(store, named(link + "/docs", "")).run();
  tree.remove("docs");
  EXPECT_EQ(FolderIngest::forget(store, named(link + "/./docs/", "")).removed, 1U);
}

TEST(FolderIngest, AFolderWhoseNameIsNoTextIsOneRootEachTime) {
  const Tree tree;
  tree.write("caf\xe9/note.md", "# Note\n");
  Store store = Store::open("memory:");
  const IngestOptions options = named(tree.path("caf\xe9"), "");
  FolderIngest(store, options).run();
  EXPECT_EQ(FolderIngest(store, options).run().unchanged, 1U);
  ASSERT_EQ(known_roots(store).size(), 1U);
  EXPECT_EQ(known_roots(store).front().path, std::filesystem::canonical(tree.path("caf\xe9")).string());
  EXPECT_EQ(FolderIngest::forget(store, options).removed, 1U);
  EXPECT_TRUE(known_roots(store).empty());
}

TEST(FolderIngest, ForgettingThatIsStoppedOrLookedAtOnlyKeepsTheRoot) {
  const Tree tree;
  fill(tree);
  Store store = Store::open("memory:");
  ingest(store, tree);
  IngestOptions options = options_for(tree);
  options.dry_run = true;
  const Position before = store.position();
  EXPECT_EQ(FolderIngest::forget(store, options).removed, 4U);
  EXPECT_EQ(store.position(), before);
  options.dry_run = false;
  options.progress = [](const IngestProgress&) { return false; };
  EXPECT_TRUE(FolderIngest::forget(store, options).cancelled);
  EXPECT_EQ(known_roots(store).size(), 1U);
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree)) << "wanted again";
}

TEST(FolderIngest, ARunWhoseRootIsForgottenMeanwhileLeavesNoFileWithoutARoot) {
  const Tree tree;
  for (int i = 0; i < 150; ++i) tree.write("f" + std::to_string(i) + ".txt", "text\n");
  Store store = Store::open("memory:");
  const Position before = store.position();
  std::string outcome;
  std::thread run([&] { outcome = message_of([&] { ingest(store, tree); }); });
  for (Position at = before; known_roots(store).empty();) at = store.wait_for_commit(at, std::chrono::seconds(1));
  const std::string forgotten = message_of([&] { FolderIngest::forget(store, options_for(tree)); });
  run.join();
  EXPECT_TRUE(forgotten == "no error" || forgotten.starts_with("busy: another process")) << forgotten;
  EXPECT_TRUE(outcome == "no error" || outcome.starts_with("conflict: the root ")) << outcome;
  const IngestRoot root{.path = tree.path()};
  if (known_roots(store).empty()) {
    EXPECT_EQ(store.collection("files").count() + store.collection("passages").count(), 0U);
    EXPECT_TRUE(message_of([&] {
                  store.transact([&](Transaction& transaction) { check_root(transaction, root); });
                }).starts_with("conflict: the root "));
  }
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree));
}

/// Text that hardly gets smaller, in long words.
std::string noise(std::size_t size, std::mt19937& random) {
  static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  std::string text;
  while (text.size() < size) text += text.size() % 80 == 79 ? '\n' : letters[random() % letters.size()];
  return text;
}

void expect_whole_files(Store& store) {
  std::size_t passages = 0;
  for (const Record& record : store.collection("files").find().records) {
    EXPECT_TRUE(store.documents("files").get(record.key)) << record.key;
    passages += static_cast<std::size_t>(record.value["passages"].as_int());
  }
  EXPECT_EQ(store.collection("passages").count(), passages);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

TEST(FolderIngest, AStoreWithoutRoomEndsTheRunAndWithRoomItGoesOn) {
  std::mt19937 random(1);
  const Tree tree;
  for (int i = 0; i < 40; ++i) tree.write("f" + std::to_string(i) + ".txt", noise(20'000, random));
  IngestOptions options = options_for(tree);
  options.lexical = false;
  const ScratchDirectory directory;
  const std::string place = "lmdb:" + directory.file("store");
  {
    Store store = Store::open(place + "?map_bytes=1M");
    const std::string outcome = message_of([&] { FolderIngest(store, options).run(); });
    EXPECT_TRUE(outcome.starts_with("limit_exceeded: ")) << outcome;
    EXPECT_NE(outcome.find("map_bytes is used up; raise it"), std::string::npos) << outcome;
    EXPECT_EQ(outcome.find('\n'), std::string::npos);
    const std::size_t files = store.collection("files").count();
    EXPECT_GT(files, 0U);
    EXPECT_LT(files, 40U);
    expect_whole_files(store);
  }
  Store store = Store::open(place + "?map_bytes=64M");
  const IngestReport report = FolderIngest(store, options).run();
  EXPECT_GT(report.unchanged, 0U);
  EXPECT_GT(report.added, 0U);
  Store fresh = Store::open("memory:");
  FolderIngest(fresh, options).run();
  EXPECT_EQ(everything(store), everything(fresh));
}

TEST(FolderIngest, NoRoomForALargeFileEndsTheRunToo) {
  std::mt19937 random(2);
  const Tree tree;
  tree.write("large.txt", noise(large_file_bytes + 1, random));
  IngestOptions options = options_for(tree);
  options.passage_bytes_max = 10'000;
  const ScratchDirectory directory;
  const std::string place = "lmdb:" + directory.file("store");
  {
    Store store = Store::open(place + "?map_bytes=6M");
    const std::string outcome = message_of([&] { FolderIngest(store, options).run(); });
    EXPECT_NE(outcome.find("map_bytes is used up; raise it"), std::string::npos) << outcome;
    expect_whole_files(store);
  }
  Store store = Store::open(place);
  EXPECT_EQ(FolderIngest(store, options).run().added, 1U);
  Store fresh = Store::open("memory:");
  FolderIngest(fresh, options).run();
  EXPECT_EQ(everything(store), everything(fresh));
}

/// Runs `work` on the store in another process, which is killed after so many commits, or lets it end before.
void run_until_killed(const std::string& url, std::size_t commits_before_death,
                      const std::function<void(Store&)>& work) {
  // The child has no handles of its parent; the parent has no store open while it forks.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Store store = Store::open(url);
    const Position begin = store.position();
    std::thread executioner([&store, begin, commits_before_death] {
      Position at = begin;
      while (at.value < begin.value + commits_before_death) {
        at = store.wait_for_commit(at, std::chrono::milliseconds(50));
      }
      ::raise(SIGKILL);
    });
    work(store);
    executioner.detach();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

TEST(FolderIngest, AKilledRunGoesOnAndEndsAsAnUndisturbedOne) {
  const char* replay = std::getenv("STRATA_TEST_SEED");
  const unsigned seed = replay != nullptr ? static_cast<unsigned>(std::atoll(replay)) : std::random_device()();
  SCOPED_TRACE("STRATA_TEST_SEED=" + std::to_string(seed) + " ingest_test --gtest_filter=*AKilledRun*");
  std::mt19937 random(seed);
  const Tree tree;
  const ScratchDirectory directory;
  const std::string url = "lmdb:" + directory.file("store");
  const auto scribble = [&](int files) {
    for (int i = 0; i < files; ++i) {
      const std::string name = "d" + std::to_string(random() % 4) + "/f" + std::to_string(random() % 25) + ".md";
      if (random() % 5 == 0) {
        tree.remove(name);
        continue;
      }
      std::string text;
      const std::size_t sections = 1 + random() % 5;
      for (std::size_t section = 0; section < sections; ++section) {
        text += "# s" + std::to_string(random() % 9) + "\n[a](../d" + std::to_string(random() % 4) + "/f" +
                std::to_string(random() % 25) + ".md)\n" + std::string(random() % 3000, 'x') + "\n";
      }
      tree.write(name, text);
    }
  };
  scribble(60);
  for (int round = 0; round < 5; ++round) {
    run_until_killed(url, 1 + random() % 40, [&](Store& store) { ingest(store, tree); });
    if (round % 2 == 1) scribble(20);  // what the killed run knew is no longer so
  }
  Store store = Store::open(url);
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree));
}

TEST(FolderIngest, AKilledForgettingGoesOnAndOtherRootsStay) {
  const Tree kept;
  const Tree gone;
  fill(kept);
  for (int i = 0; i < 30; ++i)
    gone.write("f" + std::to_string(i) + ".md", "# a\n[b](f" + std::to_string(i + 1) + ".md)\n");
  Store without = Store::open("memory:");
  FolderIngest(without, named(kept.path(), "kept")).run();
  const ScratchDirectory directory;
  const std::string url = "lmdb:" + directory.file("store");
  {
    Store store = Store::open(url);
    FolderIngest(store, named(kept.path(), "kept")).run();
    ingest(store, gone);
  }
  gone.remove("");
  const auto forget_the_rest = [&](Store& store) {
    if (known_roots(store).size() == 2) FolderIngest::forget(store, options_for(gone));
  };
  for (const std::size_t commits : {1U, 6U, 9U}) run_until_killed(url, commits, forget_the_rest);
  Store store = Store::open(url);
  forget_the_rest(store);
  EXPECT_EQ(everything(store), everything(without));
}

}  // namespace
}  // namespace strata::ingest
