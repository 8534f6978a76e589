// Folders of text in a store, on every engine.
#include <gtest/gtest.h>

#include <algorithm>

#include "ingest/folder_ingest.hpp"
#include "ingest/ingest_root.hpp"
#include "ingest/text_tree.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata::ingest {
namespace {

class AnyIngest : public testing::TestWithParam<std::string> {
 protected:
  Store open() { return Store::open(site_.url()); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

INSTANTIATE_TEST_SUITE_P(Engines, AnyIngest, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

TEST_P(AnyIngest, FilesBecomeDocumentsPassagesAndEdges) {
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

TEST_P(AnyIngest, ARunWithoutChangesWritesNothing) {
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

TEST_P(AnyIngest, ChangesMovesAndDeletionsLeaveWhatAFreshRunMakes) {
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

TEST_P(AnyIngest, AFileWrittenAgainWithinTheSameTickIsSeen) {
  const Tree tree;
  tree.write("a.txt", "one\n");
  tree.age("a.txt", 0);
  Store store = open();
  ingest(store, tree);
  const auto time = std::filesystem::last_write_time(tree.path("a.txt"));
  tree.write("a.txt", "two\n");
  std::filesystem::last_write_time(tree.path("a.txt"), time);
  EXPECT_EQ(ingest(store, tree).changed, 1U);
  EXPECT_EQ(store.documents("files").get("a.txt"), "two\n");
}

TEST_P(AnyIngest, EdgesOfOthersStay) {
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

TEST_P(AnyIngest, ALargeFileIsStoredWholeAndCutToABound) {
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

TEST_P(AnyIngest, AForgottenRootLeavesAStoreThatNeverHadIt) {
  const Tree kept;
  const Tree gone;
  fill(kept);
  fill(gone);
  std::string long_text;
  for (int line = 0; long_text.size() < 200'000; ++line) long_text += "line " + std::to_string(line * line) + "\n";
  gone.write("long.txt", long_text);
  IngestOptions options = options_for(kept);
  options.name = "kept";
  Store without = Store::open("memory:");
  FolderIngest(without, options).run();

  Store store = open();
  FolderIngest(store, options).run();
  ingest(store, gone);
  ASSERT_EQ(describe_roots(store).size(), 2U);
  gone.remove("");
  const IngestReport report = FolderIngest::forget(store, options_for(gone));
  EXPECT_EQ(report.removed, 5U);
  EXPECT_GT(report.passages, 20U);
  EXPECT_EQ(everything(store), everything(without));
  Search search;
  search.text = TextMatch{"", "line", 1};
  EXPECT_TRUE(store.collection("passages").search(search).hits.empty());

  FolderIngest::forget(store, options);
  EXPECT_EQ(store.collection("files").count() + store.collection("passages").count(), 0U);
  EXPECT_TRUE(known_roots(store).empty());
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

}  // namespace
}  // namespace strata::ingest
