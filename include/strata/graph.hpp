// The graph: typed, directed edges with properties between nodes.
//
// A node is named by `collection/key`, which means that record, or by any other text; names are UTF-8 without control
// characters, 1 to 500 bytes. A node need not be declared, and its record need not be there unless the edge's type says
// so (EdgeRule). There is at most one edge of a type from one node to another; its value is any JSON value.
//
// Both directions of an edge are one commit, and one with whatever else its transaction writes. Each call reads one
// state: the newest one, a snapshot's, or a transaction's with its own writes.
//
// A Graph is a cheap handle, as a Collection is. A store has one graph.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/collection.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata {

inline constexpr std::size_t node_bytes_max = 500;
inline constexpr std::size_t edge_type_bytes_max = 60;

/// What happens to edges of a type whose node is no record (any more). Nodes that name no collection of the store are
/// never checked.
enum class EdgeRule : std::uint8_t {
  dangling,  ///< Nothing: an edge may lead to what is not there.
  restrict,  ///< Both ends must be there when the edge is made (`not_found`), and a record with such edges cannot be
             ///< erased (`invalid_argument`, naming one: unlink first).
  cascade,   ///< Both ends must be there, and the edges go with the record.
  // Nobody can be refused when a record expires: then its edges go with it under either of the two, in the commit that
  // erases it. Until that the record is hidden, and they are not.
};

std::string_view to_string(EdgeRule rule);
std::optional<EdgeRule> parse_edge_rule(std::string_view text);

struct EdgeType {
  std::string name{};  ///< UTF-8 without control characters, 1 to 60 bytes.
  EdgeRule rule = EdgeRule::dangling;
  std::uint64_t edges = 0;
};

struct Edge {
  std::string from{};
  std::string type{};
  std::string to{};
  Value value{};
  Version version{};  ///< 0 for one that this transaction itself wrote.
  Time created{};
  Time updated{};
};

struct LinkOptions {
  /// Only if the edge now has this version (Version{0}: only if there is none). Else `conflict`.
  std::optional<Version> if_version{};
};

enum class Direction : std::uint8_t {
  out,   ///< From the node,
  in,    ///< to it,
  both,  ///< either.
};

/// Which edges are followed, and to which nodes.
struct Follow {
  Direction direction = Direction::out;
  std::vector<std::string> types{};  ///< Empty: all.
  /// A filter (docs/GUIDE.md) over the edge's value. `from`, `type`, `to` stand beside its members, and before its own
  /// of these names; a value that is no object is `value`.
  std::string where{};
  /// A filter over the record that a node names. What is no record, or does not match, is not entered.
  std::string node_where{};
  Parameters parameters{};
};

/// A breadth-first walk.
struct Traversal {
  std::vector<std::string> start{};
  Follow follow{};
  std::size_t hops = 1;   ///< Edges from a start at most; 0: no bound.
  std::size_t limit = 0;  ///< Nodes in the answer at most; 0: all.
};

struct Reached {
  std::string node{};
  std::size_t hop = 0;     ///< The fewest edges from a start.
  std::string previous{};  ///< A node one hop nearer, through which it was reached first,
  std::string type{};      ///< and by an edge of this type.
};

/// How a question was answered.
struct GraphPlan {
  std::string access{};  ///< `rows`, or `adjacency`: edges held in memory, kept up with the log.
  std::uint64_t nodes_visited = 0;
  std::uint64_t edges_visited = 0;
  std::chrono::nanoseconds time{};
};

struct TraversalResult {
  std::vector<Reached> nodes{};             ///< By hop, then by name. The starts are not among them.
  std::vector<std::uint64_t> hop_counts{};  ///< Nodes at hop 1, 2, ...: of the whole answer, the limit left aside,
  bool complete = true;                     ///< and whether the limit left anything out.
  Position position{};                      ///< The state that was asked.
  GraphPlan plan{};
};

struct Path {
  std::vector<std::string> nodes{};
  std::vector<std::string> types{};  ///< Of the edges between them: one fewer.
  double cost = 0;                   ///< Number of edges, or the sum of their weights.
};

struct PathOptions {
  Follow follow{};
  /// A path into the edge's value where its weight stands: a number, 0 or more (`invalid_argument` naming the edge when
  /// it is negative); where there is none the weight is 1. `$`: the value itself. Empty: each edge counts 1.
  std::string weight{};
  std::size_t hops = 0;  ///< Edges at most; 0: no bound.
};

struct Degree {
  std::uint64_t out = 0;
  std::uint64_t in = 0;
};

class Graph {
 public:
  explicit Graph(std::shared_ptr<detail::CollectionAccess> access);

  // ---- edges
  /// Makes the edge, or gives it this value. Its version (0 inside a transaction).
  Version link(std::string_view from, std::string_view type, std::string_view to, const Value& value = Value(nullptr),
               const LinkOptions& options = {});
  /// False when there was none.
  bool unlink(std::string_view from, std::string_view type, std::string_view to, const LinkOptions& options = {});
  /// Removes all edges from and to a node; how many there were. At most 100,000 in one transaction (`limit_exceeded`).
  std::uint64_t unlink_all(std::string_view node);
  std::optional<Edge> edge(std::string_view from, std::string_view type, std::string_view to) const;
  /// Edges of a node (`both`: out first, one to itself once), by type and the node at the other end; of nodes of more
  /// than 89 bytes the first 56 count. Limit 0: all.
  std::vector<Edge> edges(std::string_view node, const Follow& follow = {}, std::size_t limit = 0) const;
  /// Hands over every edge, by from, type, to (long names as in edges()); `visit` returns false to stop.
  void scan(const std::function<bool(const Edge&)>& visit) const;
  std::uint64_t count() const;

  // ---- questions
  TraversalResult traverse(const Traversal& traversal) const;
  /// traverse() against the direction of the edges, without bound: what depends on the node, by hop.
  TraversalResult impact(std::string_view node, std::size_t hops = 0, const std::vector<std::string>& types = {}) const;
  /// The cheapest path; among equals the one with fewer edges. Nothing when none leads there. From a node to itself:
  /// the path without edges.
  std::optional<Path> shortest_path(std::string_view from, std::string_view to, const PathOptions& options = {}) const;
  /// All paths that visit no node twice, shortest first, at most `limit` (0: all), of at most `hops` edges (0 is
  /// `invalid_argument`: their number grows without bound). Edges of several types between the same nodes are several
  /// paths.
  std::vector<Path> paths(std::string_view from, std::string_view to, std::size_t hops, std::size_t limit = 100,
                          const Follow& follow = {}) const;
  /// All nodes connected with it, whatever the direction of the edges; itself included, sorted.
  std::vector<std::string> component(std::string_view node, const std::vector<std::string>& types = {}) const;
  /// Cycles, each told once, from its least node on, which ends it too: one for each strongly connected part, the
  /// shortest there (where a part is so large that looking for it would take more than ten million edges: the shortest
  /// found by then); by their first nodes, at most `limit` (0: all).
  std::vector<Path> cycles(std::size_t limit = 100, const std::vector<std::string>& types = {}) const;
  /// All nodes so that each stands before those that its edges lead to; where there is a choice, the least by name.
  /// `invalid_argument`, naming a cycle, when there is one.
  std::vector<std::string> topological_order(const std::vector<std::string>& types = {}) const;
  Degree degree(std::string_view node, const std::vector<std::string>& types = {}) const;

  // ---- edge types
  /// Declares the rule of a type; a transaction of its own. `invalid_argument`, naming an edge, when edges that are
  /// there break it.
  void set_rule(std::string_view type, EdgeRule rule);
  /// Types that have edges or a rule, by name.
  std::vector<EdgeType> types() const;

 private:
  std::shared_ptr<detail::CollectionAccess> access_;
};

}  // namespace strata
