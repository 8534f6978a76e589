// Walks over random graphs, beside plain implementations of what they promise; on every engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using Names = std::vector<std::string>;
using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t end) { return static_cast<std::size_t>(random() % end); }

/// Edges in a plain map, and what is asked of them in the plainest way.
class PlainGraph {
 public:
  using Key = std::tuple<std::string, std::string, std::string>;  // from, type, to

  std::map<Key, int> edges;             ///< With their weight; -1: none.
  std::map<std::string, bool> records;  ///< Those that are there, and whether they are good.

  struct Step {
    std::string type;
    std::string to;
    double weight;
  };

  bool follows(const Key& key, int weight, const Follow& follow) const {
    const bool chosen = follow.types.empty() ||
                        std::find(follow.types.begin(), follow.types.end(), std::get<1>(key)) != follow.types.end();
    return chosen && (follow.where.empty() || weight >= 3);
  }
  bool may_enter(const std::string& node, const Follow& follow) const {
    if (follow.node_where.empty()) return true;
    const auto found = records.find(node);
    return found != records.end() && found->second;
  }
  std::vector<Step> steps(const std::string& node, const Follow& follow) const {
    std::vector<Step> out;
    for (const auto& [key, weight] : edges) {
      if (!follows(key, weight, follow)) continue;
      const auto& [from, type, to] = key;
      const double cost = weight < 0 ? 1 : weight;
      if (follow.direction != Direction::in && from == node && may_enter(to, follow)) out.push_back({type, to, cost});
      if (follow.direction == Direction::out || to != node || !may_enter(from, follow)) continue;
      if (follow.direction == Direction::in || from != to) out.push_back({type, from, cost});
    }
    return out;
  }
  std::map<std::string, std::size_t> hops(const Names& start, const Follow& follow, std::size_t most) const {
    std::map<std::string, std::size_t> found;
    Names frontier;
    for (const std::string& node : start) {
      if (found.emplace(node, 0).second) frontier.push_back(node);
    }
    for (std::size_t hop = 1; !frontier.empty() && (most == 0 || hop <= most); ++hop) {
      Names next;
      for (const std::string& node : frontier) {
        for (const Step& step : steps(node, follow)) {
          if (found.emplace(step.to, hop).second) next.push_back(step.to);
        }
      }
      frontier = std::move(next);
    }
    return found;
  }
  /// Cost and edges of the cheapest path, after Bellman and Ford.
  std::optional<std::pair<double, std::size_t>> cheapest(const std::string& from, const std::string& to,
                                                         const Follow& follow, std::size_t most, bool weighted) const {
    std::map<std::string, double> cost{{from, 0}};
    std::optional<std::pair<double, std::size_t>> best;
    if (from == to) return std::pair<double, std::size_t>(0, 0);
    const std::size_t rounds = most == 0 ? nodes().size() + 1 : most;
    for (std::size_t hop = 1; hop <= rounds; ++hop) {
      std::map<std::string, double> next;
      for (const auto& [node, before] : cost) {
        for (const Step& step : steps(node, follow)) {
          const double now = before + (weighted ? step.weight : 1);
          const auto [at, fresh] = next.emplace(step.to, now);
          if (!fresh) at->second = std::min(at->second, now);
        }
      }
      cost = std::move(next);
      if (const auto here = cost.find(to); here != cost.end() && (!best || here->second < best->first))
        best = {here->second, hop};
    }
    return best;
  }
  using Walk = std::pair<Names, Names>;
  void all_paths(Walk& walk, const std::string& to, const Follow& follow, std::size_t most,
                 std::multiset<Walk>& out) const {
    if (walk.first.back() == to) {
      out.insert(walk);
      return;
    }
    if (walk.second.size() == most) return;
    for (const Step& step : steps(walk.first.back(), follow)) {
      if (std::find(walk.first.begin(), walk.first.end(), step.to) != walk.first.end()) continue;
      walk.first.push_back(step.to);
      walk.second.push_back(step.type);
      all_paths(walk, to, follow, most, out);
      walk.first.pop_back();
      walk.second.pop_back();
    }
  }
  std::set<std::string> nodes(const Names& types = {}) const {
    std::set<std::string> out;
    Follow follow;
    follow.types = types;
    for (const auto& [key, weight] : edges) {
      if (!follows(key, weight, follow)) continue;
      out.insert(std::get<0>(key));
      out.insert(std::get<2>(key));
    }
    return out;
  }
  bool has(const std::string& from, const std::string& type, const std::string& to) const {
    return edges.contains({from, type, to});
  }
};

/// A random graph in a store and beside it.
class Twin {
 public:
  Twin(Random& random, std::size_t nodes, std::size_t edges) : random_(random), edges_(edges) {
    for (std::size_t i = 0; i < nodes; ++i) {
      std::string name = below(random, 2) == 0 ? "notes/n" + std::to_string(i) : "tag" + std::to_string(i);
      if (below(random, 12) == 0) name += std::string(120, 'x') + std::to_string(i);
      names.push_back(name);
    }
  }

  void fill(Store& store) {
    store.transact([&](Transaction& t) {
      for (const std::string& name : names) {
        if (!name.starts_with("notes/") || below(random_, 4) == 0) continue;
        const bool good = below(random_, 3) > 0;
        t.collection("notes").put(name.substr(6), Value::object({{"good", good}}));
        plain.records[name] = good;
      }
      Graph graph = t.graph();
      for (std::size_t i = 0; i < edges_; ++i) link(graph);
    });
  }
  void link(Graph& graph) {
    const std::string& from = name();
    const std::string& to = name();
    const std::string type = Names{"a", "b", "cc"}[below(random_, 3)];
    const int weight = static_cast<int>(below(random_, 7)) - 1;
    graph.link(from, type, to, weight < 0 ? Value() : Value::object({{"w", weight}}));
    plain.edges[{from, type, to}] = weight;
  }
  void unlink(Graph& graph) {
    if (plain.edges.empty()) return;
    auto at = plain.edges.begin();
    std::advance(at, below(random_, plain.edges.size()));
    EXPECT_TRUE(graph.unlink(std::get<0>(at->first), std::get<1>(at->first), std::get<2>(at->first)));
    plain.edges.erase(at);
  }
  const std::string& name() { return names[below(random_, names.size())]; }
  Follow follow() {
    Follow out;
    out.direction = std::array{Direction::out, Direction::in, Direction::both}[below(random_, 3)];
    if (below(random_, 3) == 0) out.types = {"a"};
    if (below(random_, 6) == 0) out.types = {"cc", "a", "cc"};
    if (below(random_, 4) == 0) {
      out.where = "w >= :least";
      out.parameters.emplace("least", Value(3));
    }
    if (below(random_, 5) == 0) out.node_where = "good = true";
    return out;
  }

  Names names;
  PlainGraph plain;

 private:
  Random& random_;
  std::size_t edges_;
};

void expect_traversal(const PlainGraph& plain, const Graph& graph, const Traversal& traversal) {
  const TraversalResult result = graph.traverse(traversal);
  const auto expected = plain.hops(traversal.start, traversal.follow, traversal.hops);
  std::vector<std::pair<std::size_t, std::string>> order;
  std::vector<std::uint64_t> counts;
  for (const auto& [node, hop] : expected) {
    if (hop == 0) continue;
    order.emplace_back(hop, node);
    if (counts.size() < hop) counts.resize(hop);
    ++counts[hop - 1];
  }
  std::sort(order.begin(), order.end());
  EXPECT_EQ(result.hop_counts, counts);
  EXPECT_EQ(result.complete, traversal.limit == 0 || order.size() <= traversal.limit);
  if (!result.complete) order.resize(traversal.limit);
  ASSERT_EQ(result.nodes.size(), order.size());
  for (std::size_t at = 0; at < order.size(); ++at) {
    const Reached& reached = result.nodes[at];
    ASSERT_EQ(reached.node, order[at].second);
    EXPECT_EQ(reached.hop, order[at].first);
    const auto before = expected.find(reached.previous);
    ASSERT_NE(before, expected.end());
    EXPECT_EQ(before->second + 1, reached.hop);
    const auto steps = plain.steps(reached.previous, traversal.follow);
    EXPECT_TRUE(std::any_of(steps.begin(), steps.end(),
                            [&](const auto& step) { return step.to == reached.node && step.type == reached.type; }));
  }
}

void expect_path(const PlainGraph& plain, const Graph& graph, const std::string& from, const std::string& to,
                 const PathOptions& options) {
  const auto path = graph.shortest_path(from, to, options);
  const auto expected = plain.cheapest(from, to, options.follow, options.hops, !options.weight.empty());
  ASSERT_EQ(path.has_value(), expected.has_value()) << from << " " << to;
  if (!path) return;
  EXPECT_EQ(path->cost, expected->first);
  EXPECT_EQ(path->types.size(), expected->second);
  ASSERT_EQ(path->nodes.size(), path->types.size() + 1);
  EXPECT_EQ(path->nodes.front(), from);
  EXPECT_EQ(path->nodes.back(), to);
  for (std::size_t at = 0; at < path->types.size(); ++at) {
    const auto steps = plain.steps(path->nodes[at], options.follow);
    EXPECT_TRUE(std::any_of(steps.begin(), steps.end(), [&](const auto& step) {
      return step.to == path->nodes[at + 1] && step.type == path->types[at];
    }));
  }
}

void expect_all_paths(const PlainGraph& plain, const Graph& graph, const std::string& from, const std::string& to,
                      std::size_t hops, std::size_t limit, const Follow& follow) {
  const std::vector<Path> paths = graph.paths(from, to, hops, limit, follow);
  std::multiset<PlainGraph::Walk> expected;
  PlainGraph::Walk walk{{from}, {}};
  plain.all_paths(walk, to, follow, hops, expected);
  EXPECT_EQ(paths.size(), std::min(limit, expected.size()));
  std::vector<std::size_t> lengths;
  for (const auto& one : expected) lengths.push_back(one.second.size());
  std::sort(lengths.begin(), lengths.end());
  for (std::size_t at = 0; at < paths.size(); ++at) {
    EXPECT_EQ(paths[at].types.size(), lengths[at]) << "shortest first";
    const auto found = expected.find({paths[at].nodes, paths[at].types});
    ASSERT_NE(found, expected.end());
    expected.erase(found);
  }
}

std::map<std::string, std::set<std::string>> reachable(const PlainGraph& plain, const Names& types) {
  std::map<std::string, std::set<std::string>> out;
  Follow follow;
  follow.types = types;
  for (const std::string& node : plain.nodes(types)) {
    for (const auto& step : plain.steps(node, follow)) {
      for (const auto& [reached, unused] : plain.hops({step.to}, follow, 0)) out[node].insert(reached);
    }
  }
  return out;
}

void expect_cycles(const PlainGraph& plain, const Graph& graph, const Names& types) {
  const std::vector<Path> found = graph.cycles(0, types);
  auto reach = reachable(plain, types);
  std::map<std::set<std::string>, std::size_t> parts;  // with the length of the shortest cycle
  Follow follow;
  follow.types = types;
  for (const std::string& node : plain.nodes(types)) {
    if (!reach[node].contains(node)) continue;
    std::set<std::string> part;
    for (const std::string& other : reach[node]) {
      if (reach[other].contains(node)) part.insert(other);
    }
    std::size_t shortest = plain.nodes().size() + 1;
    for (const auto& step : plain.steps(node, follow)) {
      const auto back = plain.hops({step.to}, follow, 0);
      if (const auto at = back.find(node); at != back.end()) shortest = std::min(shortest, at->second + 1);
    }
    const auto [at, fresh] = parts.emplace(part, shortest);
    at->second = std::min(at->second, shortest);
  }
  EXPECT_EQ(found.size(), parts.size());
  std::string last;
  for (const Path& cycle : found) {
    ASSERT_EQ(cycle.nodes.front(), cycle.nodes.back());
    EXPECT_EQ(cycle.nodes.front(), *std::min_element(cycle.nodes.begin(), cycle.nodes.end()));
    EXPECT_EQ(cycle.cost, static_cast<double>(cycle.types.size()));
    EXPECT_LT(last, cycle.nodes.front());
    last = cycle.nodes.front();
    for (std::size_t at = 0; at < cycle.types.size(); ++at)
      EXPECT_TRUE(plain.has(cycle.nodes[at], cycle.types[at], cycle.nodes[at + 1]));
    const auto part = std::find_if(parts.begin(), parts.end(),
                                   [&](const auto& one) { return one.first.contains(cycle.nodes.front()); });
    ASSERT_NE(part, parts.end());
    EXPECT_EQ(cycle.types.size(), part->second);
    parts.erase(part);
  }
  if (found.empty()) {
    const Names order = graph.topological_order(types);
    std::map<std::string, std::size_t> place;
    for (const std::string& node : order) place.emplace(node, place.size());
    const auto all = plain.nodes(types);
    EXPECT_EQ(std::set<std::string>(order.begin(), order.end()), all);
    EXPECT_EQ(order.size(), all.size());
    for (const auto& [key, weight] : plain.edges) {
      if (!plain.follows(key, weight, follow)) continue;
      EXPECT_LT(place.at(std::get<0>(key)), place.at(std::get<2>(key)));
    }
  } else {
    try {
      graph.topological_order(types);
      ADD_FAILURE() << "there is no such order";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    }
  }
}

void ask_everything(Random& random, Twin& twin, const Graph& graph, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    Traversal traversal;
    for (std::size_t starts = below(random, 3) + 1; starts > 0; --starts) traversal.start.push_back(twin.name());
    traversal.follow = twin.follow();
    traversal.hops = below(random, 6);
    if (below(random, 4) == 0) traversal.limit = below(random, 8) + 1;
    expect_traversal(twin.plain, graph, traversal);
    PathOptions options;
    options.follow = twin.follow();
    if (below(random, 2) == 0) options.weight = "w";
    if (below(random, 3) == 0) options.hops = below(random, 5) + 1;
    expect_path(twin.plain, graph, twin.name(), twin.name(), options);
    expect_all_paths(twin.plain, graph, twin.name(), twin.name(), below(random, 4) + 1,
                     below(random, 2) == 0 ? 3 : 10'000, twin.follow());
    if (testing::Test::HasFatalFailure() || testing::Test::HasFailure()) return;
  }
  const Names types = below(random, 2) == 0 ? Names{} : Names{"b"};
  Follow both;
  both.direction = Direction::both;
  both.types = types;
  const std::string& node = twin.name();
  Names component;
  for (const auto& [name, unused] : twin.plain.hops({node}, both, 0)) component.push_back(name);
  EXPECT_EQ(graph.component(node, types), component);
  expect_cycles(twin.plain, graph, types);
  EXPECT_EQ(graph.count(), twin.plain.edges.size());
}

class AnyWalk : public testing::TestWithParam<std::string> {
 protected:
  Store open() { return Store::open(site_.url(), {}); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

TEST_P(AnyWalk, RandomGraphsAreWalkedAsByPlainMeans) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  Random random(seed);
  Store store = open();
  Twin twin(random, 14, 26);
  twin.fill(store);
  ask_everything(random, twin, store.graph(), 12);
  const Snapshot snapshot = store.snapshot();
  const PlainGraph before = twin.plain;
  store.transact([&](Transaction& t) {
    Graph graph = t.graph();
    for (int i = 0; i < 12; ++i) {
      twin.link(graph);
      if (i % 2 == 0) twin.unlink(graph);
    }
    ask_everything(random, twin, graph, 6);
  });
  ask_everything(random, twin, store.graph(), 6);
  twin.plain = before;
  ask_everything(random, twin, snapshot.graph(), 6);
  EXPECT_EQ(store.verify().problems, Names{});
}

TEST_P(AnyWalk, EdgesHeldInMemoryAreThoseOfTheStateThatIsAsked) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  Random random(seed);
  Store store = open();
  Twin twin(random, 16, 60);
  twin.fill(store);
  Graph graph = store.graph();
  const auto access = [&] { return graph.traverse({.start = {twin.name()}, .hops = 0}).plan.access; };
  for (int i = 0; i < 200 && access() == "rows"; ++i) graph.impact(twin.name());
  ASSERT_EQ(access(), "adjacency");
  for (int round = 0; round < 8; ++round) {
    const Snapshot before = store.snapshot();
    PlainGraph as_before = twin.plain;
    for (std::size_t changes = below(random, 4); changes > 0; --changes) {
      store.transact([&](Transaction& t) {
        Graph own = t.graph();
        twin.unlink(own);
        twin.link(own);
      });
      if (below(random, 3) == 0) twin.names.push_back("new" + std::to_string(random()) + std::string(100, 'y'));
    }
    if (round % 2 == 0) ask_everything(random, twin, graph, 2);
    std::swap(twin.plain, as_before);
    ask_everything(random, twin, before.graph(), 1);
    std::swap(twin.plain, as_before);
    ask_everything(random, twin, graph, 1);
    if (HasFailure()) return;
  }
}

TEST_P(AnyWalk, WalksBesideWritersAreEachOfOneState) {
  Store store = open();
  Graph graph = store.graph();
  // Each commit moves one edge: at every state exactly one of the two leads on.
  graph.link("start", "t", "left");
  graph.link("left", "t", "end");
  graph.link("right", "t", "end");
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int i = 0; i < 60; ++i) {
      store.transact([&](Transaction& t) {
        const bool left = i % 2 == 0;
        t.graph().unlink("start", "t", left ? "left" : "right");
        t.graph().link("start", "t", left ? "right" : "left");
        if (i % 5 == 0) t.graph().link("other" + std::to_string(i), "t", "start");
      });
    }
    over = true;
  });
  std::atomic<int> asked{0};
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      do {
        const TraversalResult result = graph.traverse({.start = {"start"}, .hops = 2});
        EXPECT_EQ(result.hop_counts, (std::vector<std::uint64_t>{1, 1}));
        EXPECT_EQ(graph.shortest_path("start", "end")->types.size(), 2U);
        ++asked;
      } while (!over);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(asked, 2);
}

TEST_P(AnyWalk, GraphsWithoutCyclesHaveAnOrder) {
  Store store = open();
  Graph graph = store.graph();
  EXPECT_EQ(graph.topological_order(), Names{});
  EXPECT_TRUE(graph.cycles().empty());
  store.transact([&](Transaction& t) {
    t.graph().link("shirt", "before", "tie");
    t.graph().link("tie", "before", "jacket");
    t.graph().link("trousers", "before", "shoes");
    t.graph().link("trousers", "before", "belt");
    t.graph().link("belt", "before", "jacket");
    t.graph().link("jacket", "after", "shirt");
  });
  EXPECT_EQ(graph.topological_order({"before"}), (Names{"shirt", "tie", "trousers", "belt", "jacket", "shoes"}));
  EXPECT_EQ(graph.cycles().size(), 1U);
}

TEST_P(AnyWalk, ANegativeWeightIsNamedAndAPathToItselfHasNoEdges) {
  Store store = open();
  Graph graph = store.graph();
  graph.link("a", "t", "b", Value::object({{"w", -1}}));
  PathOptions options;
  options.weight = "w";
  try {
    graph.shortest_path("a", "b", options);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("`a` -t-> `b`"), std::string::npos);
  }
  EXPECT_EQ(graph.shortest_path("a", "a")->nodes, Names{"a"});
  EXPECT_EQ(graph.shortest_path("nowhere", "nowhere")->types.size(), 0U);
  EXPECT_FALSE(graph.shortest_path("b", "a"));
  options.weight = "a..b";
  EXPECT_THROW(graph.shortest_path("a", "b", options), Error);
  EXPECT_THROW(graph.paths("a", "b", 0), Error);
  graph.link("a", "t", "b", 2.5);
  options.weight = "$";
  EXPECT_EQ(graph.shortest_path("a", "b", options)->cost, 2.5);
}

TEST_P(AnyWalk, WhatATransactionWalkedOverMustBeSoWhenItCommits) {
  Store store = open();
  Graph graph = store.graph();
  graph.link("a", "t", "b");
  int attempts = 0;
  std::size_t seen = 0;
  store.transact([&](Transaction& t) {
    seen = t.graph().traverse({.start = {"a"}, .hops = 3}).nodes.size();
    if (++attempts == 1) std::thread([&] { graph.link("b", "t", "c"); }).join();
    t.collection("seen").put("n", Value(seen));
  });
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(seen, 2U);
  attempts = 0;
  store.transact([&](Transaction& t) {
    seen = t.graph().impact("c").nodes.size();
    if (++attempts == 1) std::thread([&] { graph.link("z", "t", "a"); }).join();
    t.collection("seen").put("n", Value(seen));
  });
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(seen, 3U);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyWalk, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

TEST(GraphWalk, AChainOfAnyLengthIsWalkedToItsEnd) {
  Store store = Store::open("memory:", {});
  const int length = soaking() ? 1'000'000 : 10'000;
  const auto node = [](int number) { return "n" + std::to_string(10'000'000 + number); };
  for (int done = 0; done < length;) {
    store.transact([&, begin = done](Transaction& t) {
      Graph graph = t.graph();
      for (done = begin; done < length && done < begin + 50'000; ++done) graph.link(node(done), "t", node(done + 1));
    });
  }
  const Graph graph = store.graph();
  const TraversalResult result = graph.traverse({.start = {node(0)}, .hops = 0});
  EXPECT_EQ(result.nodes.size(), static_cast<std::size_t>(length));
  EXPECT_EQ(result.nodes.back().hop, static_cast<std::size_t>(length));
  EXPECT_EQ(graph.shortest_path(node(0), node(length))->types.size(), static_cast<std::size_t>(length));
  EXPECT_EQ(graph.component(node(length)).size(), static_cast<std::size_t>(length) + 1);
  EXPECT_EQ(graph.topological_order().back(), node(length));
  store.graph().link(node(length), "t", node(0));
  const std::vector<Path> cycles = graph.cycles();
  ASSERT_EQ(cycles.size(), 1U);
  EXPECT_EQ(cycles[0].types.size(), static_cast<std::size_t>(length) + 1);
}

}  // namespace
}  // namespace strata
