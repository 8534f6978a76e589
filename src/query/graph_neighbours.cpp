#include "query/graph_neighbours.hpp"

#include <algorithm>
#include <limits>

#include "strata/error.hpp"

namespace strata::query {

std::uint32_t NameList::number(std::string_view name) {
  if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
  const auto next = static_cast<std::uint32_t>(names_.size());
  if (next == no_node) throw Error(ErrorCode::limit_exceeded, "a walk over the graph met 4 billion nodes; bound it");
  names_.emplace_back(name);
  numbers_.emplace(names_.back(), next);
  return next;
}

std::uint32_t NameList::find(std::string_view name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? no_node : found->second;
}

void Neighbours::sort(std::vector<Met>& met) const {
  if (met.size() < 2) return;
  // Names mostly begin alike and differ soon after: eight bytes decide nearly always.
  std::string_view common = name(met.front().node);
  for (const Met& one : met) {
    const std::string_view other = name(one.node);
    const std::size_t most = std::min(common.size(), other.size());
    std::size_t same = 0;
    while (same < most && common[same] == other[same]) ++same;
    common = common.substr(0, same);
  }
  struct Keyed {
    std::uint64_t key;
    Met met;
  };
  std::vector<Keyed> keyed;
  keyed.reserve(met.size());
  for (const Met& one : met) {
    const std::string_view rest = name(one.node).substr(common.size());
    std::uint64_t key = 0;
    for (std::size_t i = 0; i < 8; ++i) key = key << 8 | (i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0);
    keyed.push_back({key, one});
  }
  std::sort(keyed.begin(), keyed.end(), [&](const Keyed& a, const Keyed& b) {
    return a.key != b.key ? a.key < b.key : name(a.met.node) < name(b.met.node);
  });
  for (std::size_t at = 0; at < met.size(); ++at) met[at] = keyed[at].met;
}

AdjacencyNeighbours::AdjacencyNeighbours(view::Adjacency::Reading reading, const Follow& follow)
    : reading_(std::move(reading)), direction_(follow.direction), all_types_(follow.types.empty()) {
  for (const std::string& type : model::checked_types(follow.types)) {
    if (const std::uint32_t number = reading_.type(type); number != view::Adjacency::none)
      chosen_types_.push_back(number);
  }
  std::sort(chosen_types_.begin(), chosen_types_.end());
}

NodeNumber AdjacencyNeighbours::number(std::string_view node) {
  const std::uint32_t known = reading_.node(node);
  return known != view::Adjacency::none ? known : reading_.nodes() + others_.number(node);
}

std::string_view AdjacencyNeighbours::name(NodeNumber node) const {
  return node < reading_.nodes() ? reading_.node_name(node) : others_.name(node - reading_.nodes());
}

bool AdjacencyNeighbours::visit_ways(std::span<const view::Adjacency::Way> ways, NodeNumber left_out,
                                     const Visit& visit) {
  for (const view::Adjacency::Way& way : ways) {
    if (!all_types_ && !std::binary_search(chosen_types_.begin(), chosen_types_.end(), way.type)) continue;
    if (way.node == left_out) continue;
    ++edges_visited_;
    if (!visit({way.node, way.type, 1})) return false;
  }
  return true;
}

void AdjacencyNeighbours::visit(NodeNumber node, Way way, const Visit& visit) {
  if (node >= reading_.nodes()) return;
  const bool back = way == Way::backward;
  const bool out = direction_ == Direction::both || (direction_ == Direction::out) != back;
  const bool in = direction_ == Direction::both || (direction_ == Direction::in) != back;
  if (out && !visit_ways(reading_.out(node), no_node, visit)) return;
  if (in) visit_ways(reading_.in(node), out ? node : no_node, visit);  // an edge to itself is told once
}

void AdjacencyNeighbours::sort(std::vector<Met>& met) const {
  const NodeNumber in_order = reading_.in_order();
  if (std::any_of(met.begin(), met.end(), [&](const Met& one) { return one.node >= in_order; }))
    return Neighbours::sort(met);
  std::sort(met.begin(), met.end(), [](const Met& a, const Met& b) { return a.node < b.node; });
}

RowNeighbours::RowNeighbours(commit::Source& source, const Follow& follow, const std::string& weight)
    : source_(source),
      rows_(source),
      condition_(follow, source.now()),
      direction_(follow.direction),
      chosen_types_(model::checked_types(follow.types)),
      weight_(weight),
      part_(condition_.asks_edges() || !weight.empty() ? model::EdgeRows::Part::whole : model::EdgeRows::Part::names) {
  if (!weight_.empty() && weight_ != "$") static_cast<void>(Value::object().at(weight_));  // refuses a malformed path
}

double RowNeighbours::weight_of(const model::EdgeView& edge) const {
  if (weight_.empty()) return 1;
  const ValueView found = weight_ == "$" ? edge.value : edge.value.at(weight_);
  if (found.type() != ValueType::integer && found.type() != ValueType::number) return 1;
  const double weight = found.as_double();
  if (weight >= 0) return weight;
  throw Error(ErrorCode::invalid_argument, "edge `" + std::string(edge.from) + "` -" + std::string(edge.type) + "-> `" +
                                               std::string(edge.to) + "` has the weight " + found.to_json() +
                                               "; a cheapest path needs weights of 0 or more");
}

bool RowNeighbours::may_enter(NodeNumber node) {
  if (!condition_.asks_nodes()) return true;
  if (verdicts_.size() <= node) verdicts_.resize(node + std::size_t{1}, Verdict::unknown);
  Verdict& verdict = verdicts_[node];
  if (verdict == Verdict::unknown)
    verdict = condition_.matches(source_, nodes_.name(node)) ? Verdict::enter : Verdict::leave;
  return verdict == Verdict::enter;
}

bool RowNeighbours::take(const model::EdgeView& edge, std::string_view other, Way way, const Visit& visit) {
  ++edges_visited_;
  if (condition_.asks_edges() && !condition_.matches(edge)) return true;
  Step step;
  step.node = nodes_.number(other);
  if (way == Way::forward && !may_enter(step.node)) return true;
  step.type = types_.number(edge.type);
  step.weight = weight_of(edge);
  return visit(step);
}

void RowNeighbours::visit(NodeNumber node, Way way, const Visit& visit) {
  const std::string_view name = nodes_.name(node);
  const bool back = way == Way::backward;
  const bool out = direction_ == Direction::both || (direction_ == Direction::out) != back;
  const bool in = direction_ == Direction::both || (direction_ == Direction::in) != back;
  bool on = true;
  if (out) {
    on = rows_.visit_out(name, chosen_types_, part_,
                         [&](const model::EdgeView& edge) { return take(edge, edge.to, way, visit); });
  }
  if (on && in) {
    rows_.visit_in(name, chosen_types_, part_, [&](const model::EdgeView& edge) {
      if (out && edge.from == edge.to) return true;  // told already
      return take(edge, edge.from, way, visit);
    });
  }
}

}  // namespace strata::query
