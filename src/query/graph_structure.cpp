#include "query/graph_structure.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

#include "model/graph_rows.hpp"
#include "query/graph_neighbours.hpp"
#include "strata/error.hpp"

namespace strata::query {
namespace {

/// Edges looked at in search of a part's shortest cycle. In parts too large for all of it the shortest that was found
/// by then is told.
constexpr std::uint64_t edges_looked_at_max = 10'000'000;

/// All edges of a state in memory; nodes are numbered by name.
class WholeGraph {
 public:
  struct Way {
    NodeNumber to;
    std::uint32_t type;
  };

  WholeGraph(commit::Source& source, const std::vector<std::string>& types) {
    const std::vector<std::string> chosen = model::checked_types(types);
    struct Found {
      NodeNumber from;
      Way way;
    };
    std::vector<Found> found;
    NameList names;
    model::EdgeRows(source).visit_all(model::EdgeRows::Part::names, [&](const model::EdgeView& edge) {
      if (!chosen.empty() && !std::binary_search(chosen.begin(), chosen.end(), edge.type)) return true;
      const NodeNumber from = names.number(edge.from);
      found.push_back({from, {names.number(edge.to), types_.number(edge.type)}});
      return true;
    });
    std::vector<NodeNumber> order(names.size());
    std::iota(order.begin(), order.end(), NodeNumber{0});
    std::sort(order.begin(), order.end(), [&](NodeNumber a, NodeNumber b) { return names.name(a) < names.name(b); });
    std::vector<NodeNumber> rank(order.size());
    for (NodeNumber at = 0; at < order.size(); ++at) {
      rank[order[at]] = at;
      names_.emplace_back(names.name(order[at]));
    }
    begins_.assign(names_.size() + 1, 0);
    for (const Found& one : found) ++begins_[rank[one.from] + std::size_t{1}];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    ways_.resize(found.size());
    std::vector<std::size_t> next(begins_.begin(), begins_.end());
    for (const Found& one : found) ways_[next[rank[one.from]]++] = {rank[one.way.to], one.way.type};
    for (std::size_t node = 0; node < names_.size(); ++node) {
      std::stable_sort(ways_.begin() + static_cast<std::ptrdiff_t>(begins_[node]),
                       ways_.begin() + static_cast<std::ptrdiff_t>(begins_[node + 1]),
                       [](const Way& a, const Way& b) { return a.to < b.to; });
    }
  }

  std::size_t size() const { return names_.size(); }
  const std::string& name(NodeNumber node) const { return names_[node]; }
  std::string_view type_name(std::uint32_t type) const { return types_.name(type); }
  std::size_t begin(NodeNumber node) const { return begins_[node]; }
  std::size_t end(NodeNumber node) const { return begins_[node + std::size_t{1}]; }
  const Way& way(std::size_t at) const { return ways_[at]; }

 private:
  std::vector<std::string> names_;
  NameList types_;
  std::vector<std::size_t> begins_;
  std::vector<Way> ways_;
};

/// Strongly connected parts, numbered, after Tarjan (Depth-first search and linear graph algorithms, 1972), with a
/// stack of its own.
class Parts {
 public:
  explicit Parts(const WholeGraph& graph)
      : graph_(graph), index_(graph.size(), unvisited), low_(graph.size()), part_(graph.size(), no_node) {
    for (NodeNumber node = 0; node < graph.size(); ++node) {
      if (index_[node] == unvisited) visit(node);
    }
  }

  NodeNumber part(NodeNumber node) const { return part_[node]; }
  std::size_t size() const { return parts_; }

 private:
  static constexpr NodeNumber unvisited = no_node;
  struct Frame {
    NodeNumber node;
    std::size_t next;
  };

  void enter(NodeNumber node) {
    index_[node] = low_[node] = counter_++;
    open_.push_back(node);
    frames_.push_back({node, graph_.begin(node)});
  }

  void visit(NodeNumber root) {
    enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const NodeNumber node = frame.node;
      if (frame.next < graph_.end(node)) {
        const NodeNumber to = graph_.way(frame.next++).to;
        if (index_[to] == unvisited) {
          enter(to);
        } else if (part_[to] == no_node) {
          low_[node] = std::min(low_[node], index_[to]);
        }
        continue;
      }
      frames_.pop_back();
      if (!frames_.empty()) low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
      if (low_[node] == index_[node]) close(node);
    }
  }

  void close(NodeNumber root) {
    NodeNumber node = no_node;
    do {
      node = open_.back();
      open_.pop_back();
      part_[node] = parts_;
    } while (node != root);
    ++parts_;
  }

  const WholeGraph& graph_;
  std::vector<NodeNumber> index_;
  std::vector<NodeNumber> low_;
  std::vector<NodeNumber> part_;
  std::vector<NodeNumber> open_;
  std::vector<Frame> frames_;
  NodeNumber counter_ = 0;
  NodeNumber parts_ = 0;
};

/// The shortest cycle of each part that has one.
class CycleSearch {
 public:
  explicit CycleSearch(const WholeGraph& graph) : graph_(graph), parts_(graph), arrival_(graph.size()) {}

  std::vector<Path> run(std::size_t limit) {
    std::vector<std::vector<NodeNumber>> members(parts_.size());
    for (NodeNumber node = 0; node < graph_.size(); ++node) members[parts_.part(node)].push_back(node);
    std::erase_if(members, [&](const std::vector<NodeNumber>& part) { return part.size() == 1 && !has_loop(part[0]); });
    std::sort(members.begin(), members.end());
    std::vector<Path> found;
    for (const std::vector<NodeNumber>& part : members) found.push_back(shortest(part));
    std::sort(found.begin(), found.end(), [](const Path& a, const Path& b) { return a.nodes < b.nodes; });
    if (limit != 0 && found.size() > limit) found.resize(limit);
    return found;
  }

 private:
  struct Arrival {
    NodeNumber start = no_node;  ///< Of the walk that came here.
    NodeNumber previous = no_node;
    std::size_t way = 0;
    std::size_t hop = 0;
  };

  bool has_loop(NodeNumber node) const {
    for (std::size_t at = graph_.begin(node); at < graph_.end(node); ++at) {
      if (graph_.way(at).to == node) return true;
    }
    return false;
  }

  Path shortest(const std::vector<NodeNumber>& part) {
    std::vector<std::size_t> best;
    std::uint64_t looked_at = 0;
    for (const NodeNumber start : part) {
      std::vector<std::size_t> ways = through(start, best.empty() ? part.size() : best.size() - 1, looked_at);
      if (!ways.empty()) best = std::move(ways);
      if (best.size() == 1 || (looked_at > edges_looked_at_max && !best.empty())) break;
    }
    return told(best);
  }

  /// The edges of the shortest cycle through a node, of at most `hops`; none when there is none.
  std::vector<std::size_t> through(NodeNumber start, std::size_t hops, std::uint64_t& looked_at) {
    std::vector<NodeNumber> queue{start};
    arrival_[start] = {start, no_node, 0, 0};
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const NodeNumber node = queue[next];
      if (arrival_[node].hop == hops) break;
      for (std::size_t at = graph_.begin(node); at < graph_.end(node); ++at) {
        ++looked_at;
        const NodeNumber to = graph_.way(at).to;
        if (to == start) return ways_to(node, at, start);
        if (parts_.part(to) != parts_.part(start) || arrival_[to].start == start) continue;
        arrival_[to] = {start, node, at, arrival_[node].hop + 1};
        queue.push_back(to);
      }
    }
    return {};
  }

  std::vector<std::size_t> ways_to(NodeNumber node, std::size_t last, NodeNumber start) const {
    std::vector<std::size_t> ways{last};
    for (; node != start; node = arrival_[node].previous) ways.push_back(arrival_[node].way);
    std::reverse(ways.begin(), ways.end());
    return ways;
  }

  Path told(const std::vector<std::size_t>& ways) const {
    const auto to = [&](std::size_t way) { return graph_.way(way).to; };
    // It begins with the edge that leaves the least node, which is the one after that leading there.
    std::size_t first = 0;
    for (std::size_t at = 1; at < ways.size(); ++at) {
      if (to(ways[at]) < to(ways[first])) first = at;
    }
    Path path;
    path.cost = static_cast<double>(ways.size());
    path.nodes.push_back(graph_.name(to(ways[first])));
    for (std::size_t i = 1; i <= ways.size(); ++i) {
      const WholeGraph::Way& way = graph_.way(ways[(first + i) % ways.size()]);
      path.types.emplace_back(graph_.type_name(way.type));
      path.nodes.push_back(graph_.name(way.to));
    }
    return path;
  }

  const WholeGraph& graph_;
  Parts parts_;
  std::vector<Arrival> arrival_;
};

std::string shown(const Path& path) {
  constexpr std::size_t nodes_shown = 8;
  std::string text;
  for (std::size_t at = 0; at < path.nodes.size() && at < nodes_shown; ++at) {
    text += (at == 0 ? "`" : " -> `") + path.nodes[at].substr(0, 60) + "`";
  }
  return path.nodes.size() > nodes_shown ? text + " -> ..." : text;
}

}  // namespace

std::vector<Path> cycles(commit::Source& source, std::size_t limit, const std::vector<std::string>& types) {
  const WholeGraph graph(source, types);
  return CycleSearch(graph).run(limit);
}

std::vector<std::string> topological_order(commit::Source& source, const std::vector<std::string>& types) {
  const WholeGraph graph(source, types);
  std::vector<std::size_t> waits_for(graph.size());
  for (NodeNumber node = 0; node < graph.size(); ++node) {
    for (std::size_t at = graph.begin(node); at < graph.end(node); ++at) ++waits_for[graph.way(at).to];
  }
  std::priority_queue<NodeNumber, std::vector<NodeNumber>, std::greater<>> ready;
  for (NodeNumber node = 0; node < graph.size(); ++node) {
    if (waits_for[node] == 0) ready.push(node);
  }
  std::vector<std::string> order;
  order.reserve(graph.size());
  while (!ready.empty()) {
    const NodeNumber node = ready.top();
    ready.pop();
    order.push_back(graph.name(node));
    for (std::size_t at = graph.begin(node); at < graph.end(node); ++at) {
      if (--waits_for[graph.way(at).to] == 0) ready.push(graph.way(at).to);
    }
  }
  if (order.size() == graph.size()) return order;
  throw Error(ErrorCode::invalid_argument, "the nodes have no such order, for the edges lead in a circle: " +
                                               shown(CycleSearch(graph).run(1).at(0)) + "; unlink one of them");
}

}  // namespace strata::query
