#include "platform/file_view.hpp"

#include <gtest/gtest.h>

#include "platform/file.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

TEST(FileViewTest, ShowsWhatTheFileHoldsAlsoAfterItWasUnlinked) {
  const ScratchDirectory directory;
  const std::string path = join(directory.path(), "f");
  replace_file(path, "some bytes");
  const FileView view(path);
  EXPECT_EQ(view.bytes(), "some bytes");
  EXPECT_EQ(stamp_of(path), view.stamp());
  remove_file(path);
  EXPECT_EQ(view.bytes(), "some bytes");
  EXPECT_EQ(stamp_of(path), std::nullopt);
}

TEST(FileViewTest, AnotherFileInItsPlaceHasAnotherStamp) {
  const ScratchDirectory directory;
  const std::string path = join(directory.path(), "f");
  replace_file(path, "one");
  const FileView view(path);
  replace_file(path, "two");
  EXPECT_NE(stamp_of(path), view.stamp());
  EXPECT_EQ(view.bytes(), "one");
}

TEST(FileViewTest, AnEmptyFileHasNoBytesAndAnAbsentOneIsNotFound) {
  const ScratchDirectory directory;
  const std::string path = join(directory.path(), "f");
  try {
    const FileView view(path);
    FAIL() << "there is no such file";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
  replace_file(path, "");
  EXPECT_TRUE(FileView(path).bytes().empty());
}

}  // namespace
}  // namespace strata::platform
