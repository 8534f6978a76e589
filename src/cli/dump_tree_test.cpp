#include "cli/dump_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "strata/error.hpp"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

class DumpTree : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(directory_); }

  fs::path directory_ = fs::path(testing::TempDir()) /
                        ("dump_tree_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(DumpTree, GivesBackTheLinesThatItTook) {
  const std::string long_key(240, '/');
  const std::vector<std::string> lines = {
      R"({"strata":1,"position":3})",
      R"({"collection":"a/b","id":1})",
      R"({"collection":"a/b","key":"../x","value":{"n":1.0}})",
      R"({"collection":"a/b","key":"+collection","value":2})",
      R"({"collection":"a/b","key":")" + long_key + R"(1","value":3})",
      R"({"collection":"a/b","key":")" + long_key + R"(2","value":4})",
      R"({"collection":"c","id":2})",
      R"({"end":true,"records":4})",
  };
  DumpTreeWriter writer(directory_);
  for (const std::string& line : lines) writer.write(line);

  DumpTreeReader reader(directory_);
  std::vector<std::string> read;
  for (std::string line; reader.next(line);) read.push_back(line);
  ASSERT_EQ(read.size(), lines.size());
  EXPECT_EQ(read.front(), lines.front());
  EXPECT_EQ(read[1], lines[1]);
  EXPECT_EQ(read.back(), lines.back());
  EXPECT_TRUE(std::is_permutation(read.begin(), read.end(), lines.begin()));
}

TEST_F(DumpTree, KeysStayWithinTheirDirectory) {
  EXPECT_EQ(file_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
  EXPECT_EQ(file_name("n1.v2-x_y"), "n1.v2-x_y");
  EXPECT_LE(file_name(std::string(240, '/')).size(), 250U);
  EXPECT_NE(file_name(std::string(240, '/') + "1"), file_name(std::string(240, '/') + "2"));
}

TEST_F(DumpTree, IsNotWrittenOverWhatIsThere) {
  fs::create_directories(directory_);
  std::ofstream(directory_ / "mine") << "x";
  EXPECT_THROW(DumpTreeWriter{directory_}, Error);
}

TEST_F(DumpTree, ATreeThatIsNotWholeIsRefused) {
  DumpTreeWriter writer(directory_);
  writer.write(R"({"strata":1})");
  EXPECT_THROW(DumpTreeReader{directory_}, Error);
  EXPECT_THROW(DumpTreeReader{directory_ / "absent"}, Error);
}

}  // namespace
}  // namespace strata::cli
