#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/file.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

class DirectoryTest : public testing::Test {
 protected:
  ScratchDirectory scratch_;
};

TEST_F(DirectoryTest, IsMadeWithItsParentsForTheOwnerAlone) {
  const std::string path = scratch_ / "a/b/c";
  make_directories(path + "/");
  make_directories(path);
  for (const char* made : {"a", "a/b", "a/b/c"}) {
    struct stat status {};
    ASSERT_EQ(::stat((scratch_ / made).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0700u) << made;
  }
}

TEST_F(DirectoryTest, IsNotMadeWhereAFileStands) {
  replace_file(scratch_ / "file", "x");
  for (const char* path : {"file", "file/below"}) {
    try {
      make_directories(scratch_ / path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::io);
    }
  }
  EXPECT_FALSE(is_directory(scratch_ / "file"));
  EXPECT_FALSE(exists(scratch_ / "file/below"));
}

TEST_F(DirectoryTest, ListsItsEntriesSorted) {
  for (const char* name : {"b", ".hidden", "a"}) replace_file(scratch_ / name, "");
  make_directories(scratch_ / "c");
  EXPECT_EQ(list_directory(scratch_.path()), (std::vector<std::string>{".hidden", "a", "b", "c"}));
  try {
    list_directory(scratch_ / "absent");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

TEST_F(DirectoryTest, CountsTheBlocksBelowItAndFollowsNoLinks) {
  EXPECT_EQ(tree_bytes(scratch_ / "absent"), 0u);
  make_directories(scratch_ / "deep/er");
  replace_file(scratch_ / "deep/er/file", Bytes(100'000, 'x'));
  const std::uint64_t bytes = tree_bytes(scratch_.path());
  EXPECT_GE(bytes, 100'000u);
  EXPECT_EQ(tree_bytes(scratch_ / "deep/er/file"), bytes);
  ASSERT_EQ(::symlink("..", (scratch_ / "deep/up").c_str()), 0);
  EXPECT_EQ(tree_bytes(scratch_.path()), bytes);
}

TEST_F(DirectoryTest, IsRemovedWithAllBelowItButNotWhatALinkLeadsTo) {
  make_directories(scratch_ / "kept");
  make_directories(scratch_ / "gone/deep");
  replace_file(scratch_ / "gone/deep/file", "x");
  ASSERT_EQ(::symlink("../kept", (scratch_ / "gone/link").c_str()), 0);
  remove_tree(scratch_ / "gone");
  EXPECT_EQ(list_directory(scratch_.path()), std::vector<std::string>{"kept"});
}

TEST_F(DirectoryTest, AbsolutePathsResolveLinksAndKeepWhatDoesNotExist) {
  const std::string root = absolute_path(scratch_.path());
  make_directories(scratch_ / "real");
  ASSERT_EQ(::symlink("real", (scratch_ / "link").c_str()), 0);
  EXPECT_EQ(absolute_path(scratch_ / "link/"), root + "/real");
  EXPECT_EQ(absolute_path(scratch_ / "link/new/deeper"), root + "/real/new/deeper");
  EXPECT_EQ(absolute_path(scratch_ / "real/../link/."), root + "/real");
  EXPECT_EQ(absolute_path("some-file-that-is-not-here").front(), '/');
  EXPECT_EQ(absolute_path("/"), "/");
}

TEST_F(DirectoryTest, JoinsNamesWithOneSlash) {
  EXPECT_EQ(join("a", "b"), "a/b");
  EXPECT_EQ(join("a/", "b"), "a/b");
  EXPECT_EQ(join("/", "b"), "/b");
  EXPECT_EQ(join("", "b"), "b");
}

}  // namespace
}  // namespace strata::platform
