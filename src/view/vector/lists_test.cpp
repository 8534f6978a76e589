#include "view/vector/lists.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "strata/error.hpp"
#include "view/vector/nearest.hpp"
#include "view/vector/vector_random.hpp"

namespace strata::view {
namespace {

constexpr std::uint64_t default_seed = 20'070'107;

std::uint64_t seed() {
  const char* given = std::getenv("STRATA_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : default_seed;
}

std::string replay() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return "replay: STRATA_TEST_SEED=" + std::to_string(seed()) +
         " view_vector_test --gtest_filter=" + test->test_suite_name() + "." + test->name();
}

std::vector<std::byte> build(const Rows& rows, const ListsOptions& options = {}) {
  return build_lists(rows, options).value();
}

double recall_of(const Lists& lists, const Rows& rows, const FloatRows& queries, const Accept& accept) {
  std::size_t found = 0;
  std::size_t wanted = 0;
  std::vector<Neighbor> out;
  for (const std::vector<float>& query : queries) {
    const Target target(rows.shape(), query);
    const auto exact = find_nearest(rows, target, {.k = 10}, accept);
    lists.search(target, 10, 0, accept, out);
    wanted += exact.size();
    for (const Neighbor& neighbor : out) {
      const bool is_one = std::any_of(exact.begin(), exact.end(), [&](auto& one) { return one.row == neighbor.row; });
      found += is_one ? 1 : 0;
    }
  }
  return static_cast<double>(found) / static_cast<double>(wanted);
}

struct Case {
  Metric metric;
  ElementType type;
  std::size_t dimension;
  bool clustered;
};

class ListsRecall : public testing::TestWithParam<Case> {};

TEST_P(ListsRecall, IsAbove95OfAHundredAtTheDefaults) {
  const Case& param = GetParam();
  const std::size_t count = param.clustered ? 8000 : 3000;
  RandomSource random(seed());
  const FloatRows centres = random_vectors(random, 60, param.dimension);
  const auto make = [&](std::size_t number) {
    return param.clustered ? clustered_vectors(random, number, centres, 0.3F)
                           : random_vectors(random, number, param.dimension);
  };
  const RowStore store({param.metric, param.type, param.dimension}, make(count));
  const auto bytes = build(store.rows());
  EXPECT_GE(recall_of(Lists(store.rows(), bytes), store.rows(), make(50), nullptr), 0.95) << replay();
}

INSTANTIATE_TEST_SUITE_P(Data, ListsRecall,
                         testing::Values(Case{Metric::cosine, ElementType::f32, 32, true},
                                         Case{Metric::cosine, ElementType::i8, 96, true},
                                         Case{Metric::cosine, ElementType::f16, 32, false},
                                         Case{Metric::l2, ElementType::f32, 96, true},
                                         Case{Metric::l2, ElementType::i8, 32, false},
                                         Case{Metric::inner_product, ElementType::f32, 32, true}));

TEST(Lists, LookThroughAboutAsManyRowsAsTheyAreToldTo) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 16}, random_vectors(random, 5000, 16));
  const auto bytes = build(store.rows());
  const Lists lists(store.rows(), bytes);
  EXPECT_NEAR(static_cast<double>(lists.lists()), 71, 1);
  std::vector<Neighbor> out;
  const Target target(store.rows().shape(), random_vector(random, 16));
  const std::size_t few = lists.search(target, 10, 300, nullptr, out);
  EXPECT_GE(few, 300U);
  EXPECT_LT(few, 1500U);
  EXPECT_EQ(lists.search(target, 10, 1'000'000, nullptr, out), 5000U);
  EXPECT_EQ(out, find_nearest(store.rows(), target, {.k = 10}));
}

TEST(Lists, AFilterLetsThroughWhatItTakes) {
  RandomSource random(seed());
  const RowStore store({Metric::cosine, ElementType::f32, 16}, random_vectors(random, 4000, 16));
  const auto bytes = build(store.rows());
  const Lists lists(store.rows(), bytes);
  const FloatRows queries = random_vectors(random, 20, 16);
  EXPECT_GE(recall_of(lists, store.rows(), queries, [](std::uint32_t row) { return row % 10 == 3; }), 0.95) << replay();
  std::vector<Neighbor> out;
  const Target target(store.rows().shape(), queries[0]);
  lists.search(
      target, 10, 0, [](std::uint32_t row) { return row == 77; }, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].row, 77U);
}

TEST(Lists, OfFewRowsOrEqualRowsTheyAreComplete) {
  for (const std::size_t count : {0U, 1U, 2U, 7U}) {
    RandomSource random(seed());
    const RowStore store({Metric::l2, ElementType::f32, 8}, random_vectors(random, count, 8));
    const auto bytes = build(store.rows());
    std::vector<Neighbor> out{{7, 7}};
    Lists(store.rows(), bytes).search(Target(store.rows().shape()), 10, 0, nullptr, out);
    EXPECT_EQ(out.size(), count);
  }
  const RowStore equal({Metric::cosine, ElementType::i8, 8}, FloatRows(5000, std::vector<float>(8, 1)));
  const auto bytes = build(equal.rows());
  std::vector<Neighbor> out;
  Lists(equal.rows(), bytes).search(Target(equal.rows().shape(), std::vector<float>(8, 1)), 10, 0, nullptr, out);
  ASSERT_EQ(out.size(), 10U);
  for (std::uint32_t at = 0; at < 10; ++at) EXPECT_EQ(out[at].row, at);
}

TEST(Lists, ManyThreadsMakeTheSameBytes) {
  RandomSource random(seed());
  const RowStore store({Metric::inner_product, ElementType::f16, 24}, random_vectors(random, 3000, 24));
  EXPECT_EQ(build(store.rows()), build(store.rows(), {.threads = 4}));
}

TEST(Lists, BuildingStopsWhenItIsToldTo) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 8}, random_vectors(random, 3000, 8));
  ListsOptions options{.threads = 2};
  options.advance = [](std::size_t done, std::size_t total) {
    EXPECT_LE(done, total);
    return done < total / 2;
  };
  EXPECT_FALSE(build_lists(store.rows(), options).has_value());
}

TEST(Lists, DamagedBytesNeitherCrashNorHangASearch) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 8}, random_vectors(random, 400, 8));
  const auto sound = build(store.rows());
  const Target target(store.rows().shape(), random_vector(random, 8));
  EXPECT_THROW(Lists(store.rows(), std::span(sound).first(10)), Error);
  EXPECT_THROW(Lists(store.rows(), std::span(sound).first(sound.size() - 4)), Error);
  std::size_t searched = 0;
  std::vector<Neighbor> out;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::byte> damaged = sound;
    const std::size_t from = round % 2 == 0 ? 0 : sound.size() - 1600;
    for (std::size_t flip = 0; flip < 1 + random.below(20); ++flip) {
      damaged[from + random.below(damaged.size() - from)] = static_cast<std::byte>(random.next());
    }
    try {
      Lists(store.rows(), damaged).search(target, 10, 0, nullptr, out);
      for (const Neighbor& neighbor : out) ASSERT_LT(neighbor.row, 400U);
      ++searched;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::corruption) << replay();
    }
  }
  EXPECT_GT(searched, 1500U);
}

}  // namespace
}  // namespace strata::view
