#include "view/vector/nearest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "strata/error.hpp"
#include "view/vector/vector_random.hpp"

namespace strata::view {
namespace {

constexpr std::array metrics{Metric::cosine, Metric::inner_product, Metric::l2};
constexpr std::array types{ElementType::f32, ElementType::f16, ElementType::i8};

double plain_similarity(Metric metric, const std::vector<float>& one, const std::vector<float>& other) {
  double product = 0;
  double one_square = 0;
  double other_square = 0;
  double distance = 0;
  for (std::size_t at = 0; at < one.size(); ++at) {
    product += static_cast<double>(one[at]) * other[at];
    one_square += static_cast<double>(one[at]) * one[at];
    other_square += static_cast<double>(other[at]) * other[at];
    distance += (static_cast<double>(one[at]) - other[at]) * (static_cast<double>(one[at]) - other[at]);
  }
  if (metric == Metric::cosine) return product / std::sqrt(one_square * other_square);
  return metric == Metric::inner_product ? product : -std::sqrt(distance);
}

TEST(Target, TellsTheSimilarityOfEachMetric) {
  RandomSource random(1);
  for (const Metric metric : metrics) {
    for (const ElementType type : types) {
      for (const std::size_t dimension : {3U, 32U, 100U, 384U}) {
        const FloatRows vectors = random_vectors(random, 7, dimension);
        const RowStore store({metric, type, dimension}, vectors);
        const std::vector<float> query = random_vector(random, dimension);
        const Target target({metric, type, dimension}, query);
        const double size = metric == Metric::inner_product ? std::sqrt(static_cast<double>(dimension)) * 3 : 1;
        const double tolerance = (type == ElementType::f32 ? 1e-5 : type == ElementType::f16 ? 2e-3 : 4e-2) * size;
        for (std::size_t row = 0; row < vectors.size(); ++row) {
          EXPECT_NEAR(target.similarity(target.score(store.rows()[row])), plain_similarity(metric, query, vectors[row]),
                      tolerance);
        }
      }
    }
  }
}

TEST(Target, ManyScoresAreThoseOfOneByOne) {
  RandomSource random(2);
  for (const Metric metric : metrics) {
    for (const ElementType type : types) {
      const RowStore store({metric, type, 40}, random_vectors(random, 11, 40));
      const Target target(store.rows().shape(), random_vector(random, 40));
      std::vector<const std::byte*> places;
      for (std::size_t row = 0; row < 11; ++row) places.push_back(store.rows()[row]);
      std::vector<float> scores(11);
      target.scores(places.data(), places.size(), scores.data());
      for (std::size_t row = 0; row < 11; ++row) EXPECT_NEAR(scores[row], target.score(places[row]), 1e-3);
    }
  }
}

TEST(Target, ARowIsATargetToo) {
  RandomSource random(3);
  for (const Metric metric : metrics) {
    for (const ElementType type : types) {
      const RowStore store({metric, type, 50}, random_vectors(random, 3, 50));
      Target target(store.rows().shape());
      target.assign_row(store.rows()[1]);
      Target decoded(store.rows().shape(), decode_row(store.rows().shape(), store.rows()[1]));
      EXPECT_NEAR(target.score(store.rows()[2]), decoded.score(store.rows()[2]), 0.05);
      const double itself = target.similarity(target.score(store.rows()[1]));
      const double expected = plain_similarity(metric, decode_row(store.rows().shape(), store.rows()[1]),
                                               decode_row(store.rows().shape(), store.rows()[1]));
      EXPECT_NEAR(itself, expected, 1e-2);
    }
  }
}

TEST(Target, AScoreIsFoundForASimilarity) {
  const Target distance({Metric::l2, ElementType::f32, 2}, std::vector<float>{0, 0});
  EXPECT_EQ(distance.score_of(-3), -9.0F);
  EXPECT_GT(distance.score_of(0.5), 0.0F);
  const Target cosine({Metric::cosine, ElementType::f32, 2}, std::vector<float>{1, 0});
  EXPECT_EQ(cosine.score_of(0.5), 0.5F);
}

TEST(Nearest, FindsWhatASortedListBeginsWith) {
  RandomSource random(4);
  const FloatRows vectors = random_vectors(random, 500, 16);
  for (const Metric metric : metrics) {
    const RowStore store({metric, ElementType::f32, 16}, vectors);
    const Target target(store.rows().shape(), random_vector(random, 16));
    std::vector<Neighbor> all;
    for (std::uint32_t row = 0; row < 500; ++row) all.push_back({row, target.score(store.rows()[row])});
    std::sort(all.begin(), all.end(), nearer);
    const auto found = find_nearest(store.rows(), target, {.k = 20});
    ASSERT_EQ(found.size(), 20U);
    for (std::size_t at = 0; at < 20; ++at) EXPECT_EQ(found[at].row, all[at].row);
  }
}

TEST(Nearest, OfEqualRowsTheLowerComesFirst) {
  const RowStore store({Metric::l2, ElementType::f32, 4}, FloatRows(100, std::vector<float>(4, 2)));
  const Target target(store.rows().shape(), std::vector<float>(4, 1));
  const auto found = find_nearest(store.rows(), target, {.k = 3});
  ASSERT_EQ(found.size(), 3U);
  for (std::uint32_t at = 0; at < 3; ++at) EXPECT_EQ(found[at].row, at);
}

TEST(Nearest, AnswersWithAcceptedRowsAlone) {
  RandomSource random(5);
  const RowStore store({Metric::cosine, ElementType::i8, 24}, random_vectors(random, 300, 24));
  const Target target(store.rows().shape(), random_vector(random, 24));
  const auto found = find_nearest(store.rows(), target, {.k = 200}, [](std::uint32_t row) { return row % 3 == 0; });
  EXPECT_EQ(found.size(), 100U);
  for (const Neighbor& neighbor : found) EXPECT_EQ(neighbor.row % 3, 0U);
}

TEST(Nearest, AMinimumLeavesOutWhatIsBelow) {
  RandomSource random(6);
  const RowStore store({Metric::cosine, ElementType::f32, 8}, random_vectors(random, 300, 8));
  const Target target(store.rows().shape(), random_vector(random, 8));
  const auto found = find_nearest(store.rows(), target, {.k = 300, .score_min = target.score_of(0.25)});
  std::size_t expected = 0;
  for (std::size_t row = 0; row < 300; ++row) expected += target.score(store.rows()[row]) >= 0.25F ? 1 : 0;
  EXPECT_EQ(found.size(), expected);
  EXPECT_GT(expected, 0U);
  EXPECT_LT(expected, 300U);
}

TEST(Nearest, NoRowsAndNoneWantedGiveNothing) {
  const RowStore store({Metric::cosine, ElementType::f32, 8}, {});
  const Target target(store.rows().shape(), std::vector<float>(8, 1));
  EXPECT_TRUE(find_nearest(store.rows(), target, {.k = 5}).empty());
  const RowStore one({Metric::cosine, ElementType::f32, 8}, {std::vector<float>(8, 1)});
  EXPECT_TRUE(find_nearest(one.rows(), target, {.k = 0}).empty());
  EXPECT_EQ(find_nearest(one.rows(), target, {.k = 5}).size(), 1U);
}

TEST(Nearest, ATargetOfAnotherShapeIsRefused) {
  const RowStore store({Metric::cosine, ElementType::f32, 8}, {std::vector<float>(8, 1)});
  EXPECT_THROW(find_nearest(store.rows(), Target({Metric::cosine, ElementType::f16, 8}), {}), Error);
  std::vector<Neighbor> found{{0, 1}};
  EXPECT_THROW(rank_again(store.rows(), Target({Metric::l2, ElementType::f32, 8}), 1, found), Error);
}

TEST(Nearest, WhatWasFoundOnCodesIsRankedByTheVectorsThemselves) {
  RandomSource random(10);
  const FloatRows vectors = random_vectors(random, 1000, 32);
  const RowStore codes({Metric::l2, ElementType::i8, 32}, vectors);
  const RowStore exact({Metric::l2, ElementType::f32, 32}, vectors);
  const std::vector<float> query = random_vector(random, 32);
  auto found = find_nearest(codes.rows(), Target(codes.rows().shape(), query), {.k = 60});
  const Target target(exact.rows().shape(), query);
  rank_again(exact.rows(), target, 10, found);
  EXPECT_EQ(found, find_nearest(exact.rows(), target, {.k = 10}));
}

TEST(Nearest, ANumberThatIsNoneComesLast) {
  BestRows best(2);
  best.offer({0, std::numeric_limits<float>::quiet_NaN()});
  best.offer({1, -5});
  best.offer({2, -7});
  const auto found = best.take();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].row, 1U);
  EXPECT_EQ(found[1].row, 2U);
}

}  // namespace
}  // namespace strata::view
