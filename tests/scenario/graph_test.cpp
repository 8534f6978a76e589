// Edges and the rules of their types as a program uses them, on every engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <thread>

#include "platform/clock.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/copy.hpp"
#include "strata/dump.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

using Names = std::vector<std::string>;

class AnyGraph : public testing::TestWithParam<std::string> {
 protected:
  Store open() { return Store::open(site_.url(), {}); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

std::optional<ErrorCode> code_of(const std::function<void()>& call) {
  try {
    call();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

void expect_sound(const Store& store) { EXPECT_EQ(store.verify().problems, Names{}); }

Names shown(const std::vector<Edge>& edges) {
  Names out;
  for (const Edge& edge : edges) out.push_back(edge.from + "-" + edge.type + "->" + edge.to);
  return out;
}

Follow follow(Direction direction, Names types = {}, std::string where = {}) {
  Follow out;
  out.direction = direction;
  out.types = std::move(types);
  out.where = std::move(where);
  return out;
}

Names all_edges(const Graph& graph) {
  Names out;
  graph.scan([&](const Edge& edge) {
    out.push_back(edge.from + "-" + edge.type + "->" + edge.to);
    return true;
  });
  return out;
}

TEST_P(AnyGraph, AnEdgeIsMadeSeenFromBothEndsAndRemoved) {
  Store store = open();
  Graph graph = store.graph();
  EXPECT_EQ(graph.count(), 0U);
  EXPECT_FALSE(graph.unlink("a", "knows", "b"));
  EXPECT_TRUE(graph.edges("a").empty());
  const Version version = graph.link("a", "knows", "b", Value::object({{"since", 2020}}));
  EXPECT_GT(version.value, 0U);
  const auto edge = graph.edge("a", "knows", "b");
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->from, "a");
  EXPECT_EQ(edge->type, "knows");
  EXPECT_EQ(edge->to, "b");
  EXPECT_EQ(edge->value["since"].as_int(), 2020);
  EXPECT_EQ(edge->version, version);
  EXPECT_FALSE(graph.edge("b", "knows", "a"));
  EXPECT_EQ(shown(graph.edges("a")), Names{"a-knows->b"});
  EXPECT_TRUE(graph.edges("b").empty());
  EXPECT_EQ(shown(graph.edges("b", follow(Direction::in))), Names{"a-knows->b"});
  EXPECT_EQ(graph.edges("b", follow(Direction::in)).front().value["since"].as_int(), 2020);
  EXPECT_EQ(shown(graph.edges("b", follow(Direction::both))), Names{"a-knows->b"});
  graph.link("a", "knows", "b", Value("again"));
  EXPECT_EQ(graph.count(), 1U);
  EXPECT_EQ(graph.edge("a", "knows", "b")->value.as_string(), "again");
  EXPECT_EQ(graph.edge("a", "knows", "b")->created, edge->created);
  EXPECT_TRUE(store.collections().empty()) << "the store's own collections are not listed";
  EXPECT_TRUE(graph.unlink("a", "knows", "b"));
  EXPECT_FALSE(graph.unlink("a", "knows", "b"));
  EXPECT_EQ(graph.count(), 0U);
  EXPECT_TRUE(graph.edges("b", follow(Direction::in)).empty());
  expect_sound(store);
}

TEST_P(AnyGraph, EdgesComeByTypeThenByTheOtherNodeAndCanBeFiltered) {
  Store store = open();
  Graph graph = store.graph();
  store.transact([&](Transaction& t) {
    Graph own = t.graph();
    own.link("hub", "z", "b", 1);
    own.link("hub", "a", "d", Value::object({{"w", 5}, {"type", "hidden"}}));
    own.link("hub", "a", "c", Value::object({{"w", 7}}));
    own.link("hub", "a", "hub");
    own.link("x", "a", "hub", Value::object({{"w", 9}}));
    own.link("hub2", "a", "hub3");
  });
  EXPECT_EQ(shown(graph.edges("hub")), (Names{"hub-a->c", "hub-a->d", "hub-a->hub", "hub-z->b"}));
  EXPECT_EQ(shown(graph.edges("hub", {}, 2)), (Names{"hub-a->c", "hub-a->d"}));
  EXPECT_EQ(shown(graph.edges("hub", follow(Direction::in))), (Names{"hub-a->hub", "x-a->hub"}));
  EXPECT_EQ(shown(graph.edges("hub", follow(Direction::both, {"a", "a"}))),
            (Names{"hub-a->c", "hub-a->d", "hub-a->hub", "x-a->hub"}))
      << "an edge to itself is told once";
  EXPECT_EQ(shown(graph.edges("hub", follow(Direction::both, {}, "w > 6"))), (Names{"hub-a->c", "x-a->hub"}));
  EXPECT_EQ(shown(graph.edges("hub", follow(Direction::out, {}, "value = 1"))), Names{"hub-z->b"});
  EXPECT_EQ(shown(graph.edges("hub", follow(Direction::out, {}, "type = 'a' and to = 'd'"))), Names{"hub-a->d"});
  Follow with = follow(Direction::both, {}, "w >= :least");
  with.parameters.emplace("least", Value(7));
  EXPECT_EQ(graph.edges("hub", with).size(), 2U);
  with.parameters.emplace("more", Value(7));
  EXPECT_EQ(code_of([&] { graph.edges("hub", with); }), ErrorCode::invalid_argument);
  store.collection("notes").put("n1", Value::object({{"kind", "good"}}));
  store.collection("notes").put("n2", Value::object({{"kind", "bad"}}));
  for (const char* to : {"notes/n1", "notes/n2", "notes/n3", "bare"}) graph.link("reader", "read", to);
  Follow good;
  good.node_where = "kind = 'good'";
  EXPECT_EQ(shown(graph.edges("reader", good)), Names{"reader-read->notes/n1"});
  EXPECT_EQ(graph.degree("hub").out, 4U);
  EXPECT_EQ(graph.degree("hub").in, 2U);
  EXPECT_EQ(graph.degree("hub", {"z"}).in, 0U);
  const std::vector<EdgeType> types = graph.types();
  ASSERT_EQ(types.size(), 3U);
  EXPECT_EQ(types[0].name, "a");
  EXPECT_EQ(types[0].edges, 5U);
  EXPECT_EQ(types[1].name, "read");
  EXPECT_EQ(types[2].edges, 1U);
  expect_sound(store);
}

TEST_P(AnyGraph, NamesOfAnyLengthStandForThemselves) {
  Store store = open();
  Graph graph = store.graph();
  Names names;
  for (const std::size_t bytes : {1U, 55U, 56U, 57U, 88U, 89U, 90U, 91U, 200U, 208U, 240U, 499U, 500U}) {
    names.push_back(std::string(bytes - 1, 'x') + "1");
    names.push_back(std::string(bytes - 1, 'x') + "2");
  }
  std::string umlauts;
  while (umlauts.size() < 400) umlauts += "ä";
  names.push_back(umlauts);
  names.push_back("x" + umlauts);
  const std::string type(60, 't');
  store.transact([&](Transaction& t) {
    for (const std::string& from : names) {
      for (const std::string& to : names) t.graph().link(from, type, to, Value(from + to));
    }
  });
  EXPECT_EQ(graph.count(), names.size() * names.size());
  Names sorted = names;
  std::sort(sorted.begin(), sorted.end());
  for (const std::string& name : names) {
    Names out, in;
    for (const Edge& edge : graph.edges(name)) {
      EXPECT_EQ(edge.from, name);
      EXPECT_EQ(edge.value.as_string(), edge.from + edge.to);
      out.push_back(edge.to);
    }
    for (const Edge& edge : graph.edges(name, follow(Direction::in, {type}))) {
      EXPECT_EQ(edge.to, name);
      EXPECT_EQ(edge.value.as_string(), edge.from + edge.to);
      in.push_back(edge.from);
    }
    std::sort(out.begin(), out.end());
    std::sort(in.begin(), in.end());
    EXPECT_EQ(out, sorted);
    EXPECT_EQ(in, sorted);
    EXPECT_EQ(graph.degree(name).in, names.size());
  }
  EXPECT_TRUE(graph.unlink(names[3], type, names[25]));
  EXPECT_FALSE(graph.edge(names[3], type, names[25]));
  EXPECT_EQ(graph.edges(names[25], follow(Direction::in)).size(), names.size() - 1);
  expect_sound(store);
}

TEST_P(AnyGraph, ATransactionSeesItsOwnEdgesAndASnapshotNoLaterOnes) {
  Store store = open();
  Graph graph = store.graph();
  graph.link("a", "t", "b", 1);
  graph.link("a", "t", "c", 1);
  graph.link("d", "t", "b", 1);
  const Snapshot before = store.snapshot();
  store.transact([&](Transaction& t) {
    Graph own = t.graph();
    own.link("a", "t", "a1");
    own.link("a", "s", "b", 3);
    own.link("a", "t", "b", 2);
    own.link("z", "t", "b");
    EXPECT_TRUE(own.unlink("a", "t", "c"));
    EXPECT_TRUE(own.unlink("d", "t", "b"));
    EXPECT_TRUE(own.unlink("z", "t", "b"));
    EXPECT_FALSE(own.unlink("z", "t", "b"));
    own.link("e", "t", "b");
    EXPECT_EQ(shown(own.edges("a")), (Names{"a-s->b", "a-t->a1", "a-t->b"}));
    EXPECT_EQ(shown(own.edges("b", follow(Direction::in))), (Names{"a-s->b", "a-t->b", "e-t->b"}));
    EXPECT_EQ(shown(own.edges("b", follow(Direction::in, {"t"}))), (Names{"a-t->b", "e-t->b"}));
    EXPECT_EQ(own.edge("a", "t", "b")->value.as_int(), 2);
    EXPECT_EQ(own.edge("a", "t", "b")->version, Version{});
    EXPECT_FALSE(own.edge("a", "t", "c"));
    EXPECT_EQ(own.count(), 4U);
    EXPECT_EQ(all_edges(own), (Names{"a-s->b", "a-t->a1", "a-t->b", "e-t->b"}));
    EXPECT_EQ(graph.count(), 3U) << "nobody else sees them";
  });
  EXPECT_EQ(all_edges(graph), (Names{"a-s->b", "a-t->a1", "a-t->b", "e-t->b"}));
  EXPECT_EQ(all_edges(before.graph()), (Names{"a-t->b", "a-t->c", "d-t->b"}));
  EXPECT_EQ(code_of([&] { before.graph().link("a", "t", "x"); }), ErrorCode::unsupported);
  expect_sound(store);
}

TEST_P(AnyGraph, AllEdgesOfANodeGoAtOnce) {
  Store store = open();
  Graph graph = store.graph();
  graph.link("a", "t", "b");
  graph.link("b", "t", "a");
  graph.link("b", "s", "b");
  graph.link("a", "t", "c");
  EXPECT_EQ(graph.unlink_all("b"), 3U);
  EXPECT_EQ(graph.unlink_all("b"), 0U);
  EXPECT_EQ(all_edges(graph), Names{"a-t->c"});
  expect_sound(store);
}

TEST_P(AnyGraph, AnExpectedVersionIsHeld) {
  Store store = open();
  Graph graph = store.graph();
  const Version first = graph.link("a", "t", "b", 1, {Version{}});
  EXPECT_EQ(code_of([&] { graph.link("a", "t", "b", 2, {Version{}}); }), ErrorCode::conflict);
  EXPECT_EQ(code_of([&] { graph.link("a", "t", "c", 2, {first}); }), ErrorCode::conflict);
  const Version second = graph.link("a", "t", "b", 2, {first});
  EXPECT_EQ(code_of([&] { graph.unlink("a", "t", "b", {first}); }), ErrorCode::conflict);
  EXPECT_TRUE(graph.unlink("a", "t", "b", {second}));
}

TEST_P(AnyGraph, WhatIsNoNameOrValueIsRefused) {
  Store store = open();
  Graph graph = store.graph();
  const auto refused = [&](const std::function<void()>& call) { return code_of(call) == ErrorCode::invalid_argument; };
  for (const std::string& bad : Names{"", std::string(501, 'x'), "a\nb", std::string("a\0b", 3), "\xff", "a\x7f"}) {
    EXPECT_TRUE(refused([&] { graph.link(bad, "t", "b"); })) << bad;
    EXPECT_TRUE(refused([&] { graph.link("a", "t", bad); })) << bad;
    EXPECT_TRUE(refused([&] { graph.edges(bad); })) << bad;
    EXPECT_TRUE(refused([&] { graph.unlink_all(bad); })) << bad;
    EXPECT_TRUE(refused([&] { graph.traverse({.start = {bad}}); })) << bad;
  }
  for (const std::string& bad : Names{"", std::string(61, 'x'), "a\tb", "\xff"}) {
    EXPECT_TRUE(refused([&] { graph.link("a", bad, "b"); })) << bad;
    EXPECT_TRUE(refused([&] { graph.edges("a", follow(Direction::out, {bad})); })) << bad;
    EXPECT_TRUE(refused([&] { graph.set_rule(bad, EdgeRule::cascade); })) << bad;
  }
  EXPECT_TRUE(refused([&] { graph.traverse({}); }));
  EXPECT_EQ(code_of([&] { graph.link("a", "t", "b", Value(std::string(2'000'000, 'x'))); }), ErrorCode::limit_exceeded);
  EXPECT_TRUE(refused([&] { store.collection(".edge").put("a", 1); }));
  EXPECT_TRUE(refused([&] { store.transact([&](Transaction& t) { t.graph().set_rule("t", EdgeRule::cascade); }); }));
  EXPECT_EQ(graph.count(), 0U);
}

// ---- rules

TEST_P(AnyGraph, ARecordWithRestrictedEdgesStaysUntilTheyAreGone) {
  Store store = open();
  Graph graph = store.graph();
  Collection notes = store.collection("notes");
  graph.set_rule("cites", EdgeRule::restrict);
  notes.put("a", 1);
  notes.put("b", 2);
  EXPECT_EQ(code_of([&] { graph.link("notes/a", "cites", "notes/missing"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { graph.link("notes/missing", "cites", "notes/a"); }), ErrorCode::not_found);
  graph.link("notes/a", "cites", "notes/b");
  graph.link("notes/a", "cites", "elsewhere/x");
  graph.link("notes/a", "cites", "https://example.org/");
  graph.link("notes/a", "likes", "notes/missing");
  EXPECT_EQ(code_of([&] { notes.erase("a"); }), ErrorCode::invalid_argument);
  EXPECT_NE(message_of([&] { notes.erase("b"); }).find("notes/a` -cites-> `notes/b"), std::string::npos);
  EXPECT_EQ(code_of([&] { notes.drop(); }), ErrorCode::invalid_argument);
  notes.put("b", 3);
  graph.unlink("notes/a", "cites", "notes/b");
  EXPECT_TRUE(notes.erase("b"));
  store.transact([&](Transaction& t) {
    t.graph().unlink("notes/a", "cites", "elsewhere/x");
    t.graph().unlink("notes/a", "cites", "https://example.org/");
    t.collection("notes").erase("a");
  });
  EXPECT_EQ(all_edges(graph), Names{"notes/a-likes->notes/missing"});
  store.transact([&](Transaction& t) {
    t.collection("notes").put("c", 1);
    t.graph().link("notes/c", "cites", "notes/c");
    EXPECT_EQ(code_of([&] { t.collection("notes").erase("c"); }), ErrorCode::invalid_argument);
  });
  expect_sound(store);
}

TEST_P(AnyGraph, CascadingEdgesGoWithTheirRecordAndWithTheCollection) {
  Store store = open();
  Graph graph = store.graph();
  Collection notes = store.collection("notes");
  const std::string long_key(200, 'k');
  graph.set_rule("part", EdgeRule::cascade);
  for (const std::string& key : Names{"a", "b", "c", long_key}) notes.put(key, 1);
  graph.link("notes/a", "part", "notes/b");
  graph.link("notes/b", "part", "notes/a");
  graph.link("notes/a", "part", "notes/a");
  graph.link("notes/a", "loose", "notes/b");
  graph.link("notes/b", "part", "notes/c");
  graph.link("notes/" + long_key, "part", "tag");
  graph.link("tag", "part", "notes/" + long_key);
  EXPECT_TRUE(notes.erase("a"));
  EXPECT_EQ(graph.count(), 4U);
  EXPECT_EQ(graph.edges("notes/a", follow(Direction::both)).size(), 1U);
  EXPECT_TRUE(notes.erase(long_key));
  EXPECT_EQ(all_edges(graph), (Names{"notes/a-loose->notes/b", "notes/b-part->notes/c"}));
  expect_sound(store);
  store.transact([&](Transaction& t) {
    t.collection("notes").put("d", 1);
    t.graph().link("notes/d", "part", "notes/b");
    t.collection("notes").erase("b");
    EXPECT_EQ(t.graph().count(), 1U);
    t.graph().link("notes/d", "part", "notes/c");
  });
  EXPECT_TRUE(notes.drop());
  EXPECT_EQ(all_edges(graph), Names{"notes/a-loose->notes/b"});
  expect_sound(store);
}

TEST_P(AnyGraph, ARuleIsRefusedWhileEdgesBreakItAndCanBeTakenBack) {
  Store store = open();
  Graph graph = store.graph();
  Collection notes = store.collection("notes");
  notes.put("a", 1);
  graph.link("notes/a", "cites", "notes/missing");
  EXPECT_NE(message_of([&] { graph.set_rule("cites", EdgeRule::restrict); }).find("notes/missing"), std::string::npos);
  graph.set_rule("likes", EdgeRule::restrict);
  graph.unlink("notes/a", "cites", "notes/missing");
  graph.set_rule("cites", EdgeRule::cascade);
  notes.put("b", 1);
  graph.link("notes/a", "likes", "notes/b");
  const std::vector<EdgeType> types = graph.types();
  ASSERT_EQ(types.size(), 2U);
  EXPECT_EQ(types[0].rule, EdgeRule::cascade);
  EXPECT_EQ(types[0].edges, 0U);
  EXPECT_EQ(types[1].rule, EdgeRule::restrict);
  graph.set_rule("likes", EdgeRule::dangling);
  graph.set_rule("never", EdgeRule::dangling);
  EXPECT_TRUE(notes.erase("b"));
  EXPECT_EQ(graph.count(), 1U);
  EXPECT_EQ(parse_edge_rule("cascade"), EdgeRule::cascade);
  EXPECT_FALSE(parse_edge_rule("Cascade"));
  expect_sound(store);
}

TEST_P(AnyGraph, WhatLinksAndWhatErasesAtTheSameTimeCannotBothCommit) {
  Store store = open();
  Graph graph = store.graph();
  graph.set_rule("needs", EdgeRule::restrict);
  Collection notes = store.collection("notes");
  notes.put("a", 1);
  notes.put("b", 1);
  // The first attempt of each transaction meets the other's commit.
  int attempts = 0;
  EXPECT_EQ(code_of([&] {
              store.transact([&](Transaction& t) {
                ++attempts;
                t.graph().link("notes/a", "needs", "notes/b");
                std::thread([&] { notes.erase("b"); }).join();
              });
            }),
            ErrorCode::not_found);
  EXPECT_EQ(attempts, 2);
  notes.put("b", 1);
  attempts = 0;
  EXPECT_EQ(code_of([&] {
              store.transact([&](Transaction& t) {
                ++attempts;
                t.collection("notes").erase("b");
                std::thread([&] { graph.link("notes/a", "needs", "notes/b"); }).join();
              });
            }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(attempts, 2);
  expect_sound(store);
}

TEST_P(AnyGraph, ARuleDeclaredWhileARecordIsErasedCounts) {
  Store store = open();
  Graph graph = store.graph();
  Collection notes = store.collection("notes");
  notes.put("a", 1);
  notes.put("b", 1);
  graph.link("notes/a", "needs", "notes/b");
  int attempts = 0;
  EXPECT_EQ(code_of([&] {
              store.transact([&](Transaction& t) {
                ++attempts;
                t.collection("notes").erase("b");
                std::thread([&] { graph.set_rule("needs", EdgeRule::restrict); }).join();
              });
            }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(attempts, 2);
  expect_sound(store);
}

TEST_P(AnyGraph, EdgesOfAnExpiredRecordGoWithItWhateverTheRule) {
  platform::ManualClock clock(*Time::parse("2030-01-01"));
  const platform::ClockOverride in_force(clock);
  Store store = open();
  Graph graph = store.graph();
  Collection notes = store.collection("notes");
  graph.set_rule("cites", EdgeRule::restrict);
  graph.set_rule("part", EdgeRule::cascade);
  notes.put("short", 1, {.time_to_live = std::chrono::minutes(1)});
  notes.put("early", 1, {.time_to_live = std::chrono::minutes(1)});
  notes.put("long", 1);
  graph.link("notes/long", "cites", "notes/short");
  graph.link("notes/short", "part", "notes/long");
  graph.link("notes/short", "loose", "notes/long");
  graph.link("notes/long", "part", "notes/early");
  clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(code_of([&] { graph.link("notes/long", "cites", "notes/short"); }), ErrorCode::not_found);
  EXPECT_FALSE(notes.erase("early")) << "it cannot be seen";
  EXPECT_EQ(graph.edges("notes/early", follow(Direction::in)).size(), 0U);
  store.compact();
  EXPECT_EQ(all_edges(graph), Names{"notes/short-loose->notes/long"});
  EXPECT_TRUE(notes.erase("long"));
  expect_sound(store);
}

TEST_P(AnyGraph, AStoreWithEdgesIsDumpedLoadedAndCopied) {
  Store store = open();
  Graph graph = store.graph();
  store.collection("notes").put("a", 1);
  graph.set_rule("part", EdgeRule::cascade);
  graph.link("notes/a", "part", std::string(300, 'x'), Value::object({{"w", 1.5}}));
  graph.link("notes/a", "likes", "b");
  std::vector<std::string> lines;
  dump(store, [&](std::string_view line) { lines.emplace_back(line); });
  std::size_t next = 0;
  Store loaded = Store::open("memory:", {});
  load(loaded, [&](std::string& line) {
    if (next == lines.size()) return false;
    line = lines[next++];
    return true;
  });
  Store copied = Store::open("memory:", {});
  copy(store, copied);
  for (Store* other : {&loaded, &copied}) {
    EXPECT_EQ(other->describe().digest, store.describe().digest);
    EXPECT_EQ(all_edges(other->graph()), all_edges(graph));
    EXPECT_EQ(other->graph().edges(std::string(300, 'x'), follow(Direction::in)).at(0).value["w"].as_double(), 1.5);
    other->collection("notes").erase("a");
    EXPECT_EQ(all_edges(other->graph()), Names{"notes/a-likes->b"});
    expect_sound(*other);
  }
}

TEST_P(AnyGraph, ASubscriptionTellsOfEdges) {
  Store store = open();
  Graph graph = store.graph();
  graph.link("a", "likes", "b", Value::object({{"w", 1}}));
  SubscriptionOptions options;
  options.edges = {{.types = {"likes"}, .node_prefix = "a", .where = "w > 0"}};
  options.start = Start::state;
  Subscription watch = store.subscribe(options);
  const auto next = [&] {
    const auto change = watch.next(std::chrono::seconds(20));
    if (!change) return std::string("nothing");
    if (change->kind == Change::Kind::state_end) return std::string("state");
    const std::string kind = change->kind == Change::Kind::put    ? "put "
                             : change->kind == Change::Kind::left ? "left "
                                                                  : "erase ";
    return kind + change->edge->from + "-" + change->source + "->" + change->edge->to;
  };
  EXPECT_EQ(next(), "put a-likes->b");
  EXPECT_EQ(next(), "state");
  graph.link("a", "hates", "b", Value::object({{"w", 1}}));
  graph.link("x", "likes", "y", Value::object({{"w", 1}}));
  graph.link("c", "likes", "ab", Value::object({{"w", 2}}));
  EXPECT_EQ(next(), "put c-likes->ab");
  graph.link("a", "likes", "b", Value::object({{"w", 0}}));
  EXPECT_EQ(next(), "left a-likes->b");
  graph.unlink_all("a");
  EXPECT_EQ(next(), "erase a-likes->b");
  const std::string longer = "a" + std::string(200, 'z');
  graph.link(longer, "likes", "b", Value::object({{"w", 1}}));
  EXPECT_EQ(next(), "put " + longer + "-likes->b");
  graph.unlink(longer, "likes", "b");
  EXPECT_EQ(next(), "erase " + longer.substr(0, 56) + "-likes->b");
  EXPECT_EQ(code_of([&] { store.subscribe({.edges = {{.where = "w >"}}}); }), ErrorCode::invalid_argument);
}

/// Words are indexed by SQLite.
bool has_text() {
  const std::vector<std::string> engines = built_engines();
  return std::find(engines.begin(), engines.end(), "sqlite") != engines.end();
}

TEST_P(AnyGraph, ASearchCanBeHeldNearANode) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.create_vector({.field = "v", .dimension = 2, .metric = Metric::l2});
  for (int i = 0; i < 6; ++i)
    notes.put("n" + std::to_string(i),
              Value::object({{"odd", i % 2 == 1}, {"text", "all"}, {"v", Value::array({Value(1.0), Value(i)})}}));
  Graph graph = store.graph();
  graph.link("topic", "has", "notes/n2");
  graph.link("topic", "has", "notes/n3");
  graph.link("notes/n3", "cites", "notes/n5");
  graph.link("notes/n5", "cites", "notes/missing");
  const auto keys = [&](std::size_t hops, const std::string& where, Names types = {}) {
    Search search;
    search.near = {Near{.vector = {1, 0}}};
    search.where = where;
    search.within = Within{.node = "topic", .hops = hops, .types = std::move(types)};
    Names out;
    for (const Hit& hit : notes.search(search).hits) out.push_back(hit.record.key);
    return out;
  };
  EXPECT_EQ(keys(1, ""), (Names{"n2", "n3"}));
  EXPECT_EQ(keys(1, ""), (Names{"n2", "n3"})) << "the answer is kept";
  EXPECT_EQ(keys(2, ""), (Names{"n2", "n3", "n5"}));
  EXPECT_EQ(keys(0, "odd = true"), (Names{"n3", "n5"}));
  EXPECT_EQ(keys(9, "", {"cites"}), Names{});
  graph.link("notes/n0", "of", "topic");
  EXPECT_EQ(keys(1, ""), (Names{"n0", "n2", "n3"})) << "and given up when an edge changes it";
  if (has_text()) {
    notes.create_text({.fields = {"text"}});
    for (const std::string where : {"", "odd = true"}) {
      Search both;
      both.near = {Near{.vector = {1, 0}}};
      both.text = TextMatch{.words = "all"};
      both.where = where;
      both.within = Within{.node = "topic", .hops = 2};
      Names out;
      for (const Hit& hit : notes.search(both).hits) out.push_back(hit.record.key);
      std::sort(out.begin(), out.end());
      EXPECT_EQ(out, where.empty() ? (Names{"n0", "n2", "n3", "n5"}) : (Names{"n3", "n5"}));
      both.near.clear();
      EXPECT_EQ(notes.search(both).hits.size(), out.size());
    }
  }
  Search search;
  search.near = {Near{.vector = {1, 0}}};
  search.within = Within{.node = "notes/n5"};
  EXPECT_EQ(notes.search(search).hits.size(), 2U) << "the node itself, and n3";
  store.transact([&](Transaction& t) {
    t.graph().unlink("topic", "has", "notes/n2");
    search.within = Within{.node = "topic"};
    EXPECT_EQ(t.collection("notes").search(search).hits.size(), 2U);
  });
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyGraph, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

// ---- limits; the engine does not matter

TEST(GraphLimits, ACascadeLargerThanATransactionSaysSo) {
  if (std::getenv("STRATA_SOAK") == nullptr) GTEST_SKIP() << "100,001 edges take a while: STRATA_SOAK=1";
  Store store = Store::open("memory:", {});
  Graph graph = store.graph();
  graph.set_rule("part", EdgeRule::cascade);
  store.collection("notes").put("hub", 1);
  constexpr int in_all = 100'001;
  for (int done = 0; done < in_all;) {
    store.transact([&, begin = done](Transaction& t) {
      Graph own = t.graph();
      for (done = begin; done < in_all && done < begin + 50'000; ++done)
        own.link("notes/hub", "part", "x" + std::to_string(done));
    });
  }
  EXPECT_EQ(code_of([&] { store.collection("notes").erase("hub"); }), ErrorCode::limit_exceeded);
  EXPECT_NE(message_of([&] { store.collection("notes").erase("hub"); }).find("notes/hub"), std::string::npos);
  EXPECT_EQ(code_of([&] { graph.unlink_all("notes/hub"); }), ErrorCode::limit_exceeded);
  graph.unlink("notes/hub", "part", "x1");
  EXPECT_EQ(graph.unlink_all("notes/hub"), 100'000U);
  EXPECT_TRUE(store.collection("notes").erase("hub"));
}

}  // namespace
}  // namespace strata
