#include "view/vector/graph.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>

#include "strata/error.hpp"
#include "view/vector/nearest.hpp"
#include "view/vector/vector_random.hpp"

namespace strata::view {
namespace {

constexpr std::uint64_t default_seed = 20'160'330;

/// Fixed, so that a recall is the same in every run; STRATA_TEST_SEED asks for another.
std::uint64_t seed() {
  const char* given = std::getenv("STRATA_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : default_seed;
}

std::string replay() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return "replay: STRATA_TEST_SEED=" + std::to_string(seed()) +
         " view_vector_test --gtest_filter=" + test->test_suite_name() + "." + test->name();
}

std::vector<std::byte> build(const Rows& rows, const GraphOptions& options = {}) {
  return build_graph(rows, options).value();
}

/// Of the exact answers, the part that was found; mean of all queries. Every answer's similarity counts that is as good
/// as the worst exact one.
double recall_of(const Graph& graph, const FloatRows& queries, std::size_t k, std::size_t ef, const Accept& accept) {
  std::size_t found = 0;
  std::size_t wanted = 0;
  std::vector<Neighbor> out;
  for (const std::vector<float>& query : queries) {
    const Target target(graph.rows().shape(), query);
    const auto exact = find_nearest(graph.rows(), target, {.k = k}, accept);
    graph.search(target, k, ef, accept, out);
    EXPECT_TRUE(std::is_sorted(out.begin(), out.end(), nearer));
    EXPECT_LE(out.size(), k);
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

class GraphRecall : public testing::TestWithParam<Case> {};

TEST_P(GraphRecall, IsAbove95OfAHundredAtTheDefaults) {
  const Case& param = GetParam();
  RandomSource random(seed());
  const FloatRows centres = random_vectors(random, 40, param.dimension);
  const auto make = [&](std::size_t count) {
    return param.clustered ? clustered_vectors(random, count, centres, 0.3F)
                           : random_vectors(random, count, param.dimension);
  };
  const RowStore store({param.metric, param.type, param.dimension}, make(3000));
  const auto bytes = build(store.rows());
  const Graph graph(store.rows(), bytes);
  EXPECT_EQ(graph.reachable(), 3000U);
  EXPECT_GE(recall_of(graph, make(50), 10, 0, nullptr), 0.95) << replay();
}

INSTANTIATE_TEST_SUITE_P(
    Data, GraphRecall,
    testing::Values(Case{Metric::cosine, ElementType::f32, 32, true}, Case{Metric::cosine, ElementType::f32, 32, false},
                    Case{Metric::cosine, ElementType::i8, 96, true}, Case{Metric::cosine, ElementType::f16, 64, false},
                    Case{Metric::l2, ElementType::f32, 96, true}, Case{Metric::l2, ElementType::i8, 32, false},
                    Case{Metric::l2, ElementType::f16, 48, true},
                    Case{Metric::inner_product, ElementType::f32, 32, true},
                    Case{Metric::inner_product, ElementType::i8, 64, true}));

TEST(Graph, BuiltByManyThreadsItFindsAsMuch) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 32}, random_vectors(random, 4000, 32));
  const FloatRows queries = random_vectors(random, 50, 32);
  const auto one = build(store.rows());
  const auto many = build(store.rows(), {.threads = 4});
  const double recall = recall_of(Graph(store.rows(), one), queries, 10, 0, nullptr);
  EXPECT_EQ(Graph(store.rows(), many).reachable(), 4000U);
  EXPECT_GE(recall_of(Graph(store.rows(), many), queries, 10, 0, nullptr), recall - 0.02) << replay();
}

TEST(Graph, TheSameRowsMakeTheSameBytes) {
  RandomSource random(seed());
  const RowStore store({Metric::cosine, ElementType::i8, 32}, random_vectors(random, 1500, 32));
  EXPECT_EQ(build(store.rows()), build(store.rows()));
}

TEST(Graph, OfNoRowsAndOfOneIsAGraph) {
  for (const std::size_t count : {0U, 1U, 2U, 5U}) {
    RandomSource random(seed());
    const RowStore store({Metric::l2, ElementType::f32, 8}, random_vectors(random, count, 8));
    const auto bytes = build(store.rows());
    const Graph graph(store.rows(), bytes);
    std::vector<Neighbor> out{{7, 7}};
    graph.search(Target(store.rows().shape(), random_vector(random, 8)), 10, 0, nullptr, out);
    EXPECT_EQ(out.size(), count);
    EXPECT_EQ(graph.reachable(), count);
    graph.search(Target(store.rows().shape()), 0, 0, nullptr, out);
    EXPECT_TRUE(out.empty());
  }
}

TEST(Graph, MoreThanThereAreGivesAll) {
  RandomSource random(seed());
  const RowStore store({Metric::cosine, ElementType::f32, 16}, random_vectors(random, 300, 16));
  const auto bytes = build(store.rows());
  std::vector<Neighbor> out;
  Graph(store.rows(), bytes).search(Target(store.rows().shape(), random_vector(random, 16)), 1000, 0, nullptr, out);
  EXPECT_EQ(out.size(), 300U);
}

TEST(Graph, AFilterLetsThroughWhatItTakesAndLosesLittle) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 32}, random_vectors(random, 4000, 32));
  const auto bytes = build(store.rows());
  const Graph graph(store.rows(), bytes);
  const FloatRows queries = random_vectors(random, 30, 32);
  for (const std::uint32_t step : {2U, 10U, 100U}) {
    const Accept accept = [step](std::uint32_t row) { return row % step == 0; };
    std::vector<Neighbor> out;
    graph.search(Target(store.rows().shape(), queries[0]), 10, 0, accept, out);
    ASSERT_EQ(out.size(), 10U);
    for (const Neighbor& neighbor : out) EXPECT_TRUE(accept(neighbor.row));
    EXPECT_GE(recall_of(graph, queries, 10, 0, accept), 0.95) << step << "; " << replay();
  }
}

TEST(Graph, AFilterThatTakesOneRowFindsIt) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 16}, random_vectors(random, 2000, 16));
  const auto bytes = build(store.rows());
  const Graph graph(store.rows(), bytes);
  const Target target(store.rows().shape(), random_vector(random, 16));
  std::vector<Neighbor> out;
  for (std::uint32_t wanted = 0; wanted < 2000; wanted += 97) {
    graph.search(
        target, 10, 0, [wanted](std::uint32_t row) { return row == wanted; }, out);
    ASSERT_EQ(out.size(), 1U) << wanted;
    EXPECT_EQ(out[0].row, wanted);
  }
  const std::size_t compared = graph.search(
      target, 10, 0, [](std::uint32_t) { return false; }, out);
  EXPECT_TRUE(out.empty());
  EXPECT_GE(compared, 2000U);
}

TEST(Graph, AFilterMaySearchItself) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 16}, random_vectors(random, 1000, 16));
  const auto bytes = build(store.rows());
  const Graph graph(store.rows(), bytes);
  const Target target(store.rows().shape(), random_vector(random, 16));
  std::vector<Neighbor> plain;
  std::vector<Neighbor> inner;
  std::vector<Neighbor> outer;
  const Accept even = [](std::uint32_t row) { return row % 2 == 0; };
  graph.search(target, 10, 0, even, plain);
  const Accept nested = [&](std::uint32_t row) {
    graph.search(target, 3, 0, nullptr, inner);
    return even(row);
  };
  graph.search(target, 10, 0, nested, outer);
  EXPECT_EQ(outer, plain);
}

TEST(Graph, TenThousandEqualRowsDoNotCutOffTheOthers) {
  RandomSource random(seed());
  const std::vector<float> same = random_vector(random, 32);
  FloatRows vectors = random_vectors(random, 12'000, 32);
  for (std::size_t row = 1000; row < 11'000; ++row) vectors[row] = same;
  const RowStore store({Metric::l2, ElementType::f32, 32}, vectors);
  const auto bytes = build(store.rows());
  const Graph graph(store.rows(), bytes);
  EXPECT_EQ(graph.reachable(), 12'000U);
  EXPECT_GE(recall_of(graph, random_vectors(random, 50, 32), 10, 0, nullptr), 0.95) << replay();

  const Target target(store.rows().shape(), same);
  std::vector<Neighbor> out;
  graph.search(target, 10, 0, nullptr, out);
  ASSERT_EQ(out.size(), 10U);
  for (std::uint32_t at = 0; at < 10; ++at) EXPECT_EQ(out[at].row, 1000 + at);
  graph.search(
      target, 10, 0, [](std::uint32_t row) { return row > 10'990; }, out);
  ASSERT_EQ(out.size(), 10U);
  std::size_t equal = 0;
  for (const Neighbor& neighbor : out) equal += neighbor.row > 10'990 && neighbor.row < 11'000 ? 1 : 0;
  EXPECT_EQ(equal, 9U);
}

TEST(Graph, OfEqualRowsAloneItFindsAsManyAsAreWanted) {
  const RowStore store({Metric::cosine, ElementType::i8, 32}, FloatRows(10'000, std::vector<float>(32, 1)));
  const auto bytes = build(store.rows());
  const Graph graph(store.rows(), bytes);
  EXPECT_EQ(graph.reachable(), 10'000U);
  std::vector<Neighbor> out;
  graph.search(Target(store.rows().shape(), std::vector<float>(32, 1)), 10, 0, nullptr, out);
  ASSERT_EQ(out.size(), 10U);
  for (std::uint32_t at = 0; at < 10; ++at) EXPECT_EQ(out[at].row, at);
}

TEST(Graph, RowsThatDifferByAHairAreAllReached) {
  RandomSource random(seed());
  FloatRows vectors;
  const std::vector<float> centre = random_vector(random, 16);
  for (std::size_t row = 0; row < 3000; ++row) {
    vectors.push_back(centre);
    for (float& element : vectors.back()) element += 1e-5F * random.normal();
  }
  for (std::size_t row = 0; row < 3000; ++row) vectors.push_back(random_vector(random, 16));
  const RowStore store({Metric::l2, ElementType::f32, 16}, vectors);
  const auto bytes = build(store.rows());
  const Graph graph(store.rows(), bytes);
  EXPECT_EQ(graph.reachable(), 6000U);
  EXPECT_GE(recall_of(graph, random_vectors(random, 50, 16), 10, 0, nullptr), 0.95) << replay();
}

TEST(Graph, SearchesByManyThreadsAgree) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 16}, random_vectors(random, 1000, 16));
  const auto bytes = build(store.rows());
  const Graph graph(store.rows(), bytes);
  const FloatRows queries = random_vectors(random, 100, 16);
  std::vector<std::vector<Neighbor>> expected(queries.size());
  for (std::size_t at = 0; at < queries.size(); ++at) {
    graph.search(Target(store.rows().shape(), queries[at]), 10, 0, nullptr, expected[at]);
  }
  std::atomic<std::size_t> same = 0;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number) {
      threads.emplace_back([&] {
        std::vector<Neighbor> out;
        for (std::size_t at = 0; at < queries.size(); ++at) {
          graph.search(Target(store.rows().shape(), queries[at]), 10, 0, nullptr, out);
          same += out == expected[at] ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(same, 4 * queries.size());
}

TEST(Graph, BuildingStopsWhenItIsToldTo) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 16}, random_vectors(random, 3000, 16));
  std::size_t last = 0;
  GraphOptions options{.threads = 3};
  options.advance = [&](std::size_t done, std::size_t total) {
    EXPECT_LE(done, total);
    last = done;
    return done < 1500;
  };
  EXPECT_FALSE(build_graph(store.rows(), options).has_value());
  EXPECT_LT(last, 3000U);
  options.advance = [](std::size_t, std::size_t) -> bool { throw Error(ErrorCode::closed, "the store is closed"); };
  EXPECT_THROW(build_graph(store.rows(), options), Error);
}

TEST(Graph, OptionsOutOfBoundsAreRefused) {
  const RowStore store({Metric::l2, ElementType::f32, 4}, {std::vector<float>(4, 1)});
  EXPECT_THROW(build_graph(store.rows(), {.connections = 3}), Error);
  EXPECT_THROW(build_graph(store.rows(), {.connections = 65}), Error);
  EXPECT_THROW(build_graph(store.rows(), {.ef_construction = 7}), Error);
  EXPECT_THROW(build_graph(store.rows(), {.threads = 0}), Error);
}

TEST(Graph, WithTheFewestAndTheMostConnectionsItWorks) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 16}, random_vectors(random, 1500, 16));
  for (const std::size_t connections : {4U, 64U}) {
    const auto bytes = build(store.rows(), {.connections = connections, .ef_construction = 64});
    EXPECT_EQ(Graph(store.rows(), bytes).reachable(), 1500U);
  }
}

TEST(Graph, BuildingTakesNoMoreThanWasForetold) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 4}, random_vectors(random, 5000, 4));
  for (const std::size_t connections : {4U, 16U, 64U}) {
    const GraphOptions options{.connections = connections, .ef_construction = 16};
    EXPECT_LE(build(store.rows(), options).size(), build_bytes(5000, options));
  }
}

TEST(Graph, BytesOfAnotherSizeOrOtherRowsAreCorruption) {
  RandomSource random(seed());
  const RowStore store({Metric::l2, ElementType::f32, 8}, random_vectors(random, 200, 8));
  const auto bytes = build(store.rows());
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{128}, bytes.size() - 1}) {
    EXPECT_THROW(Graph(store.rows(), std::span(bytes).first(size)), Error);
  }
  const RowStore fewer({Metric::l2, ElementType::f32, 8}, random_vectors(random, 199, 8));
  EXPECT_THROW(Graph(fewer.rows(), bytes), Error);
}

TEST(Graph, DamagedBytesNeitherCrashNorHangASearch) {
  RandomSource random(seed());
  FloatRows vectors = random_vectors(random, 600, 12);
  for (std::size_t row = 100; row < 200; ++row) vectors[row] = vectors[row / 10];
  const RowStore store({Metric::l2, ElementType::f32, 12}, vectors);
  const auto sound = build(store.rows(), {.connections = 4, .ef_construction = 32});
  const Target target(store.rows().shape(), random_vector(random, 12));
  std::size_t searched = 0;
  std::vector<Neighbor> out;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::byte> damaged = sound;
    const std::size_t flips = 1 + random.below(200);
    const bool header_too = round % 4 == 0;
    for (std::size_t flip = 0; flip < flips; ++flip) {
      const std::size_t from = header_too ? 0 : GraphLayout::header_bytes;
      damaged[from + random.below(damaged.size() - from)] = static_cast<std::byte>(random.next());
    }
    try {
      const Graph graph(store.rows(), damaged);
      graph.search(target, 10, 0, nullptr, out);
      for (const Neighbor& neighbor : out) ASSERT_LT(neighbor.row, 600U);
      graph.search(
          target, 10, 0, [](std::uint32_t row) { return row % 7 == 0; }, out);
      for (const Neighbor& neighbor : out) ASSERT_EQ(neighbor.row % 7, 0U);
      ASSERT_LE(graph.reachable(), 60'000U);
      ++searched;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::corruption) << replay();
    }
  }
  EXPECT_GT(searched, 2000U);
}

TEST(Graph, DamagedRowsNeitherCrashNorHangASearch) {
  RandomSource random(seed());
  for (const ElementType type : {ElementType::f32, ElementType::f16, ElementType::i8}) {
    RowStore store({Metric::l2, type, 12}, random_vectors(random, 600, 12));
    const auto bytes = build(store.rows());
    const Target target(store.rows().shape(), random_vector(random, 12));
    std::vector<Neighbor> out;
    for (int round = 0; round < 200; ++round) {
      for (int flip = 0; flip < 50; ++flip) {
        store.bytes()[random.below(store.bytes().size())] = static_cast<std::byte>(random.next());
      }
      Graph(store.rows(), bytes).search(target, 10, 0, nullptr, out);
      EXPECT_EQ(out.size(), 10U) << replay();
    }
  }
}

}  // namespace
}  // namespace strata::view
