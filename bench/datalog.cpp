// Datalog: transitive closures, whole and from one node, beside recursive SQL,
// Kuzu and CozoDB.
#include "strata/datalog.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <stdexcept>

#include "bench/rival_program.hpp"
#include "bench/setting.hpp"
#include "strata/store.hpp"

#ifdef STRATA_BENCH_SQLITE
#include "bench/sqlite_database.hpp"
#endif

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t seed = 20'261'121;
constexpr std::size_t edges_per_commit = 5'000;
constexpr const char* left = "r(X, Y) :- edge(X, 'to', Y). r(X, Z) :- r(X, Y), edge(Y, 'to', Z). ";
constexpr const char* right = "r(X, Y) :- edge(X, 'to', Y). r(X, Z) :- edge(X, 'to', Y), r(Y, Z). ";

using Edges = std::vector<std::pair<std::string, std::string>>;

Edges random_edges(std::size_t nodes, std::size_t edges) {
  std::mt19937_64 random(seed);
  const auto node = [&] { return "n" + std::to_string(random() % nodes); };
  Edges out;
  for (std::size_t i = 0; i < edges; ++i) {
    std::string from = node();
    out.emplace_back(std::move(from), node());
  }
  return out;
}

struct Question {
  std::string work;
  std::string program;
  std::string sql;  ///< Counts the same rows.
};

std::vector<Question> questions() {
  const std::string closure =
      "WITH RECURSIVE r(a, b) AS (SELECT source, target FROM edge UNION SELECT r.a, edge.target FROM r JOIN edge ON "
      "edge.source = r.b) SELECT count(*) FROM r";
  const std::string reach =
      "WITH RECURSIVE r(b) AS (SELECT target FROM edge WHERE source = 'n1' UNION SELECT edge.target FROM r JOIN edge "
      "ON "
      "edge.source = r.b) SELECT count(*) FROM r";
  return {{"every pair", std::string(left) + "n(count()) :- r(_, _). ?- n(N).", closure},
          {"from one node, left-linear", std::string(left) + "n(count()) :- r('n1', _). ?- n(N).", reach},
          {"from one node, right-linear", std::string(right) + "n(count()) :- r('n1', _). ?- n(N).", reach}};
}

/// Asks once to warm up, and then for as long as a measurement takes; the count that was found.
template <class Ask>
std::pair<Run, std::int64_t> ask_again(double seconds, const Ask& ask) {
  Run run;
  const std::int64_t found = ask();
  const auto begin = Clock::now();
  do {
    const auto asked = Clock::now();
    if (ask() != found) throw std::runtime_error("the same question has two answers");
    run.times.add(Clock::now() - asked);
    ++run.operations;
    run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  } while (run.seconds < seconds);
  return {run, found};
}

DatalogOptions patient() {
  DatalogOptions options;
  options.time_max = std::chrono::minutes(5);
  options.memory_max = std::uint64_t{4} << 30;
  return options;
}

bool is_of_pairs(const std::string& work) { return work.starts_with("every pair"); }

/// What a rival should have counted.
std::int64_t expected(Store& store, const RivalLine& told) {
  const bool pairs = is_of_pairs(told.line.work);
  std::string program = std::string(left) + "n(count()) :- r(" + (pairs ? "X" : "'n1'") + ", Y)";
  if (told.without_itself) program += pairs ? ", X != Y" : ", Y != 'n1'";
  return store.query(program + ". ?- n(N).", patient()).rows.at(0).at(0).as_int();
}

/// `sqlite_rates`: of SQLite, from one node and of every pair; 0 when it is not here.
void run_rivals(Setting& setting, const std::string& name, const Edges& edges, Store& store,
                std::pair<double, double> sqlite_rates) {
  std::vector<Value> rows;
  for (const auto& [from, to] : edges) rows.push_back(Value::array({Value(from), Value(to)}));
  const Value task =
      Value::object({{"edges", Value::array(rows)}, {"from", Value("n1")}, {"seconds", Value(setting.seconds)}});
  run_graph_rivals(setting, "datalog-" + std::to_string(edges.size()), task, [&](RivalLine told) {
    if (told.found && static_cast<std::int64_t>(*told.found) != expected(store, told))
      throw std::runtime_error("Datalog and " + told.line.who + " disagree: " + told.line.work);
    const double sqlite_rate = is_of_pairs(told.line.work) ? sqlite_rates.second : sqlite_rates.first;
    if (told.line.run && sqlite_rate > 0) told.line.ratios = {{"sqlite", told.line.run->rate() / sqlite_rate}};
    if (told.found) told.line.note = std::to_string(*told.found) + " rows; " + told.line.note;
    told.line.work = name + told.line.work;
    setting.report.add(told.line);
  });
}

void bench_graph_of(Setting& setting, std::size_t nodes, std::size_t edge_count) {
  const std::string name = std::to_string(nodes) + " nodes, " + std::to_string(edge_count) + " edges: ";
  const Edges edges = random_edges(nodes, edge_count);
  Store store = Store::open(setting.place("datalog-" + std::to_string(nodes)));
  for (std::size_t begin = 0; begin < edges.size(); begin += edges_per_commit) {
    store.transact([&](Transaction& transaction) {
      Graph graph = transaction.graph();
      for (std::size_t i = begin; i < std::min(begin + edges_per_commit, edges.size()); ++i) {
        graph.link(edges[i].first, "to", edges[i].second);
      }
    });
  }
#ifdef STRATA_BENCH_SQLITE
  SqliteDatabase database(setting.place("datalog-" + std::to_string(nodes) + ".sqlite"));
  database.run("CREATE TABLE edge(source TEXT, target TEXT, PRIMARY KEY(source, target)) WITHOUT ROWID");
  database.run("BEGIN");
  for (const auto& [from, to] : edges) {
    SqliteStatement insert = database.prepare("INSERT OR IGNORE INTO edge VALUES(?1, ?2)");
    insert.bind_text(1, from);
    insert.bind_text(2, to);
    insert.run();
  }
  database.run("COMMIT");
#endif
  std::pair<double, double> sqlite_rates;
  for (const Question& question : questions()) {
    const auto [run, found] =
        ask_again(setting.seconds, [&] { return store.query(question.program, patient()).rows.at(0).at(0).as_int(); });
    Ratios ratios;
#ifdef STRATA_BENCH_SQLITE
    const auto [sql_run, sql_found] = ask_again(setting.seconds, [&] {
      SqliteStatement statement = database.prepare(question.sql);
      if (!statement.step()) throw std::runtime_error("no count");
      return statement.number(0);
    });
    if (sql_found != found) throw std::runtime_error("Datalog and SQLite disagree: " + question.work);
    ratios.emplace_back("sqlite", run.rate() / sql_run.rate());
    (is_of_pairs(question.work) ? sqlite_rates.second : sqlite_rates.first) = sql_run.rate();
    setting.report.add({name + question.work, "sqlite, recursive SQL", sql_run, {}, {}, {}});
#endif
    setting.report.add({name + question.work, "strata", run, {}, ratios, std::to_string(found) + " rows"});
  }
  run_rivals(setting, name, edges, store, sqlite_rates);
}

}  // namespace

void bench_datalog(Setting& setting) {
  setting.report.section("Datalog: closures of random graphs, counted");
  bench_graph_of(setting, 1'000, 3'000);
  bench_graph_of(setting, 2'000, 4'000);
  if (setting.soak) bench_graph_of(setting, 4'000, 12'000);
}

}  // namespace strata::bench
