#include "platform/file_identity.hpp"

#include <gtest/gtest.h>

#include "platform/file.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

TEST(FileIdentity, IsTheSameByEveryPathAndDiffersBetweenDirectories) {
  const std::string root = testing::TempDir() + "file_identity_test";
  remove_tree(root);
  make_directories(join(root, "a"));
  make_directories(join(root, "b"));
  EXPECT_EQ(identity_of(join(root, "a")), identity_of(join(root, "b/../a")));
  EXPECT_NE(identity_of(join(root, "a")), identity_of(join(root, "b")));
  remove_tree(root);
}

TEST(FileIdentity, OfNothingIsAnErrorThatNamesThePath) {
  try {
    identity_of("/nowhere/at/all");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all"), std::string::npos);
  }
}

}  // namespace
}  // namespace strata::platform
