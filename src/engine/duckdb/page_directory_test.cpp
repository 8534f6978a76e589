#include "engine/duckdb/page_directory.hpp"

#include <gtest/gtest.h>

#include <string>

namespace strata::engine::duck {
namespace {

std::string name(int number) { return std::to_string(100'000 + number); }

std::vector<PageEntry> entries_to(int count) {
  std::vector<PageEntry> entries;
  for (int i = 0; i < count; ++i) entries.push_back({name(i), static_cast<std::uint64_t>(i)});
  return entries;
}

std::vector<std::uint64_t> ids_of(const PageDirectory& directory) {
  std::vector<std::uint64_t> ids;
  if (directory.empty()) return ids;
  PageDirectory::Place place;
  do ids.push_back(directory.at(place).id);
  while (directory.forward(place));
  return ids;
}

TEST(PageDirectoryTest, FindsThePageWhoseRangeHoldsTheKey) {
  const PageDirectory directory(entries_to(3000));
  EXPECT_EQ(directory.pages(), 3000u);
  for (const int i : {0, 1, 255, 256, 257, 1535, 2999}) {
    EXPECT_EQ(directory.at(directory.find(name(i))).id, static_cast<std::uint64_t>(i));
    EXPECT_EQ(directory.at(directory.find(name(i) + "x")).id, static_cast<std::uint64_t>(i));
  }
  EXPECT_EQ(directory.at(directory.find("0")).id, 0u) << "below all: where it would be put";
}

TEST(PageDirectoryTest, IsWalkedBothWays) {
  const PageDirectory directory(entries_to(1000));
  EXPECT_EQ(ids_of(directory).size(), 1000u);
  PageDirectory::Place place = directory.find(name(999));
  int steps = 0;
  while (directory.backward(place)) ++steps;
  EXPECT_EQ(steps, 999);
  EXPECT_EQ(directory.at(place).id, 0u);
}

TEST(PageDirectoryTest, ReplacingLeavesTheFormerStateAsItWas) {
  const PageDirectory before(entries_to(1000));
  const PageDirectory after =
      before.replaced({{before.find(name(3)), {{name(3), 7000}, {name(3) + "m", 7001}}}, {before.find(name(700)), {}}});
  EXPECT_EQ(ids_of(before).size(), 1000u);
  std::vector<std::uint64_t> expected = ids_of(before);
  expected.erase(expected.begin() + 700);
  expected[3] = 7000;
  expected.insert(expected.begin() + 4, 7001);
  EXPECT_EQ(ids_of(after), expected);
  EXPECT_EQ(after.at(after.find(name(700))).id, 699u);
}

TEST(PageDirectoryTest, WithoutItsLastPageItIsEmpty) {
  const PageDirectory one(entries_to(1));
  EXPECT_TRUE(one.replaced({{{}, {}}}).empty());
  EXPECT_TRUE(PageDirectory().empty());
}

}  // namespace
}  // namespace strata::engine::duck
