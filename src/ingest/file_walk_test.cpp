#include "ingest/file_walk.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "ingest/scratch_directory.hpp"
#include "ingest/system.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

namespace fs = std::filesystem;

class FileWalk : public ::testing::Test {
 protected:
  void write(const std::string& path, std::string_view content = "text\n") const {
    fs::create_directories(fs::path(scratch_.file(path)).parent_path());
    scratch_.write(path, content);
  }
  std::vector<std::string> walked(const WalkOptions& options = {}, const std::string& below = "") const {
    std::vector<std::string> paths;
    for (const WalkedFile& file : walk_files(scratch_.file(below), options).files) paths.push_back(file.path);
    return paths;
  }
  using Paths = std::vector<std::string>;

  ScratchDirectory scratch_;
};

TEST_F(FileWalk, GivesFilesByPathWithSizeAndTime) {
  write("b/c.txt", "four");
  write("a.txt");
  write("b.txt");
  const Walk walk = walk_files(scratch_.file(""));
  ASSERT_EQ(walk.files.size(), 3U);
  EXPECT_EQ(walked(), (Paths{"a.txt", "b.txt", "b/c.txt"}));
  EXPECT_EQ(walk.files[2].size, 4U);
  EXPECT_EQ(walk.files[2].modified_ns, file_status(scratch_.file("b/c.txt"))->modified_ns);
  EXPECT_EQ(walk.folders, (Paths{"", "b"}));
}

TEST_F(FileWalk, HeedsIgnoreFilesFolderByFolder) {
  write(".gitignore", "*.log\nbuild/\n/top.txt\n!keep.log\n");
  write("a.log");
  write("keep.log");
  write("top.txt");
  write("sub/top.txt");
  write("sub/.gitignore", "!a.log\nsecret\n");
  write("sub/a.log");
  write("sub/secret/x.txt");
  write("build/out.txt");
  write("sub/build/out.txt");
  write("build.txt");
  EXPECT_EQ(walked(), (Paths{"build.txt", "keep.log", "sub/a.log", "sub/top.txt"}));
  EXPECT_EQ(walked({.ignore_files = false}).size(), 9U);
}

TEST_F(FileWalk, NothingBelowAnIgnoredFolderComesBack) {
  write(".gitignore", "out/\n!out/keep.txt\n");
  write("out/keep.txt");
  write("other/.gitignore", "*\n!*.txt\n");
  write("other/keep.txt");
  write("other/drop.bin");
  EXPECT_EQ(walked(), (Paths{"other/keep.txt"}));
}

TEST_F(FileWalk, DotIgnoreStandsAboveGitignore) {
  write(".ignore", "!a.log\nnotes/\n");
  write("sub/.gitignore", "*.log\n");
  write("sub/a.log");
  write("sub/b.log");
  write("notes/a.txt");
  EXPECT_EQ(walked(), (Paths{"sub/a.log"}));
}

TEST_F(FileWalk, ARootWithinARepositoryHeedsTheRulesAboveIt) {
  write(".git/info/exclude", "private\n");
  write(".gitignore", "*.tmp\n/sub/deep/local.txt\n");
  write("sub/deep/local.txt");
  write("sub/deep/local.tmp");
  write("sub/deep/private/a.txt");
  write("sub/deep/shared.txt");
  EXPECT_EQ(walked({}, "sub/deep"), (Paths{"shared.txt"}));
}

TEST_F(FileWalk, LeavesOutWhatIsHiddenUnlessAsked) {
  write(".hidden/a.txt");
  write(".env");
  write("a.txt");
  write(".git/config");
  EXPECT_EQ(walked(), (Paths{"a.txt"}));
  EXPECT_EQ(walked({.hidden = true}), (Paths{".env", ".hidden/a.txt", "a.txt"}));
}

TEST_F(FileWalk, TakesWhatIsIncludedAndNotWhatIsExcluded) {
  write("src/a.cpp");
  write("src/b.hpp");
  write("doc/a.md");
  write("doc/old/b.md");
  EXPECT_EQ(walked({.include = {"*.cpp", "*.md"}}), (Paths{"doc/a.md", "doc/old/b.md", "src/a.cpp"}));
  EXPECT_EQ(walked({.exclude = {"doc/old", "*.hpp"}}), (Paths{"doc/a.md", "src/a.cpp"}));
}

TEST_F(FileWalk, DoesNotFollowLinks) {
  write("a/b.txt");
  fs::create_directory_symlink(scratch_.file("a"), scratch_.file("a/circle"));
  fs::create_directory_symlink("/", scratch_.file("out"));
  fs::create_symlink("b.txt", scratch_.file("a/c.txt"));
  fs::create_symlink("nowhere", scratch_.file("broken"));
  EXPECT_EQ(walked(), (Paths{"a/b.txt"}));
  EXPECT_EQ(walk_files(scratch_.file("")).links, 4U);
}

TEST_F(FileWalk, TheRootMayBeALinkOrAFile) {
  write("a/b.txt");
  fs::create_directory_symlink(scratch_.file("a"), scratch_.file("link"));
  EXPECT_EQ(walked({}, "link"), (Paths{"b.txt"}));
  EXPECT_EQ(walked({}, "a/b.txt"), (Paths{"b.txt"}));
}

TEST_F(FileWalk, SaysWhatIsNotThere) {
  try {
    walk_files(scratch_.file("none"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_EQ(error.what(), "no file or folder " + scratch_.file("none"));
  }
}

TEST_F(FileWalk, LeavesOutFoldersThatAreNamed) {
  write("data/lock");
  write("a.txt");
  const std::string data = fs::canonical(scratch_.file("data")).string();
  EXPECT_EQ(walked({.leave_out = {data}}), (Paths{"a.txt"}));
}

TEST_F(FileWalk, GoesAsDeepAsFoldersGo) {
  std::string path;
  for (int depth = 0; depth < 300; ++depth) path += "d/";
  write(path + "end.txt");
  EXPECT_EQ(walked(), (Paths{path + "end.txt"}));
}

}  // namespace
}  // namespace strata::ingest
