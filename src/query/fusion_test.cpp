#include "query/fusion.hpp"

#include <gtest/gtest.h>

namespace strata::query {
namespace {

std::vector<std::string> keys_of(const std::vector<FusedHit>& hits) {
  std::vector<std::string> keys;
  for (const FusedHit& hit : hits) keys.push_back(hit.key);
  return keys;
}

using Keys = std::vector<std::string>;

TEST(Fusion, OneLegKeepsItsScores) {
  const auto fused = fuse({{{{"a", 0.9}, {"b", 0.5}}, 3}}, Fusion::reciprocal_rank);
  EXPECT_EQ(keys_of(fused), (Keys{"a", "b"}));
  EXPECT_EQ(fused[0].score, 0.9);
  EXPECT_EQ(fused[1].ranks, (std::vector<std::size_t>{2}));
}

TEST(Fusion, ByRankTheOneThatBothLegsFoundComesFirst) {
  const auto fused = fuse({{{{"a", 9}, {"b", 8}}, 1}, {{{"b", 0.2}, {"c", 0.1}}, 1}}, Fusion::reciprocal_rank);
  EXPECT_EQ(keys_of(fused), (Keys{"b", "a", "c"}));
  EXPECT_DOUBLE_EQ(fused[0].score, 1.0 / 62 + 1.0 / 61);
  EXPECT_EQ(fused[1].ranks, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(fused[1].scores[1], std::nullopt);
}

TEST(Fusion, ByWeightTheScoresAreStretchedAndWeighed) {
  const auto fused = fuse({{{{"a", 10}, {"b", 6}, {"c", 2}}, 1}, {{{"c", 5}, {"d", 4}}, 3}}, Fusion::weighted);
  EXPECT_EQ(keys_of(fused), (Keys{"c", "a", "b", "d"}));
  EXPECT_DOUBLE_EQ(fused[0].score, 3);
  EXPECT_DOUBLE_EQ(fused[2].score, 0.5);
}

TEST(Fusion, NothingGivesNothing) {
  EXPECT_TRUE(fuse({}, Fusion::weighted).empty());
  EXPECT_TRUE(fuse({{}, {}}, Fusion::weighted).empty());
}

}  // namespace
}  // namespace strata::query
