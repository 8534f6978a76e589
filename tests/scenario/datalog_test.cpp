// Datalog as a program asks it, on every engine: what is read where, at which state, and questions of the kind that
// tutorials of the language ask.
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

/// Rows as JSON: columns apart by blanks, rows by bars.
std::string shown(const DatalogResult& result) {
  std::string out;
  for (const auto& row : result.rows) {
    if (!out.empty()) out += " | ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += i == 0 ? "" : " ";
      out += row[i].type() == ValueType::string ? std::string(row[i].as_string()) : row[i].to_json();
    }
  }
  return out;
}

std::optional<ErrorCode> code_of(const std::function<void()>& call) {
  try {
    call();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

class AnyDatalog : public testing::TestWithParam<std::string> {
 protected:
  Store open() { return Store::open(site_.url(), {}); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

TEST_P(AnyDatalog, CollectionsAreReadByKeyByIndexOrWhole) {
  Store store = open();
  store.transact([](Transaction& transaction) {
    Collection notes = transaction.collection("notes");
    for (int i = 0; i < 300; ++i) {
      notes.put("n" + std::to_string(i),
                Value::object({{"kind", Value(i % 100)}, {"next", Value("n" + std::to_string(i + 1))}}));
    }
  });
  EXPECT_EQ(shown(store.query("?- notes('n7', {kind: K}).")), "7");
  EXPECT_EQ(shown(store.query("?- notes(N, {kind: 7}).")), "n107 | n207 | n7");
  store.collection("notes").create_index({.name = "kind", .fields = {{"kind"}}});
  EXPECT_EQ(shown(store.query("?- notes(N, {kind: 7}).")), "n107 | n207 | n7");
  const auto joined = store.query("k(8). k(9). ?- k(K), notes(N, {kind: K}).");
  EXPECT_EQ(shown(joined), "8 n108 | 8 n208 | 8 n8 | 9 n109 | 9 n209 | 9 n9");
  EXPECT_NE(joined.steps.back().access.find("notes looked up by kind"), std::string::npos)
      << joined.steps.back().access;
  EXPECT_EQ(joined.position, store.position());
  const std::string reach = "to(A, B) :- notes(A, {next: B}). to(A, C) :- to(A, B), notes(B, {next: C}). ";
  EXPECT_EQ(shown(store.query(reach + "?- to('n297', X).")), "n298 | n299 | n300");
  EXPECT_EQ(store.query(reach + "far(count(X)) :- to('n0', X). ?- far(N).").rows.at(0).at(0).as_int(), 300);
  EXPECT_EQ(shown(store.query("?- notes('', {kind: K}).")), "");
  EXPECT_EQ(shown(store.query("?- notes(K, {_version: V, kind: 3}), K = 'n3', V = 1.")), "n3 1");
  EXPECT_EQ(code_of([&] { store.query("?- nothing(X)."); }), ErrorCode::not_found);
}

TEST_P(AnyDatalog, EdgesAreReadFromEitherEnd) {
  Store store = open();
  EXPECT_EQ(shown(store.query("?- edge(A, T, B).")), "") << "no edge yet";
  store.transact([](Transaction& transaction) {
    Graph graph = transaction.graph();
    graph.link("a", "depends", "b");
    graph.link("b", "depends", "c", Value::object({{"least", Value(2)}}));
    graph.link("c", "depends", "a");
    graph.link("c", "suggests", "d");
  });
  EXPECT_EQ(shown(store.query("?- edge('c', T, B).")), "depends a | suggests d");
  EXPECT_EQ(shown(store.query("?- edge(A, 'depends', 'c').")), "b");
  EXPECT_EQ(shown(store.query("?- edge(A, 'depends', 'c', {least: L}).")), "b 2");
  EXPECT_EQ(shown(store.query("?- edge(A, _, B, V), V = null, A != 'c'.")), "a b null");
  const std::string rules = "r(A, B) :- edge(A, 'depends', B). r(A, C) :- edge(A, 'depends', B), r(B, C). ";
  EXPECT_EQ(shown(store.query(rules + "?- r('a', X).")), "a | b | c");
  EXPECT_EQ(shown(store.query(rules + "n(A, count(B)) :- r(A, B). ?- n(A, N).")), "a 3 | b 3 | c 3");
  EXPECT_EQ(
      shown(store.query(rules + "node(A) :- edge(A, _, _). node(B) :- edge(_, _, B). ?- node(X), not r('a', X).")),
      "d");
}

TEST_P(AnyDatalog, EventsAreReadByTheirStream) {
  Store store = open();
  store.stream("orders").append(NewEvent{.type = "made", .data = Value::object({{"sum", Value(5)}})});
  store.stream("orders").append(NewEvent{.type = "paid", .data = Value::object({{"sum", Value(3)}})});
  store.stream("mail").append(NewEvent{.type = "made", .data = Value::object({{"sum", Value(1)}})});
  EXPECT_EQ(shown(store.query("?- stream('orders', V, T, {sum: S}).")), "1 made 5 | 2 paid 3");
  EXPECT_EQ(shown(store.query("?- stream(N, V, 'made', _).")), "mail 1 | orders 1");
  EXPECT_EQ(shown(store.query("?- stream(N, 2, T).")), "orders paid");
  EXPECT_EQ(shown(store.query("n(N, sum(S)) :- stream(N, _, _, {sum: S}). ?- n(N, S).")), "mail 1 | orders 8");
}

TEST_P(AnyDatalog, EachQuestionIsOfOneState) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.put("a", Value(1));
  const Snapshot snapshot = store.snapshot();
  notes.put("b", Value(2));
  EXPECT_EQ(shown(snapshot.query("?- notes(K, V).")), "a 1");
  EXPECT_EQ(snapshot.query("?- notes(K).").position, snapshot.position());
  EXPECT_EQ(shown(store.query("?- notes(K, V).")), "a 1 | b 2");
  store.transact([&](Transaction& transaction) {
    transaction.collection("notes").put("c", Value(3));
    transaction.collection("notes").erase("a");
    transaction.graph().link("b", "to", "c");
    EXPECT_EQ(shown(transaction.query("?- notes(K, V).")), "b 2 | c 3") << "its own writes";
    EXPECT_EQ(shown(transaction.query("?- notes('a', V).")), "");
    EXPECT_EQ(shown(transaction.query("?- edge(A, 'to', B), notes(B, V).")), "b c 3");
  });
}

TEST_P(AnyDatalog, ATransactionThatAskedConflictsWithWhatChangesTheAnswer) {
  Store store = open();
  store.collection("notes").put("a", Value(1));
  int runs = 0;
  store.transact([&](Transaction& transaction) {
    const std::string before = shown(transaction.query("?- notes(K, V)."));
    if (++runs == 1) std::thread([&] { store.collection("notes").put("b", Value(2)); }).join();
    transaction.collection("seen").put("x", Value(before));
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(store.collection("seen").get("x")->value.as_string(), "a 1 | b 2");
}

TEST_P(AnyDatalog, LimitsHold) {
  Store store = open();
  store.collection("notes").put("a", Value(1));
  store.collection("notes").put("b", Value(2));
  const DatalogResult first = store.query("?- notes(K).", {.limit = 1});
  EXPECT_EQ(shown(first), "a");
  EXPECT_FALSE(first.complete);
  EXPECT_TRUE(store.query("?- notes(K).", {.limit = 2}).complete);
  EXPECT_EQ(code_of([&] { store.query("p(1). p(X + 1) :- p(X). ?- p(X).", {.memory_max = 1U << 20}); }),
            ErrorCode::limit_exceeded);
}

// What a well-known tutorial of a Datalog database teaches, one question for each of its lessons; with data of our own.
struct Lesson {
  const char* name;
  const char* program;
  const char* answer;
};

const std::vector<Lesson> lessons{
    {"constants", "row('hello', 'world'). ?- row(A, B).", "hello world"},
    {"several rows, of several kinds", "r(1.5, 'a'). r(true, null). ?- r(A, B).", "true null | 1.5 a"},
    {"each row once", "r(1). r(2). r(1). ?- r(X).", "1 | 2"},
    {"expressions", "?- A = 1 + 2, B = 3 / 4, C = lower('HELLO'), D = concat([1, 2], [3]).", "3 0.75 hello [1,2,3]"},
    {"some columns, in another order", "r(1, 2, 3). r('a', 'b', 'c'). ?- r(_, B, C), D = B.", "2 3 2 | b c b"},
    {"a test in a rule", "r(1, 2, 3). r('a', 'b', 'c'). ?- r(_A, B, C), is_number(_A).", "2 3"},
    {"a constant in a rule", "r(1, 2, 3). r('a', 'b', 'c'). ?- r('a', B, C).", "b c"},
    {"computing from columns", "r(1, 2, 3). r('a', 'b', 'c'). ?- r(A, B, C), D = A + B + 2 * C.", "1 2 3 9"},
    {"lists", "?- X in [1, 2, 3], Y in ['x', 'y'], X > 2.", "3 x | 3 y"},
    {"every pair", "r(1, 'a'). r(2, 'b'). s(2, 'B'). s(3, 'C'). ?- r(_, A), s(_, B).", "a B | a C | b B | b C"},
    {"a join", "r(1, 'a'). r(2, 'b'). s(2, 'B'). s(3, 'C'). ?- r(_K, A), s(_K, B).", "b B"},
    {"what both like", "?- edge('ida', 'likes', X), edge('max', 'likes', X).", "ann"},
    {"what either likes", "l(X) :- edge('ida', 'likes', X). l(X) :- edge('max', 'likes', X). ?- l(X), X != 'ann'.",
     "max | zoe"},
    {"negated tests", "?- edge(_P, 'likes', X), not ends_with(_P, 'a').", "ann | ida | zoe"},
    {"not", "?- edge('ida', 'likes', X), not edge('max', 'likes', X).", "max"},
    {"not, of a population",
     "p(X) :- edge(X, 'likes', _). p(X) :- edge(_, 'likes', X). ?- p(X), not edge('max', 'likes', X).",
     "ida | kim | max"},
    {"recursion", "chain(X) :- edge('kim', 'likes', X). chain(Y) :- chain(X), edge(X, 'likes', Y). ?- chain(X).",
     "ann | ida | max | zoe"},
    {"counting", "liked(P, count(X)) :- edge(X, 'likes', P). ?- liked(P, N) order by N desc, P.",
     "ann 3 | ida 1 | max 1 | zoe 1"},
    {"limit", "?- edge(A, 'likes', B). limit 1", "ida ann"},
    {"order", "?- edge(A, 'likes', B). order by B desc, A limit 2", "max zoe | ida max"},
    {"how many records", "n(count(K)) :- airports(K). ?- n(N).", "4"},
    {"by initial", "n(I, count(K)) :- airports(K), I = substring(K, 0, 1). ?- n(I, N).", "B 1 | O 2 | P 1"},
    {"all aggregates",
     "n(count(R), count_distinct(R), sum(R), min(R), max(R), mean(R)) :- airports(_, {runways: R}). ?- n(A,B,C,D,E,F).",
     "4 3 9 1 4 2.25"},
    {"what no route reaches", "?- airports(K, {city: C}), not edge(K, 'route', _), not edge(_, 'route', K).",
     "PRG Praha"},
    {"within a box", "?- airports(K, {at: {lat: L}}), L > 59, L < 60.5.", "BGO 60.3"},
    {"distances along a way of two legs",
     "?- edge('OSL', 'route', M, {km: A}), edge(M, 'route', T, {km: B}), D = A + B, T != 'OSL'. order by D",
     "BGO 320 ORY 1300 1620"},
    {"the fewest legs",
     "way(B, 1) :- edge('OSL', 'route', B). way(C, N + 1) :- way(B, N), edge(B, 'route', C), N < 5. "
     "least_legs(B, min(N)) :- way(B, N). ?- least_legs('ORY', N).",
     "2"},
};

TEST_P(AnyDatalog, LessonsOfATutorial) {
  Store store = open();
  store.transact([](Transaction& transaction) {
    Graph graph = transaction.graph();
    for (const auto& [from, to] : std::vector<std::pair<const char*, const char*>>{
             {"ida", "ann"}, {"ida", "max"}, {"max", "ann"}, {"max", "zoe"}, {"kim", "ida"}, {"kim", "ann"}}) {
      graph.link(from, "likes", to);
    }
    Collection airports = transaction.collection("airports");
    const auto put = [&](const char* code, const char* city, int runways, double lat) {
      airports.put(code, Value::object({{"city", Value(city)},
                                        {"runways", Value(runways)},
                                        {"at", Value::object({{"lat", Value(lat)}})}}));
    };
    put("OSL", "Oslo", 2, 60.2 + 1);
    put("BGO", "Bergen", 1, 60.3);
    put("ORY", "Paris", 4, 48.7);
    put("PRG", "Praha", 2, 50.1);
    const auto route = [&](const char* from, const char* to, int km) {
      graph.link(from, "route", to, Value::object({{"km", Value(km)}}));
      graph.link(to, "route", from, Value::object({{"km", Value(km)}}));
    };
    route("OSL", "BGO", 320);
    route("BGO", "ORY", 1300);
  });
  for (const Lesson& lesson : lessons) {
    EXPECT_EQ(shown(store.query(lesson.program)), lesson.answer) << lesson.name << ": " << lesson.program;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyDatalog, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
