#include "ingest/folder_ingest.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "ingest/ingest_root.hpp"
#include "ingest/scratch_directory.hpp"
#include "ingest/symbols.hpp"
#include "ingest/system.hpp"
#include "strata/error.hpp"
#include "strata/search.hpp"

namespace strata::ingest {
namespace {

namespace fs = std::filesystem;

/// Everything that ingest keeps, without versions and times of commits: one line for each thing.
std::string everything(Store& store) {
  std::string out;
  for (const std::string name : {"files", "passages", "_ingest"}) {
    Collection collection = store.collection(name);
    if (!collection.exists()) continue;
    for (const Record& record : collection.find().records) {
      out += name + "/" + record.key + " " + record.value.to_json() + "\n";
      if (name == "files") out += "  " + store.documents(name).get(record.key).value_or("no content") + "\n";
      if (name == "passages" && !collection.vectors().empty()) {
        out += collection.vector(record.key).has_value() ? "  vector\n" : "  no vector\n";
      }
    }
  }
  store.graph().scan([&](const Edge& edge) {
    out += edge.from + " -" + edge.type + "> " + edge.to + " " + edge.value.to_json() + "\n";
    return true;
  });
  const VerifyReport verified = store.verify();
  for (const std::string& problem : verified.problems) out += "PROBLEM " + problem + "\n";
  return out;
}

class Tree {
 public:
  std::string path(const std::string& name = "") const { return scratch_.file(name); }
  void write(const std::string& name, std::string_view content) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    scratch_.write(name, content);
    age(name, 3600);
  }
  /// As if it had been written so many seconds ago.
  void age(const std::string& name, int seconds) const {
    fs::last_write_time(path(name), fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
  }
  void remove(const std::string& name) const { fs::remove_all(path(name)); }
  void move(const std::string& from, const std::string& to) const {
    fs::create_directories(fs::path(path(to)).parent_path());
    fs::rename(path(from), path(to));
  }

 private:
  ScratchDirectory scratch_;
};

IngestOptions options_for(const Tree& tree) {
  IngestOptions options;
  options.paths = {tree.path()};
  options.symbols = false;
  options.jobs = 3;
  return options;
}

IngestReport ingest(Store& store, const Tree& tree) { return FolderIngest(store, options_for(tree)).run(); }

/// What an undisturbed run makes of the tree as it is.
std::string afresh(const Tree& tree) {
  Store store = Store::open("memory:");
  ingest(store, tree);
  return everything(store);
}

void fill(const Tree& tree) {
  tree.write("README.md", "# Project\nSee [the guide](docs/guide.md) and [it](docs/later.md).\n## Use\nRun.\n");
  tree.write("docs/guide.md", "# Guide\nBack to [the start](../README.md).\n");
  tree.write("src/main.cpp", "#include \"walk.hpp\"\n#include <vector>\nint main() { return walk(); }\n");
  tree.write("src/walk.hpp", "#include \"main.cpp\"\nint walk();\n");
  tree.write("src/logo.png", std::string_view("\x89PNG\0\0", 6));
}

class FolderIngestOn : public testing::TestWithParam<std::string> {
 protected:
  Store open() { return Store::open(GetParam() == "memory" ? "memory:" : GetParam() + ":" + directory_.file("store")); }
  ScratchDirectory directory_;
};

std::vector<std::string> local_engines() {
  std::vector<std::string> engines;
  OpenOptions options;
  options.background = false;
  Store::open("memory:", options).close();
  for (const std::string& scheme : engine::engine_schemes()) {
    if (scheme != "postgres" && scheme != "duckdb") engines.push_back(scheme);
  }
  return engines;
}

INSTANTIATE_TEST_SUITE_P(Engines, FolderIngestOn, testing::ValuesIn(local_engines()),
                         [](const auto& name) { return name.param; });

TEST_P(FolderIngestOn, FilesBecomeDocumentsPassagesAndEdges) {
  const Tree tree;
  fill(tree);
  Store store = open();
  const IngestReport report = ingest(store, tree);
  EXPECT_EQ(report.files, 4U);
  EXPECT_EQ(report.added, 4U);
  EXPECT_EQ(report.skipped.at("binary"), 1U);

  const auto readme = store.documents("files").describe("README.md");
  ASSERT_TRUE(readme);
  EXPECT_EQ(readme->record.value["language"].as_string(), "markdown");
  EXPECT_EQ(readme->record.value["lines"].as_int(), 4);
  EXPECT_EQ(readme->record.value["passages"].as_int(), 2);
  const auto use = store.collection("passages").get("README.md#0002");
  ASSERT_TRUE(use);
  EXPECT_EQ(use->value["title"].as_string(), "Project > Use");
  EXPECT_EQ(use->value["section"].as_string(), "README.md#0001");
  EXPECT_EQ(use->value["first_line"].as_int(), 3);

  const Graph graph = store.graph();
  EXPECT_TRUE(graph.edge("files/README.md", "contains", "passages/README.md#0001"));
  EXPECT_TRUE(graph.edge("passages/README.md#0001", "contains", "passages/README.md#0002"));
  EXPECT_TRUE(graph.edge("files/README.md", "links", "files/docs/guide.md"));
  EXPECT_TRUE(graph.edge("files/README.md", "links", "missing:docs/later.md"));
  EXPECT_TRUE(graph.edge("files/src/main.cpp", "includes", "files/src/walk.hpp"));
  EXPECT_TRUE(graph.edge("files/src/main.cpp", "includes", "include:vector"));

  Search search;
  search.text = TextMatch{"", "guide", 1};
  EXPECT_EQ(store.collection("passages").search(search).hits.size(), 2U);
}

TEST_P(FolderIngestOn, ARunWithoutChangesWritesNothing) {
  const Tree tree;
  fill(tree);
  Store store = open();
  ingest(store, tree);
  const Position before = store.position();
  const IngestReport report = ingest(store, tree);
  EXPECT_EQ(report.unchanged, 4U);
  EXPECT_EQ(report.added + report.changed + report.removed + report.passages + report.edges, 0U);
  EXPECT_EQ(report.bytes, 0U) << "nothing is read";
  EXPECT_EQ(store.position(), before);
}

TEST_P(FolderIngestOn, ChangesMovesAndDeletionsLeaveWhatAFreshRunMakes) {
  const Tree tree;
  fill(tree);
  Store store = open();
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree));

  tree.write("docs/guide.md", "# Guide\nNo links.\n\n# Second\nPart\n");
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree)) << "changed";

  tree.write("docs/later.md", "# Later\n");
  EXPECT_EQ(ingest(store, tree).added, 1U);
  EXPECT_EQ(everything(store), afresh(tree)) << "a file that another one waited for";

  tree.move("src", "lib/core");
  EXPECT_EQ(ingest(store, tree).removed, 2U);
  EXPECT_EQ(everything(store), afresh(tree)) << "moved";

  tree.remove("docs");
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree)) << "deleted";

  tree.write("lib/core/walk.hpp", std::string_view("\0binary now", 11));
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree)) << "binary";

  tree.age("README.md", 60);
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree)) << "another time, the same content";
}

TEST_P(FolderIngestOn, AFileWrittenAgainWithinTheSameTickIsSeen) {
  const Tree tree;
  tree.write("a.txt", "one\n");
  tree.age("a.txt", 0);
  Store store = open();
  ingest(store, tree);
  const auto time = fs::last_write_time(tree.path("a.txt"));
  tree.write("a.txt", "two\n");
  fs::last_write_time(tree.path("a.txt"), time);
  EXPECT_EQ(ingest(store, tree).changed, 1U);
  EXPECT_EQ(store.documents("files").get("a.txt"), "two\n");
}

TEST_P(FolderIngestOn, EdgesOfOthersStay) {
  const Tree tree;
  fill(tree);
  Store store = open();
  ingest(store, tree);
  store.graph().link("files/README.md", "reviewed_by", "people/ann");
  tree.write("README.md", "nothing\n");
  ingest(store, tree);
  EXPECT_TRUE(store.graph().edge("files/README.md", "reviewed_by", "people/ann"));
  EXPECT_FALSE(store.graph().edge("files/README.md", "links", "files/docs/guide.md"));
}

TEST_P(FolderIngestOn, ALargeFileIsStoredWholeAndCutToABound) {
  const Tree tree;
  std::string content;
  while (content.size() < large_file_bytes + 1'000'000) content += "one line of a log that goes on and on\n";
  tree.write("big.log", content);
  tree.write("wide.txt", std::string(300'000, 'x'));
  Store store = open();
  IngestOptions options = options_for(tree);
  options.passage_bytes_max = 100'000;
  const IngestReport report = FolderIngest(store, options).run();
  EXPECT_EQ(report.skipped.at("cut short"), 2U);
  EXPECT_EQ(store.documents("files").describe("big.log")->size, content.size());
  EXPECT_TRUE(store.documents("files").get("big.log") == content);
  EXPECT_EQ(store.documents("files").describe("big.log")->record.value["lines"].as_int(),
            std::count(content.begin(), content.end(), '\n'));
  EXPECT_LT(store.collection("passages").count(), 150U);
  EXPECT_EQ(FolderIngest(store, options).run().unchanged, 2U);
  tree.remove("big.log");
  EXPECT_EQ(FolderIngest(store, options).run().removed, 1U);
  EXPECT_LT(store.collection("passages").count(), 20U);
}

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

TEST(FolderIngest, AKilledRunGoesOnAndEndsAsAnUndisturbedOne) {
  const char* replay = std::getenv("STRATA_TEST_SEED");
  const unsigned seed = replay != nullptr ? static_cast<unsigned>(std::atoll(replay)) : std::random_device()();
  SCOPED_TRACE("STRATA_TEST_SEED=" + std::to_string(seed) + " ingest_test --gtest_filter=*AKilledRun*");
  std::mt19937 random(seed);
  const Tree tree;
  const ScratchDirectory directory;
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
  // The child has no handles of its parent; the parent has no store open while it forks.
  const auto run_in_child = [&](std::size_t commits_before_death) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Store store = Store::open("lmdb:" + directory.file("store"));
      const Position begin = store.position();
      std::thread executioner([&store, begin, commits_before_death] {
        Position at = begin;
        while (at.value < begin.value + commits_before_death) {
          at = store.wait_for_commit(at, std::chrono::milliseconds(50));
        }
        ::raise(SIGKILL);
      });
      FolderIngest(store, options_for(tree)).run();
      executioner.detach();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  };
  scribble(60);
  for (int round = 0; round < 5; ++round) {
    run_in_child(1 + random() % 40);
    if (round % 2 == 1) scribble(20);  // what the killed run knew is no longer so
  }
  Store store = Store::open("lmdb:" + directory.file("store"));
  ingest(store, tree);
  EXPECT_EQ(everything(store), afresh(tree));
}

}  // namespace
}  // namespace strata::ingest
