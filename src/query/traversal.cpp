#include "query/traversal.hpp"

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "strata/error.hpp"

namespace strata::query {
namespace {

using Way = Neighbours::Way;

class NodeSet {
 public:
  /// False when it was there.
  bool insert(NodeNumber node) {
    if (members_.size() <= node) members_.resize(std::max<std::size_t>(node + std::size_t{1}, members_.size() * 2));
    if (members_[node]) return false;
    members_[node] = true;
    return true;
  }
  bool contains(NodeNumber node) const { return node < members_.size() && members_[node]; }
  void erase(NodeNumber node) { members_[node] = false; }

 private:
  std::vector<bool> members_;
};

/// A breadth-first walk, one hop at a time; each hop's nodes in the order of their names.
class Wave {
 public:
  Wave(Neighbours& neighbours, Way way) : neighbours_(neighbours), way_(way) {}

  void start(NodeNumber node) {
    if (seen_.insert(node)) frontier_.push_back({node, no_node, 0});
  }
  void sort_starts() { neighbours_.sort(frontier_); }
  /// The nodes met next, unless there are none; as far as `end`, if that is one of them.
  const std::vector<Met>& advance(NodeNumber end = no_node) {
    std::vector<Met> next;
    bool on = true;
    for (const Met& from : frontier_) {
      neighbours_.visit(from.node, way_, [&](const Step& step) {
        if (seen_.insert(step.node)) {
          next.push_back({step.node, from.node, step.type});
          on = step.node != end;
        }
        return on;
      });
      if (!on) break;
    }
    if (on) neighbours_.sort(next);
    frontier_ = std::move(next);
    return frontier_;
  }
  const std::vector<Met>& frontier() const { return frontier_; }

 private:
  Neighbours& neighbours_;
  Way way_;
  NodeSet seen_;
  std::vector<Met> frontier_;
};

NodeNumber start_of(Neighbours& neighbours, std::string_view node) {
  model::check_node(node);
  return neighbours.number(node);
}

Path path_without_edges(std::string_view node) { return {{std::string(node)}, {}, 0}; }

/// A place that the search for a cheapest path has come to.
struct Label {
  double cost = 0;
  std::size_t hops = 0;
  NodeNumber node = no_node;
  std::uint32_t type = 0;
  std::size_t before = 0;  ///< Place of the label that it follows upon.
};

Path path_of(const Neighbours& neighbours, const std::vector<Label>& labels, std::size_t last) {
  Path path;
  path.cost = labels[last].cost;
  for (std::size_t at = last;; at = labels[at].before) {
    path.nodes.emplace_back(neighbours.name(labels[at].node));
    if (labels[at].hops == 0) break;
    path.types.emplace_back(neighbours.type_name(labels[at].type));
  }
  std::reverse(path.nodes.begin(), path.nodes.end());
  std::reverse(path.types.begin(), path.types.end());
  return path;
}

/// Tells all paths of one length after the other.
class PathSearch {
 public:
  PathSearch(Neighbours& neighbours, NodeNumber from, NodeNumber to, std::size_t hops, std::size_t limit)
      : neighbours_(neighbours), from_(from), to_(to), limit_(limit) {
    measure(hops);
  }

  std::vector<Path> run(std::size_t hops) {
    const auto nearest = to_target_.find(from_);
    if (nearest == to_target_.end()) return {};
    const std::size_t longest = std::min(hops, to_target_.size());  // no node twice
    for (std::size_t length = nearest->second; length <= longest && paths_.size() < limit_; ++length) search(length);
    return std::move(paths_);
  }

 private:
  struct Frame {
    std::vector<Step> steps;
    std::size_t next = 0;
  };

  /// The fewest edges from each node to the target, as far as `hops`.
  void measure(std::size_t hops) {
    Wave wave(neighbours_, Way::backward);
    wave.start(to_);
    to_target_.emplace(to_, 0);
    for (std::size_t hop = 1; hop <= hops && !wave.frontier().empty(); ++hop) {
      for (const Met& met : wave.advance()) to_target_.emplace(met.node, hop);
    }
  }

  /// Edges from a node after which the target may still be reached with `left` more.
  Frame frame_of(NodeNumber node, std::size_t left) {
    Frame frame;
    neighbours_.visit(node, Way::forward, [&](const Step& step) {
      const auto distance = to_target_.find(step.node);
      const bool ends = step.node == to_;
      if (distance != to_target_.end() && distance->second <= left && ends == (left == 0) &&
          !on_path_.contains(step.node))
        frame.steps.push_back(step);
      return true;
    });
    return frame;
  }

  void search(std::size_t length) {
    if (length == 0) return;
    std::vector<Frame> frames;
    std::vector<Step> path;
    on_path_.insert(from_);
    frames.push_back(frame_of(from_, length - 1));
    while (!frames.empty() && paths_.size() < limit_) {
      Frame& frame = frames.back();
      if (frame.next == frame.steps.size()) {
        frames.pop_back();
        if (path.empty()) continue;
        on_path_.erase(path.back().node);
        path.pop_back();
        continue;
      }
      const Step step = frame.steps[frame.next++];
      path.push_back(step);
      if (path.size() == length) {
        tell(path);
        path.pop_back();
      } else {
        on_path_.insert(step.node);
        frames.push_back(frame_of(step.node, length - path.size() - 1));
      }
    }
    for (const Step& step : path) on_path_.erase(step.node);
    on_path_.erase(from_);
  }

  void tell(const std::vector<Step>& steps) {
    Path path = path_without_edges(neighbours_.name(from_));
    path.cost = static_cast<double>(steps.size());
    for (const Step& step : steps) {
      path.nodes.emplace_back(neighbours_.name(step.node));
      path.types.emplace_back(neighbours_.type_name(step.type));
    }
    paths_.push_back(std::move(path));
  }

  Neighbours& neighbours_;
  NodeNumber from_;
  NodeNumber to_;
  std::size_t limit_;
  std::unordered_map<NodeNumber, std::size_t> to_target_;
  NodeSet on_path_;
  std::vector<Path> paths_;
};

}  // namespace

TraversalResult traverse(Neighbours& neighbours, const Traversal& traversal) {
  if (traversal.start.empty())
    throw Error(ErrorCode::invalid_argument, "a traversal needs a node to start from; give one");
  TraversalResult result;
  Wave wave(neighbours, Way::forward);
  for (const std::string& node : traversal.start) wave.start(start_of(neighbours, node));
  wave.sort_starts();
  result.plan.nodes_visited = wave.frontier().size();
  for (std::size_t hop = 1; traversal.hops == 0 || hop <= traversal.hops; ++hop) {
    const std::vector<Met>& met = wave.advance();
    if (met.empty()) break;
    result.hop_counts.push_back(met.size());
    result.plan.nodes_visited += met.size();
    for (const Met& one : met) {
      if (traversal.limit != 0 && result.nodes.size() == traversal.limit) {
        result.complete = false;
        break;
      }
      result.nodes.push_back({std::string(neighbours.name(one.node)), hop, std::string(neighbours.name(one.previous)),
                              std::string(neighbours.type_name(one.type))});
    }
  }
  result.plan.edges_visited = neighbours.edges_visited();
  return result;
}

std::optional<Path> shortest_path(Neighbours& neighbours, std::string_view from, std::string_view to,
                                  std::size_t hops) {
  const NodeNumber begin = start_of(neighbours, from);
  const NodeNumber end = start_of(neighbours, to);
  if (begin == end) return path_without_edges(from);
  std::unordered_map<NodeNumber, Met> arrivals;
  Wave wave(neighbours, Way::forward);
  wave.start(begin);
  for (std::size_t hop = 1; (hops == 0 || hop <= hops) && !wave.frontier().empty(); ++hop) {
    for (const Met& met : wave.advance(end)) arrivals.emplace(met.node, met);
    if (!arrivals.contains(end)) continue;
    Path path;
    path.cost = static_cast<double>(hop);
    NodeNumber node = end;
    for (; node != begin; node = arrivals.at(node).previous) {
      path.nodes.emplace_back(neighbours.name(node));
      path.types.emplace_back(neighbours.type_name(arrivals.at(node).type));
    }
    path.nodes.emplace_back(from);
    std::reverse(path.nodes.begin(), path.nodes.end());
    std::reverse(path.types.begin(), path.types.end());
    return path;
  }
  return std::nullopt;
}

std::optional<Path> cheapest_path(Neighbours& neighbours, std::string_view from, std::string_view to,
                                  std::size_t hops) {
  const NodeNumber begin = start_of(neighbours, from);
  const NodeNumber end = start_of(neighbours, to);
  if (begin == end) return path_without_edges(from);
  std::vector<Label> labels{{0, 0, begin, 0, 0}};
  const auto later = [&](std::size_t a, std::size_t b) {
    return std::pair(labels[a].cost, labels[a].hops) > std::pair(labels[b].cost, labels[b].hops);
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> open(later);
  open.push(0);
  // Labels of a node come with rising cost: with a bound, a later one is of use only if it took fewer edges.
  std::unordered_map<NodeNumber, std::size_t> hops_taken;
  while (!open.empty()) {
    const std::size_t at = open.top();
    open.pop();
    const Label label = labels[at];
    const auto [taken, first] = hops_taken.try_emplace(label.node, label.hops);
    if (!first && (hops == 0 || taken->second <= label.hops)) continue;
    taken->second = label.hops;
    if (label.node == end) return path_of(neighbours, labels, at);
    if (hops != 0 && label.hops == hops) continue;
    neighbours.visit(label.node, Way::forward, [&](const Step& step) {
      const auto known = hops_taken.find(step.node);
      if (known != hops_taken.end() && (hops == 0 || known->second <= label.hops + 1)) return true;
      labels.push_back({label.cost + step.weight, label.hops + 1, step.node, step.type, at});
      open.push(labels.size() - 1);
      return true;
    });
  }
  return std::nullopt;
}

std::vector<Path> all_paths(Neighbours& neighbours, std::string_view from, std::string_view to, std::size_t hops,
                            std::size_t limit) {
  if (hops == 0) {
    throw Error(ErrorCode::invalid_argument,
                "all paths need a bound: their number grows with every edge; say how many edges at most (hops)");
  }
  const NodeNumber begin = start_of(neighbours, from);
  const NodeNumber end = start_of(neighbours, to);
  if (begin == end) return {path_without_edges(from)};
  if (limit == 0) limit = ~std::size_t{0};
  return PathSearch(neighbours, begin, end, hops, limit).run(hops);
}

std::vector<std::string> reached_from(Neighbours& neighbours, std::string_view node) {
  Wave wave(neighbours, Way::forward);
  wave.start(start_of(neighbours, node));
  std::vector<Met> all = wave.frontier();
  while (!wave.frontier().empty()) {
    const std::vector<Met>& met = wave.advance();
    all.insert(all.end(), met.begin(), met.end());
  }
  neighbours.sort(all);
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const Met& one : all) names.emplace_back(neighbours.name(one.node));
  return names;
}

}  // namespace strata::query
