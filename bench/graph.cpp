// The graph: what is within five hops of a node, how fast edges are made; on every engine, beside recursive SQL, Kuzu
// and CozoDB.
#include "strata/graph.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <stdexcept>

#include "bench/package_record.hpp"
#include "bench/rival_program.hpp"
#include "bench/setting.hpp"
#include "strata/store.hpp"

#ifdef STRATA_BENCH_SQLITE
#include "bench/sqlite_database.hpp"
#endif
#if __has_include(<duckdb.h>)
#include "engine/duckdb/duckdb_library.hpp"
#include "strata/error.hpp"
#define STRATA_BENCH_DUCKDB 1
#endif

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t hops = 5;
constexpr std::size_t edges_per_commit = 1'000;
constexpr std::uint64_t seed = 20'261'121;

struct PlainEdge {
  std::string from;
  std::string to;
};

struct Network {
  std::string name;
  std::vector<PlainEdge> edges;
  std::vector<std::string> starts;  ///< Asked in turn.
  Direction direction = Direction::out;
};

Network random_network() {
  constexpr std::size_t nodes = 10'000;
  constexpr std::size_t edges = 50'000;
  constexpr std::size_t starts = 200;
  std::mt19937_64 random(seed);
  const auto node = [&] { return "node/" + std::to_string(random() % nodes); };
  Network network{"10k nodes, 50k edges", {}, {}};
  for (std::size_t i = 0; i < edges; ++i) network.edges.push_back({node(), node()});
  for (std::size_t i = 0; i < starts; ++i) network.starts.push_back(node());
  return network;
}

/// Packages and what they depend on, of alternatives the first.
Network package_network() {
  constexpr std::size_t starts = 100;
  Network network{"package catalogue, against the edges", {}, {}, Direction::in};
  for (const auto& [key, value] : machine_packages()) {
    for (const auto& depended : value["Depends"]) {
      std::string_view word = depended.value.string_or({});
      word = word.substr(0, word.find_first_of(" (|:"));
      if (!word.empty()) network.edges.push_back({"packages/" + key, "packages/" + std::string(word)});
    }
  }
  std::set<std::string> depended;  // each once: else nearly all starts would be those on which nearly all depends
  for (const PlainEdge& edge : network.edges) depended.insert(edge.to);
  const std::vector<std::string> nodes(depended.begin(), depended.end());
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < starts && !nodes.empty(); ++i) network.starts.push_back(nodes[random() % nodes.size()]);
  return network;
}

/// Asks for what is within five hops of one start after the other; the times, and the nodes found from all starts.
template <class Ask>
std::pair<Run, std::uint64_t> ask_all(const Network& network, double seconds, const Ask& ask) {
  Run run;
  std::uint64_t found = 0;
  for (const std::string& start : network.starts) found += ask(start);  // warm
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  for (std::size_t at = 0; Clock::now() < end || run.operations < network.starts.size(); ++at) {
    const auto asked = Clock::now();
    ask(network.starts[at % network.starts.size()]);
    run.times.add(Clock::now() - asked);
    ++run.operations;
  }
  run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return {run, found};
}

/// What is within five hops of `start`, an expression of SQL.
std::string recursive_query(const Network& network, const std::string& start) {
  const bool out = network.direction == Direction::out;
  const std::string next = out ? "edge.dst" : "edge.src";
  const std::string here = out ? "edge.src" : "edge.dst";
  // UNION keeps a node once for each hop at which it is met: the least of them is its own.
  return "WITH RECURSIVE reached(node, hop) AS (SELECT " + start + ", 0 UNION SELECT " + next +
         ", hop + 1 FROM reached JOIN edge ON " + here +
         " = reached.node WHERE hop < 5) SELECT node, MIN(hop) FROM reached GROUP BY node HAVING MIN(hop) > 0 "
         "ORDER BY 2, 1";
}

#ifdef STRATA_BENCH_DUCKDB
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

/// A raw DuckDB file. Failures are std::runtime_error.
class DuckDatabase {
 public:
  explicit DuckDatabase(const std::string& path) : library_(engine::duck::library()) {
    if (library_.open_ext(path.c_str(), &database_, nullptr, nullptr) != DuckDBSuccess ||
        library_.connect(database_, &connection_) != DuckDBSuccess)
      throw std::runtime_error("raw DuckDB: cannot open " + path);
  }
  ~DuckDatabase() {
    library_.disconnect(&connection_);
    library_.close(&database_);
  }
  DuckDatabase(const DuckDatabase&) = delete;
  DuckDatabase& operator=(const DuckDatabase&) = delete;

  /// The number of rows.
  std::uint64_t run(const std::string& sql) {
    duckdb_result result{};
    const bool done = library_.query(connection_, sql.c_str(), &result) == DuckDBSuccess;
    const std::string error = done ? "" : library_.result_error(&result);
    std::uint64_t rows = 0;
    while (done) {
      duckdb_data_chunk chunk = library_.fetch_chunk(result);
      if (!chunk) break;
      rows += library_.data_chunk_get_size(chunk);
      library_.destroy_data_chunk(&chunk);
    }
    library_.destroy_result(&result);
    if (!done) throw std::runtime_error("raw DuckDB: " + error);
    return rows;
  }

 private:
  const engine::duck::Library& library_;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};
#endif

Traversal traversal_from(const Network& network, const std::string& start) {
  Traversal traversal;
  traversal.start = {start};
  traversal.hops = hops;
  traversal.follow.direction = network.direction;
  return traversal;
}

class GraphBench {
 public:
  GraphBench(Setting& setting, const Network& network) : setting_(setting), network_(network) {}

  void run() {
    setting_.report.section("Graph: " + network_.name + " (" + grouped(static_cast<double>(network_.edges.size())) +
                            " edges drawn), 5 hops, warm");
    sqlite();
    duckdb();
    others();
    for (const std::string& engine : strata_engines()) {
      if (setting_.wants(engine)) strata(engine);
    }
  }

 private:
  void tell(const std::string& work, const std::string& who, const Run& run, const std::string& note = {}) {
    Ratios ratios;
    if (work == "5 hops" && sqlite_rate_ > 0 && who != "sqlite, recursive")
      ratios = {{"sqlite", run.rate() / sqlite_rate_}};
    setting_.report.add(
        {.work = work, .who = who, .run = run, .figure = {}, .ratios = std::move(ratios), .note = note});
  }

  void check(const std::string& who, std::uint64_t found) {
    if (expected_ == 0) expected_ = found;
    if (found != expected_) throw std::runtime_error(who + " finds other nodes than the first one");
  }

  void strata(const std::string& engine) {
    const std::string who = "strata " + engine;
    const std::string place = engine + ":" + setting_.place("graph-" + engine + std::to_string(network_.edges.size()));
    Store store = Store::open(place);
    Run linked;
    const auto begin = Clock::now();
    for (std::size_t from = 0; from < network_.edges.size(); from += edges_per_commit) {
      const auto commit = Clock::now();
      const std::size_t to = std::min(from + edges_per_commit, network_.edges.size());
      store.transact([&](Transaction& transaction) {
        Graph graph = transaction.graph();
        for (std::size_t at = from; at < to; ++at) graph.link(network_.edges[at].from, "to", network_.edges[at].to);
      });
      linked.times.add(Clock::now() - commit);
      linked.operations += to - from;
    }
    linked.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    tell("link, 1,000 a commit", who, linked);
    const Graph graph = store.graph();
    std::string access;
    const auto ask = [&](const std::string& start) {
      TraversalResult result = graph.traverse(traversal_from(network_, start));
      access = result.plan.access;
      return result.nodes.size();
    };
    // In a transaction the rows are read, whatever is held in memory.
    Run rows;
    for (std::size_t i = 0; i < network_.starts.size(); ++i) {
      store.transact([&](Transaction& transaction) {
        const auto asked = Clock::now();
        transaction.graph().traverse(traversal_from(network_, network_.starts[i]));
        rows.times.add(Clock::now() - asked);
        rows.seconds += std::chrono::duration<double>(Clock::now() - asked).count();
        ++rows.operations;
      });
    }
    tell("5 hops", who, rows, "rows, in a transaction");
    const auto [run, found] = ask_all(network_, setting_.seconds, ask);
    check(who, found);
    tell("5 hops", who, run, access);
    if (engine == "lmdb") {
      const auto p99 = run.times.percentile(99);
      setting_.report.bar({.promise = "5 hops, " + network_.name + ": p99",
                           .at_least = "< 5 ms",
                           .measured = milliseconds_or_less(p99),
                           .met = p99 < std::chrono::milliseconds(5)});
    }
    single(store, who);
  }

  void single(Store& store, const std::string& who) {
    Run run;
    Graph graph = store.graph();
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(setting_.seconds);
    while (Clock::now() < end) {
      const auto linked = Clock::now();
      graph.link("new/" + std::to_string(run.operations), "to", network_.edges.front().from);
      run.times.add(Clock::now() - linked);
      ++run.operations;
    }
    run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    tell("link, synced", who, run);
  }

  void sqlite() {
#ifdef STRATA_BENCH_SQLITE
    SqliteDatabase database(setting_.place("graph-rival-" + std::to_string(network_.edges.size())));
    database.run(
        "CREATE TABLE edge (src TEXT, type TEXT, dst TEXT, PRIMARY KEY (src, type, dst)) WITHOUT ROWID;"
        "CREATE INDEX edge_dst ON edge (dst, type, src)");
    SqliteStatement insert = database.prepare("INSERT OR REPLACE INTO edge VALUES (?1, 'to', ?2)");
    Run linked;
    const auto begin = Clock::now();
    for (std::size_t from = 0; from < network_.edges.size(); from += edges_per_commit) {
      const auto commit = Clock::now();
      database.run("BEGIN IMMEDIATE");
      const std::size_t to = std::min(from + edges_per_commit, network_.edges.size());
      for (std::size_t at = from; at < to; ++at) {
        insert.bind_text(1, network_.edges[at].from);
        insert.bind_text(2, network_.edges[at].to);
        insert.run();
      }
      database.run("COMMIT");
      linked.times.add(Clock::now() - commit);
      linked.operations += to - from;
    }
    linked.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    tell("link, 1,000 a commit", "sqlite, recursive", linked);
    SqliteStatement walk = database.prepare(recursive_query(network_, "?1"));
    const auto [run, found] = ask_all(network_, setting_.seconds, [&](const std::string& start) {
      walk.bind_text(1, start);
      std::uint64_t nodes = 0;
      while (walk.step()) ++nodes;
      walk.reset();
      return nodes;
    });
    check("sqlite", found);
    sqlite_rate_ = run.rate();
    tell("5 hops", "sqlite, recursive", run);
#endif
  }

  void duckdb() {
#ifdef STRATA_BENCH_DUCKDB
    try {
      engine::duck::library();
    } catch (const Error&) {
      return;  // its library is not here
    }
    DuckDatabase database(setting_.place("graph-duckdb-" + std::to_string(network_.edges.size())));
    database.run("CREATE TABLE edge (src VARCHAR, type VARCHAR, dst VARCHAR, PRIMARY KEY (src, type, dst))");
    Run linked;
    const auto begin = Clock::now();
    for (std::size_t from = 0; from < network_.edges.size(); from += edges_per_commit) {
      const auto commit = Clock::now();
      const std::size_t to = std::min(from + edges_per_commit, network_.edges.size());
      std::string sql = "INSERT OR IGNORE INTO edge VALUES ";
      for (std::size_t at = from; at < to; ++at) {
        sql += at == from ? "(" : ",(";
        sql += quoted(network_.edges[at].from) + ",'to'," + quoted(network_.edges[at].to) + ")";
      }
      database.run(sql);
      linked.times.add(Clock::now() - commit);
      linked.operations += to - from;
    }
    linked.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    tell("link, 1,000 a commit", "duckdb, recursive", linked, "one statement for each commit");
    const auto [run, found] = ask_all(network_, setting_.seconds, [&](const std::string& start) {
      return database.run(recursive_query(network_, quoted(start)));
    });
    check("duckdb", found);
    tell("5 hops", "duckdb, recursive", run);
#endif
  }

  void others() {
    std::vector<Value> edges;
    for (const PlainEdge& edge : network_.edges) edges.push_back(Value::array({Value(edge.from), Value(edge.to)}));
    std::vector<Value> starts;
    for (const std::string& start : network_.starts) starts.emplace_back(start);
    const Value task = Value::object({{"edges", Value::array(edges)},
                                      {"starts", Value::array(starts)},
                                      {"out", network_.direction == Direction::out},
                                      {"seconds", setting_.seconds}});
    const std::string name = "graph-" + std::to_string(network_.edges.size());
    run_graph_rivals(setting_, name, task, [&](const RivalLine& told) {
      if (told.found) check(told.line.who, *told.found);
      if (told.line.run) return tell(told.line.work, told.line.who, *told.line.run, told.line.note);
      setting_.report.add(told.line);
    });
  }

  Setting& setting_;
  const Network& network_;
  std::uint64_t expected_ = 0;
  double sqlite_rate_ = 0;
};

}  // namespace

void bench_graph(Setting& setting) {
  const Network random = random_network();
  GraphBench(setting, random).run();
  const Network packages = package_network();
  if (!packages.edges.empty()) GraphBench(setting, packages).run();
}

}  // namespace strata::bench
