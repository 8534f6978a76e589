// Graph: each call over the model and the walks, on whatever the handle stands on.
#include "strata/graph.hpp"

#include "model/graph.hpp"
#include "platform/clock.hpp"
#include "query/graph_condition.hpp"
#include "query/graph_ground.hpp"
#include "query/graph_structure.hpp"
#include "query/traversal.hpp"
#include "store/access.hpp"
#include "strata/error.hpp"
#include "view/views.hpp"

namespace strata {
namespace {

using Part = model::EdgeRows::Part;

Follow following(Direction direction, const std::vector<std::string>& types) {
  Follow follow;
  follow.direction = direction;
  follow.types = types;
  return follow;
}

view::Adjacency& adjacency_of(const std::shared_ptr<detail::CollectionAccess>& access) {
  return view::Views::of(*access->trunk()).adjacency();
}

}  // namespace

Graph::Graph(std::shared_ptr<detail::CollectionAccess> access) : access_(std::move(access)) {}

Version Graph::link(std::string_view from, std::string_view type, std::string_view to, const Value& value,
                    const LinkOptions& options) {
  const CommitResult result =
      access_->write([&](commit::Transaction& own) { model::link_edge(own, from, type, to, value.view(), options); });
  return Version{result.position.value};
}

bool Graph::unlink(std::string_view from, std::string_view type, std::string_view to, const LinkOptions& options) {
  bool existed = false;
  access_->write([&](commit::Transaction& own) { existed = model::unlink_edge(own, from, type, to, options); });
  return existed;
}

std::uint64_t Graph::unlink_all(std::string_view node) {
  std::uint64_t count = 0;
  access_->write([&](commit::Transaction& own) { count = model::unlink_all_edges(own, node); });
  return count;
}

std::optional<Edge> Graph::edge(std::string_view from, std::string_view type, std::string_view to) const {
  model::check_node(from);
  model::check_edge_type(type);
  model::check_node(to);
  std::optional<Edge> found;
  access_->read([&](commit::Source& source) { found = model::EdgeRows(source).get(from, type, to); });
  return found;
}

std::vector<Edge> Graph::edges(std::string_view node, const Follow& follow, std::size_t limit) const {
  model::check_node(node);
  const std::vector<std::string> types = model::checked_types(follow.types);
  std::vector<Edge> found;
  access_->read([&](commit::Source& source) {
    found.clear();
    const query::GraphCondition condition(follow, source.now());
    model::EdgeRows(source).visit(node, follow.direction, types, Part::whole, [&](const model::EdgeView& edge) {
      if (condition.asks_edges() && !condition.matches(edge)) return true;
      if (condition.asks_nodes() && !condition.matches(source, edge.from == node ? edge.to : edge.from)) return true;
      found.push_back(model::make_edge(edge));
      return limit == 0 || found.size() < limit;
    });
  });
  return found;
}

void Graph::scan(const std::function<bool(const Edge&)>& visit) const {
  access_->read([&](commit::Source& source) {
    model::EdgeRows(source).visit_all(Part::whole,
                                      [&](const model::EdgeView& edge) { return visit(model::make_edge(edge)); });
  });
}

std::uint64_t Graph::count() const {
  std::uint64_t count = 0;
  access_->read([&](commit::Source& source) { count = model::EdgeRows(source).count(); });
  return count;
}

TraversalResult Graph::traverse(const Traversal& traversal) const {
  TraversalResult result;
  access_->read([&](commit::Source& source) {
    const auto begin = platform::steady_now();
    query::GraphGround ground(adjacency_of(access_), source, traversal.follow);
    result = query::traverse(ground.neighbours(), traversal);
    result.plan.access = ground.access();
    result.position = source.view().position();
    result.plan.time = platform::steady_now() - begin;
  });
  return result;
}

TraversalResult Graph::impact(std::string_view node, std::size_t hops, const std::vector<std::string>& types) const {
  Traversal traversal;
  traversal.start = {std::string(node)};
  traversal.follow = following(Direction::in, types);
  traversal.hops = hops;
  return traverse(traversal);
}

std::optional<Path> Graph::shortest_path(std::string_view from, std::string_view to, const PathOptions& options) const {
  std::optional<Path> path;
  access_->read([&](commit::Source& source) {
    query::GraphGround ground(adjacency_of(access_), source, options.follow, options.weight);
    path = options.weight.empty() ? query::shortest_path(ground.neighbours(), from, to, options.hops)
                                  : query::cheapest_path(ground.neighbours(), from, to, options.hops);
  });
  return path;
}

std::vector<Path> Graph::paths(std::string_view from, std::string_view to, std::size_t hops, std::size_t limit,
                               const Follow& follow) const {
  std::vector<Path> paths;
  access_->read([&](commit::Source& source) {
    query::GraphGround ground(adjacency_of(access_), source, follow);
    paths = query::all_paths(ground.neighbours(), from, to, hops, limit);
  });
  return paths;
}

std::vector<std::string> Graph::component(std::string_view node, const std::vector<std::string>& types) const {
  std::vector<std::string> nodes;
  access_->read([&](commit::Source& source) {
    query::GraphGround ground(adjacency_of(access_), source, following(Direction::both, types));
    nodes = query::reached_from(ground.neighbours(), node);
  });
  return nodes;
}

std::vector<Path> Graph::cycles(std::size_t limit, const std::vector<std::string>& types) const {
  std::vector<Path> paths;
  access_->read([&](commit::Source& source) { paths = query::cycles(source, limit, types); });
  return paths;
}

std::vector<std::string> Graph::topological_order(const std::vector<std::string>& types) const {
  std::vector<std::string> nodes;
  access_->read([&](commit::Source& source) { nodes = query::topological_order(source, types); });
  return nodes;
}

Degree Graph::degree(std::string_view node, const std::vector<std::string>& types) const {
  model::check_node(node);
  const std::vector<std::string> chosen = model::checked_types(types);
  Degree degree;
  access_->read([&](commit::Source& source) {
    degree = {};
    const model::EdgeRows rows(source);
    rows.visit_out(node, chosen, Part::names, [&](const model::EdgeView&) { return ++degree.out > 0; });
    rows.visit_in(node, chosen, Part::names, [&](const model::EdgeView&) { return ++degree.in > 0; });
  });
  return degree;
}

void Graph::set_rule(std::string_view type, EdgeRule rule) {
  model::check_edge_type(type);
  access_->declare([&](commit::Transaction& own) { model::set_edge_rule(own, type, rule); });
}

std::vector<EdgeType> Graph::types() const {
  std::vector<EdgeType> types;
  access_->read([&](commit::Source& source) { types = model::edge_types(source); });
  return types;
}

Graph Snapshot::graph() const { return Graph(state_); }
Graph Transaction::graph() { return Graph(state_); }
Graph Store::graph() { return Graph(store::require(state_)->access); }

}  // namespace strata
